//! Daily arrival: new rows added to an index.

use std::collections::HashSet;

use super::index::{Extended, IndexBuilder, Rows, Sizes};
use super::{Days, Journeys, Ranks, StageOrder, StringTable};
use crate::error::Result;
use crate::progress::Task;
use crate::schema::{Kind, NONE};
use crate::time::NO_TIME;

/// Dictionaries of new rows, which extend the index's, and how far they go.
#[derive(Debug)]
pub struct Arrivals {
    /// Kinds; the first ones come from the index.
    pub kinds: Vec<Kind>,
    /// Channels; the first ones come from the index.
    pub channels: StringTable,
    /// Deals; the first ones come from the index.
    pub deals: StringTable,
    /// Names of values; the first ones come from the index.
    pub value_names: Vec<String>,
    /// Properties; the first ones come from the index.
    pub props: Vec<(String, StringTable)>,
    /// Ids of all events, including the index.
    pub event_ids: HashSet<u128>,
    /// Events left out because the index has their id.
    pub known_ids: usize,
    /// Kinds and instants known only to the day, in the index and the new rows.
    pub days: Days,
    /// What orders stage entries of one instant.
    pub stage_order: StageOrder,
    /// New end of observation.
    pub observed_until: i64,
}

impl Journeys {
    /// A builder that has the rows of the index: at equal times, rows pushed to it come after them, unless order columns
    /// or the pipeline say otherwise.
    ///
    /// # Errors
    /// As [`IndexBuilder::push`].
    pub fn extending(&self) -> Result<IndexBuilder> {
        let [events, stages] = self.timeline_rows();
        IndexBuilder::extending(self.leads.len(), &events, &stages, self.timeline.orders.clone(), self.observed_until)
    }

    /// The index with the rows that `index`, made by [`Journeys::extending`], was given.
    ///
    /// # Errors
    /// As [`IndexBuilder::finish`].
    pub fn extended(&self, mut index: IndexBuilder, mut arrivals: Arrivals, task: &Task) -> Result<(Self, Extended)> {
        let mut report = index.extended();
        report.duplicate += arrivals.known_ids;
        let sizes = Sizes {
            leads: self.leads.len(),
            kinds: arrivals.kinds.len(),
            channels: arrivals.channels.len(),
            deals: arrivals.deals.len(),
            values: arrivals.value_names.len(),
            props: arrivals.props.iter().map(|(_, levels)| levels.len()).collect(),
            classes: self.ranks().classes(arrivals.stage_order, &arrivals.kinds),
            ties: self.ranks().ties(&arrivals.kinds),
            last_resort: self.ranks().last_resort(&arrivals.kinds),
        };
        self.ranks().order_days(&mut index, &arrivals.kinds, (&self.leads.created, &self.timezone), &mut arrivals.days);
        let timeline = index.finish(&sizes, task)?;
        let mut kinds = arrivals.kinds;
        Self::mark_shared(&mut kinds);
        let journeys = Self {
            timeline,
            kinds,
            channels: arrivals.channels,
            deals: arrivals.deals,
            value_names: arrivals.value_names,
            props: arrivals.props,
            days: arrivals.days,
            stage_order: arrivals.stage_order,
            observed_until: arrivals.observed_until,
            event_ids: arrivals.event_ids,
            leads: self.leads.clone(),
            pipeline: self.pipeline.clone(),
            won: self.won.clone(),
            lost: self.lost.clone(),
            outcomes_from: self.outcomes_from,
            timezone: self.timezone.clone(),
            calendar_zone: self.calendar_zone.clone(),
            check: self.check.clone(),
        };
        Ok((journeys, report))
    }

    /// Gives lead, deal and time of every stage entry and edit to `take`.
    #[cfg(feature = "frames")]
    pub(crate) fn note_stage_times(&self, mut take: impl FnMut(u32, u32, i64, u32)) {
        let [_, stages] = self.timeline_rows();
        let Some((deals, _)) = &stages.stage else { return };
        for (((lead, deal), at), kind) in stages.lead.iter().zip(deals).zip(&stages.at).zip(&stages.kind) {
            take(*lead, *deal, *at, *kind);
        }
    }

    /// How stages of one instant are ranked.
    #[must_use]
    pub fn ranks(&self) -> Ranks<'_> {
        Ranks { pipeline: &self.pipeline, won: &self.won, lost: &self.lost }
    }

    /// The timeline as rows again: events, then stage entries with their edits, each after its predecessors. Their
    /// order is the value of the order column.
    fn timeline_rows(&self) -> [Rows; 2] {
        let t = &self.timeline;
        let mut lead = vec![0; t.len()];
        for l in 0..self.leads.len() as u32 {
            if let Some(slots) = lead.get_mut(t.range(l)) {
                slots.fill(l);
            }
        }
        let staged: HashSet<u32> = t.stages.position.iter().copied().collect();
        let positions: Vec<u32> = (0..t.len() as u32).filter(|i| !staged.contains(i)).collect();
        let rows_at = |positions: &[u32]| Rows {
            lead: positions.iter().map(|i| lead.get(*i as usize).copied().unwrap_or(0)).collect(),
            at: positions.iter().map(|i| t.at.get(*i as usize).copied().unwrap_or(NO_TIME)).collect(),
            order: positions.iter().map(|i| rank(t.order.as_ref().map_or(NONE, |o| o.get(*i as usize)))).collect(),
            ordered: t.order.is_some().then_some(0),
            kind: positions.iter().map(|i| t.kind.get(*i as usize)).collect(),
            channel: t
                .channel
                .as_ref()
                .map_or_else(Vec::new, |c| positions.iter().map(|i| c.get(*i as usize)).collect()),
            values: t
                .values
                .iter()
                .map(|v| positions.iter().map(|i| v.get(*i as usize).copied().unwrap_or(f64::NAN)).collect())
                .enumerate()
                .collect(),
            props: t.props.iter().map(|c| positions.iter().map(|i| c.get(*i as usize)).collect()).enumerate().collect(),
            stage: None,
        };
        let entries = self.entries_and_edits();
        let of_entries: Vec<u32> =
            entries.iter().map(|(entry, _)| t.stages.position.get(*entry).copied().unwrap_or(0)).collect();
        let mut stages = rows_at(&of_entries);
        stages.ordered = t.stages.order.is_some().then_some(0);
        let code = |entry: usize| t.stages.order.as_ref().map_or(NONE, |o| o.get(entry));
        stages.order = entries.iter().map(|(entry, _)| rank(code(*entry))).collect();
        stages.stage = Some((
            entries.iter().map(|(entry, _)| t.stages.deal.get(*entry)).collect(),
            entries.iter().map(|(entry, _)| t.stages.amount.get(*entry).copied().unwrap_or(f64::NAN)).collect(),
        ));
        for (row, (_, edit)) in entries.iter().enumerate() {
            if let Some(edit) = edit {
                t.stages.edits.write(*edit, &mut stages, row);
            }
        }
        // What else happens on a day may change.
        for (at, kind) in stages.at.iter_mut().zip(&stages.kind) {
            *at = self.days.by_itself(*kind, *at);
        }
        [rows_at(&positions), stages]
    }

    /// Every stage entry, and after it the edits that came before the next: the entry they edit, and their number.
    fn entries_and_edits(&self) -> Vec<(usize, Option<usize>)> {
        let edits = &self.timeline.stages.edits;
        let mut order = edits.in_order().into_iter().peekable();
        let mut all = Vec::new();
        for entry in 0..self.timeline.stages.position.len() {
            all.push((entry, None));
            while let Some(edit) = order.next_if(|edit| edits.after.get(*edit).is_some_and(|a| *a as usize <= entry)) {
                all.push((edits.entry.get(edit).map_or(entry, |e| *e as usize), Some(edit)));
            }
        }
        all
    }
}

/// The value of a code, as the order of a row.
fn rank(code: u32) -> u32 {
    code.wrapping_add(1)
}

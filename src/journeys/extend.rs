//! Daily arrival: new rows added to an index.

use std::collections::HashSet;

use super::index::{Extended, IndexBuilder, Rows, Sizes};
use super::{Days, Journeys, Ranks, StageOrder, Texts};
use crate::design::{Kind, NONE};
use crate::error::Result;
use crate::task::Task;
use crate::time::NO_TIME;

/// Dictionaries of new rows, which extend those of the index, and how far they go.
#[derive(Debug)]
pub struct Arrivals {
    /// Kinds; the first are those of the index.
    pub kinds: Vec<Kind>,
    /// Channels; the first are those of the index.
    pub channels: Texts,
    /// Deals; the first are those of the index.
    pub deals: Texts,
    /// Names of values; the first are those of the index.
    pub value_names: Vec<String>,
    /// Properties; the first are those of the index.
    pub props: Vec<(String, Texts)>,
    /// Ids of all events, those of the index included.
    pub event_ids: HashSet<u128>,
    /// Events left out because the index has their id.
    pub known_ids: usize,
    /// What is known to the day only, of the index and the new rows.
    pub days: Days,
    /// What orders stage entries of one instant.
    pub stage_order: StageOrder,
    /// New end of observation.
    pub observed_until: i64,
}

impl Journeys {
    /// A builder that has the rows of the index: at equal times, rows pushed to it come after them.
    ///
    /// # Errors
    /// As [`IndexBuilder::push`].
    pub fn extending(&self) -> Result<IndexBuilder> {
        let [events, stages] = self.timeline_rows();
        IndexBuilder::extending(self.leads.len(), &events, &stages, self.observed_until)
    }

    /// The index with the rows that `index`, made by [`Journeys::extending`], was given.
    ///
    /// # Errors
    /// As [`IndexBuilder::finish`].
    pub fn extended(&self, index: IndexBuilder, arrivals: Arrivals, task: &Task) -> Result<(Self, Extended)> {
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
        };
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
            audit: self.audit.clone(),
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

    /// The timeline as rows again: events, then stage entries with their edits; their order is the position in the
    /// timeline.
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
            order: positions.to_vec(),
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
        let events = rows_at(&positions);
        let mut stages = rows_at(&t.stages.position);
        let deals = (0..t.stages.deal.len()).map(|s| t.stages.deal.get(s)).collect();
        stages.stage = Some((deals, t.stages.amount.to_vec()));
        self.add_edits(&mut stages);
        [events, stages]
    }

    /// Adds edits to the rows of the entries, each after those that came before it.
    fn add_edits(&self, stages: &mut Rows) {
        let edits = &self.timeline.stages.edits;
        for edit in edits.in_order() {
            let entry = edits.entry.get(edit).map_or(0, |e| *e as usize);
            let cell = |column: &[u32]| column.get(entry).copied().unwrap_or(NONE);
            let (lead, kind) = (cell(&stages.lead), cell(&stages.kind));
            let after = edits.after.get(edit).map_or(0, |e| *e as usize);
            stages.lead.push(lead);
            stages.kind.push(kind);
            stages.at.push(edits.at.get(edit).copied().unwrap_or(NO_TIME));
            // That of the entry before it, after which it was pushed.
            stages.order.push(stages.order.get(after).copied().unwrap_or(0));
            if !stages.channel.is_empty() {
                stages.channel.push(NONE);
            }
            stages.values.iter_mut().for_each(|(_, column)| column.push(f64::NAN));
            for (prop, column) in &mut stages.props {
                let own = edits.props.iter().find(|(p, _)| p == prop);
                column.push(own.and_then(|(_, codes)| codes.get(edit)).copied().unwrap_or(NONE));
            }
            if let Some((deals, amounts)) = &mut stages.stage {
                deals.push(deals.get(entry).copied().unwrap_or(NONE));
                amounts.push(edits.amount.get(edit).copied().unwrap_or(f64::NAN));
            }
        }
    }
}

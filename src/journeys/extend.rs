//! Daily arrival: new rows added to an index.

use std::collections::HashSet;

use super::index::{Rows, Sizes, build};
use super::{Journeys, Texts};
use crate::design::Kind;
use crate::design::NONE;
use crate::error::Result;
use crate::task::Task;
use crate::time::NO_TIME;

/// New rows for an index, with dictionaries that extend its own.
#[derive(Debug)]
pub struct Arrivals {
    /// Cleaned rows, one entry per source.
    pub tables: Vec<Rows>,
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
    /// New end of observation.
    pub observed_until: i64,
}

/// What became of the new rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extended {
    /// Rows added.
    pub added: usize,
    /// Rows that the index had: events by their id, stage entries by lead, deal, stage and time.
    pub duplicate: usize,
    /// Rows older than the end of observation before: snapshots taken then did not see them.
    pub late: usize,
}

impl Journeys {
    /// The index with new rows. At equal times, rows that came earlier stay first.
    ///
    /// # Errors
    /// As [`super::build_timeline`].
    pub fn extended(&self, arrivals: Arrivals, task: &Task) -> Result<(Self, Extended)> {
        let [events, stages] = self.timeline_rows();
        let mut seen: HashSet<(u32, i64, u32, u32)> = HashSet::new();
        if let Some((deals, _)) = &stages.stage {
            let keys = stages.lead.iter().zip(&stages.at).zip(&stages.kind).zip(deals);
            seen.extend(keys.map(|(((lead, at), kind), deal)| (*lead, *at, *kind, *deal)));
        }
        let mut report = Extended { duplicate: arrivals.known_ids, ..Extended::default() };
        let before = self.observed_until;
        // Orders of old rows are positions in the timeline; new ones come after all of them.
        let after = self.timeline.len() as u32;
        let mut tables = vec![events, stages];
        for mut rows in arrivals.tables {
            let keep: Vec<bool> = (0..rows.lead.len())
                .map(|i| {
                    let entry = |c: &[u32]| c.get(i).copied().unwrap_or(NONE);
                    let at = rows.at.get(i).copied().unwrap_or(NO_TIME);
                    let new = match &rows.stage {
                        Some((deals, _)) => seen.insert((entry(&rows.lead), at, entry(&rows.kind), entry(deals))),
                        None => true,
                    };
                    report.duplicate += usize::from(!new);
                    report.late += usize::from(new && before != NO_TIME && at < before);
                    report.added += usize::from(new);
                    new
                })
                .collect();
            rows.retain(&keep);
            for order in &mut rows.order {
                *order = order.saturating_add(after);
            }
            tables.push(rows);
        }
        let sizes = Sizes {
            leads: self.leads.len(),
            kinds: arrivals.kinds.len(),
            channels: arrivals.channels.len(),
            deals: arrivals.deals.len(),
        };
        let timeline = build(tables, sizes, arrivals.value_names.len(), arrivals.props.len(), task)?;
        let mut kinds = arrivals.kinds;
        Self::mark_shared(&mut kinds);
        let journeys = Self {
            timeline,
            kinds,
            channels: arrivals.channels,
            deals: arrivals.deals,
            value_names: arrivals.value_names,
            props: arrivals.props,
            observed_until: arrivals.observed_until,
            event_ids: arrivals.event_ids,
            leads: self.leads.clone(),
            pipeline: self.pipeline.clone(),
            won: self.won.clone(),
            lost: self.lost.clone(),
            outcomes_from: self.outcomes_from,
            calendar_zone: self.calendar_zone.clone(),
            audit: self.audit.clone(),
        };
        Ok((journeys, report))
    }

    /// The timeline as rows again: events, then stage entries; their order is the position in the timeline.
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
        stages.stage = Some((deals, t.stages.amount.clone()));
        [events, stages]
    }
}

impl Rows {
    fn retain(&mut self, keep: &[bool]) {
        fn filter<T: Copy>(v: &mut Vec<T>, keep: &[bool]) {
            let mut flags = keep.iter();
            v.retain(|_| flags.next().copied().unwrap_or(false));
        }
        filter(&mut self.lead, keep);
        filter(&mut self.at, keep);
        filter(&mut self.order, keep);
        filter(&mut self.kind, keep);
        filter(&mut self.channel, keep);
        for (_, v) in &mut self.values {
            filter(v, keep);
        }
        for (_, v) in &mut self.props {
            filter(v, keep);
        }
        if let Some((d, a)) = &mut self.stage {
            filter(d, keep);
            filter(a, keep);
        }
    }
}

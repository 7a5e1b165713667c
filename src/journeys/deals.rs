//! What became of deals: a deal is won once.

use std::collections::{BTreeMap, BTreeSet};

use super::Journeys;
use crate::design::NONE;
use crate::error::Result;
use crate::task::Task;

/// Wins that were taken back by the end of observation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reversed {
    /// How many deals were won, and lost or open again afterwards.
    pub deals: u64,
    /// The first lead with one, and the deal if it has a name.
    pub example: Option<(u32, u32)>,
}

impl Reversed {
    fn join(self, later: &Self) -> Self {
        Self { deals: self.deals + later.deals, example: self.example.or(later.example) }
    }
}

impl Journeys {
    /// Whether no earlier entry of its deal is one of `won`: a deal is won once, by whichever stage says so first.
    #[must_use]
    pub fn is_first_win(&self, lead: u32, entry: usize, won: &BTreeSet<u32>) -> bool {
        let (range, stages) = (self.timeline.stage_range(lead), &self.timeline.stages);
        let deal = stages.deal.get(entry);
        !(range.start..entry).any(|e| stages.deal.get(e) == deal && self.is_entry_of(e, won))
    }

    /// Whether what is at `position` of the timeline is an event, or the first of its deal's entries that are one of `won`.
    #[must_use]
    pub fn is_first_win_at(&self, lead: u32, position: usize, won: &BTreeSet<u32>) -> bool {
        self.stage_entry(lead, position).is_none_or(|entry| self.is_first_win(lead, entry, won))
    }

    /// Amount of all deals of `lead` that are won first at the instant of `position`: those of one instant are one win.
    #[must_use]
    pub fn amount_won_at(&self, lead: u32, position: usize, won: &BTreeSet<u32>) -> Option<f64> {
        let (range, stages) = (self.timeline.stage_range(lead), &self.timeline.stages);
        let at = self.timeline.at.get(position)?;
        let positions = stages.position.get(range.clone())?;
        let of_instant = |p: &u32| self.timeline.at.get(*p as usize) == Some(at);
        let mut amounts: Vec<f64> = (range.start..)
            .zip(positions)
            .filter(|(_, p)| of_instant(p))
            .filter(|(e, p)| **p as usize == position || self.is_entry_of(*e, won) && self.is_first_win(lead, *e, won))
            .filter_map(|(_, p)| self.amount_at(lead, *p as usize))
            .collect();
        // The sum has the same bits whichever row came first.
        amounts.sort_by(f64::total_cmp);
        (!amounts.is_empty()).then(|| crate::math::sum(&amounts))
    }

    fn is_entry_of(&self, entry: usize, kinds: &BTreeSet<u32>) -> bool {
        let position = self.timeline.stages.position.get(entry);
        position.is_some_and(|p| kinds.contains(&self.timeline.kind.get(*p as usize)))
    }

    /// Counts the deals whose win was taken back: won, and lost or open at the end of observation.
    ///
    /// # Errors
    /// [`crate::Error::Interrupted`].
    pub fn reversed(&self, task: &Task) -> Result<Reversed> {
        let won = self.codes_known(&self.won);
        if won.is_empty() {
            return Ok(Reversed::default());
        }
        self.fold(
            "looking at wins",
            task,
            Reversed::default,
            |found, lead| {
                // Of each deal: whether it was ever won, and whether its last stage is a win.
                let mut deals: BTreeMap<u32, (bool, bool)> = BTreeMap::new();
                for entry in self.timeline.stage_range(lead) {
                    let Some(position) = self.timeline.stages.position.get(entry).map(|p| *p as usize) else { break };
                    if self.timeline.at.get(position).is_none_or(|at| *at >= self.observed_until) {
                        break;
                    }
                    let wins = won.contains(&self.timeline.kind.get(position));
                    let state = deals.entry(self.timeline.stages.deal.get(entry)).or_default();
                    *state = (state.0 || wins, wins);
                }
                for (deal, _) in deals.into_iter().filter(|(_, (ever, last))| *ever && !*last) {
                    found.deals += 1;
                    found.example.get_or_insert((lead, deal));
                }
                Ok(())
            },
            |found, later| found.join(&later),
        )
    }

    /// What to say of wins that were taken back.
    #[must_use]
    pub fn reversed_remark(&self, found: &Reversed) -> Option<String> {
        let (lead, deal) = found.example?;
        let lead = self.leads.ids.get(lead);
        let example = if deal == NONE {
            format!("lead '{lead}'")
        } else {
            format!("deal '{}' of lead '{lead}'", self.deals.get(deal))
        };
        let deals = found.deals;
        Some(format!("{deals} deals were won and later lost or re-opened, such as {example}; their first win counts"))
    }
}

//! Wins of deals: a deal is won once.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Journeys;
use crate::counted::counted;
use crate::error::Result;
use crate::progress::Task;
use crate::schema::NONE;

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

/// An entry into a stage that means won.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Win {
    position: usize,
    at: i64,
    deal: u32,
    /// Whether it is the first of its deal.
    first: bool,
    amount: Option<f64>,
}

/// Finds the wins of leads: a deal is won once, at the first of its won stages.
#[derive(Debug)]
pub struct WinFinder<'a> {
    journeys: &'a Journeys,
    won: BTreeSet<u32>,
    /// Stages that close a lead.
    closing: BTreeSet<u32>,
    until: i64,
}

/// The wins of one lead.
#[derive(Debug, Default)]
pub struct Wins {
    all: Vec<Win>,
    /// Deals that were won, and the number of their first win.
    deals: HashMap<u32, usize>,
    /// Last amount that is known of each deal.
    known: HashMap<u32, f64>,
}

impl<'a> WinFinder<'a> {
    /// Finds entries into the stages of `won` in the observed period.
    #[must_use]
    pub fn new(journeys: &'a Journeys, won: BTreeSet<u32>) -> Self {
        let mut closing = journeys.codes_known(&journeys.won);
        closing.append(&mut journeys.codes_known(&journeys.lost));
        Self { journeys, won, closing, until: journeys.known_until() }
    }

    /// Writes the wins of `lead` to `wins`. The amount of a win is the last that its entry was edited to, else its own,
    /// else the last known of the same deal. Several wins of a deal at one instant are one, for the last amount known then.
    ///
    /// Entries without a deal form one deal, unless the lead has others; amounts are then dropped when the lead is closed.
    pub fn find(&self, lead: u32, wins: &mut Wins) {
        wins.all.clear();
        wins.deals.clear();
        wins.known.clear();
        let (timeline, stages) = (&self.journeys.timeline, &self.journeys.timeline.stages);
        let entries = self.journeys.timeline.stage_range(lead);
        let has_deals = entries.clone().any(|entry| stages.deal.get(entry) != NONE);
        for entry in entries {
            let Some(position) = stages.position.get(entry).map(|p| *p as usize) else { break };
            let Some(at) = timeline.at.get(position).copied().filter(|at| *at < self.until) else { break };
            let (deal, kind) = (stages.deal.get(entry), timeline.kind.get(position));
            if let Some(amount) = self.journeys.known_amount(entry, self.until) {
                wins.known.insert(deal, amount);
            }
            if self.won.contains(&kind) {
                let amount = wins.known.get(&deal).copied();
                let number = wins.all.len();
                let first = *wins.deals.entry(deal).or_insert(number);
                wins.all.push(Win { position, at, deal, first: first == number, amount });
                for win in wins.all.iter_mut().rev().take_while(|win| win.at == at).filter(|win| win.deal == deal) {
                    win.amount = amount;
                }
            }
            if has_deals && self.closing.contains(&kind) {
                wins.known.remove(&NONE);
            }
        }
    }
}

impl Wins {
    fn at_position(&self, position: usize) -> Option<&Win> {
        self.all.get(self.all.binary_search_by_key(&position, |w| w.position).ok()?)
    }

    /// Whether the entry at `position` of the timeline is anything but a repeated win of its deal.
    #[must_use]
    pub fn is_first(&self, position: usize) -> bool {
        self.at_position(position).is_none_or(|win| win.first)
    }

    /// Amount of the win at `position` of the timeline.
    #[must_use]
    pub fn amount(&self, position: usize) -> Option<f64> {
        self.at_position(position)?.amount
    }

    /// Amounts of all deals, each at its first win.
    pub fn amounts(&self) -> impl Iterator<Item = f64> {
        self.all.iter().filter(|win| win.first).filter_map(|win| win.amount)
    }

    /// Amount of all deals that are won first at the instant of `position`, and of its own: deals of one instant are one
    /// win.
    #[must_use]
    pub fn amount_of_instant(&self, position: usize) -> Option<f64> {
        let Win { at, deal, .. } = *self.at_position(position)?;
        let from = self.all.partition_point(|win| win.at < at);
        let of_instant = self.all.get(from..)?.iter().take_while(|win| win.at == at);
        // Of its own deal itself, whether or not it is the first; of others the first.
        let counted = of_instant.filter(|win| if win.deal == deal { win.position == position } else { win.first });
        let mut amounts: Vec<f64> = counted.filter_map(|win| win.amount).collect();
        // The sum has the same bits whichever row came first.
        amounts.sort_by(f64::total_cmp);
        (!amounts.is_empty()).then(|| crate::math::sum(&amounts))
    }
}

impl Journeys {
    /// The deals of a lead whose win was taken back.
    pub(crate) fn reversed_of(&self, lead: u32, won: &BTreeSet<u32>) -> impl Iterator<Item = u32> + use<> {
        // Per deal: whether it was ever won, and whether its last stage is a win.
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
        deals.into_iter().filter(|(_, (ever, last))| *ever && !*last).map(|(deal, _)| deal)
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
                for deal in self.reversed_of(lead, &won) {
                    found.deals += 1;
                    found.example.get_or_insert((lead, deal));
                }
                Ok(())
            },
            |found, later| found.join(&later),
        )
    }

    /// A remark on wins that were taken back.
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
        let whose = if deals == 1 { "its" } else { "their" };
        let deals = counted(deals, "deal was", "deals were");
        Some(format!("{deals} won and later lost or re-opened (first: {example}); {whose} first win counts"))
    }
}

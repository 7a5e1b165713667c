//! The rules of ClickHouse's `windowFunnel`, all modes.
//!
//! Each row gives one entry for every step it meets, ordered by time and step; per step the chain that reached it is
//! kept, the latest in place of the earlier (`strict_once` keeps all). Followed to the letter, strange cases included:
//! <https://clickhouse.com/docs/sql-reference/aggregate-functions/parametric-functions#windowfunnel>.

use super::plan::FunnelPlan;
use super::spec::Mode;
use crate::journeys::DayMoment;
use crate::time::DAY;

#[derive(Debug, Clone, Copy)]
struct ChainEntry {
    at: DayMoment,
    /// Step from 1; 0 for a row that meets none, with `strict_order`.
    step: usize,
    row: u32,
}

/// A chain: time of step 1, time of its last step, rows used.
#[derive(Debug, Clone)]
struct OpenChain {
    start: DayMoment,
    at: i64,
    rows: Vec<u32>,
}

/// Room for one lead.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "five modes that combine freely")]
pub(super) struct WindowFunnel {
    window: i64,
    deduplication: bool,
    order: bool,
    increase: bool,
    once: bool,
    reentry: bool,
    entries: Vec<ChainEntry>,
    /// Chains per step, from 1.
    state: Vec<Vec<OpenChain>>,
}

impl WindowFunnel {
    pub(super) fn new(plan: &FunnelPlan<'_>, modes: &[Mode]) -> Self {
        let has = |mode: Mode| modes.contains(&mode);
        Self {
            window: plan.window.unwrap_or(i64::MAX),
            deduplication: has(Mode::StrictDeduplication),
            order: has(Mode::StrictOrder),
            increase: has(Mode::StrictIncrease),
            once: has(Mode::StrictOnce),
            reentry: has(Mode::AllowReentry),
            entries: Vec::new(),
            state: vec![Vec::new(); plan.steps + 1],
        }
    }

    /// The level that a lead reaches, 0 to the number of steps.
    pub(super) fn level(&mut self, plan: &FunnelPlan<'_>, lead: u32) -> usize {
        self.entries.clear();
        let timeline = &plan.journeys.timeline;
        for i in timeline.range(lead) {
            let Some(at) = timeline.at.get(i).copied().filter(|at| *at < plan.journeys.observed_until) else { break };
            let moment = DayMoment { at, day: plan.is_day(i) };
            let mut bits = plan.matcher.bits(i);
            if bits == 0 && self.order {
                self.entries.push(ChainEntry { at: moment, step: 0, row: i as u32 });
            }
            while bits != 0 {
                self.entries.push(ChainEntry { at: moment, step: bits.trailing_zeros() as usize + 1, row: i as u32 });
                bits &= bits - 1;
            }
        }
        self.entries.sort_by_key(|e| (e.at.at, e.step));
        self.state.iter_mut().for_each(Vec::clear);
        let entries = std::mem::take(&mut self.entries);
        let level = self.follow(plan, &entries);
        self.entries = entries;
        level
    }

    fn follow(&mut self, plan: &FunnelPlan<'_>, entries: &[ChainEntry]) -> usize {
        let steps = plan.steps;
        for e in entries {
            let entered = self.filled(1);
            if e.step == 0 {
                if entered {
                    break;
                }
                continue;
            }
            if e.step == 1 {
                let chain =
                    OpenChain { start: e.at, at: e.at.at, rows: if self.once { vec![e.row] } else { Vec::new() } };
                self.put(1, vec![chain]);
                if steps == 1 {
                    return 1;
                }
                continue;
            }
            if self.deduplication && self.filled(e.step) {
                break;
            }
            if self.order && entered && !self.filled(e.step - 1) {
                if self.reentry {
                    continue;
                }
                return (1..=steps).take_while(|k| self.filled(*k)).count();
            }
            let grown: Vec<OpenChain> = self.state.get(e.step - 1).map_or_else(Vec::new, |chains| {
                let fits = |c: &&OpenChain| {
                    plan.between(c.start, e.at) <= self.window
                        && (!self.increase || c.at < e.at.at)
                        && !c.rows.contains(&e.row)
                };
                let grow = |c: &OpenChain| {
                    let mut rows = c.rows.clone();
                    if self.once {
                        rows.push(e.row);
                    }
                    OpenChain { start: c.start, at: e.at.at, rows }
                };
                chains.iter().filter(fits).map(grow).collect()
            });
            if !grown.is_empty() {
                self.put(e.step, grown);
                if e.step == steps {
                    return steps;
                }
            }
        }
        (1..=steps).rev().find(|k| self.filled(*k)).unwrap_or(0)
    }

    fn filled(&self, step: usize) -> bool {
        self.state.get(step).is_some_and(|chains| !chains.is_empty())
    }

    fn put(&mut self, step: usize, chains: Vec<OpenChain>) {
        let (once, window) = (self.once, self.window);
        let Some(slot) = self.state.get_mut(step) else { return };
        if once {
            let now = chains.first().map_or(i64::MIN, |c| c.at);
            // Chains out of time can grow no more; one stays, to say that the step was reached.
            if slot.len() > 64 {
                let newest = slot.last().cloned();
                slot.retain(|c| now <= c.start.at.saturating_add(window).saturating_add(DAY));
                if slot.is_empty() {
                    slot.extend(newest);
                }
            }
            slot.extend(chains);
        } else {
            *slot = chains;
        }
    }
}

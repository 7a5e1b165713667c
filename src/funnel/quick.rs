//! The most frequent funnel at the speed of memory: steps in order, one window, the best entry, levels only.
//!
//! Per step the deadline of the chain that reached it and has the most time left; an event of step k takes over the
//! deadline of step k − 1 if it is not past it. No branches, all in registers. Gives what [`super::chains`] gives.

use std::ops::Range;

use crate::journeys::Codes;
use crate::time::NO_TIME;

use super::plan::Plan;
use super::spec::{Entry, Order};

/// Most steps that are kept in registers.
pub(super) const MOST: usize = 8;

/// How far a lead got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// Steps done; 0 if it never entered.
    Done(usize),
    /// It entered, too late.
    Immature,
    /// Two of its events are of one instant: to be walked with care.
    Tied,
}

/// A plan that is simple enough.
#[derive(Debug)]
pub(super) struct Quick {
    bits: [u8; 256],
    window: i64,
    /// Entries before it are observed to their end.
    mature_until: i64,
}

impl Quick {
    pub(super) fn new(plan: &Plan<'_>) -> Option<Self> {
        let simple = plan.order == Order::Sequential
            && plan.entry == Entry::Best
            && plan.steps <= MOST
            && plan.states.len() == plan.steps
            && plan.within.iter().all(Option::is_none)
            && plan.hits.is_empty()
            && plan.hold.is_none()
            && !plan.times
            && plan.matcher.by_kind_only()
            && plan.clickhouse.is_none()
            && matches!(plan.journeys.timeline.kind, Codes::U8(_));
        if !simple {
            return None;
        }
        let mut bits = [0u8; 256];
        bits.iter_mut().zip(&plan.matcher.kind_bits).for_each(|(b, mask)| *b = *mask as u8);
        // Without a window every deadline is far away; times are within the years 1000 to 9999.
        let window = plan.window.unwrap_or(i64::MAX / 2);
        let until = plan.journeys.observed_until;
        let mature_until = if plan.window.is_some() { until.saturating_sub(window) } else { until };
        Some(Self { bits, window, mature_until })
    }

    /// Gives the level of each of `leads` to `visit`.
    pub(super) fn each(&self, plan: &Plan<'_>, leads: Range<u32>, visit: impl FnMut(u32, Level)) {
        match plan.steps {
            1 => self.each_of::<1>(plan, leads, visit),
            2 => self.each_of::<2>(plan, leads, visit),
            3 => self.each_of::<3>(plan, leads, visit),
            4 => self.each_of::<4>(plan, leads, visit),
            5 => self.each_of::<5>(plan, leads, visit),
            6 => self.each_of::<6>(plan, leads, visit),
            7 => self.each_of::<7>(plan, leads, visit),
            _ => self.each_of::<MOST>(plan, leads, visit),
        }
    }

    fn each_of<const N: usize>(&self, plan: &Plan<'_>, leads: Range<u32>, mut visit: impl FnMut(u32, Level)) {
        for lead in leads {
            visit(lead, self.level::<N>(plan, lead));
        }
    }

    /// Level of `lead`.
    #[inline]
    fn level<const N: usize>(&self, plan: &Plan<'_>, lead: u32) -> Level {
        let timeline = &plan.journeys.timeline;
        let Codes::U8(kinds) = &timeline.kind else { return Level::Tied };
        let range = timeline.range(lead);
        let (Some(mut at), Some(mut kinds)) = (timeline.at.get(range.clone()), kinds.get(range)) else {
            return Level::Done(0);
        };
        if at.last().is_some_and(|last| *last >= plan.journeys.observed_until) {
            let end = at.partition_point(|t| *t < plan.journeys.observed_until);
            (at, kinds) = (at.get(..end).unwrap_or(&[]), kinds.get(..end).unwrap_or(&[]));
        }
        let mut created = NO_TIME;
        if plan.from_creation {
            created = plan.journeys.leads.created_at(lead);
            if created == NO_TIME || created >= plan.journeys.observed_until {
                return Level::Done(0);
            }
            if created >= self.mature_until {
                return Level::Immature;
            }
            let before = at.partition_point(|t| *t < created);
            (at, kinds) = (at.get(before..).unwrap_or(&[]), kinds.get(before..).unwrap_or(&[]));
        }
        self.walk::<N>(at, kinds, created)
    }

    #[inline]
    #[allow(clippy::indexing_slicing, reason = "a byte indexes 256 places, k counts to N: no check is left")]
    #[allow(clippy::needless_bitwise_bool, reason = "both sides are cheaper than a branch")]
    fn walk<const N: usize>(&self, at: &[i64], kinds: &[u8], created: i64) -> Level {
        let mut deadline = [i64::MIN; N];
        if created != NO_TIME {
            deadline[0] = created + self.window;
        }
        let (mut tied, mut late) = (false, false);
        let mut last = i64::MIN;
        for (t, kind) in at.iter().zip(kinds) {
            let bits = self.bits[usize::from(*kind)];
            tied |= bits != 0 && *t == last;
            last = if bits != 0 { *t } else { last };
            for k in (1..N).rev() {
                let takes = (bits >> k & 1 != 0) & (*t <= deadline[k - 1]);
                deadline[k] = choose(takes, deadline[k - 1], deadline[k]);
            }
            let enters = bits & 1 != 0;
            let mature = *t < self.mature_until;
            deadline[0] = choose(enters & mature, *t + self.window, deadline[0]);
            late |= enters & !mature;
        }
        if tied {
            return Level::Tied;
        }
        match deadline.iter().take_while(|d| **d != i64::MIN).count() {
            0 if late => Level::Immature,
            level => Level::Done(level),
        }
    }
}

/// One of two numbers, by masks: which kind comes next cannot be guessed, so a branch would be wrong every other time.
#[inline(always)]
fn choose(first: bool, a: i64, b: i64) -> i64 {
    let mask = -i64::from(first);
    (a & mask) | (b & !mask)
}

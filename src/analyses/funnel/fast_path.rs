//! The most frequent funnel at the speed of memory: steps in order, one window, the best entry, levels only.
//!
//! Per step the deadline of the chain that reached it and has the most time left; an event of step k takes over the
//! deadline of step k − 1 if it is not past it. The events of many leads are walked as one list, without a branch:
//! neither the kind of the next event nor the last event of a lead can be guessed. Gives what [`super::chains`] gives.

#![allow(clippy::needless_bitwise_bool, reason = "both sides are cheaper than a branch")]

use std::hint::select_unpredictable;
use std::ops::Range;

use crate::journeys::{Codes, ROWS, number_rows};
use crate::math::vector::{Kernel, Vector, dispatch};
use crate::time::NO_TIME;

use super::plan::FunnelPlan;

/// Most steps.
pub(super) const MOST: usize = 8;
/// Events of a tile, after which it takes no further lead; this keeps them in cache.
const EVENTS: usize = 1 << 13;
/// Deadlines of a tile: per step, one per lead.
const DEADLINES: usize = ((MOST + 2) * ROWS).next_power_of_two();
/// No chain: a deadline that is over.
const NEVER: i64 = i64::MIN;
/// Code of events without a kind, which match no step.
const NO_KIND: u8 = u8::MAX;

/// How far the leads of a tile got.
#[derive(Debug)]
pub(super) struct Levels<'a> {
    /// Numbers of the leads.
    pub(super) leads: Range<u32>,
    /// Leads that did at least one step, at least two, and so on, except the leads of the two fields below.
    pub(super) reached: [u32; MOST],
    /// Leads, as bits, that entered too late.
    pub(super) immature: u64,
    /// Leads, as bits, that entered before outcomes were recorded.
    pub(super) early: u64,
    /// Leads with two events of one instant: to be walked with care.
    pub(super) tied: u64,
    /// Of the steps.
    deadlines: &'a [i64],
}

impl Levels<'_> {
    /// Steps done by the lead of a row that is in none of the two.
    pub(super) fn done(&self, row: usize) -> usize {
        self.deadlines.iter().skip(row).step_by(ROWS).filter(|deadline| **deadline != NEVER).count()
    }
}

/// Where events of a kind find the deadline of the step before (low half), and where they take it to (high half, of
/// which two bits are flags).
type Move = u32;

/// Whether it is a step at all.
const STEP: Move = 1 << 31;
/// Whether it is the first.
const ENTRY: Move = 1 << 30;

/// A plan that is simple enough.
#[derive(Debug)]
pub(super) struct Quick {
    steps: usize,
    /// Moves by kind; a second table has the earlier step of kinds that are two steps, and so on.
    moves: Vec<[Move; 256]>,
    window: i64,
    /// Entries before it are observed to their end.
    mature_until: i64,
    observed_until: i64,
}

/// Working memory.
struct LeadTile {
    deadline: [i64; DEADLINES],
    row: Vec<u8>,
    /// Events before it are not looked at.
    from: [i64; ROWS],
    /// Leads as bits.
    tied: u64,
    late: u64,
    early: u64,
}

impl Quick {
    pub(super) fn new(plan: &FunnelPlan<'_>) -> Option<Self> {
        if plan.steps > MOST || !plan.is_plain() {
            return None;
        }
        let slot = |step: usize| (step * ROWS) as Move;
        let stay = slot(plan.steps + 1) << 16 | slot(plan.steps + 1);
        let most = plan.matcher.kind_bits.iter().map(|bits| bits.count_ones()).max().unwrap_or(0).max(1);
        let mut moves = vec![[stay; 256]; most as usize];
        for (kind, bits) in plan.matcher.kind_bits.iter().enumerate().take(usize::from(NO_KIND)) {
            // Later steps first: an event is not two steps at once.
            let steps = (0..plan.steps).rev().filter(|k| bits >> k & 1 != 0);
            for (step, table) in steps.zip(&mut moves) {
                if let Some(place) = table.get_mut(kind) {
                    *place = slot(step + 1) << 16 | slot(step) | STEP | if step == 0 { ENTRY } else { 0 };
                }
            }
        }
        // Without a window every deadline is far away; times are within the years 1000 to 9999.
        let window = plan.window.unwrap_or(i64::MAX / 2);
        let observed_until = plan.journeys.observed_until;
        let mature_until = if plan.window.is_some() { observed_until.saturating_sub(window) } else { observed_until };
        Some(Self { steps: plan.steps, moves, window, mature_until, observed_until })
    }

    /// Gives the levels of `leads` to `visit`, tile by tile.
    pub(super) fn each(&self, plan: &FunnelPlan<'_>, leads: Range<u32>, mut visit: impl FnMut(Levels<'_>)) {
        let timeline = &plan.journeys.timeline;
        let Codes::U8(kinds) = &timeline.kind else { return };
        let mut tile =
            LeadTile { deadline: [NEVER; DEADLINES], row: Vec::new(), from: [NEVER; ROWS], tied: 0, late: 0, early: 0 };
        let mut starts = timeline.offsets.get(leads.start as usize..=leads.end as usize).unwrap_or(&[]);
        let (mut next, mut was_plain) = (leads.start, true);
        while let Some((first, ends @ [_, ..])) = starts.split_first() {
            let ends = ends.get(..ROWS).unwrap_or(ends);
            let fit = ends.partition_point(|end| end - first <= EVENTS).max(1);
            let (ends, _) = ends.split_at(fit);
            let own = next..next + fit as u32;
            starts = starts.get(fit..).unwrap_or(&[]);
            next = own.end;
            let events = *first..ends.last().copied().unwrap_or(*first);
            let (at, kinds) = (timeline.at.get(events.clone()).unwrap_or(&[]), kinds.get(events).unwrap_or(&[]));
            number_rows(*first, ends, &mut tile.row);
            let moves = self.moves.first().filter(|_| self.moves.len() == 1 && !plan.from_creation);
            let plain = moves.is_some_and(|moves| {
                // Events are looked at after the walk, which brings them into the cache; before it where the events of the
                // last tile were not plain.
                if was_plain {
                    self.walk(moves, at, kinds, &mut tile);
                }
                let plain = dispatch(Plain { at, before: self.mature_until });
                if plain && !was_plain {
                    self.walk(moves, at, kinds, &mut tile);
                }
                plain
            });
            if !plain {
                self.forget(&mut tile);
                self.enter(plan, own.clone(), &mut tile);
                self.walk_with_care(at, kinds, &mut tile);
            }
            was_plain = plain;
            visit(self.levels(own, &tile));
        }
    }

    fn levels<'a>(&self, leads: Range<u32>, tile: &'a LeadTile) -> Levels<'a> {
        let deadlines = tile.deadline.get(ROWS..(self.steps + 1) * ROWS).unwrap_or(&[]);
        let (tied, mut reached, mut immature) = (tile.tied, [0; MOST], tile.late & !tile.tied);
        for (step, reached) in deadlines.chunks(ROWS).zip(&mut reached) {
            *reached = step.iter().map(|deadline| u32::from(*deadline != NEVER)).sum();
        }
        if tied | immature != 0 {
            for (row, entry) in (0..).zip(deadlines.iter().take(ROWS)) {
                immature &= !(u64::from(*entry != NEVER) << row);
            }
        }
        let mut levels = Levels { leads, reached, immature, early: tile.early, tied, deadlines };
        for row in rows_of(tied) {
            let done = levels.done(row);
            levels.reached.iter_mut().take(done).for_each(|leads| *leads -= 1);
        }
        levels
    }

    /// Clears the state.
    fn forget(&self, tile: &mut LeadTile) {
        tile.deadline.iter_mut().take((self.steps + 1) * ROWS).for_each(|d| *d = NEVER);
        (tile.tied, tile.late, tile.early) = (0, 0, 0);
    }

    /// Enters leads whose first step is their creation.
    fn enter(&self, plan: &FunnelPlan<'_>, leads: Range<u32>, tile: &mut LeadTile) {
        if !plan.from_creation {
            return;
        }
        tile.from = [NEVER; ROWS];
        let entered = tile.deadline.iter_mut().skip(ROWS);
        for (((lead, deadline), from), row) in leads.zip(entered).zip(&mut tile.from).zip(0..) {
            let created = plan.journeys.leads.created_at(lead);
            if created == NO_TIME || created >= self.observed_until {
                continue;
            }
            if !plan.is_recorded(created) {
                // Nothing of it is looked at.
                (*from, tile.early) = (i64::MAX, tile.early | 1 << row);
                continue;
            }
            *from = created;
            if created < self.mature_until {
                *deadline = created + self.window;
            } else {
                tile.late |= 1 << row;
            }
        }
    }

    /// Walks events that are all looked at, none of two steps, no two of one instant.
    #[allow(clippy::indexing_slicing, reason = "a byte indexes 256 places, others are cut off: no check is left")]
    fn walk(&self, moves: &[Move; 256], at: &[i64], kinds: &[u8], tile: &mut LeadTile) {
        self.forget(tile);
        let LeadTile { deadline, row, .. } = tile;
        for ((t, kind), row) in at.iter().zip(kinds).zip(row) {
            let row = usize::from(*row) % ROWS;
            deadline[row] = *t + self.window;
            advance(deadline, moves[usize::from(*kind)], row, *t);
        }
    }

    /// Walks any events.
    #[allow(clippy::indexing_slicing, reason = "as above")]
    fn walk_with_care(&self, at: &[i64], kinds: &[u8], tile: &mut LeadTile) {
        let LeadTile { deadline, from, tied, late, .. } = tile;
        let (mut all_tied, mut all_late) = (*tied, *late);
        let mut last = NEVER;
        for ((t, kind), row) in at.iter().zip(kinds).zip(&tile.row) {
            let row = usize::from(*row) % ROWS;
            let seen = (*t < self.observed_until) & (*t >= from[row]);
            let kind = select_unpredictable(seen, *kind, NO_KIND);
            let mature = *t < self.mature_until;
            deadline[row] = select_unpredictable(mature, *t + self.window, NEVER);
            let mut flags = 0;
            for moves in &self.moves {
                let place = moves[usize::from(kind)];
                advance(deadline, place, row, *t);
                flags |= place;
            }
            // Times are below 2⁵⁸: an instant of a row in one number.
            let instant = *t ^ (row as i64) << 58;
            let step = flags & STEP != 0;
            all_tied |= u64::from((instant == last) & step) << row;
            all_late |= u64::from((flags & ENTRY != 0) & !mature) << row;
            last = select_unpredictable(step, instant, last);
        }
        (*tied, *late) = (all_tied, all_late);
    }
}

/// Whether all times are before another, and no two neighbours are equal.
struct Plain<'a> {
    at: &'a [i64],
    before: i64,
}

impl Kernel for Plain<'_> {
    type Output = bool;
    #[inline(always)]
    fn run<V: Vector>(self) -> bool {
        // Runs to the end without an early exit, by whole vectors.
        let mut plain = self.at.last().is_none_or(|t| *t < self.before);
        for (a, b) in self.at.iter().zip(self.at.get(1..).unwrap_or(&[])) {
            plain &= (a != b) & (*a < self.before);
        }
        plain
    }
}

/// Numbers of rows that are given as bits.
pub(super) fn rows_of(bits: u64) -> impl Iterator<Item = usize> {
    (0..ROWS).filter(move |row| bits >> row & 1 != 0)
}

/// Takes the deadline of the step before over, if `t` is not past it.
#[inline(always)]
#[allow(clippy::indexing_slicing, reason = "cut off")]
fn advance(deadline: &mut [i64; DEADLINES], place: Move, row: usize, t: i64) {
    let before = deadline[((place & 0xffff) as usize + row) % DEADLINES];
    let own = &mut deadline[((place >> 16) as usize + row) % DEADLINES];
    // The next kind is unpredictable, so a branch would be mispredicted every other time.
    *own = select_unpredictable(t <= before, before, *own);
}

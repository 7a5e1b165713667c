//! What a key means over time.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::Pick;
use crate::schema::NONE;

/// What a key means for some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ValidSpan {
    pub(super) from: i64,
    pub(super) to: i64,
    /// A lead or a value; [`NONE`] for one that is not known.
    pub(super) code: u32,
    /// Whether it was picked out of several.
    pub(super) several: bool,
    /// Whether it was picked although none is the primary one.
    pub(super) unmarked: bool,
}

impl ValidSpan {
    /// One that holds at any time.
    pub(super) fn always(code: u32) -> Self {
        Self { from: i64::MIN, to: i64::MAX, code, several: false, unmarked: false }
    }

    pub(super) fn holds(&self, at: i64) -> bool {
        // The end of all times is in a span that has no end.
        at >= self.from && (at < self.to || self.to == i64::MAX)
    }
}

/// One of the rows that say what a key means.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub(super) span: ValidSpan,
    pub(super) primary: bool,
    /// Its place by the order column, else by the start of its time; then its row.
    pub(super) rank: (i64, u32),
}

/// Brings the rows of a key to spans of which at most one holds at any time, or to all of them. Says whether the key means
/// several things at one time. `until_next`: each holds until a later one starts.
pub(super) fn settle(mut all: Vec<Candidate>, pick: Option<Pick>, until_next: bool) -> (Vec<ValidSpan>, bool) {
    if let [one] = all.as_slice() {
        let unmarked = pick == Some(Pick::Primary) && !one.primary;
        return (vec![ValidSpan { unmarked, ..one.span }], false);
    }
    all.sort_by_key(|c| c.rank);
    if pick.is_none() && until_next {
        let mut starts: Vec<i64> = all.iter().map(|c| c.span.from).collect();
        starts.sort_unstable();
        starts.dedup();
        for c in &mut all {
            if let Some(next) = starts.get(starts.partition_point(|start| *start <= c.span.from)) {
                c.span.to = c.span.to.min(*next);
            }
        }
    }
    if pick == Some(Pick::All) {
        return (all.into_iter().map(|c| c.span).collect(), false);
    }
    let mut changes: Vec<(i64, bool, usize)> = Vec::with_capacity(2 * all.len());
    for (i, c) in all.iter().enumerate().filter(|(_, c)| c.span.from < c.span.to) {
        changes.push((c.span.from, true, i));
        if c.span.to != i64::MAX {
            changes.push((c.span.to, false, i));
        }
    }
    changes.sort_unstable();
    // Known ones first, then the primary one, then by rank.
    let key = |c: &Candidate, i: usize| {
        let place = if pick == Some(Pick::Last) { -(i as i64) } else { i as i64 };
        (c.span.code == NONE, pick == Some(Pick::Primary) && !c.primary, place)
    };
    let (mut holding, mut known) = (BTreeSet::new(), BTreeMap::<u32, usize>::new());
    let (mut spans, mut clash): (Vec<ValidSpan>, bool) = (Vec::new(), false);
    for now in changes.chunk_by(|a, b| a.0 == b.0) {
        let mut at = i64::MIN;
        for (time, starts, i) in now {
            at = *time;
            let Some(c) = all.get(*i) else { continue };
            let entry = known.entry(c.span.code).or_default();
            if *starts {
                holding.insert((key(c, *i), *i));
                *entry += 1;
            } else {
                holding.remove(&(key(c, *i), *i));
                *entry -= 1;
                if *entry == 0 {
                    known.remove(&c.span.code);
                }
            }
        }
        if let Some(last) = spans.last_mut().filter(|last| last.to == i64::MAX) {
            last.to = at;
        }
        let several = known.keys().filter(|code| **code != NONE).count() > 1;
        clash |= several;
        if let Some((_, i)) = holding.first()
            && let Some(c) = all.get(*i)
        {
            let unmarked = pick == Some(Pick::Primary) && !c.primary;
            spans.push(ValidSpan { from: at, to: i64::MAX, code: c.span.code, several, unmarked });
        }
    }
    spans.retain(|span| span.from < span.to);
    (spans, clash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(rows: &[(i64, i64, u32, bool)]) -> Vec<Candidate> {
        let candidate = |(row, (from, to, code, primary)): (usize, &(i64, i64, u32, bool))| Candidate {
            span: ValidSpan { from: *from, to: *to, ..ValidSpan::always(*code) },
            primary: *primary,
            rank: (*from, row as u32),
        };
        rows.iter().enumerate().map(candidate).collect()
    }

    /// What holds at a time, by the rule, looking at all rows.
    fn plain(rows: &[(i64, i64, u32, bool)], pick: Pick, at: i64) -> Option<u32> {
        let mut now: Vec<_> = rows.iter().enumerate().filter(|(_, r)| r.0 <= at && at < r.1).collect();
        now.sort_by_key(|(row, r)| (r.0, *row));
        if pick == Pick::Last {
            now.reverse();
        }
        now.sort_by_key(|(_, r)| (r.2 == NONE, pick == Pick::Primary && !r.3));
        now.first().map(|(_, r)| r.2)
    }

    proptest::proptest! {
        #[test]
        fn one_is_picked_at_any_time(rows in proptest::collection::vec((0i64..6, 1i64..8, 0u32..4, proptest::bool::ANY), 1..7)) {
            let rows: Vec<_> = rows.into_iter().map(|(a, b, c, p)| (a, b, if c == 3 { NONE } else { c }, p)).collect();
            for pick in [Pick::First, Pick::Last, Pick::Primary] {
                let (spans, _) = settle(candidates(&rows), Some(pick), false);
                for at in -1..9 {
                    let holding: Vec<u32> = spans.iter().filter(|s| s.holds(at)).map(|s| s.code).collect();
                    proptest::prop_assert_eq!(holding, plain(&rows, pick, at).into_iter().collect::<Vec<_>>());
                }
            }
            let (_, clash) = settle(candidates(&rows), None, false);
            let several = |at: i64| {
                let known = rows.iter().filter(|r| r.0 <= at && at < r.1 && r.2 != NONE).map(|r| r.2);
                known.collect::<BTreeSet<u32>>().len() > 1
            };
            proptest::prop_assert_eq!(clash, (-1..9).any(several));
        }
    }

    #[test]
    fn a_key_means_one_until_it_means_the_next() {
        let rows = [(0, i64::MAX, 1, false), (5, i64::MAX, 2, false), (5, i64::MAX, 2, false)];
        let (spans, clash) = settle(candidates(&rows), None, true);
        assert!(!clash);
        assert_eq!(spans.iter().map(|s| (s.from, s.to, s.code)).collect::<Vec<_>>(), [(0, 5, 1), (5, i64::MAX, 2)]);
        // Two from one time on are two at a time.
        let rows = [(0, i64::MAX, 1, false), (0, i64::MAX, 2, false)];
        assert!(settle(candidates(&rows), None, true).1);
    }
}

//! Edits: rows of a deal that repeat its current stage. They are kept beside the stage entries.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hasher};

use rayon::prelude::*;

use super::orders::{Orders, Ranking};
use super::rows::Rows;
use super::undecided::{EditPlace, deal_and_amount, decide};
use crate::error::Result;
use crate::progress::Task;
use crate::schema::NONE;
use crate::time::NO_TIME;

/// Rows that repeat the stage of their deal, by the entry they edit, in order. All columns are of one length.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Edits {
    /// Number of the stage entry that is edited.
    pub entry: Vec<u32>,
    /// Number of the last stage entry of the lead that comes before the edit.
    pub after: Vec<u32>,
    /// UTC microseconds.
    pub at: Vec<i64>,
    /// Amount, NaN if none.
    pub amount: Vec<f64>,
    /// Code of the order column's value, [`NONE`] if there is none.
    pub order: Vec<u32>,
    /// Properties: number of the property and one code per edit.
    pub props: Vec<(usize, Vec<u32>)>,
}

impl Edits {
    /// Number of edits.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entry.len()
    }

    /// True if it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entry.is_empty()
    }

    /// The last known amount that edits before `until` gave to a stage entry.
    #[must_use]
    pub fn amount_before(&self, entry: usize, until: i64) -> Option<f64> {
        let own = self.entry.partition_point(|e| (*e as usize) < entry)
            ..self.entry.partition_point(|e| (*e as usize) <= entry);
        own.rev()
            .filter(|i| self.at.get(*i).is_some_and(|at| *at < until))
            .filter_map(|i| self.amount.get(i).copied())
            .find(|amount| !amount.is_nan())
    }

    /// Writes an edit over the row of the entry that it edits.
    pub(in crate::journeys) fn write(&self, edit: usize, rows: &mut Rows, row: usize) {
        fn put<T: Copy>(column: &mut [T], row: usize, value: Option<T>, none: T) {
            if let Some(slot) = column.get_mut(row) {
                *slot = value.unwrap_or(none);
            }
        }
        put(&mut rows.at, row, self.at.get(edit).copied(), NO_TIME);
        put(&mut rows.order, row, self.order.get(edit).map(|code| code.wrapping_add(1)), 0);
        for (prop, column) in &mut rows.props {
            let own = self.props.iter().find(|(p, _)| p == prop);
            put(column, row, own.and_then(|(_, codes)| codes.get(edit)).copied(), NONE);
        }
        if let Some((_, amounts)) = &mut rows.stage {
            put(amounts, row, self.amount.get(edit).copied(), f64::NAN);
        }
    }

    /// Numbers of the edits in order of time, lead by lead.
    pub(in crate::journeys) fn in_order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by_key(|i| (self.after.get(*i), self.at.get(*i), *i));
        order
    }

    /// The edits sorted by the entry they edit.
    fn sorted(self) -> Self {
        fn pick<T: Copy>(column: &[T], order: &[usize]) -> Vec<T> {
            order.iter().filter_map(|i| column.get(*i).copied()).collect()
        }
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by_key(|i| self.entry.get(*i));
        Self {
            entry: pick(&self.entry, &order),
            after: pick(&self.after, &order),
            at: pick(&self.at, &order),
            amount: pick(&self.amount, &order),
            order: pick(&self.order, &order),
            props: self.props.iter().map(|(p, codes)| (*p, pick(codes, &order))).collect(),
        }
    }
}

/// What makes two stage rows of a lead the same: time, stage, deal, amount, properties, and the value that orders it.
pub(super) type Same = (i64, u32, u32, u64, u64, u64);

/// What the stage row `i` is known by; `orders` are the values of order columns of each table.
pub(super) fn same(rows: &Rows, i: usize, orders: &[Orders]) -> Same {
    let (deal, amount) = deal_and_amount(rows, i);
    // Missing properties are skipped, whether or not their table has the column.
    let mut hasher = foldhash::quality::FixedState::with_seed(7).build_hasher();
    let mut known: Vec<(usize, u32)> =
        rows.props.iter().filter_map(|(p, codes)| codes.get(i).map(|c| (*p, *c))).filter(|(_, c)| *c != NONE).collect();
    known.sort_unstable();
    for (prop, code) in known {
        hasher.write_usize(prop);
        hasher.write_u32(code);
    }
    let at = rows.at.get(i).copied().unwrap_or(NO_TIME);
    let amount = if amount.is_nan() { f64::NAN } else { amount + 0.0 };
    let values = rows.ordered.and_then(|table| orders.get(table as usize));
    let code = rows.order.get(i).and_then(|order| order.checked_sub(1));
    let order = values.zip(code).map_or(0, |(values, code)| values.hash(code));
    (at, rows.kind.get(i).copied().unwrap_or(NONE), deal, amount.to_bits(), hasher.finish(), order)
}

/// Rows of leads that were seen.
#[derive(Debug, Default)]
pub(super) struct SeenStages(HashSet<(u32, Same)>);

impl SeenStages {
    /// Whether a row is another than those before: one whose place in the order is not known is the same wherever it is.
    pub(super) fn insert(&mut self, lead: u32, row: Same) -> bool {
        // No value has an even hash.
        let like = |order: u64| (lead, (row.0, row.1, row.2, row.3, row.4, order));
        let (somewhere, anywhere) = (like(0), like(2));
        if row.5 == 0 {
            self.0.insert(anywhere);
            return self.0.insert(somewhere);
        }
        self.0.insert(somewhere);
        !self.0.contains(&anywhere) && self.0.insert((lead, row))
    }

    fn clear(&mut self) {
        self.0.clear();
    }
}

/// Joins tables of stages in the order of the index, without the rows that repeat the stage of their deal, which are edits,
/// and rows that are there already, which are counted; `ranking` says how entries of one instant are ordered, by the
/// values `orders` of each table. The order of the rows is that of the values of all tables.
///
/// A deal's rows of one stage with nothing of another stage between them are one entry, the first; the others are edits
/// of it. Entries without a deal belong to one deal, the lead's own.
///
/// # Errors
/// [`crate::error::Error::Interrupted`].
pub(super) fn collapse(
    tables: &[Rows],
    ranking: &Ranking,
    orders: &[Orders],
    task: &Task,
) -> Result<(Rows, Edits, usize)> {
    let mut places: Vec<EditPlace> = Vec::new();
    for (table, rows) in (0u32..).zip(tables.iter()) {
        places.extend((0..rows.len()).map(|i| {
            let at = rows.at.get(i).copied().unwrap_or(NO_TIME);
            let order = rows.order.get(i).copied().unwrap_or(0);
            let of_kind = rows.kind.get(i).map_or(0, |kind| ranking.of_kind(*kind));
            let rank = of_kind | rows.ordered.map_or(0, |table| ranking.of_order(Some(table), order));
            (rows.lead.get(i).copied().unwrap_or(0), at, rank, table, i as u32)
        }));
    }
    places.par_sort_unstable();
    task.check()?;
    for tied in places.chunk_by_mut(|a, b| (a.0, a.1, a.2) == (b.0, b.1, b.2)).filter(|tied| tied.len() > 1) {
        decide(tied, tables, ranking);
    }
    let mut kept: Vec<(u32, u32)> = Vec::with_capacity(places.len());
    let mut edits = Edits::default();
    let mut edited: Vec<EditPlace> = Vec::new();
    let (mut entries, mut repeated) = (0u32, 0);
    // Of the lead at hand: stage and number of the last entry of each deal.
    let mut last: HashMap<u32, (u32, u32)> = HashMap::new();
    let mut seen = SeenStages::default();
    for (number, lead) in places.chunk_by(|a, b| a.0 == b.0).enumerate() {
        if number % CHECK_EVERY == 0 {
            task.check()?;
        }
        last.clear();
        for instant in lead.chunk_by(|a, b| a.1 == b.1) {
            seen.clear();
            for place in instant {
                let Some(rows) = tables.get(place.3 as usize) else { continue };
                let i = place.4 as usize;
                if instant.len() > 1 && !seen.insert(place.0, same(rows, i, orders)) {
                    repeated += 1;
                    continue;
                }
                let kind = rows.kind.get(i).copied().unwrap_or(NONE);
                let (deal, amount) = deal_and_amount(rows, i);
                match last.get(&deal) {
                    Some((stage, entry)) if *stage == kind => {
                        edits.entry.push(*entry);
                        edits.after.push(entries.saturating_sub(1));
                        edits.at.push(place.1);
                        edits.amount.push(amount);
                        edits.order.push(ranking.code(rows.ordered, rows.order.get(i).copied().unwrap_or(0)));
                        edited.push(*place);
                    }
                    _ => {
                        kept.push((place.3, place.4));
                        last.insert(deal, (kind, entries));
                        entries += 1;
                    }
                }
            }
        }
    }
    let props: std::collections::BTreeSet<usize> =
        tables.iter().flat_map(|rows| rows.props.iter().map(|(p, _)| *p)).collect();
    for prop in props.into_iter().filter(|_| !edited.is_empty()) {
        let code = |place: &EditPlace| {
            let rows = tables.get(place.3 as usize)?;
            let (_, codes) = rows.props.iter().find(|(p, _)| *p == prop)?;
            codes.get(place.4 as usize).copied()
        };
        edits.props.push((prop, edited.iter().map(|place| code(place).unwrap_or(NONE)).collect()));
    }
    task.check()?;
    let mut joined = Rows::gathered(tables, &kept);
    for (slot, (table, row)) in joined.order.iter_mut().zip(&kept) {
        let own = tables.get(*table as usize).and_then(|rows| Some((rows.ordered, *rows.order.get(*row as usize)?)));
        *slot = own.map_or(0, |(ordered, order)| ranking.code(ordered, order).wrapping_add(1));
    }
    Ok((joined, edits.sorted(), repeated))
}

/// Leads between two looks at whether the work is to end.
const CHECK_EVERY: usize = 1 << 14;

#[cfg(test)]
mod tests {
    use super::super::rows::Sizes;
    use super::*;

    /// Lead, time, kind, deal, amount.
    fn rows(rows: &[(u32, i64, u32, u32, f64)]) -> Rows {
        Rows {
            lead: rows.iter().map(|r| r.0).collect(),
            at: rows.iter().map(|r| r.1).collect(),
            order: (0..rows.len() as u32).collect(),
            kind: rows.iter().map(|r| r.2).collect(),
            stage: Some((rows.iter().map(|r| r.3).collect(), rows.iter().map(|r| r.4).collect())),
            ..Rows::default()
        }
    }

    #[test]
    fn runs_of_a_deal_are_one_entry() {
        // Two deals take turns; the second row of deal 1 is an edit although deal 0 moved in between.
        let tables = [rows(&[(3, 1, 0, 0, 1.0), (3, 2, 0, 1, 5.0), (3, 3, 1, 0, 1.0), (3, 4, 0, 1, 6.0)])];
        let (joined, edits, repeated) = collapse(&tables, &Ranking::default(), &[], &Task::new()).unwrap();
        assert_eq!((joined.at.as_slice(), repeated), ([1, 2, 3].as_slice(), 0));
        assert_eq!((edits.entry.as_slice(), edits.after.as_slice()), ([1].as_slice(), [2].as_slice()));
        assert_eq!((edits.amount_before(1, 9), edits.amount_before(1, 4)), (Some(6.0), None));
    }

    #[test]
    fn rows_given_twice_are_dropped() {
        let tables = [rows(&[(0, 1, 0, 0, 1.0)]), rows(&[(0, 1, 0, 0, 1.0), (0, 1, 0, 0, 2.0)])];
        let (joined, edits, repeated) = collapse(&tables, &Ranking::default(), &[], &Task::new()).unwrap();
        assert_eq!((joined.len(), edits.len(), repeated), (1, 1, 1));
    }

    #[test]
    fn amounts_of_one_instant_are_in_one_order() {
        // Kinds 0 and 1 mean won, 2 does not; the largest amount is known last, for any order of the rows.
        let given = [(0, 1, 0, 7, 300.0), (0, 1, 0, 7, 100.0), (0, 1, 1, 7, 200.0), (0, 1, 2, 7, 900.0)];
        let sizes = Sizes { last_resort: vec![(true, 2), (true, 1), (false, 0)], ..Sizes::default() };
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]] {
            let all: Vec<_> = order.iter().map(|i| given[*i]).collect();
            let ranking = Ranking::of(&sizes, Vec::new());
            for tables in [vec![rows(&all)], vec![rows(&all[..1]), rows(&all[1..])]] {
                let (joined, edits, _) = collapse(&tables, &ranking, &[], &Task::new()).unwrap();
                assert_eq!(joined.kind, [2, 1, 0]);
                assert_eq!((joined.stage.unwrap().1, edits.amount), (vec![900.0, 200.0, 100.0], vec![300.0]));
            }
        }
    }

    #[test]
    fn classes_order_an_instant() {
        // Kind 1 is the first stage of the pipeline although its row comes last.
        let tables = [rows(&[(0, 1, 0, 0, 1.0), (0, 1, 1, 0, 1.0), (0, 2, 0, 0, 3.0)])];
        let ranking = Ranking::new(&[2, 1], &[], Vec::new());
        let (joined, edits, _) = collapse(&tables, &ranking, &[], &Task::new()).unwrap();
        assert_eq!((joined.at.as_slice(), edits.entry.as_slice()), ([1, 1].as_slice(), [1].as_slice()));
    }
}

//! Cleaned rows on their way into the index.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::schema::NONE;
use crate::time::NO_TIME;

/// Rows of one source in one role, or a part of them, already cleaned: every row has a known lead and a time.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// Lead number per row.
    pub lead: Vec<u32>,
    /// UTC microseconds.
    pub at: Vec<i64>,
    /// Rank among equal times: one more than the code of the order column's value, 0 for none, or the row number in the
    /// source. Empty if rows of equal times are in order already and no other source has rows.
    pub order: Vec<u32>,
    /// Which values `order` has codes of, as [`super::IndexBuilder::orders`] gives it; `None` for row numbers.
    pub ordered: Option<u32>,
    /// Kind code.
    pub kind: Vec<u32>,
    /// Channel code, empty if the source has none.
    pub channel: Vec<u32>,
    /// Value columns: number of the value and one number per row.
    pub values: Vec<(usize, Vec<f64>)>,
    /// Property columns: number of the property and one code per row.
    pub props: Vec<(usize, Vec<u32>)>,
    /// For stages: deal code ([`crate::schema::NONE`] for the lead itself) and amount (NaN if none).
    pub stage: Option<(Vec<u32>, Vec<f64>)>,
}

/// Sizes of the dictionaries that codes in [`Rows`] point into.
#[derive(Debug, Clone, Default)]
pub struct Sizes {
    /// Number of leads.
    pub leads: usize,
    /// Number of kinds.
    pub kinds: usize,
    /// Number of channels.
    pub channels: usize,
    /// Number of deals.
    pub deals: usize,
    /// Number of value columns.
    pub values: usize,
    /// Levels of each property.
    pub props: Vec<usize>,
    /// By kind, how rows of one instant are ordered before their own order says; all alike if empty.
    pub classes: Vec<u32>,
    /// By kind, how rows of one instant are ordered whose order columns have the same value; all alike if empty.
    pub ties: Vec<u32>,
    /// By kind, whether it means won, and its place by name: how stages of one instant are ordered, beside their amounts,
    /// where nothing else decides; all alike if empty.
    pub last_resort: Vec<(bool, u32)>,
}

impl Rows {
    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lead.len()
    }

    /// True if it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lead.is_empty()
    }

    /// Rows of several tables, by table and row, one after the other; they have no order of their own.
    pub(super) fn gathered(tables: &[Self], chosen: &[(u32, u32)]) -> Self {
        let pick = |none: u32, column: &dyn Fn(&Self) -> Option<&[u32]>| -> Vec<u32> {
            let columns: Vec<Option<&[u32]>> = tables.iter().map(column).collect();
            let cell = |(table, row): &(u32, u32)| columns.get(*table as usize)?.as_ref()?.get(*row as usize).copied();
            chosen.iter().map(|place| cell(place).unwrap_or(none)).collect()
        };
        let floats = |column: &dyn Fn(&Self) -> Option<&[f64]>| -> Vec<f64> {
            let columns: Vec<Option<&[f64]>> = tables.iter().map(column).collect();
            let cell = |(table, row): &(u32, u32)| columns.get(*table as usize)?.as_ref()?.get(*row as usize).copied();
            chosen.iter().map(|place| cell(place).unwrap_or(f64::NAN)).collect()
        };
        let of = |(table, row): &(u32, u32)| Some((tables.get(*table as usize)?, *row as usize));
        let values: BTreeSet<usize> = tables.iter().flat_map(|t| t.values.iter().map(|(v, _)| *v)).collect();
        let props: BTreeSet<usize> = tables.iter().flat_map(|t| t.props.iter().map(|(p, _)| *p)).collect();
        Self {
            lead: pick(0, &|t| Some(&t.lead)),
            at: chosen.iter().map(|p| of(p).and_then(|(t, row)| t.at.get(row).copied()).unwrap_or(NO_TIME)).collect(),
            order: vec![0; chosen.len()],
            ordered: None,
            kind: pick(NONE, &|t| Some(&t.kind)),
            channel: pick(NONE, &|t| Some(&t.channel)),
            values: values
                .into_iter()
                .map(|v| (v, floats(&|t| t.values.iter().find(|(n, _)| *n == v).map(|(_, c)| c.as_slice()))))
                .collect(),
            props: props
                .into_iter()
                .map(|p| (p, pick(NONE, &|t| t.props.iter().find(|(n, _)| *n == p).map(|(_, c)| c.as_slice()))))
                .collect(),
            stage: Some((
                pick(NONE, &|t| t.stage.as_ref().map(|(deals, _)| deals.as_slice())),
                floats(&|t| t.stage.as_ref().map(|(_, amounts)| amounts.as_slice())),
            )),
        }
    }

    /// Some of the rows.
    #[must_use]
    pub fn part(&self, range: &Range<usize>) -> Self {
        fn cells<T: Copy>(column: &[T], range: &Range<usize>) -> Vec<T> {
            column.get(range.clone()).unwrap_or(&[]).to_vec()
        }
        Self {
            lead: cells(&self.lead, range),
            at: cells(&self.at, range),
            order: cells(&self.order, range),
            ordered: self.ordered,
            kind: cells(&self.kind, range),
            channel: cells(&self.channel, range),
            values: self.values.iter().map(|(v, c)| (*v, cells(c, range))).collect(),
            props: self.props.iter().map(|(p, c)| (*p, cells(c, range))).collect(),
            stage: self.stage.as_ref().map(|(d, a)| (cells(d, range), cells(a, range))),
        }
    }

    /// Keeps the rows whose flag is true.
    pub fn retain(&mut self, keep: &[bool]) {
        fn filter<T: Copy>(column: &mut Vec<T>, keep: &[bool]) {
            let mut flags = keep.iter();
            column.retain(|_| flags.next().copied().unwrap_or(false));
        }
        filter(&mut self.lead, keep);
        filter(&mut self.at, keep);
        filter(&mut self.order, keep);
        filter(&mut self.kind, keep);
        filter(&mut self.channel, keep);
        self.values.iter_mut().for_each(|(_, c)| filter(c, keep));
        self.props.iter_mut().for_each(|(_, c)| filter(c, keep));
        if let Some((d, a)) = &mut self.stage {
            filter(d, keep);
            filter(a, keep);
        }
    }
}

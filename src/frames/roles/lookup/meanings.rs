//! A lookup table as read: what each key means over time.

use std::collections::HashMap;

use super::spans::{Candidate, ValidSpan, settle};
use crate::config::{DayMeans, LookupSpec, Pick};
use crate::counted::counted;
use crate::error::{Error, Result};
use crate::frames::columns::order::order_ranks;
use crate::frames::columns::text::TextColumn;
use crate::frames::columns::time::{TimeCell, TimeReader};
use crate::frames::files::table::Table;
use crate::journeys::{Normalize, StringTable as Ids, normalized};
use crate::schema::{NONE, canonical_id, truth};
use crate::time::Zone;

/// What each key of a lookup table means over time.
pub(super) struct Meanings {
    spans: HashMap<String, Vec<ValidSpan>>,
    pub(super) remarks: Vec<String>,
}

/// How the keys of a table that uses lookups are read.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeyForm<'a> {
    pub(super) normalize: Option<Normalize>,
    pub(super) split: Option<&'a str>,
}

impl KeyForm<'_> {
    /// Calls `take` for every id of a cell.
    pub(super) fn each(&self, cell: &str, mut take: impl FnMut(&str)) {
        let mut one = |id: &str| {
            let id = canonical_id(id);
            match normalized(id, self.normalize) {
                Some(id) if !id.is_empty() => take(&id),
                _ => {}
            }
        };
        match self.split.filter(|split| !split.is_empty()) {
            Some(split) => cell.split(split).for_each(one),
            None => one(cell),
        }
    }
}

/// The cells of a column of keys: a number per row, [`NONE`] for an empty one, and the texts they stand for.
pub(super) fn keys(table: &Table, column: &str, nulls: &[String]) -> Result<(Vec<u32>, Ids)> {
    let mut own = Ids::new();
    let mut keys = Vec::with_capacity(table.rows());
    TextColumn::ids(table, column, nulls)?.each(|_, text| keys.push(text.map_or(NONE, |t| own.intern(t))));
    Ok((keys, own))
}

impl Meanings {
    /// Reads a lookup table. `means` writes what the row of that number stands for, over all times.
    pub(super) fn read(
        spec: &LookupSpec,
        pick: Option<Pick>,
        table: &Table,
        form: KeyForm<'_>,
        zone: &Zone,
        mut means: impl FnMut(usize, &mut Vec<ValidSpan>),
    ) -> Result<Self> {
        let times = |column: &Option<String>, open: i64| times(table, spec, column.as_ref(), open, zone);
        let (from, to) = (times(&spec.valid_from, i64::MIN)?, times(&spec.valid_to, i64::MAX)?);
        let common = spec.common();
        let reader = TimeReader { table, common: &common, zone, day: DayMeans::Start };
        let order = spec.order.as_ref().map(|column| order_ranks(&reader, column)).transpose()?;
        let primary = spec.primary.as_ref().map(|column| primary(table, column)).transpose()?;
        if pick == Some(Pick::Primary) && primary.is_none() {
            return Err(Error::option("pick", "'primary' needs primary=, the column that marks the primary row"));
        }
        let mut by_key: HashMap<String, Vec<Candidate>> = HashMap::new();
        let (mut keyless, mut meaningless, mut meant) = (0usize, 0usize, Vec::new());
        TextColumn::ids(table, &spec.key, &[])?.each(|row, text| {
            let (Some(from), Some(to)) = (from.get(row).copied(), to.get(row).copied()) else { return };
            let Some(text) = text else {
                keyless += 1;
                return;
            };
            meant.clear();
            means(row, &mut meant);
            meaningless += usize::from(meant.is_empty());
            // A row whose place in the order is not known is picked only if all are like that.
            let unknown = if pick == Some(Pick::Last) { i64::MIN } else { i64::MAX };
            let place = |rank: &u32| if *rank == 0 { unknown } else { i64::from(*rank) };
            let first = order.as_ref().and_then(|o| o.get(row)).map_or(from, place);
            let is_primary = primary.as_ref().and_then(|p| p.get(row)).copied().unwrap_or(false);
            form.each(text, |key| {
                let candidates = meant.iter().map(|span| Candidate {
                    span: ValidSpan { from: span.from.max(from), to: span.to.min(to), ..*span },
                    primary: is_primary,
                    rank: (first, row as u32),
                });
                by_key.entry(key.to_owned()).or_default().extend(candidates);
            });
        });
        let until_next = spec.valid_to.is_none() && spec.valid_from.is_some();
        let mut clashes = 0;
        let mut example: Option<String> = None;
        let spans = by_key.into_iter().map(|(key, candidates)| {
            let (spans, clash) = settle(candidates, pick, until_next);
            if clash && pick.is_none() {
                clashes += 1;
                // The first by the alphabet, not by the order of a map.
                if example.as_ref().is_none_or(|e| key < *e) {
                    example = Some(key.clone());
                }
            }
            (key, spans)
        });
        let spans: HashMap<String, Vec<ValidSpan>> = spans.collect();
        if let Some(example) = example {
            let what = if spec.value.is_some() { "values" } else { "leads" };
            let all = if spec.value.is_some() { "" } else { ", 'primary' or 'all'" };
            return Err(Error::schema(
                &table.name,
                Some(&spec.key),
                format!(
                    "{} several {what} at the same time (first: '{example}'); set pick='first', 'last'{all}, \
                     or valid_from= and valid_to=",
                    counted(clashes, "key has", "keys have")
                ),
            ));
        }
        let mut remarks = Vec::new();
        let column = spec.lead.as_ref().map_or("value", |_| "lead");
        for (n, what) in [(keyless, "key"), (meaningless, column)] {
            if n > 0 {
                remarks.push(format!(
                    "lookup '{}': {n} of {} {} a missing {what} and {} left out",
                    table.name,
                    counted(table.rows(), "row", "rows"),
                    if n == 1 { "has" } else { "have" },
                    if n == 1 { "is" } else { "are" }
                ));
            }
        }
        Ok(Self { spans, remarks })
    }

    /// Whether the lookup table has a key, in its one form, if only with a missing lead.
    pub(super) fn has(&self, key: &str) -> bool {
        self.spans.contains_key(key)
    }

    /// What a key, in its one form, means over time.
    pub(super) fn of(&self, key: &str) -> &[ValidSpan] {
        self.spans.get(key).map_or(&[], Vec::as_slice)
    }
}

fn times(table: &Table, spec: &LookupSpec, column: Option<&String>, open: i64, zone: &Zone) -> Result<Vec<i64>> {
    let Some(column) = column else { return Ok(vec![open; table.rows()]) };
    let common = spec.common();
    let reader = TimeReader { table, common: &common, zone, day: DayMeans::Start };
    let (cells, _) = reader.read(column)?;
    let time = |(row, cell): (usize, TimeCell)| match cell {
        TimeCell::At(t) => Ok(t),
        TimeCell::Null => Ok(open),
        TimeCell::Bad(why) => Err(Error::schema(&table.name, Some(column), format!("row {row}: {why}"))),
    };
    cells.cells().enumerate().map(time).collect()
}

/// Which rows a column marks as primary.
fn primary(table: &Table, column: &str) -> Result<Vec<bool>> {
    let (mut marks, mut unclear) = (Vec::with_capacity(table.rows()), 0usize);
    TextColumn::of(table, column, &[])?.each(|_, text| {
        let mark = text.map(|text| text.eq_ignore_ascii_case("primary") || truth(text) == Some(true));
        unclear += usize::from(text.is_some_and(|text| mark == Some(false) && truth(text).is_none()));
        marks.push(mark.unwrap_or(false));
    });
    if unclear > 0 && !marks.contains(&true) {
        let problem = format!("{} not 1/0, true/false, yes/no or 'primary'", counted(unclear, "cell is", "cells are"));
        return Err(Error::schema(&table.name, Some(column), problem));
    }
    Ok(marks)
}

//! From a row to its lead: directly by id, or through a table of anonymous ids, deals or contacts.

use std::collections::HashMap;
use std::sync::OnceLock;

use rayon::prelude::*;

use super::cells::Texts;
use super::config::DayMeans;
use super::config::{Common, LeadKey, LookupSpec};
use super::table::{Table, Tables};
use super::times::{TimeCell, TimeReader};
use crate::design::NONE;
use crate::error::{Error, Result};
use crate::journeys::{Texts as Ids, id_number};
use crate::time::Zone;

/// Why a row has no lead.
pub(super) const NULL_KEY: &str = "null lead key";
/// Why a row has no lead.
pub(super) const UNKNOWN_LEAD: &str = "unknown lead";
/// Why a row has no lead.
pub(super) const NO_LOOKUP: &str = "key not in the lookup table";
/// Why a row has no lead.
pub(super) const NOT_VALID: &str = "key not valid at the row's time";

/// The lead of a row, or why it has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resolved {
    Lead(u32),
    Not(&'static str),
}

struct Span {
    from: i64,
    to: i64,
    lead: u32,
}

/// Finds the leads of the rows of one table.
pub(super) struct LeadFinder<'a> {
    key: &'a LeadKey,
    ids: &'a Ids,
    numbers: OnceLock<NumberedIds>,
    /// Of a lookup: per key, the leads it means over time.
    spans: HashMap<String, Vec<Span>>,
}

/// The leads of some rows of a table.
pub(super) struct Resolver<'a> {
    keys: Texts,
    how: How<'a>,
}

/// Leads by their ids as whole numbers.
enum NumberedIds {
    /// Every number of a range, from this one on, is a lead, in order.
    Range { first: i64, len: u64 },
    /// Leads at their number's distance from the first.
    Table { first: i64, leads: Vec<u32> },
    /// Numbers far apart.
    Map(hashbrown::HashMap<i64, u32, foldhash::fast::FixedState>),
}

impl NumberedIds {
    fn new(ids: &Ids) -> Self {
        let first = id_number(ids.get(0));
        let expected = |i: u32| first.and_then(|first| first.checked_add(i64::from(i)));
        if let Some(first) = first
            && (0..ids.len() as u32)
                .into_par_iter()
                .all(|i| expected(i).is_some() && id_number(ids.get(i)) == expected(i))
        {
            return Self::Range { first, len: ids.len() as u64 };
        }
        let numbers: Vec<(i64, u32)> =
            (0..ids.len() as u32).into_par_iter().filter_map(|code| Some((id_number(ids.get(code))?, code))).collect();
        let Some((first, _)) = numbers.first().copied() else { return Self::Range { first: 0, len: 0 } };
        let (first, last) = numbers.iter().fold((first, first), |(low, high), (n, _)| (low.min(*n), high.max(*n)));
        let span = (i128::from(last) - i128::from(first) + 1) as u128;
        if span <= 8 * numbers.len() as u128 {
            let mut leads = vec![NONE; span as usize];
            for (n, code) in numbers {
                if let Some(slot) = leads.get_mut((n - first) as usize) {
                    *slot = code;
                }
            }
            return Self::Table { first, leads };
        }
        Self::Map(numbers.into_iter().collect())
    }

    /// The lead, [`NONE`] if there is none.
    fn find(&self, n: i64) -> u32 {
        match self {
            Self::Range { first, len } => match n.checked_sub(*first) {
                Some(d) if d >= 0 && (d as u64) < *len => d as u32,
                _ => NONE,
            },
            Self::Table { first, leads } => {
                let distance = n.checked_sub(*first).and_then(|d| usize::try_from(d).ok());
                distance.and_then(|d| leads.get(d)).copied().unwrap_or(NONE)
            }
            Self::Map(map) => map.get(&n).copied().unwrap_or(NONE),
        }
    }
}

enum How<'a> {
    /// Lead of each row; [`NONE`] is an unknown one, [`NO_KEY`] a null key.
    Direct(Vec<u32>),
    /// Number of each row's key, [`NONE`] for a null one, and per key the leads it means over time.
    Lookup { keys: Vec<u32>, spans: Vec<&'a [Span]> },
}

/// The lead of a row whose key is null.
const NO_KEY: u32 = NONE - 1;

impl<'a> LeadFinder<'a> {
    pub(super) fn new(key: &'a LeadKey, ids: &'a Ids, tables: &mut Tables, zone: &Zone) -> Result<Self> {
        let spans = match key {
            LeadKey::Column(_) => HashMap::new(),
            LeadKey::Lookup(spec) => read_lookup(spec, ids, tables, zone)?,
        };
        Ok(Self { key, ids, numbers: OnceLock::new(), spans })
    }

    /// The leads of the rows of `table`, the whole or a part.
    pub(super) fn rows_of(&self, table: &Table, common: &Common) -> Result<Resolver<'_>> {
        let texts = Texts::of(table, self.key.column(), &common.nulls)?;
        let how = match self.key {
            LeadKey::Column(_) => How::Direct(match texts.whole_numbers() {
                Some(numbers) => {
                    let ids = self.numbers.get_or_init(|| NumberedIds::new(self.ids));
                    match numbers.cont_slice() {
                        Ok(numbers) => numbers.iter().map(|n| ids.find(*n)).collect(),
                        Err(_) => numbers.iter().map(|n| n.map_or(NO_KEY, |n| ids.find(n))).collect(),
                    }
                }
                None => texts.code_ids(|text| text.map_or(NO_KEY, |t| self.ids.find(t).unwrap_or(NONE))),
            }),
            LeadKey::Lookup(_) => {
                let (mut keys, mut own) = (Vec::with_capacity(table.rows()), Ids::new());
                texts.each_id(|_, text| keys.push(text.map_or(NONE, |t| own.intern(t))));
                let spans = own.iter().map(|t| self.spans.get(t).map_or(&[] as &[Span], Vec::as_slice)).collect();
                How::Lookup { keys, spans }
            }
        };
        Ok(Resolver { keys: texts, how })
    }
}

impl Resolver<'_> {
    /// The lead of `row` at time `at`.
    pub(super) fn resolve(&self, row: usize, at: i64) -> Resolved {
        match &self.how {
            How::Direct(leads) => match leads.get(row).copied().unwrap_or(NONE) {
                NONE => Resolved::Not(UNKNOWN_LEAD),
                NO_KEY => Resolved::Not(NULL_KEY),
                lead => Resolved::Lead(lead),
            },
            How::Lookup { keys, spans } => {
                let Some(key) = keys.get(row).copied().filter(|k| *k != NONE) else {
                    return Resolved::Not(NULL_KEY);
                };
                let Some(spans) = spans.get(key as usize).filter(|s| !s.is_empty()) else {
                    return Resolved::Not(NO_LOOKUP);
                };
                match spans.iter().find(|s| at >= s.from && at < s.to) {
                    Some(span) if span.lead == NONE => Resolved::Not(UNKNOWN_LEAD),
                    Some(span) => Resolved::Lead(span.lead),
                    None => Resolved::Not(NOT_VALID),
                }
            }
        }
    }

    /// The lead of every row, if all have a known one whatever the time; they are taken out then.
    pub(super) fn take_all(&mut self) -> Option<Vec<u32>> {
        match &mut self.how {
            How::Direct(leads) if leads.iter().all(|lead| *lead < NO_KEY) => Some(std::mem::take(leads)),
            _ => None,
        }
    }

    /// The key of `row`, for messages.
    pub(super) fn key(&self, row: usize) -> String {
        self.keys.at(row)
    }
}

fn read_lookup(spec: &LookupSpec, leads: &Ids, tables: &mut Tables, zone: &Zone) -> Result<HashMap<String, Vec<Span>>> {
    let table = tables.get(&spec.table)?;
    let common = Common::default();
    let reader = TimeReader { table: &table, common: &common, zone, day: DayMeans::Start };
    let times = |column: &Option<String>, open: i64| -> Result<Vec<i64>> {
        let Some(column) = column else { return Ok(vec![open; table.rows()]) };
        let bad = |row: usize, why: &str| Error::schema(&table.name, Some(column), format!("row {row}: {why}"));
        let (cells, _) = reader.read(column)?;
        cells
            .cells()
            .enumerate()
            .map(|(row, cell)| match cell {
                TimeCell::At(t) => Ok(t),
                TimeCell::Null => Ok(open),
                TimeCell::Bad(why) => Err(bad(row, why)),
            })
            .collect()
    };
    let (from, to) = (times(&spec.valid_from, i64::MIN)?, times(&spec.valid_to, i64::MAX)?);
    let owners: Vec<Option<u32>> = {
        let mut owners = Vec::new();
        Texts::of(&table, &spec.lead, &[])?.each_id(|_, t| owners.push(t.map(|t| leads.find(t).unwrap_or(NONE))));
        owners
    };
    let mut by_key: HashMap<String, Vec<Span>> = HashMap::new();
    Texts::of(&table, &spec.key, &[])?.each_id(|row, text| {
        let (Some(text), Some(Some(lead)), Some(from), Some(to)) = (text, owners.get(row), from.get(row), to.get(row))
        else {
            return;
        };
        let mut add =
            |key: &str| by_key.entry(key.to_owned()).or_default().push(Span { from: *from, to: *to, lead: *lead });
        match spec.split.as_deref().filter(|s| !s.is_empty()) {
            Some(split) => text.split(split).map(str::trim).filter(|k| !k.is_empty()).for_each(add),
            None => add(text),
        }
    });
    let mut clashes = 0;
    for spans in by_key.values_mut() {
        spans.sort_by_key(|s| (s.from, s.to));
        if spec.valid_to.is_none() && spec.valid_from.is_some() {
            // A key means its lead until it means the next one.
            let starts: Vec<i64> = spans.iter().skip(1).map(|s| s.from).collect();
            spans.iter_mut().zip(starts).for_each(|(span, next)| span.to = next);
            spans.retain(|s| s.from < s.to);
        }
        // The span that reaches furthest so far; spans are in order of their starts.
        let mut furthest: Option<(i64, u32)> = None;
        for span in spans.iter() {
            clashes += usize::from(furthest.is_some_and(|(to, lead)| span.from < to && span.lead != lead));
            if furthest.is_none_or(|(to, _)| span.to > to) {
                furthest = Some((span.to, span.lead));
            }
        }
    }
    if clashes > 0 {
        return Err(Error::schema(
            &table.name,
            Some(&spec.key),
            format!("{clashes} keys mean two leads at the same time; give valid_from= and valid_to=, or remove one"),
        ));
    }
    Ok(by_key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_mean_what_their_texts_mean() {
        let ids = |list: &[&str]| list.iter().copied().collect::<Ids>();
        // A range, a table with gaps, numbers far apart; texts that are no numbers are no leads of numbers.
        let cases: [&[&str]; 5] = [
            &["-2", "-1", "0", "1", "b"],
            &["3", "4", "9", "007", "+7", "7"],
            &["-9223372036854775808", "5", "9223372036854775807"],
            &["x", "y"],
            &["10", "9", "8"],
        ];
        for list in cases {
            let texts = ids(list);
            let numbers = NumberedIds::new(&texts);
            for n in [i64::MIN, -3, -2, -1, 0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, i64::MAX] {
                assert_eq!(numbers.find(n), texts.find(&n.to_string()).unwrap_or(NONE), "{list:?} {n}");
            }
        }
    }
}

//! Attributes of rows: from a column, the same for all rows, or through another table.

use std::sync::Arc;

use super::meanings::{KeyForm, Meanings, keys};
use super::spans::ValidSpan;
use crate::config::{Attribute, Common, LookupSpec, Pick, Renames, within};
use crate::error::{Error, Result};
use crate::frames::columns::text::TextColumn;
use crate::frames::files::catalog::Tables;
use crate::frames::files::table::Table;
use crate::journeys::{Normalize, StringTable as Ids};
use crate::schema::NONE;
use crate::time::Zone;

/// Code of a row whose key is not in the lookup table.
pub(in crate::frames) const NO_MATCH: u32 = NONE - 1;
/// Why a row is left out.
pub(in crate::frames) const NO_MATCH_REASON: &str = "kind key not found in the lookup table";

/// Reads an attribute of the rows of a table.
pub(in crate::frames) struct AttributeReader<'a> {
    /// Its name, in `names=` and in messages.
    part: &'static str,
    how: AttributeSource<'a>,
    names: &'a Renames,
}

enum AttributeSource<'a> {
    Literal(&'a str),
    Column(&'a str),
    Lookup(Values<'a>),
}

/// A lookup of values.
struct Values<'a> {
    spec: &'a LookupSpec,
    form: KeyForm<'a>,
    meanings: Meanings,
    texts: Arc<Ids>,
}

impl<'a> Values<'a> {
    fn new(spec: &'a LookupSpec, normalize: Option<Normalize>, tables: &mut Tables, zone: &Zone) -> Result<Self> {
        Self::of_lookup(spec, normalize, tables, zone).map_err(|e| within::<LookupSpec>(e, "lookup"))
    }

    fn of_lookup(spec: &'a LookupSpec, normalize: Option<Normalize>, tables: &mut Tables, zone: &Zone) -> Result<Self> {
        let Some(value) = &spec.value else {
            return Err(Error::option("lookup", "set value= to the column with the kind, channel or other property"));
        };
        if matches!(spec.pick, Some(Pick::All)) {
            return Err(Error::option(
                "pick",
                "'all' is not allowed because an event has one value; use 'first', 'last' or 'primary'",
            ));
        }
        let normalize = spec.normalize.or(normalize);
        let table = tables.get(&spec.table)?;
        let form = KeyForm { normalize, split: spec.split.as_deref() };
        let of_code = |code: u32, spans: &mut Vec<ValidSpan>| {
            if code != NONE {
                spans.push(ValidSpan::always(code));
            }
        };
        let (meanings, values) = match &**value {
            Attribute::Literal { .. } => {
                return Err(Error::option("value", "literals are not supported here; give a column or a lookup"));
            }
            Attribute::Column(column) => {
                let mut values = Ids::new();
                let codes = TextColumn::values(&table, column, &spec.common())?.intern(&mut values);
                let means =
                    |row: usize, spans: &mut Vec<ValidSpan>| of_code(codes.get(row).copied().unwrap_or(NONE), spans);
                (Meanings::read(spec, spec.pick, &table, form, zone, means)?, Arc::new(values))
            }
            Attribute::Lookup(next) => {
                let inner = Self::new(next, normalize, tables, zone)?;
                let rows = inner.rows_of(&table, &[])?;
                let means = |row: usize, spans: &mut Vec<ValidSpan>| {
                    spans.extend(rows.spans_of(row).unwrap_or(&[]));
                };
                let mut meanings = Meanings::read(spec, spec.pick, &table, form, zone, means)?;
                drop(rows);
                meanings.remarks.extend(inner.meanings.remarks);
                (meanings, inner.texts)
            }
        };
        // The cells of the table that uses it hold one key each.
        Ok(Self { spec, form: KeyForm { normalize, split: None }, meanings, texts: values })
    }

    fn rows_of(&self, table: &Table, nulls: &[String]) -> Result<ValueRows<'_>> {
        let (keys, own) = keys(table, self.spec.column(), nulls)?;
        let spans = |cell: &str| {
            let mut spans: &[ValidSpan] = &[];
            self.form.each(cell, |key| spans = self.meanings.of(key));
            spans
        };
        Ok(ValueRows { keys, spans: own.iter().map(spans).collect() })
    }
}

/// What the keys of some rows mean.
struct ValueRows<'a> {
    keys: Vec<u32>,
    spans: Vec<&'a [ValidSpan]>,
}

impl ValueRows<'_> {
    /// The spans of the key of `row`; `None` for a null one.
    fn spans_of(&self, row: usize) -> Option<&[ValidSpan]> {
        let key = self.keys.get(row).copied().filter(|key| *key != NONE)?;
        Some(self.spans.get(key as usize).copied().unwrap_or(&[]))
    }
}

impl<'a> AttributeReader<'a> {
    pub(in crate::frames) fn new(
        part: &'static str,
        attribute: &'a Attribute,
        names: &'a Renames,
        common: &Common,
        tables: &mut Tables,
        zone: &Zone,
    ) -> Result<Self> {
        let how = match attribute {
            Attribute::Literal { literal } => AttributeSource::Literal(literal),
            Attribute::Column(column) => AttributeSource::Column(column),
            Attribute::Lookup(spec) => AttributeSource::Lookup(Values::new(spec, common.normalize, tables, zone)?),
        };
        Ok(Self { part, how, names })
    }

    /// Whether it is a lookup.
    pub(in crate::frames) fn looks_up(&self) -> bool {
        matches!(self.how, AttributeSource::Lookup(_))
    }

    /// What to say of the lookup tables.
    pub(in crate::frames) fn remarks(&self) -> Vec<String> {
        match &self.how {
            AttributeSource::Lookup(values) => values.meanings.remarks.clone(),
            _ => Vec::new(),
        }
    }

    /// The code of each row of `table` and the values that codes stand for: [`NONE`] for a missing value, [`NO_MATCH`]
    /// where a key has none. `at` is the time of a row, if it has one.
    pub(in crate::frames) fn read(
        &self,
        table: &Table,
        nulls: &[String],
        at: impl Fn(usize) -> Option<i64>,
    ) -> Result<(Vec<u32>, Ids)> {
        let mut values = Ids::new();
        match &self.how {
            AttributeSource::Literal(literal) => {
                let code = values.intern(self.names.name(self.part, literal).unwrap_or(literal));
                Ok((vec![code; table.rows()], values))
            }
            AttributeSource::Column(column) => {
                let codes = TextColumn::of(table, column, nulls)?.intern(&mut values);
                Ok(if self.names.is_empty() { (codes, values) } else { self.renamed(codes, &values) })
            }
            AttributeSource::Lookup(lookup) => {
                let rows = lookup.rows_of(table, nulls)?;
                let code = |row: usize| {
                    let Some(spans) = rows.spans_of(row) else { return NONE };
                    let holding = at(row).and_then(|at| spans.iter().find(|span| span.holds(at)));
                    holding.map_or(NO_MATCH, |span| span.code)
                };
                let codes = (0..table.rows()).map(code).collect();
                Ok(self.renamed(codes, &lookup.texts))
            }
        }
    }

    /// Codes of the names that occur, in the order of the rows.
    fn renamed(&self, mut codes: Vec<u32>, values: &Ids) -> (Vec<u32>, Ids) {
        let mut own = Ids::new();
        let mut known: Vec<Option<u32>> = vec![None; values.len()];
        for code in &mut codes {
            if let Some(slot) = known.get_mut(*code as usize) {
                *code = *slot.get_or_insert_with(|| {
                    let name = values.get(*code);
                    own.intern(self.names.name(self.part, name).unwrap_or(name))
                });
            }
        }
        (codes, own)
    }
}

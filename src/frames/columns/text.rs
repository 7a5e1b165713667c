//! Cells of a column of any type as texts, numbers or booleans.

use std::borrow::Cow;

use polars::prelude::*;
use rayon::prelude::*;

use crate::config::{Common, Reading};
use crate::counted::counted;
use crate::error::{Error, Result};
use crate::frames::columns::dictionary::{Cells, Coded};
use crate::frames::files::table::Table;
use crate::journeys::{NotNumbers, StringTable as Ids};
use crate::schema::{NONE, canonical_id, canonical_text, truth_number};
use crate::time::DAY;

/// Rows of a part that is walked by one thread.
const PART: usize = 1 << 17;
/// Bytes of a text that a column holds in place.
const INLINE: u32 = 12;
/// Texts that are remembered while a part is numbered.
const RECENT: usize = 256;

/// Reason for refusing a cell as an id.
pub(in crate::frames) const INEXACT_ID: &str =
    "float id of 2^53 or more, where floats are no longer exact; store ids as integers or text";
/// From here on a float of 64 bits stands for several whole numbers.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// The same of a float of 32 bits.
const EXACT_32: f32 = 16_777_216.0;

/// Whether a text is a number that a float writer wrote and that is too large for one: digits and a fraction of zeros, or
/// one digit before the point and an exponent with its sign ("9.007199254740994e+15"). Hex ids such as "4521e123" are none.
fn is_inexact(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let written = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            let (first, rest) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
            let power = exponent.strip_prefix('+').or((rest != "0" || mantissa.contains('.')).then_some(exponent));
            first.len() == 1 && first != "0" && all_digits(first) && all_digits(rest) && power.is_some_and(all_digits)
        }
        None => digits
            .split_once('.')
            .is_some_and(|(whole, rest)| all_digits(whole) && !rest.is_empty() && rest.bytes().all(|b| b == b'0')),
    };
    written && text.parse::<f64>().is_ok_and(|x| x.is_finite() && x.abs() >= EXACT)
}

/// How the texts of a column are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TextForm {
    /// In their one form ([`canonical_text`]).
    Canonical,
    /// As they are written.
    Written,
    /// In their one form as ids ([`canonical_id`]); one that a float has changed is none.
    Id,
}

/// A column that can be walked as texts: in canonical form, which does not depend on the stored type, or as written.
pub(in crate::frames) struct TextColumn {
    cells: Cells,
    /// Texts that mean "no value", in their one form.
    nulls: Vec<String>,
    form: TextForm,
    /// Marks of numbers, if they differ from [`canonical_text`]'s.
    marks: Option<Reading>,
}

impl TextColumn {
    /// The texts in their one form, for kinds, channels, stages and all that is compared.
    pub(in crate::frames) fn of(table: &Table, column: &str, nulls: &[String]) -> Result<Self> {
        let nulls = nulls.iter().map(|null| canonical_text(null).into_owned()).collect();
        Ok(Self { cells: text_cells(table, column)?, nulls, form: TextForm::Canonical, marks: None })
    }

    /// The texts in their one form, for fields and properties: numbers have the marks of the table, so "1.234,50" may be
    /// "1234.5".
    pub(in crate::frames) fn values(table: &Table, column: &str, common: &Common) -> Result<Self> {
        let marks = common.reading.has_marks() && is_text(&table.dtype(column)?);
        let marks = marks.then(|| common.reading.clone());
        Ok(Self { marks, ..Self::of(table, column, &common.nulls)? })
    }

    /// The texts as they are written, to be parsed as times or numbers.
    pub(in crate::frames) fn as_written(table: &Table, column: &str, nulls: &[String]) -> Result<Self> {
        Ok(Self { form: TextForm::Written, ..Self::of(table, column, nulls)? })
    }

    /// The texts in their one form as ids: one that went through a float too large for whole numbers is none
    /// ([`TextColumn::no_id`]).
    pub(in crate::frames) fn ids(table: &Table, column: &str, nulls: &[String]) -> Result<Self> {
        let nulls = nulls.iter().map(|null| canonical_id(null).to_owned()).collect();
        Ok(Self { cells: text_cells(table, column)?, nulls, form: TextForm::Id, marks: None })
    }

    /// Why the cell of `row` is not an id: `missing`, or a float beyond 2^53.
    pub(in crate::frames) fn no_id(&self, row: usize, missing: &'static str) -> &'static str {
        let inexact = match &self.cells {
            Cells::Coded(_) => is_inexact(&self.at(row)),
            Cells::Series(series) => match (series.f64(), series.f32()) {
                (Ok(floats), _) => floats.get(row).is_some_and(|x| x.abs() >= EXACT),
                (_, Ok(floats)) => floats.get(row).is_some_and(|x| x.abs() >= EXACT_32),
                _ => is_inexact(&self.at(row)),
            },
        };
        if inexact { INEXACT_ID } else { missing }
    }

    /// The text of a cell; `None` if it means "no value".
    fn given<'t>(&self, text: &'t str) -> Option<Cow<'t, str>> {
        let text = text.trim();
        let form = match (self.form, &self.marks) {
            (TextForm::Id, _) => Cow::Borrowed(canonical_id(text)),
            (TextForm::Written, _) if self.nulls.is_empty() => Cow::Borrowed(text),
            (TextForm::Canonical, Some(marks)) => marks.canonical(text),
            (TextForm::Canonical | TextForm::Written, _) => canonical_text(text),
        };
        if form.is_empty() || self.nulls.iter().any(|null| *null == form) {
            return None;
        }
        match self.form {
            TextForm::Written => Some(Cow::Borrowed(text)),
            TextForm::Id if is_inexact(text) => None,
            TextForm::Canonical | TextForm::Id => Some(form),
        }
    }

    /// The text of a number or boolean, which has no other marks.
    fn typed<'t>(&self, text: &'t str) -> Option<&'t str> {
        (self.nulls.is_empty() || !self.nulls.iter().any(|null| null == text)).then_some(text)
    }

    /// Calls `visit(row, text)` for every row; `None` for a missing value.
    pub(in crate::frames) fn each(&self, mut visit: impl FnMut(usize, Option<&str>)) {
        let series = match &self.cells {
            Cells::Series(series) => series,
            Cells::Coded(coded) => {
                let words = self.words(coded);
                let texts = coded.codes().iter().map(|code| words.get(*code as usize)?.as_deref());
                return texts.enumerate().for_each(|(row, text)| visit(row, text));
            }
        };
        // `Display` of a whole float has no ".0"; that of a 32-bit one has no digits that it does not hold.
        if let Ok(texts) = series.str() {
            let texts = texts.iter().map(|text| text.and_then(|t| self.given(t)));
            texts.enumerate().for_each(|(row, text)| visit(row, text.as_deref()));
        } else if let Ok(numbers) = series.i64() {
            self.each_number(numbers.iter(), visit);
        } else if let Ok(numbers) = series.f64() {
            let known = |x: &f64| !x.is_nan() && (self.form != TextForm::Id || x.abs() < EXACT);
            self.each_number(numbers.iter().map(|x| x.filter(known).map(|x| x + 0.0)), visit);
        } else if let Ok(numbers) = series.f32() {
            let known = |x: &f32| !x.is_nan() && (self.form != TextForm::Id || x.abs() < EXACT_32);
            self.each_number(numbers.iter().map(|x| x.filter(known).map(|x| x + 0.0)), visit);
        } else if let Ok(flags) = series.bool() {
            let text = |flag: bool| self.typed(if flag { "true" } else { "false" });
            flags.iter().enumerate().for_each(|(row, flag)| visit(row, flag.and_then(text)));
        } else {
            (0..series.len()).for_each(|row| visit(row, None));
        }
    }

    fn each_number<T: std::fmt::Display>(
        &self,
        numbers: impl Iterator<Item = Option<T>>,
        mut visit: impl FnMut(usize, Option<&str>),
    ) {
        let mut buffer = String::new();
        for (row, n) in numbers.enumerate() {
            let text = n.map(|n| write_to(&mut buffer, &n));
            visit(row, text.and_then(|t| self.typed(t)));
        }
    }

    /// Calls `visit(row, what)` for every row with what its text was read as; texts that are repeated, at once or by
    /// their code, are read once.
    pub(in crate::frames) fn each_read<R: Copy>(
        &self,
        mut read: impl FnMut(&str) -> R,
        mut visit: impl FnMut(usize, Option<R>),
    ) {
        if let Cells::Coded(coded) = &self.cells {
            let words = self.words(coded);
            let mut known: Vec<Option<R>> = vec![None; words.len()];
            for (row, code) in coded.codes().iter().enumerate() {
                let text = words.get(*code as usize).and_then(Option::as_deref);
                let known = text.zip(known.get_mut(*code as usize));
                visit(row, known.map(|(text, known)| *known.get_or_insert_with(|| read(text))));
            }
            return;
        }
        let (mut last, mut known) = (String::new(), None);
        self.each(|row, text| {
            let what = text.map(|text| match known {
                Some(what) if last == text => what,
                _ => {
                    last.clear();
                    last.push_str(text);
                    *known.insert(read(text))
                }
            });
            visit(row, what);
        });
    }

    /// The texts of a dictionary as [`TextColumn::each`] gives them.
    fn words<'a>(&self, coded: &'a Coded) -> Vec<Option<Cow<'a, str>>> {
        coded.words().map(|word| word.and_then(|t| self.given(t))).collect()
    }

    fn len(&self) -> usize {
        match &self.cells {
            Cells::Series(series) => series.len(),
            Cells::Coded(coded) => coded.len(),
        }
    }

    fn slice(&self, start: usize, len: usize, nulls: Vec<String>) -> Self {
        let cells = match &self.cells {
            Cells::Series(series) => Cells::Series(series.slice(start as i64, len)),
            Cells::Coded(coded) => Cells::Coded(coded.slice(start, len)),
        };
        Self { cells, nulls, form: self.form, marks: self.marks.clone() }
    }

    /// Parts of the column, in order, so they can be walked in parallel.
    fn parts(&self) -> Vec<Self> {
        let rows = self.len();
        (0..rows).step_by(PART).map(|start| self.slice(start, PART.min(rows - start), self.nulls.clone())).collect()
    }

    /// One code per row, from its text; in parallel.
    pub(in crate::frames) fn code_ids(&self, code: impl Fn(Option<&str>) -> u32 + Sync) -> Vec<u32> {
        let parts = self.parts().into_par_iter().map(|part| {
            let mut codes = Vec::with_capacity(part.len());
            match &part.cells {
                Cells::Coded(coded) => {
                    let words: Vec<u32> = part.words(coded).iter().map(|word| code(word.as_deref())).collect();
                    let none = code(None);
                    codes.extend(coded.codes().iter().map(|word| words.get(*word as usize).copied().unwrap_or(none)));
                }
                Cells::Series(_) => part.each(|_, text| codes.push(code(text))),
            }
            codes
        });
        parts.collect::<Vec<_>>().concat()
    }

    /// The column as whole numbers, if it is one in which no number stands for "no value".
    pub(in crate::frames) fn whole_numbers(&self) -> Option<&Int64Chunked> {
        match &self.cells {
            Cells::Series(series) if self.nulls.is_empty() => series.i64().ok(),
            _ => None,
        }
    }

    /// One code per row, [`NONE`] for a missing value; new texts are added to `dictionary` in order of first
    /// sight. Parts are numbered in parallel and then brought to the numbers of the whole.
    pub(in crate::frames) fn intern(&self, dictionary: &mut Ids) -> Vec<u32> {
        let parts: Vec<(Vec<u32>, Ids)> = self
            .parts()
            .into_par_iter()
            .map(|part| {
                let mut own = Ids::new();
                let codes = part.intern_part(&mut own);
                (codes, own)
            })
            .collect();
        let mut all = Vec::with_capacity(self.len());
        for (codes, own) in parts {
            let whole: Vec<u32> = own.iter().map(|t| dictionary.intern(t)).collect();
            all.extend(codes.into_iter().map(|c| whole.get(c as usize).copied().unwrap_or(NONE)));
        }
        all
    }

    /// As [`TextColumn::intern`], of one part, which has few different texts as a rule: those of up to twelve bytes, which a
    /// column holds in place, are looked up by their sixteen bytes in a small table first.
    fn intern_part(&self, own: &mut Ids) -> Vec<u32> {
        let mut codes = Vec::with_capacity(self.len());
        let series = match &self.cells {
            Cells::Series(series) => series,
            Cells::Coded(coded) => {
                let words = self.words(coded);
                // Numbered in the order of the rows, as all texts are: not every word needs to occur.
                let mut known: Vec<Option<u32>> = vec![None; words.len()];
                codes.extend(coded.codes().iter().map(|word| match known.get_mut(*word as usize) {
                    Some(Some(code)) => *code,
                    Some(slot) => {
                        let word = words.get(*word as usize).and_then(Option::as_deref);
                        *slot.insert(word.map_or(NONE, |w| own.intern(w)))
                    }
                    None => NONE,
                }));
                return codes;
            }
        };
        let Ok(texts) = series.str() else {
            self.each(|_, text| codes.push(text.map_or(NONE, |t| own.intern(t))));
            return codes;
        };
        let mut recent: Vec<(u128, u32)> = vec![(u128::MAX, NONE); RECENT];
        for chunk in texts.downcast_iter() {
            for (view, text) in chunk.views().iter().zip(chunk.iter()) {
                let Some(text) = text else {
                    codes.push(NONE);
                    continue;
                };
                let mut code = |t: &str| self.given(t).map_or(NONE, |t| own.intern(&t));
                if view.length > INLINE {
                    codes.push(code(text));
                    continue;
                }
                let key = view.as_u128();
                let folded = (key as u64 ^ (key >> 64) as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                match recent.get_mut((folded >> (u64::BITS - RECENT.ilog2())) as usize) {
                    Some((known, code)) if *known == key => codes.push(*code),
                    Some(slot) => {
                        *slot = (key, code(text));
                        codes.push(slot.1);
                    }
                    None => codes.push(code(text)),
                }
            }
        }
        codes
    }

    /// The text of one row, for messages.
    pub(in crate::frames) fn at(&self, row: usize) -> String {
        let mut found = String::new();
        let one = Self { form: TextForm::Written, ..self.slice(row, 1, Vec::new()) };
        one.each(|_, text| found.push_str(text.unwrap_or("")));
        found
    }

    /// All texts, owned.
    pub(in crate::frames) fn collect(&self) -> Vec<Option<String>> {
        let mut all = Vec::with_capacity(self.len());
        self.each(|_, text| all.push(text.map(str::to_owned)));
        all
    }
}

/// Whether cells of this type are texts, which can be numbers with marks.
pub(in crate::frames) fn is_text(kind: &DataType) -> bool {
    matches!(kind, DataType::String | DataType::Categorical(..) | DataType::Enum(..))
}

/// The cells of a column whose type can be written as texts.
fn text_cells(table: &Table, column: &str) -> Result<Cells> {
    use DataType as D;
    if let Some(coded) = table.coded(column) {
        return Ok(Cells::Coded(coded.clone()));
    }
    let series = table.column(column)?;
    let failed = |e: PolarsError| Error::schema(&table.name, Some(column), e.to_string());
    Ok(Cells::Series(match series.dtype() {
        D::String | D::Float32 | D::Float64 | D::Int64 | D::Boolean | D::Null => series,
        D::Categorical(..) | D::Enum(..) => series.cast(&D::String).map_err(failed)?,
        t if t.is_integer() => {
            let cast = series.cast(&D::Int64).map_err(failed)?;
            if cast.null_count() > series.null_count() { series.cast(&D::String).map_err(failed)? } else { cast }
        }
        // Through texts: 64-bit floats hold whole numbers up to 2^53 only. 7.50 is the number 7.5.
        D::Decimal(..) => {
            let texts = series.cast(&D::String).map_err(failed)?;
            let short = |text: &str| {
                let short = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text };
                short.to_owned()
            };
            let texts = texts.str().map_err(failed)?.iter().map(|text| text.map(short)).collect::<Vec<_>>();
            Series::new(column.into(), texts)
        }
        D::Date | D::Datetime(..) => match series.iter().filter(|cell| !is_writable(cell)).count() {
            0 => series.cast(&D::String).map_err(failed)?,
            n => {
                let problem =
                    format!("{} outside the years that can be written as text", counted(n, "time is", "times are"));
                return Err(Error::schema(&table.name, Some(column), problem));
            }
        },
        other => {
            let problem = format!("columns of type {other} cannot be read as text");
            return Err(Error::schema(&table.name, Some(column), problem));
        }
    }))
}

/// Whether polars can write a cell as a text: it panics for times a quarter of a million years away.
pub(in crate::frames) fn is_writable(cell: &AnyValue<'_>) -> bool {
    const DAYS: i64 = 95_000_000;
    match cell {
        AnyValue::Date(day) => i64::from(*day).abs() < DAYS,
        AnyValue::Datetime(ticks, TimeUnit::Microseconds, _) => (*ticks / DAY).abs() < DAYS,
        AnyValue::Datetime(ticks, TimeUnit::Milliseconds, _) => (*ticks / (DAY / 1_000)).abs() < DAYS,
        _ => true,
    }
}

/// The text of a cell, for messages.
pub(in crate::frames) fn cell_text(table: &Table, column: &str, row: usize) -> String {
    let Ok(series) = table.column(column) else { return String::new() };
    match series.get(row) {
        Ok(cell) if is_writable(&cell) => cell.str_value().to_string(),
        Ok(AnyValue::Date(day)) => format!("day {day}"),
        Ok(AnyValue::Datetime(ticks, unit, _)) => format!("{ticks} {unit}"),
        _ => String::new(),
    }
}

fn write_to<'a>(buffer: &'a mut String, value: &impl std::fmt::Display) -> &'a str {
    use std::fmt::Write;
    buffer.clear();
    // Writing to a String cannot fail.
    let _ = write!(buffer, "{value}");
    buffer
}

/// Numbers of a column, and which of its cells are not finite numbers; those are NaN. A cell that one of the nulls means
/// is missing, for a column of any type.
pub(in crate::frames) fn numbers(table: &Table, column: &str, common: &Common) -> Result<(Vec<f64>, NotNumbers)> {
    let nulls = &common.nulls;
    let mut unusable = NotNumbers::default();
    let mut finite = |x: f64, text: &dyn Fn() -> String| {
        unusable.known += 1;
        if x.is_finite() {
            return x;
        }
        unusable.rows += 1;
        unusable.example.get_or_insert_with(text);
        f64::NAN
    };
    let values: Vec<f64> = match table.dtype(column)? {
        DataType::String | DataType::Categorical(..) | DataType::Enum(..) => {
            let mut values = Vec::with_capacity(table.rows());
            TextColumn::as_written(table, column, nulls)?.each(|_, text| {
                // As for booleans.
                let number = |t: &str| common.reading.number(t).or_else(|| truth_number(&canonical_text(t)));
                values.push(text.map_or(f64::NAN, |t| finite(number(t).unwrap_or(f64::NAN), &|| t.to_owned())));
            });
            values
        }
        t if t.is_numeric() || t == DataType::Boolean || t == DataType::Null => {
            let series = table.column(column)?;
            let failed = |e: PolarsError| Error::schema(&table.name, Some(column), e.to_string());
            let cast = series.cast(&DataType::Float64).map_err(failed)?;
            let numbers = cast.f64().map_err(failed)?;
            let missing: Vec<f64> = nulls.iter().filter_map(|null| null.parse().ok()).collect();
            if let Ok(all) = numbers.cont_slice()
                && missing.is_empty()
                && all.iter().all(|x| x.is_finite())
            {
                return Ok((all.to_vec(), NotNumbers { known: all.len(), ..NotNumbers::default() }));
            }
            // A float NaN in the data is a missing value, an infinite one is unusable.
            let known = |x: &f64| !x.is_nan() && !missing.contains(x);
            numbers.iter().map(|x| x.filter(known).map_or(f64::NAN, |x| finite(x, &|| x.to_string()))).collect()
        }
        other => {
            let problem = format!("columns of type {other} cannot be read as numbers");
            return Err(Error::schema(&table.name, Some(column), problem));
        }
    };
    Ok((values, unusable))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_float_writer_writes_went_through_a_float() {
        for text in
            ["9007199254740994.0", "9.007199254740994e+15", "-9.007199254740994E+15", "9.007199254740994e15", "1e+20"]
        {
            assert!(is_inexact(text), "{text}");
        }
        for text in
            ["4521e123", "12345e67", "ab12cd34", "4e12", "7e99", "9007199254740994", "1.5e+3", "7.0", "12345e+67"]
        {
            assert!(!is_inexact(text), "{text}");
        }
    }

    #[test]
    fn texts_have_one_number_each_however_long() {
        let words = [
            Some("a"),
            Some(" a "),
            None,
            Some(""),
            Some("twelve bytes"),
            Some("thirteen byte"),
            Some("n/a"),
            Some("b"),
        ];
        // More different texts than are remembered, twice.
        let many: Vec<String> = (0..2000).map(|i| format!("w{}", i % 1000)).collect();
        let all: Vec<Option<&str>> = words.into_iter().chain(many.iter().map(|w| Some(w.as_str()))).collect();
        let column = TextColumn {
            cells: Cells::Series(Series::new("c".into(), &all)),
            nulls: vec!["n/a".into()],
            form: TextForm::Canonical,
            marks: None,
        };
        let mut dictionary = Ids::new();
        let codes = column.intern(&mut dictionary);
        let mut expected = Ids::new();
        for (code, text) in codes.iter().zip(&all) {
            let text = text.map(str::trim).filter(|t| !t.is_empty() && *t != "n/a");
            assert_eq!(*code, text.map_or(NONE, |t| expected.intern(t)), "{text:?}");
        }
        assert_eq!(dictionary.len(), expected.len());
    }
}

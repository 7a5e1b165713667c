//! Cells of a column as texts, numbers or truth values, whatever its type.

use polars::prelude::*;

use super::table::Table;
use crate::error::{Error, Result};
use crate::journeys::canonical_id;

/// A column that can be walked as texts. Whole numbers read the same whatever their type: 7, 7.0 and "7".
pub(super) struct Texts {
    series: Series,
    nulls: Vec<String>,
}

impl Texts {
    pub(super) fn of(table: &Table, column: &str, nulls: &[String]) -> Result<Self> {
        use DataType as D;
        let series = table.column(column)?;
        let unsupported = |dtype: &DataType| {
            Error::schema(&table.name, Some(column), format!("type {dtype} cannot be read as texts"))
        };
        let failed = |e: PolarsError| Error::schema(&table.name, Some(column), e.to_string());
        let series = match series.dtype() {
            D::String | D::Float64 | D::Int64 | D::Boolean | D::Null => series,
            D::Categorical(..) | D::Enum(..) => series.cast(&D::String).map_err(failed)?,
            D::Float32 => series.cast(&D::Float64).map_err(failed)?,
            t if t.is_integer() => {
                let cast = series.cast(&D::Int64).map_err(failed)?;
                if cast.null_count() > series.null_count() { series.cast(&D::String).map_err(failed)? } else { cast }
            }
            // Through texts: 64-bit floats hold whole numbers up to 2^53 only.
            D::Decimal(..) | D::Date | D::Datetime(..) => series.cast(&D::String).map_err(failed)?,
            other => return Err(unsupported(other)),
        };
        Ok(Self { series, nulls: nulls.to_vec() })
    }

    /// Calls `visit(row, text)` for every row; `None` where there is no value.
    pub(super) fn each(&self, mut visit: impl FnMut(usize, Option<&str>)) {
        let given = |t: &str| !(t.is_empty() || self.nulls.iter().any(|n| n == t));
        if let Ok(texts) = self.series.str() {
            for (row, text) in texts.iter().enumerate() {
                visit(row, text.map(str::trim).filter(|t| given(t)));
            }
        } else if let Ok(numbers) = self.series.i64() {
            let mut buffer = String::new();
            for (row, n) in numbers.iter().enumerate() {
                visit(row, n.map(|n| write_to(&mut buffer, &n)).filter(|t| given(t)));
            }
        } else if let Ok(numbers) = self.series.f64() {
            let mut buffer = String::new();
            for (row, x) in numbers.iter().enumerate() {
                // `Display` of a whole f64 has no ".0".
                let x = x.filter(|x| !x.is_nan());
                visit(row, x.map(|x| write_to(&mut buffer, &x)).filter(|t| given(t)));
            }
        } else if let Ok(flags) = self.series.bool() {
            for (row, b) in flags.iter().enumerate() {
                visit(row, b.map(|b| if b { "true" } else { "false" }).filter(|t| given(t)));
            }
        } else {
            (0..self.series.len()).for_each(|row| visit(row, None));
        }
    }

    /// As [`Texts::each`], with every text in the one form of an id.
    pub(super) fn each_id(&self, mut visit: impl FnMut(usize, Option<&str>)) {
        self.each(|row, text| visit(row, text.map(canonical_id)));
    }

    /// All texts, owned.
    pub(super) fn collect(&self) -> Vec<Option<String>> {
        let mut all = Vec::with_capacity(self.series.len());
        self.each(|_, text| all.push(text.map(str::to_owned)));
        all
    }
}

fn write_to<'a>(buffer: &'a mut String, value: &impl std::fmt::Display) -> &'a str {
    use std::fmt::Write;
    buffer.clear();
    // Writing to a String cannot fail.
    let _ = write!(buffer, "{value}");
    buffer
}

/// Numbers of a column and how many cells were not finite numbers; those are NaN.
pub(super) fn numbers(table: &Table, column: &str, nulls: &[String]) -> Result<(Vec<f64>, usize)> {
    let series = table.column(column)?;
    let mut unusable = 0;
    let mut finite = |x: f64| {
        if x.is_finite() {
            x
        } else {
            unusable += 1;
            f64::NAN
        }
    };
    let values: Vec<f64> = match series.dtype() {
        DataType::String | DataType::Categorical(..) | DataType::Enum(..) => {
            let mut values = Vec::with_capacity(series.len());
            Texts::of(table, column, nulls)?.each(|_, text| {
                values.push(text.map_or(f64::NAN, |t| finite(t.parse().unwrap_or(f64::NAN))));
            });
            values
        }
        t if t.is_numeric() || *t == DataType::Boolean || *t == DataType::Null => {
            let failed = |e: PolarsError| Error::schema(&table.name, Some(column), e.to_string());
            let cast = series.cast(&DataType::Float64).map_err(failed)?;
            let numbers = cast.f64().map_err(failed)?;
            // A float NaN in the data is a missing value, an infinite one is unusable.
            numbers.iter().map(|x| x.map_or(f64::NAN, |x| if x.is_nan() { x } else { finite(x) })).collect()
        }
        other => return Err(Error::schema(&table.name, Some(column), format!("type {other} is not a number"))),
    };
    Ok((values, unusable))
}

/// Truth value of a text, if it has one.
pub(super) fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "y" | "t" => Some(true),
        "0" | "false" | "no" | "n" | "f" => Some(false),
        _ => None,
    }
}

//! One type for a column that the parts of a table write in several: without loss, or not at all.
//!
//! | types | read as |
//! |---|---|
//! | whole numbers of several widths | whole numbers of 64 or 128 bits |
//! | numbers with and without fractions | texts of the numbers, so none passes through a float |
//! | texts and numbers, texts and booleans, categories | texts |
//! | times in several units or zones | instants in microseconds |
//! | times with and without a zone, days and times of day | texts of the times |

use polars::prelude::*;

use crate::frames::columns::text::is_writable;
use crate::time::{DAY, Timestamp};

/// From here on floats do not represent every whole number.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The type that several have in common.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::frames) enum CommonType {
    /// A type of polars.
    As(DataType),
    /// Texts whose meaning (numbers, times) is found from the values, as in CSV.
    Untyped,
}

impl CommonType {
    /// The type of the column that is read.
    pub(super) fn dtype(&self) -> DataType {
        match self {
            Self::As(dtype) => dtype.clone(),
            Self::Untyped => DataType::String,
        }
    }
}

/// The type in common, if there is one.
pub(in crate::frames) fn common_types<'a>(types: impl IntoIterator<Item = &'a DataType>) -> Option<CommonType> {
    use DataType as D;
    let mut all: Vec<&DataType> = types.into_iter().filter(|t| **t != D::Null).collect();
    all.dedup();
    let (Some(first), true) = (all.first(), all.len() > 1) else {
        return Some(CommonType::As(all.first().map_or(D::Null, |t| (*t).clone())));
    };
    if all.iter().all(|t| t == first) {
        return Some(CommonType::As((*first).clone()));
    }
    let every = |is: &dyn Fn(&DataType) -> bool| all.iter().all(|t| is(t));
    let some = |is: &dyn Fn(&DataType) -> bool| all.iter().any(|t| is(t));
    let text = |t: &DataType| matches!(t, D::String | D::Categorical(..) | D::Enum(..));
    let number = |t: &DataType| t.is_numeric() && !matches!(t, D::Duration(_));
    let moment = |t: &DataType| matches!(t, D::Date | D::Datetime(..));
    Some(if every(&text) {
        CommonType::As(D::String)
    } else if every(&|t| t.is_integer()) {
        CommonType::As(if some(&|t| matches!(t, D::UInt64 | D::Int128 | D::UInt128)) { D::Int128 } else { D::Int64 })
    } else if every(&|t| t.is_float()) {
        CommonType::As(D::Float64)
    } else if every(&number) {
        CommonType::Untyped
    } else if every(&|t| matches!(t, D::Datetime(_, Some(_)))) {
        CommonType::As(D::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC)))
    } else if every(&|t| matches!(t, D::Datetime(_, None))) {
        CommonType::As(D::Datetime(TimeUnit::Microseconds, None))
    } else if every(&moment) || some(&text) && every(&|t| text(t) || moment(t)) {
        CommonType::Untyped
    } else if some(&text) && every(&|t| text(t) || number(t) || *t == D::Boolean) {
        CommonType::As(D::String)
    } else {
        return None;
    })
}

/// A column in the type that was found.
pub(in crate::frames) fn convert(series: &Series, to: &CommonType) -> PolarsResult<Series> {
    let target = match to {
        CommonType::As(dtype) if series.dtype() == dtype => return Ok(series.clone()),
        CommonType::As(dtype) => dtype.clone(),
        CommonType::Untyped => DataType::String,
    };
    match (series.dtype(), &target) {
        (DataType::Null, _) => Ok(Series::full_null(series.name().clone(), series.len(), &target)),
        (DataType::Datetime(unit, _), DataType::Datetime(..)) => {
            let physical = series.to_physical_repr();
            let unit = *unit;
            let micros: Int64Chunked = physical.i64()?.apply_values(|t| micros(t, unit));
            micros.into_series().cast(&target)
        }
        (DataType::Float32 | DataType::Float64, DataType::String) => {
            let floats = series.cast(&DataType::Float64)?;
            Ok(texts(series, floats.f64()?.iter().map(|x| x.filter(|x| !x.is_nan()).map(float_text))))
        }
        (DataType::Decimal(..), DataType::String) => {
            let written = series.cast(&DataType::String)?;
            Ok(texts(series, written.str()?.iter().map(|t| t.map(|t| without_zeros(t).to_owned()))))
        }
        (DataType::Boolean, DataType::String) => {
            Ok(texts(series, series.bool()?.iter().map(|b| b.map(|b| if b { "true" } else { "false" }.to_owned()))))
        }
        (DataType::Date, DataType::String) => {
            let written = series.iter().map(|cell| match cell {
                AnyValue::Date(day) if is_writable(&cell) => {
                    Timestamp(i64::from(day) * DAY).to_string().split('T').next().map(str::to_owned)
                }
                AnyValue::Date(day) => Some(format!("day {day}")),
                _ => None,
            });
            Ok(texts(series, written))
        }
        (DataType::Datetime(unit, zone), DataType::String) => {
            let physical = series.to_physical_repr();
            let ticks = physical.i64()?;
            let naive = zone.is_none();
            // Midnight is written with its time of day; otherwise it would read as a date.
            let written = ticks.iter().map(|t| {
                t.map(|t| {
                    let text = Timestamp(micros(t, *unit)).to_string();
                    if naive { text.trim_end_matches('Z').to_owned() } else { text }
                })
            });
            Ok(texts(series, written))
        }
        _ => series.strict_cast(&target),
    }
}

fn texts(like: &Series, cells: impl Iterator<Item = Option<String>>) -> Series {
    let mut column: StringChunked = cells.collect();
    column.rename(like.name().clone());
    column.into_series()
}

/// The number as a text. Beyond 2^53 it keeps a decimal point, which keeps it from passing as an id.
fn float_text(x: f64) -> String {
    if x.abs() >= EXACT && x.is_finite() { format!("{x}.0") } else { format!("{}", x + 0.0) }
}

fn without_zeros(decimal: &str) -> &str {
    if decimal.contains('.') { decimal.trim_end_matches('0').trim_end_matches('.') } else { decimal }
}

/// Ticks as microseconds; those out of range stay so.
fn micros(ticks: i64, unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Nanoseconds => ticks.div_euclid(1_000),
        TimeUnit::Microseconds => ticks,
        TimeUnit::Milliseconds => ticks.saturating_mul(1_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_in_common_loses_nothing() {
        use DataType as D;
        let micros = TimeUnit::Microseconds;
        let zoned = |zone: &'static str| D::Datetime(TimeUnit::Nanoseconds, TimeZone::opt_try_new(Some(zone)).unwrap());
        let utc = D::Datetime(micros, Some(TimeZone::UTC));
        for (types, want) in [
            (vec![D::Int8, D::Int32], Some(CommonType::As(D::Int64))),
            (vec![D::Int64, D::UInt64], Some(CommonType::As(D::Int128))),
            (vec![D::Int64, D::Float64], Some(CommonType::Untyped)),
            (vec![D::Null, D::Int16, D::Null], Some(CommonType::As(D::Int16))),
            (vec![D::Null], Some(CommonType::As(D::Null))),
            (vec![D::String, D::Int64], Some(CommonType::As(D::String))),
            (vec![zoned("Europe/Berlin"), zoned("Asia/Tokyo")], Some(CommonType::As(utc.clone()))),
            (vec![utc.clone(), D::Datetime(micros, None)], Some(CommonType::Untyped)),
            (vec![D::Date, utc.clone()], Some(CommonType::Untyped)),
            (vec![D::Boolean, D::Int64], None),
            (vec![utc, D::Int64], None),
        ] {
            assert_eq!(common_types(&types), want, "{types:?}");
        }
    }

    #[test]
    fn big_numbers_keep_their_digits_as_texts() {
        let whole = Series::new("x".into(), [9_007_199_254_740_993_i64, -1]);
        let whole = convert(&whole, &CommonType::Untyped).unwrap();
        assert_eq!(whole.str().unwrap().get(0), Some("9007199254740993"));
        let float = Series::new("x".into(), [Some(9_007_199_254_740_992.0), Some(5.0), Some(0.5), None]);
        let float = convert(&float, &CommonType::Untyped).unwrap();
        let texts: Vec<Option<&str>> = float.str().unwrap().iter().collect();
        assert_eq!(texts, [Some("9007199254740992.0"), Some("5"), Some("0.5"), None]);
    }

    #[test]
    fn days_and_times_stay_what_they_are() {
        let days = Series::new("at".into(), [19_725, 0]).cast(&DataType::Date).unwrap();
        let texts = convert(&days, &CommonType::Untyped).unwrap();
        assert_eq!(texts.str().unwrap().get(0), Some("2024-01-03"));
        let times =
            Series::new("at".into(), [86_400_000_i64, 1_500]).cast(&DataType::Datetime(TimeUnit::Milliseconds, None));
        let texts = convert(&times.unwrap(), &CommonType::Untyped).unwrap();
        let texts: Vec<Option<&str>> = texts.str().unwrap().iter().collect();
        assert_eq!(texts, [Some("1970-01-02T00:00:00"), Some("1970-01-01T00:00:01.5")]);
    }
}

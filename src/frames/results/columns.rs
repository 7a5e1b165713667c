//! Results as tables.

use polars::prelude::*;
use polars_arrow::array::{Utf8ViewArray, View};
use polars_arrow::bitmap::Bitmap;
use polars_buffer::Buffer;
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::evaluate::{CalibrationBin, Difference, Estimate, Evaluation, Group, LiftRow, ScoreComparison};
use crate::journeys::{Check, TimelineEntry};
use crate::progress::Stop;
use crate::schema::{Column as Values, Feature};
use crate::snapshot::{Row, Snapshot};
use crate::time::NO_TIME;

pub(in crate::frames) fn frame(columns: Vec<Column>) -> Result<DataFrame> {
    DataFrame::new_infer_height(columns).map_err(|e| Error::option("table", e.to_string()))
}

pub(in crate::frames) fn texts(name: &str, values: impl IntoIterator<Item = String>) -> Column {
    Column::new(name.into(), values.into_iter().collect::<Vec<String>>())
}

pub(in crate::frames) fn optional_texts(name: &str, values: impl IntoIterator<Item = Option<String>>) -> Column {
    Column::new(name.into(), values.into_iter().collect::<Vec<Option<String>>>())
}

/// Numbers; NaN is null.
pub(in crate::frames) fn numbers(name: &str, values: Vec<f64>) -> Column {
    let known = values.iter().any(|x| x.is_nan()).then(|| Bitmap::from_u8_vec(known_bits(&values), values.len()));
    Float64Chunked::from_vec_validity(name.into(), values, known).into_series().into_column()
}

/// Numbers; a missing value and NaN are null.
pub(in crate::frames) fn optional(name: &str, values: impl Iterator<Item = Option<f64>>) -> Column {
    Column::new(name.into(), values.map(|v| v.filter(|x| !x.is_nan())).collect::<Vec<Option<f64>>>())
}

pub(in crate::frames) fn counts(name: &str, values: impl IntoIterator<Item = usize>) -> Column {
    Column::new(name.into(), values.into_iter().map(|n| n as u64).collect::<Vec<u64>>())
}

/// UTC microseconds as a datetime column; [`NO_TIME`] is null.
pub(in crate::frames) fn times(name: &str, values: impl IntoIterator<Item = i64>) -> Column {
    let ticks: Vec<i64> = values.into_iter().collect();
    let known = ticks.contains(&NO_TIME).then(|| ticks.iter().map(|t| *t != NO_TIME).collect::<Bitmap>());
    let ticks = Int64Chunked::from_vec_validity(name.into(), ticks, known);
    let series = ticks.into_datetime(TimeUnit::Microseconds, Some(TimeZone::UTC));
    series.into_series().into_column()
}

/// Ids of the leads of all rows.
pub(in crate::frames) fn lead_ids(snapshot: &Snapshot, name: &str) -> Column {
    let ids = &snapshot.journeys.leads.ids;
    let all = ids.all();
    // Views are into the text of all ids, which is copied as a whole; not for a few rows.
    if snapshot.len() < ids.len() / 2 || u32::try_from(all.len()).is_err() {
        let mut builder = StringChunkedBuilder::new(name.into(), snapshot.len());
        snapshot.rows.iter().for_each(|r| builder.append_value(ids.get(r.lead)));
        return builder.finish().into_series().into_column();
    }
    let view = |row: &Row| {
        let place = ids.place(row.lead);
        View::new_from_bytes(all.as_bytes().get(place.clone()).unwrap_or(&[]), 0, place.start as u32)
    };
    let views: Vec<View> = snapshot.rows.par_iter().map(view).collect();
    let buffers: Vec<Buffer<u8>> =
        if views.par_iter().all(View::is_inline) { Vec::new() } else { vec![all.as_bytes().to_vec().into()] };
    let in_buffers = buffers.iter().map(Buffer::len).sum();
    // SAFETY: views are of whole texts, at their places in the only buffer.
    let array = unsafe {
        Utf8ViewArray::new_unchecked(ArrowDataType::Utf8View, views.into(), buffers.into(), None, None, in_buffers)
    };
    StringChunked::with_chunk(name.into(), array).into_series().into_column()
}

pub(in crate::frames) fn cutoffs(snapshot: &Snapshot, name: &str) -> Column {
    times(name, snapshot.rows.iter().map(|r| r.cutoff))
}

/// A column of feature values. Numbers that are missing are null.
fn feature_column(feature: &Feature, values: Values) -> Column {
    let name = &feature.to_string();
    match values {
        // Without a search for NaN.
        Values::Number(v) if feature.is_never_missing() => {
            Float64Chunked::from_vec(name.into(), v).into_series().into_column()
        }
        values => values_column(name, values),
    }
}

/// A column of values; a missing one is null.
pub(in crate::frames) fn values_column(name: &str, values: Values) -> Column {
    match values {
        Values::Number(v) => numbers(name, v),
        Values::Category { codes, levels } => {
            let mut builder = StringChunkedBuilder::new(name.into(), codes.len());
            for code in codes {
                builder.append_option(levels.get(code as usize).map(String::as_str));
            }
            builder.finish().into_series().into_column()
        }
        Values::Time(v) => times(name, v),
    }
}

/// A bit per number, set where it is not NaN, from the lowest bit of the first byte on.
fn known_bits(numbers: &[f64]) -> Vec<u8> {
    let (eights, rest) = numbers.as_chunks::<8>();
    // Flags of a byte each; the product moves the lowest bit of byte i to bit i of the highest byte.
    let byte = |eight: &[f64; 8]| {
        let flags = eight.map(|x| u8::from(!x.is_nan()));
        (u64::from_le_bytes(flags).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u8
    };
    let last = rest.iter().rev().fold(0u8, |bits, x| bits << 1 | u8::from(!x.is_nan()));
    eights.iter().map(byte).chain((!rest.is_empty()).then_some(last)).collect()
}

/// Rows of a snapshot: lead, cutoff, label, weight, and one column per feature.
///
/// # Errors
/// [`Error::InvalidOption`] if a feature has the name of one of the first columns.
pub fn snapshot_frame(snapshot: &Snapshot, features: Vec<(Feature, Values)>) -> Result<DataFrame> {
    let stop = Stop::here();
    let column = |(feature, values)| {
        stop.check()?;
        Ok(feature_column(&feature, values))
    };
    let features = || features.into_par_iter().map(column).collect();
    let (mut columns, features): (_, Result<Vec<Column>>) = rayon::join(
        || {
            let label = snapshot.label.as_ref().map(|label| Column::new("label".into(), label.clone()));
            let first = [lead_ids(snapshot, "lead_id"), cutoffs(snapshot, "cutoff")];
            first.into_iter().chain(label).chain([numbers("weight", snapshot.weight.clone())]).collect::<Vec<_>>()
        },
        features,
    );
    columns.extend(features?);
    frame(columns)
}

/// What became of every input row, long: table, role, what, rows, example.
///
/// # Errors
/// As [`terms_frame`].
pub fn check_frame(audit: &Check) -> Result<DataFrame> {
    let mut rows: Vec<(String, String, String, String, usize, Option<String>)> = Vec::new();
    for t in &audit.tables {
        let mut add = |status: &str, what: &str, n: usize, example: Option<String>| {
            rows.push((t.table.clone(), t.role.clone(), status.to_owned(), what.to_owned(), n, example));
        };
        add("read", "", t.rows, None);
        add("used", "", t.used, None);
        if t.filtered > 0 {
            add("filtered", "where=", t.filtered, None);
        }
        for (reason, q) in &t.quarantined {
            let example = q.examples.first().map(|(row, value)| format!("row {row}: {value}"));
            add("quarantined", reason, q.rows, example);
        }
        for (what, n) in t.notes() {
            add("noted", &what, n, None);
        }
    }
    // Fields of accounts are fields of their leads.
    let leads = audit.tables.iter().find(|t| t.role == "leads").map_or("", |t| t.table.as_str());
    for s in &audit.suspects {
        rows.push((leads.to_owned(), "leads".to_owned(), "suspect".to_owned(), s.to_string(), s.leads, None));
    }
    frame(vec![
        texts("table", rows.iter().map(|r| r.0.clone())),
        texts("role", rows.iter().map(|r| r.1.clone())),
        texts("status", rows.iter().map(|r| r.2.clone())),
        texts("what", rows.iter().map(|r| r.3.clone())),
        counts("rows", rows.iter().map(|r| r.4)),
        optional_texts("example", rows.iter().map(|r| r.5.clone())),
    ])
}

/// A lead's timeline.
///
/// # Errors
/// As [`terms_frame`].
pub fn show_frame(entries: &[TimelineEntry]) -> Result<DataFrame> {
    frame(vec![
        times("at", entries.iter().map(|e| e.at)),
        texts("what", entries.iter().map(|e| e.what.clone())),
        texts("source", entries.iter().map(|e| e.source.clone())),
        optional_texts("channel", entries.iter().map(|e| e.channel.clone())),
        optional_texts("deal", entries.iter().map(|e| e.deal.clone())),
        Column::new("amount".into(), entries.iter().map(|e| e.amount).collect::<Vec<Option<f64>>>()),
    ])
}

/// A calibration table.
///
/// # Errors
/// As [`terms_frame`].
pub fn calibration_frame(bins: &[CalibrationBin]) -> Result<DataFrame> {
    let column = |name: &str, get: fn(&CalibrationBin) -> f64| numbers(name, bins.iter().map(get).collect());
    frame(vec![
        column("low", |b| b.low),
        column("high", |b| b.high),
        counts("rows", bins.iter().map(|b| b.rows)),
        counts("positives", bins.iter().map(|b| b.positives)),
        column("predicted", |b| b.predicted),
        column("observed", |b| b.observed),
        column("observed_low", |b| b.interval.low),
        column("observed_high", |b| b.interval.high),
    ])
}

/// The measures of an evaluation: those with intervals first.
///
/// # Errors
/// As [`terms_frame`].
pub fn estimates_frame(e: &Evaluation) -> Result<DataFrame> {
    let others = [
        ("rows", e.rows as f64),
        ("positives", e.positives as f64),
        ("clusters", e.clusters as f64),
        ("base_rate", e.base_rate),
        ("mean_predicted", e.mean_predicted),
        ("gini", e.gini),
        ("ks", e.ks),
        ("brier_base", e.brier_base),
        ("ece", e.ece),
        ("ece_by_chance", e.ece_by_chance),
    ];
    let names = e.estimates.iter().map(|e| e.measure.clone()).chain(others.iter().map(|(name, _)| (*name).to_owned()));
    let values = e.estimates.iter().map(|e| e.value).chain(others.iter().map(|(_, value)| Some(*value)));
    let column = |name: &str, get: fn(&Estimate) -> Option<f64>| {
        let all = e.estimates.iter().map(get).chain(others.iter().map(|_| None));
        optional(name, all)
    };
    frame(vec![
        texts("measure", names),
        optional("value", values),
        column("standard_error", |e| e.standard_error),
        column("low", |e| e.low),
        column("high", |e| e.high),
    ])
}

/// The measures of an evaluation by group.
///
/// # Errors
/// As [`terms_frame`].
pub fn groups_frame(groups: &[Group]) -> Result<DataFrame> {
    let column = |name: &str, get: fn(&Group) -> f64| numbers(name, groups.iter().map(get).collect());
    let area = |name: &str, get: fn(&Group) -> Option<f64>| optional(name, groups.iter().map(get));
    frame(vec![
        texts("group", groups.iter().map(|g| g.name.clone())),
        counts("rows", groups.iter().map(|g| g.rows)),
        counts("positives", groups.iter().map(|g| g.positives)),
        column("observed", |g| g.observed),
        column("observed_low", |g| g.observed_low),
        column("observed_high", |g| g.observed_high),
        column("predicted", |g| g.predicted),
        area("roc_auc", |g| g.roc_auc),
        area("roc_auc_low", |g| g.roc_auc_low),
        area("roc_auc_high", |g| g.roc_auc_high),
        column("brier", |g| g.brier),
    ])
}

/// The measures of two scorers and their differences.
///
/// # Errors
/// As [`terms_frame`].
pub fn score_comparison_frame(c: &ScoreComparison) -> Result<DataFrame> {
    let column = |name: &str, get: fn(&Difference) -> Option<f64>| optional(name, c.measures.iter().map(get));
    frame(vec![
        texts("measure", c.measures.iter().map(|d| d.measure.clone())),
        column("first", |d| d.first),
        column("second", |d| d.second),
        column("difference", |d| d.difference),
        column("standard_error", |d| d.standard_error),
        column("difference_low", |d| d.low),
        column("difference_high", |d| d.high),
        column("p_value", |d| d.p_value),
        optional_texts("better", c.measures.iter().map(|d| d.better.clone())),
    ])
}

/// A lift table.
///
/// # Errors
/// As [`terms_frame`].
pub fn lift_frame(rows: &[LiftRow]) -> Result<DataFrame> {
    let column = |name: &str, get: fn(&LiftRow) -> f64| numbers(name, rows.iter().map(get).collect());
    frame(vec![
        counts("slice", rows.iter().map(|r| r.slice)),
        column("weight", |r| r.weight),
        column("positives", |r| r.positives),
        column("rate", |r| r.rate),
        column("lift", |r| r.lift),
        column("lift_low", |r| r.lift_low),
        column("lift_high", |r| r.lift_high),
        column("captured", |r| r.captured),
        column("cumulative_lift", |r| r.cumulative_lift),
        column("lowest", |r| r.lowest),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bit_for_each_number() {
        for n in 0..40 {
            let numbers: Vec<f64> =
                (0..n).map(|i| if i * i % 7 == 2 || i % 11 == 3 { f64::NAN } else { f64::from(i) }).collect();
            let bits = Bitmap::from_u8_vec(known_bits(&numbers), numbers.len());
            assert!(bits.iter().eq(numbers.iter().map(|x| !x.is_nan())), "{n}");
        }
    }
}

//! Results as tables.

use polars::prelude::*;
use rayon::prelude::*;

use crate::design::{Column as Values, Encoder, NONE, Part};
use crate::error::{Error, Result};
use crate::evaluate::{CalibrationBin, LiftRow};
use crate::funnel::{Funnel, FunnelStep};
use crate::journeys::{Audit, Entry, Journeys, Snapshot};
use crate::math::normal_tail;
use crate::model::LeadModel;
use crate::score::{ColumnScorer, strongest};
use crate::task::Task;
use crate::time::NO_TIME;

fn frame(columns: Vec<Column>) -> Result<DataFrame> {
    DataFrame::new_infer_height(columns).map_err(|e| Error::option("table", e.to_string()))
}

fn texts(name: &str, values: impl IntoIterator<Item = String>) -> Column {
    Column::new(name.into(), values.into_iter().collect::<Vec<String>>())
}

fn optional_texts(name: &str, values: impl IntoIterator<Item = Option<String>>) -> Column {
    Column::new(name.into(), values.into_iter().collect::<Vec<Option<String>>>())
}

fn numbers(name: &str, values: Vec<f64>) -> Column {
    Column::new(name.into(), values)
}

fn counts(name: &str, values: impl IntoIterator<Item = usize>) -> Column {
    Column::new(name.into(), values.into_iter().map(|n| n as u64).collect::<Vec<u64>>())
}

/// UTC microseconds as a datetime column; [`NO_TIME`] is null.
fn times(name: &str, values: impl IntoIterator<Item = i64>) -> Column {
    let ticks: Int64Chunked = values.into_iter().map(|t| (t != NO_TIME).then_some(t)).collect();
    let series = ticks.with_name(name.into()).into_datetime(TimeUnit::Microseconds, Some(TimeZone::UTC));
    series.into_series().into_column()
}

fn lead_ids(snapshot: &Snapshot, name: &str) -> Column {
    let ids = &snapshot.journeys.leads.ids;
    let mut builder = StringChunkedBuilder::new(name.into(), snapshot.len());
    snapshot.rows.iter().for_each(|r| builder.append_value(ids.get(r.lead)));
    builder.finish().into_series().into_column()
}

fn cutoffs(snapshot: &Snapshot, name: &str) -> Column {
    times(name, snapshot.rows.iter().map(|r| r.cutoff))
}

/// A column of feature values. Numbers that are missing are null.
fn feature_column(name: &str, values: &Values) -> Column {
    match values {
        Values::Number(v) => {
            let numbers: Float64Chunked = v.iter().map(|x| (!x.is_nan()).then_some(*x)).collect();
            numbers.with_name(name.into()).into_series().into_column()
        }
        Values::Category { codes, levels } => {
            let mut builder = StringChunkedBuilder::new(name.into(), codes.len());
            for code in codes {
                builder.append_option(levels.get(*code as usize).map(String::as_str));
            }
            builder.finish().into_series().into_column()
        }
        Values::Time(v) => times(name, v.iter().copied()),
    }
}

/// Rows of a snapshot: lead, cutoff, label, weight, and one column per feature.
///
/// # Errors
/// [`Error::InvalidOption`] if a feature has the name of one of the first columns.
pub fn snapshot_frame(snapshot: &Snapshot, features: &[(String, Values)]) -> Result<DataFrame> {
    let mut columns = vec![lead_ids(snapshot, "lead_id"), cutoffs(snapshot, "cutoff")];
    if let Some(label) = &snapshot.label {
        columns.push(Column::new("label".into(), label.clone()));
    }
    columns.push(numbers("weight", snapshot.weight.clone()));
    for (name, values) in features {
        columns.push(feature_column(name, values));
    }
    frame(columns)
}

/// Scores every row: `lead_id, as_of, probability, score, grade, log_odds`, the parts, `reasons`, `out_of_range`.
///
/// `reasons` are the `k` contributions of the largest size, each as `+0.82 feature = value`, joined by `; `.
///
/// # Errors
/// [`Error::NoRows`]; [`Error::OutOfRange`] if more than a fifth of the rows lie outside the ages the model was
/// trained on, unless `allow_extrapolation`; errors of the features.
pub fn score_frame(
    model: &LeadModel,
    snapshot: &Snapshot,
    k: usize,
    allow_extrapolation: bool,
    task: &Task,
) -> Result<DataFrame> {
    if snapshot.is_empty() {
        return Err(Error::NoRows { what: "score", why: snapshot.counts.why() });
    }
    let outside: Vec<bool> = (0..snapshot.len()).map(|i| model.is_out_of_range(snapshot.age_days(i))).collect();
    let outside_rows = outside.iter().filter(|o| **o).count();
    if let Some((low, high)) = model.data().training.ages
        && outside_rows * 5 > snapshot.len()
        && !allow_extrapolation
    {
        return Err(Error::OutOfRange { outside: outside_rows, rows: snapshot.len(), low, high });
    }
    let columns = model.columns(snapshot, task)?;
    let scorer = ColumnScorer::new(model, &columns)?;
    let names: Vec<String> = model.terms().iter().map(|t| t.feature.to_string()).collect();
    task.begin("scoring", snapshot.len());
    let rows: Vec<usize> = (0..snapshot.len()).collect();
    let scored = rows
        .par_chunks(4096)
        .map(|chunk| {
            task.check()?;
            task.advance(chunk.len());
            let mut contributions = Vec::new();
            Ok(chunk
                .iter()
                .map(|row| {
                    let scored = scorer.row(*row, &mut contributions);
                    let reasons: Vec<String> = strongest(&contributions, k)
                        .into_iter()
                        .map(|t| reason(contributions.get(t), names.get(t), columns.get(t), *row))
                        .collect();
                    (scored, reasons.join("; "))
                })
                .collect::<Vec<_>>())
        })
        .collect::<Result<Vec<_>>>()?;
    let scored: Vec<_> = scored.into_iter().flatten().collect();
    let mut out = vec![
        lead_ids(snapshot, "lead_id"),
        cutoffs(snapshot, "as_of"),
        numbers("probability", scored.iter().map(|s| s.0.probability).collect()),
        numbers("score", scored.iter().map(|s| s.0.score).collect()),
        texts("grade", scored.iter().map(|s| model.grade(s.0.score).to_owned())),
        numbers("log_odds", scored.iter().map(|s| s.0.log_odds).collect()),
    ];
    for part in Part::ALL {
        out.push(numbers(
            part.name(),
            scored.iter().map(|s| s.0.parts.get(part as usize).copied().unwrap_or(0.0)).collect(),
        ));
    }
    out.push(Column::new("out_of_range".into(), outside));
    out.push(texts("reasons", scored.into_iter().map(|s| s.1)));
    frame(out)
}

fn reason(contribution: Option<&f64>, name: Option<&String>, column: Option<&Values>, row: usize) -> String {
    let (c, name) = (contribution.copied().unwrap_or(0.0), name.map_or("", String::as_str));
    format!("{c:+.2} {name} = {}", column.map_or_else(String::new, |c| value_text(c, row)))
}

/// The value of a feature as people read it.
fn value_text(column: &Values, row: usize) -> String {
    match column {
        Values::Number(v) => match v.get(row) {
            Some(x) if x.is_nan() => "(missing)".into(),
            Some(x) => {
                let text = format!("{x:.2}");
                text.trim_end_matches('0').trim_end_matches('.').to_owned()
            }
            None => String::new(),
        },
        Values::Category { codes, levels } => match codes.get(row) {
            Some(code) if *code != NONE => levels.get(*code as usize).cloned().unwrap_or_default(),
            _ => "(missing)".into(),
        },
        Values::Time(_) => String::new(),
    }
}

/// Sorts scores by probability, highest first, ties by lead.
///
/// # Errors
/// [`Error::InvalidOption`] if the table is not one of scores.
pub fn sort_by_probability(scores: &mut DataFrame) -> Result<()> {
    let order = SortMultipleOptions::default().with_order_descending_multi([true, false]);
    *scores = scores.sort(["probability", "lead_id"], order).map_err(|e| Error::option("scores", e.to_string()))?;
    Ok(())
}

/// Lead, probability, grade and reasons of the first `n` rows of a table of scores.
///
/// # Errors
/// As [`sort_by_probability`].
pub fn best_leads(scores: &DataFrame, n: usize) -> Result<Vec<(String, f64, String, String)>> {
    let failed = |e: PolarsError| Error::option("scores", e.to_string());
    let head = scores.head(Some(n));
    let text = |name: &str| -> Result<Vec<String>> {
        let column = head.column(name).map_err(failed)?;
        Ok(column.str().map_err(failed)?.iter().map(|t| t.unwrap_or("").to_owned()).collect())
    };
    let probability: Vec<f64> =
        head.column("probability").map_err(failed)?.f64().map_err(failed)?.iter().flatten().collect();
    let rows = text("lead_id")?.into_iter().zip(probability).zip(text("grade")?).zip(text("reasons")?);
    Ok(rows.map(|(((lead, p), grade), reasons)| (lead, p, grade, reasons)).collect())
}

/// Every contribution of every row, long: `lead_id, as_of, feature, part, value, contribution`. Per row, `(base)` is
/// first, and the contributions with it sum to the log-odds.
///
/// # Errors
/// As [`score_frame`], ages aside.
pub fn explain_frame(model: &LeadModel, snapshot: &Snapshot, task: &Task) -> Result<DataFrame> {
    if snapshot.is_empty() {
        return Err(Error::NoRows { what: "explain", why: snapshot.counts.why() });
    }
    let columns = model.columns(snapshot, task)?;
    let scorer = ColumnScorer::new(model, &columns)?;
    let per_row = model.terms().len() + 1;
    let total = snapshot.len() * per_row;
    let ids = &snapshot.journeys.leads.ids;
    let mut lead = StringChunkedBuilder::new("lead_id".into(), total);
    let mut feature = StringChunkedBuilder::new("feature".into(), total);
    let mut part = StringChunkedBuilder::new("part".into(), total);
    let mut value = StringChunkedBuilder::new("value".into(), total);
    let (mut as_of, mut contribution) = (Vec::with_capacity(total), Vec::with_capacity(total));
    let names: Vec<String> = model.terms().iter().map(|t| t.feature.to_string()).collect();
    let mut contributions = Vec::new();
    for (row, r) in snapshot.rows.iter().enumerate() {
        if row % 4096 == 0 {
            task.check()?;
        }
        scorer.row(row, &mut contributions);
        let base = [("(base)", "base", String::new(), model.base())];
        let terms = model.terms().iter().zip(&names).zip(&columns).zip(&contributions);
        let rest =
            terms.map(|(((term, name), column), c)| (name.as_str(), term.part.name(), value_text(column, row), *c));
        for (f, p, v, c) in base.into_iter().chain(rest) {
            lead.append_value(ids.get(r.lead));
            as_of.push(r.cutoff);
            feature.append_value(f);
            part.append_value(p);
            value.append_value(v);
            contribution.push(c);
        }
    }
    frame(vec![
        lead.finish().into_series().into_column(),
        times("as_of", as_of),
        feature.finish().into_series().into_column(),
        part.finish().into_series().into_column(),
        value.finish().into_series().into_column(),
        numbers("contribution", contribution),
    ])
}

/// Quantile of 95 % intervals.
const Z95: f64 = 1.959_963_984_540_054;

/// Coefficients: one row per column of the design, with 95 % Wald intervals.
///
/// # Errors
/// None in practice; polars may refuse the columns.
pub fn terms_frame(model: &LeadModel) -> Result<DataFrame> {
    let rows = || {
        model.terms().iter().flat_map(|t| {
            let names = t.encoder.column_names();
            let error = |i: usize| t.standard_errors.get(i).copied().unwrap_or(f64::NAN);
            let columns = names.into_iter().zip(t.coefficients.iter().zip(&t.means)).enumerate();
            columns.map(move |(i, (n, (c, m)))| (t, n, *c, *m, error(i)))
        })
    };
    let unit = |t: &crate::model::Term| match &t.encoder {
        Encoder::Number { deviation, .. } => *deviation,
        Encoder::Category { .. } => f64::NAN,
    };
    frame(vec![
        texts("feature", rows().map(|r| r.0.feature.to_string())),
        texts("level", rows().map(|r| r.1)),
        texts("part", rows().map(|r| r.0.part.name().to_owned())),
        numbers("coefficient", rows().map(|r| r.2).collect()),
        numbers("standard_error", rows().map(|r| r.4).collect()),
        numbers("p_value", rows().map(|r| 2.0 * normal_tail((r.2 / r.4).abs())).collect()),
        numbers("low", rows().map(|r| r.2 - Z95 * r.4).collect()),
        numbers("high", rows().map(|r| r.2 + Z95 * r.4).collect()),
        numbers("odds_ratio", rows().map(|r| crate::math::exp(r.2)).collect()),
        numbers("mean", rows().map(|r| r.3).collect()),
        numbers("per", rows().map(|r| unit(r.0)).collect()),
    ])
}

/// Contribution of one feature over its values.
///
/// # Errors
/// [`crate::Error::UnknownName`] for a feature that the model does not have.
pub fn effect_frame(model: &LeadModel, feature: &str, values: Option<&[f64]>) -> Result<DataFrame> {
    let names: Vec<String> = model.terms().iter().map(|t| t.feature.to_string()).collect();
    let Some((i, term)) = model.terms().iter().enumerate().find(|(_, t)| t.feature.to_string() == feature) else {
        return Err(crate::Error::unknown("feature", feature, names.iter().map(String::as_str)));
    };
    match &term.encoder {
        Encoder::Number { mean, deviation, .. } => {
            let grid = || (0..=100).map(|k| mean + deviation * (f64::from(k) * 0.06 - 3.0)).collect();
            let values: Vec<f64> = values.map_or_else(grid, <[f64]>::to_vec);
            let contributions = values.iter().map(|v| model.number(i, *v)).collect();
            frame(vec![numbers("value", values), numbers("contribution", contributions)])
        }
        Encoder::Category { .. } => {
            let levels = term.encoder.column_names();
            let contributions = (0..levels.len()).map(|slot| model.level(i, Some(slot))).collect();
            frame(vec![texts("value", levels.into_iter()), numbers("contribution", contributions)])
        }
    }
}

/// What became of every input row, long: table, role, what, rows, example.
///
/// # Errors
/// As [`terms_frame`].
pub fn check_frame(audit: &Audit) -> Result<DataFrame> {
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
        for (what, n) in &t.noted {
            add("noted", what, *n, None);
        }
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

/// A funnel, long: by value of the breakdown (`(all)` for all leads) and step.
///
/// # Errors
/// As [`terms_frame`].
pub fn funnel_frame(funnel: &Funnel) -> Result<DataFrame> {
    let all = funnel.steps.iter().map(|s| ("(all)".to_owned(), s));
    let groups = funnel.groups.iter().flat_map(|g| g.steps.iter().map(|s| (g.value.clone(), s)));
    let rows: Vec<(String, &FunnelStep)> = all.chain(groups).collect();
    let column = |name: &str, get: fn(&FunnelStep) -> f64| numbers(name, rows.iter().map(|r| get(r.1)).collect());
    let mut columns = Vec::new();
    if let Some(by) = &funnel.spec.by {
        // A field that is called like another column of this table.
        let taken = ["step", "leads"].contains(&by.as_str()) || by.starts_with("of_");
        let name = if taken { format!("field({by})") } else { by.clone() };
        columns.push(texts(&name, rows.iter().map(|r| r.0.clone())));
    }
    columns.extend([
        texts("step", rows.iter().map(|r| r.1.step.clone())),
        counts("leads", rows.iter().map(|r| r.1.leads as usize)),
        column("of_first", |s| s.of_first),
        column("of_first_low", |s| s.of_first_interval.low),
        column("of_first_high", |s| s.of_first_interval.high),
        column("of_previous", |s| s.of_previous),
        column("of_previous_low", |s| s.of_previous_interval.low),
        column("of_previous_high", |s| s.of_previous_interval.high),
    ]);
    frame(columns)
}

/// A lead's time line.
///
/// # Errors
/// As [`terms_frame`].
pub fn show_frame(entries: &[Entry]) -> Result<DataFrame> {
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
        column("captured", |r| r.captured),
        column("cumulative_lift", |r| r.cumulative_lift),
        column("lowest", |r| r.lowest),
    ])
}

impl Journeys {
    /// The rows of an audit as text lines, with the remarks after them.
    #[must_use]
    pub fn check_text(&self) -> String {
        let mut lines = vec![self.describe()];
        for t in &self.audit.tables {
            lines.push(format!("{} as {}: {} rows read, {} used", t.table, t.role, t.rows, t.used));
            if t.filtered > 0 {
                lines.push(format!("    {} filtered by where=", t.filtered));
            }
            for (reason, q) in &t.quarantined {
                let example = q.examples.first().map(|(row, v)| format!(" (row {row}: {v})")).unwrap_or_default();
                lines.push(format!("    {} quarantined: {reason}{example}", q.rows));
            }
            for (what, n) in &t.noted {
                lines.push(format!("    {n} noted: {what}"));
            }
            lines.extend(t.remarks.iter().map(|r| format!("    {r}")));
        }
        lines.extend(self.audit.remarks.iter().cloned());
        lines.join("\n")
    }
}

//! Scores, reasons and terms of a model as tables.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use polars::prelude::*;
use rayon::prelude::*;
use serde::Serialize;

use crate::encoding::{Encoder, ValueGroups};
use crate::error::{Error, Result};
use crate::frames::results::columns::{cutoffs, frame, lead_ids, numbers, optional, optional_texts, texts, times};
use crate::frames::results::effects::{Z95, cells};
use crate::frames::results::lead_fields::field_name;
use crate::journeys::open_amounts;
use crate::math::{Interval, normal_tail};
use crate::model::{Interaction, LeadModel, Term};
use crate::progress::Task;
use crate::schema::{Column as Values, NONE, Part};
use crate::score::{ColumnScorer, Phrases, Scored, strongest};
use crate::snapshot::Snapshot;
use crate::time::{NO_TIME, Timestamp};

/// How rows are scored.
#[derive(Debug, Clone)]
pub struct ScoreOptions {
    /// Number of reasons of each row.
    pub reasons: usize,
    /// Whether to score if more than a fifth of the rows lie outside the ages the model was trained on.
    pub allow_extrapolation: bool,
    /// Phrases of reasons in words, if these are wanted.
    pub phrases: Option<Phrases>,
}

/// Scores every row: `lead_id, as_of, probability, score, batch_percentile, grade, grid, log_odds`, the parts, `reasons`, `out_of_range`, and in
/// `outside` what is outside the values of training, the age or number fields; and, of a model that keeps the covariance of its coefficients, `low` and `high`: 95 % intervals of the probability. Where the
/// data has them, `owner` is the owner of the lead, and `value` the amount of its open deals as known at the cutoff.
///
/// `reasons` are the contributions of the largest size, each as `+0.82 feature = value`, joined by `; `; with phrases,
/// `in_words` has sentences about what became of training leads with the same values.
///
/// # Errors
/// [`Error::NoRows`]; [`Error::OutOfRange`] if more than a fifth of the rows lie outside the ages the model was
/// trained on, unless `allow_extrapolation`; errors of the features.
pub fn score_frame(model: &LeadModel, snapshot: &Snapshot, options: &ScoreOptions, task: &Task) -> Result<DataFrame> {
    let k = options.reasons;
    if snapshot.is_empty() {
        return Err(Error::NoRows { what: "score", why: snapshot.counts.why() });
    }
    let outside: Vec<bool> = (0..snapshot.len()).map(|i| model.is_out_of_range(snapshot.age_days(i))).collect();
    let outside_rows = outside.iter().filter(|o| **o).count();
    if let Some((low, high)) = model.data().training.ages
        && outside_rows * 5 > snapshot.len()
        && !options.allow_extrapolation
    {
        return Err(Error::OutOfRange { outside: outside_rows, rows: snapshot.len(), low, high });
    }
    let columns = model.columns(snapshot, task)?;
    let scorer = ColumnScorer::new(model, &columns)?;
    let sentences = options.phrases.as_ref().map(|phrases| model.sentences(phrases)).transpose()?;
    let groups: Vec<ValueGroups> = model.terms().iter().map(Term::groups).collect();
    let sentences = sentences.as_ref().map(|sentences| sentences.reader(&groups, &columns));
    let names = model.names();
    let intervals = model.data().covariance.is_some();
    let fields = |row: usize| model.fields_outside(&columns, row).map(ToString::to_string);
    let age = |row: usize| outside.get(row).copied().unwrap_or(false).then(|| "age".to_owned());
    task.begin("scoring", snapshot.len());
    let rows: Vec<usize> = (0..snapshot.len()).collect();
    let scored = rows
        .par_chunks(4096)
        .map(|chunk| {
            task.check()?;
            task.advance(chunk.len());
            let (mut contributions, mut active) = (Vec::new(), Vec::new());
            chunk
                .iter()
                .map(|row| {
                    let scored = scorer.row(*row, &mut contributions).map_err(|e| of_lead(e, snapshot, *row))?;
                    let reasons: Vec<String> = strongest(&contributions, k)
                        .into_iter()
                        .map(|t| reason(contributions.get(t), names.get(t), &value_of(model, &columns, t, *row)))
                        .collect();
                    let interval = intervals.then(|| {
                        scorer.active(*row, &mut active);
                        model.interval(scored.log_odds, &active, 0.95)
                    });
                    let outside = age(*row).into_iter().chain(fields(*row)).collect::<Vec<_>>().join("; ");
                    let words = sentences.as_ref().map(|s| s.row(*row, &contributions, k).join(". "));
                    Ok(ScoredRow { scored, interval: interval.flatten(), reasons: reasons.join("; "), outside, words })
                })
                .collect::<Result<Vec<_>>>()
        })
        .collect::<Result<Vec<_>>>()?;
    score_columns(model, snapshot, &scored.into_iter().flatten().collect::<Vec<ScoredRow>>(), task)
}

/// A row with its score.
struct ScoredRow {
    scored: Scored,
    interval: Option<Interval>,
    reasons: String,
    /// What is outside the values of training.
    outside: String,
    /// Reasons in words, if these are wanted.
    words: Option<String>,
}

/// The columns of scored rows.
fn score_columns(model: &LeadModel, snapshot: &Snapshot, rows: &[ScoredRow], task: &Task) -> Result<DataFrame> {
    task.check()?;
    let number = |name: &str, get: fn(&Scored) -> f64| numbers(name, rows.iter().map(|row| get(&row.scored)).collect());
    let mut out = vec![
        lead_ids(snapshot, "lead_id"),
        cutoffs(snapshot, "as_of"),
        number("probability", |s| s.probability),
        number("score", |s| s.score),
        batch_percentiles(&rows.iter().map(|row| row.scored.log_odds).collect::<Vec<f64>>()),
        texts("grade", rows.iter().map(|row| model.grade(row.scored.score, row.scored.probability).to_owned())),
        optional_texts("grid", rows.iter().map(|row| grid(model, &row.scored))),
        number("log_odds", |s| s.log_odds),
    ];
    if model.data().covariance.is_some() {
        let end = |name: &str, get: fn(Interval) -> f64| optional(name, rows.iter().map(|row| row.interval.map(get)));
        out.insert(3, end("low", |i| i.low));
        out.insert(4, end("high", |i| i.high));
    }
    for part in Part::ALL {
        task.check()?;
        let sum = |row: &ScoredRow| row.scored.parts.get(part as usize).copied().unwrap_or(0.0);
        out.push(numbers(part.name(), rows.iter().map(sum).collect()));
    }
    out.push(Column::new("out_of_range".into(), rows.iter().map(|row| !row.outside.is_empty()).collect::<Vec<bool>>()));
    let outside = rows.iter().map(|row| Some(row.outside.clone()).filter(|outside| !outside.is_empty()));
    out.push(optional_texts("outside", outside));
    task.check()?;
    out.extend(owners(snapshot));
    out.extend(values(snapshot));
    task.check()?;
    out.push(texts("reasons", rows.iter().map(|row| row.reasons.clone())));
    if rows.iter().any(|row| row.words.is_some()) {
        out.push(optional_texts("in_words", rows.iter().map(|row| row.words.clone())));
    }
    frame(out)
}

/// Percentiles of rows among each other: the share of the rows below, and of half of those with the same log-odds.
fn batch_percentiles(log_odds: &[f64]) -> Column {
    let mut sorted = log_odds.to_vec();
    sorted.par_sort_unstable_by(f64::total_cmp);
    let percentile = |x: &f64| {
        let (below, up_to) = (sorted.partition_point(|s| s < x), sorted.partition_point(|s| s <= x));
        50.0 * (below + up_to) as f64 / sorted.len() as f64
    };
    numbers("batch_percentile", log_odds.par_iter().map(percentile).collect())
}

/// Quarters of fit and engagement: A1 is the highest of both, D4 the lowest.
fn grid(model: &LeadModel, scored: &Scored) -> Option<String> {
    let quarter = |part: Part| model.quarter(part, scored.parts.get(part as usize).copied()?);
    let letter = ["A", "B", "C", "D"].get(quarter(Part::Fit)? - 1)?;
    Some(format!("{letter}{}", quarter(Part::Engagement)?))
}

/// The owner of each row's lead, if the table of leads has owners.
fn owners(snapshot: &Snapshot) -> Option<Column> {
    let (codes, names) = snapshot.journeys.leads.owner.as_ref()?;
    let code = |lead: u32| codes.get(lead as usize).copied().filter(|code| *code != NONE);
    Some(optional_texts("owner", snapshot.rows.iter().map(|r| code(r.lead).map(|code| names.get(code).to_owned()))))
}

/// The amount of each lead's open deals, if stages have amounts.
fn values(snapshot: &Snapshot) -> Option<Column> {
    let journeys = &snapshot.journeys;
    if journeys.timeline.stages.amount.iter().all(|a| a.is_nan()) {
        return None;
    }
    let values: Vec<Option<f64>> = snapshot.rows.par_iter().map(|r| open_amounts(journeys, r.lead, r.cutoff)).collect();
    Some(optional("value", values.into_iter()))
}

/// The error of a score, with the lead it is of.
fn of_lead(e: Error, snapshot: &Snapshot, row: usize) -> Error {
    match (e, snapshot.rows.get(row)) {
        (Error::InvalidOption { option, problem }, Some(r)) => {
            let lead = snapshot.journeys.leads.ids.get(r.lead);
            Error::InvalidOption { option, problem: format!("lead '{lead}': {problem}") }
        }
        (e, _) => e,
    }
}

/// The reasons that a cell holds, which `; ` separates; one inside a quoted name or value separates nothing.
#[must_use]
pub fn reasons_of(cell: &str) -> Vec<String> {
    let mut reasons: Vec<String> = Vec::new();
    let mut inside = false;
    for part in cell.split("; ").filter(|_| !cell.is_empty()) {
        match reasons.last_mut().filter(|_| inside) {
            Some(last) => {
                last.push_str("; ");
                last.push_str(part);
            }
            None => reasons.push(part.to_owned()),
        }
        inside ^= !unescaped_quotes(part).is_multiple_of(2);
    }
    reasons
}

/// Number of quotes in a text that no backslash escapes.
fn unescaped_quotes(text: &str) -> usize {
    let (mut quotes, mut escaped) = (0, false);
    for c in text.chars() {
        quotes += usize::from(c == '"' && !escaped);
        escaped = c == '\\' && !escaped;
    }
    quotes
}

/// A name or value inside a reason: in quotes (JSON) where it could be read as the end of the reason.
fn in_reason(text: &str) -> Cow<'_, str> {
    let is_whole = unescaped_quotes(text).is_multiple_of(2) && reasons_of(text).len() < 2 && !text.ends_with(';');
    let plain = is_whole && !text.contains(char::is_control);
    if plain { Cow::Borrowed(text) } else { Cow::Owned(serde_json::Value::from(text).to_string()) }
}

fn reason(contribution: Option<&f64>, name: Option<&String>, value: &str) -> String {
    let (c, name) = (contribution.copied().unwrap_or(0.0), name.map_or("", String::as_str));
    format!("{c:+.2} {} = {}", in_reason(name), in_reason(value))
}

/// The value of term `i`, or the values of the two terms of an interaction, in a row.
fn value_of(model: &LeadModel, columns: &[Values], i: usize, row: usize) -> String {
    let text = |i: usize| columns.get(i).map_or_else(String::new, |c| value_text(c, row));
    match i.checked_sub(model.terms().len()).and_then(|k| model.interactions().get(k)) {
        Some(Interaction { first, second, .. }) => format!("{} × {}", text(*first), text(*second)),
        None => text(i),
    }
}

/// The value of a feature as people read it.
fn value_text(column: &Values, row: usize) -> String {
    match column {
        Values::Number(v) => match v.get(row) {
            Some(x) => number_text(*x),
            None => String::new(),
        },
        Values::Category { codes, levels } => match codes.get(row) {
            Some(code) if *code != NONE => levels.get(*code as usize).cloned().unwrap_or_default(),
            _ => "(missing)".into(),
        },
        Values::Time(_) => String::new(),
    }
}

/// A number with two decimals, or two significant digits below 1, without zeros at the end.
fn number_text(x: f64) -> String {
    let size = x.abs();
    if x.is_nan() {
        return "(missing)".to_owned();
    }
    // A microsecond in days is less than this.
    if size < 1e-9 {
        return "0".to_owned();
    }
    if !(1e-4..1e15).contains(&size) {
        return format!("{x:.1e}");
    }
    // At most 5, since the size is at least 1e-4.
    let decimals = if size < 1.0 { (1.0 - size.log10().floor()) as usize } else { 2 };
    let text = format!("{x:.decimals$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
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

/// A lead at the top of a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BestLead {
    /// Its id.
    pub lead: String,
    /// When it was looked at; `None` without times.
    pub as_of: Option<Timestamp>,
    /// Probability of reaching the target.
    pub probability: f64,
    /// Grade from A to the lowest, by score.
    pub grade: String,
    /// Owner, if known.
    pub owner: Option<String>,
    /// Amount of its open deals, if known.
    pub value: Option<f64>,
    /// Fields that were asked for; absent ones are missing.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
    /// What the probability is made of, strongest first.
    pub reasons: Vec<String>,
}

/// The last row in time of each lead, in the order of the table.
fn latest(scores: &DataFrame) -> PolarsResult<IdxCa> {
    let (leads, times) = (scores.column("lead_id")?.str()?, scores.column("as_of")?.datetime()?);
    let mut last: HashMap<&str, i64> = HashMap::with_capacity(leads.len());
    let rows = || leads.iter().zip(times.physical().iter()).map(|(l, t)| (l.unwrap_or(""), t.unwrap_or(NO_TIME)));
    for (lead, at) in rows() {
        last.entry(lead).and_modify(|known| *known = at.max(*known)).or_insert(at);
    }
    let kept = rows().enumerate().filter(|(_, (lead, at))| last.get(lead) == Some(at));
    Ok(IdxCa::from_vec("row".into(), kept.map(|(row, _)| row as IdxSize).collect()))
}

/// The first `n` leads of a table of scores, with `fields` that it has (see [`super::with_lead_fields`]); a lead with several
/// rows as it was last seen.
///
/// # Errors
/// As [`sort_by_probability`].
pub fn best_leads(scores: &DataFrame, n: usize, fields: &[String]) -> Result<Vec<BestLead>> {
    let failed = |e: PolarsError| Error::option("scores", e.to_string());
    let head = latest(scores).and_then(|rows| scores.take(&rows.slice(0, n))).map_err(failed)?;
    let text = |name: &str| -> Result<Vec<Option<String>>> {
        match head.column(name) {
            Ok(column) => Ok(column.str().map_err(failed)?.iter().map(|t| t.map(ToOwned::to_owned)).collect()),
            Err(_) => Ok(vec![None; head.height()]),
        }
    };
    let number = |name: &str| -> Result<Vec<Option<f64>>> {
        match head.column(name) {
            Ok(column) => Ok(column.f64().map_err(failed)?.iter().collect()),
            Err(_) => Ok(vec![None; head.height()]),
        }
    };
    let as_of = head.column("as_of").map_err(failed)?.datetime().map_err(failed)?.physical().iter().collect::<Vec<_>>();
    let (leads, grades, owners, reasons) = (text("lead_id")?, text("grade")?, text("owner")?, text("reasons")?);
    let (probabilities, values) = (number("probability")?, number("value")?);
    let rows = leads.into_iter().zip(as_of).zip(probabilities).zip(grades).zip(owners).zip(values).zip(reasons);
    let mut asked = vec![BTreeMap::new(); head.height()];
    for name in fields {
        let cells = head.column(&field_name(name)).and_then(|c| c.cast(&DataType::String)).map_err(failed)?;
        for (of_lead, cell) in asked.iter_mut().zip(cells.str().map_err(failed)?.iter()) {
            of_lead.extend(cell.map(|cell| (name.clone(), cell.to_owned())));
        }
    }
    let rows = rows.zip(asked);
    let best = rows.map(|(((((((lead, as_of), probability), grade), owner), value), reasons), fields)| BestLead {
        lead: lead.unwrap_or_default(),
        as_of: as_of.filter(|t| *t != NO_TIME).map(Timestamp),
        probability: probability.unwrap_or(f64::NAN),
        grade: grade.unwrap_or_default(),
        owner,
        value,
        fields,
        reasons: reasons.as_deref().map(reasons_of).unwrap_or_default(),
    });
    Ok(best.collect())
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
    let per_row = model.names().len() + 1;
    let total = snapshot.len() * per_row;
    let ids = &snapshot.journeys.leads.ids;
    let mut lead = StringChunkedBuilder::new("lead_id".into(), total);
    let mut feature = StringChunkedBuilder::new("feature".into(), total);
    let mut part = StringChunkedBuilder::new("part".into(), total);
    let mut value = StringChunkedBuilder::new("value".into(), total);
    let (mut as_of, mut contribution) = (Vec::with_capacity(total), Vec::with_capacity(total));
    let names = model.names();
    let mut contributions = Vec::new();
    for (row, r) in snapshot.rows.iter().enumerate() {
        if row % 4096 == 0 {
            task.check()?;
        }
        scorer.row(row, &mut contributions).map_err(|e| of_lead(e, snapshot, row))?;
        let base = [("(base)", "base", String::new(), model.base())];
        let terms = names.iter().zip(model.parts()).zip(&contributions).enumerate();
        let rest =
            terms.map(|(i, ((name, part), c))| (name.as_str(), part.name(), value_of(model, &columns, i, row), *c));
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

struct TermRow {
    feature: String,
    level: String,
    part: Part,
    coefficient: f64,
    /// What the error is of.
    unshrunk: f64,
    error: f64,
    mean: f64,
    per: f64,
    /// The level that a level is compared with.
    against: Option<String>,
}

/// Coefficients: one row per column of the design and per cell of an interaction that training rows are in, with 95 %
/// Wald intervals around `unshrunk`, the coefficient of a fit with a weaker penalty where that of the model is below 10 in C.
/// `mean` is the mean of the column in training; `per` the unit of a number: one standard deviation of it,
/// or of ln(1 + it). Coefficients and odds ratios of levels are differences to the level `against`: that of `references` by
/// feature, else the most frequent.
///
/// # Errors
/// [`Error::UnknownName`] for a feature or level of `references` that the model does not have, [`Error::InvalidOption`] for
/// one that is not a text.
pub fn terms_frame(model: &LeadModel, references: &BTreeMap<String, String>) -> Result<DataFrame> {
    for name in references.keys() {
        let texts = || model.terms().iter().filter(|t| matches!(t.encoder, Encoder::Category { .. }));
        let known: Vec<String> = texts().map(|t| t.feature.to_string()).collect();
        if !known.contains(name) {
            return Err(Error::unknown("feature with levels", name, known.iter().map(String::as_str)));
        }
    }
    let mut rows = Vec::new();
    let at = |v: &[f64], i: usize| v.get(i).copied().unwrap_or(f64::NAN);
    for (place, t) in model.terms().iter().enumerate() {
        let reference = t.reference(references.get(&t.feature.to_string()).map(String::as_str))?;
        let unit = match &t.encoder {
            Encoder::Number { deviation, .. } => *deviation,
            Encoder::Category { .. } => f64::NAN,
        };
        let is_bin = |i: usize| matches!(t.encoder, Encoder::Number { .. }) && i >= t.encoder.smooth_width();
        rows.extend(t.encoder.column_names().into_iter().enumerate().map(|(i, level)| TermRow {
            feature: t.feature.to_string(),
            level,
            part: t.part,
            coefficient: reference.as_ref().map_or_else(|| at(&t.coefficients, i), |r| t.contrast(i, r)),
            unshrunk: t.estimate(i, reference.as_ref()),
            error: match &reference {
                Some(r) if r.column == Some(i) => f64::NAN,
                Some(r) => model.contrast_error(place, i, r),
                None => at(&t.standard_errors, i),
            },
            mean: at(&t.means, i),
            per: if is_bin(i) || t.encoder.is_curved() { f64::NAN } else { unit },
            against: reference.as_ref().map(|r| r.level.clone()),
        }));
    }
    let names = model.names();
    for (interaction, feature) in model.interactions().iter().zip(names.iter().skip(model.terms().len())) {
        let total = crate::math::sum(&interaction.weights);
        rows.extend(cells(model, interaction).into_iter().filter(|c| at(&interaction.weights, c.place) > 0.0).map(
            |c| TermRow {
                feature: feature.clone(),
                level: format!("{} × {}", c.first, c.second),
                part: interaction.part,
                coefficient: at(&interaction.effects, c.place),
                unshrunk: match interaction.estimates.as_slice() {
                    [] => at(&interaction.effects, c.place),
                    estimates => at(estimates, c.place),
                },
                error: at(&interaction.standard_errors, c.place),
                mean: at(&interaction.weights, c.place) / total,
                per: f64::NAN,
                against: None,
            },
        ));
    }
    let column = |get: fn(&TermRow) -> f64| rows.iter().map(get).collect::<Vec<f64>>();
    frame(vec![
        texts("feature", rows.iter().map(|r| r.feature.clone())),
        texts("level", rows.iter().map(|r| r.level.clone())),
        optional_texts("against", rows.iter().map(|r| r.against.clone())),
        texts("part", rows.iter().map(|r| r.part.name().to_owned())),
        numbers("coefficient", column(|r| r.coefficient)),
        numbers("unshrunk", column(|r| r.unshrunk)),
        numbers("standard_error", column(|r| r.error)),
        numbers("p_value", column(|r| 2.0 * normal_tail((r.unshrunk / r.error).abs()))),
        numbers("low", column(|r| r.unshrunk - Z95 * r.error)),
        numbers("high", column(|r| r.unshrunk + Z95 * r.error)),
        numbers("odds_ratio", column(|r| crate::math::exp(r.coefficient))),
        numbers("mean", column(|r| r.mean)),
        numbers("per", column(|r| r.per)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_read_as_they_were_written() {
        let values = ["a", "a; +5.00 b = c", "\"", "\"; ", "x;", "\\", "\\\"; \"", "line\nbreak; -1", "; ", ""];
        let names = values.iter().filter(|name| !name.is_empty()).map(ToString::to_string);
        let reasons: Vec<String> =
            names.flat_map(|name| values.iter().map(move |value| reason(Some(&0.5), Some(&name), value))).collect();
        assert_eq!(reasons_of(&reasons.join("; ")), reasons);
        assert!(reasons.iter().all(|reason| !reason.contains('\n')));
        assert_eq!(reasons_of(""), Vec::<String>::new());
    }

    #[test]
    fn small_and_large_numbers_keep_their_digits() {
        for (x, text) in [
            (100.0, "100"),
            (12.345, "12.35"),
            (0.5, "0.5"),
            (0.004, "0.004"),
            (-0.0123, "-0.012"),
            (-0.0, "0"),
            (0.00001, "1.0e-5"),
            (1e-11, "0"),
            (1e20, "1.0e20"),
            (f64::NAN, "(missing)"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(number_text(x), text);
        }
    }
}

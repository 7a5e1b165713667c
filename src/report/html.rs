//! Results as one HTML page that needs no network.

use super::best::BestLeads;
use super::check;
use super::evaluation::{GROUP_HEADER, calibration_rows, calibration_words, estimate_rows, group_rows};
use super::markup::{HtmlCell, escape, note, notes, section, table};
use super::numbers::{interval, percent, rounded};
use super::text::{interaction_rows, strongest_columns, trained_on, training_notes};
use crate::evaluate::Evaluation;
use crate::journeys::Check;
use crate::model::LeadModel;
use crate::snapshot::SnapshotCounts;

/// The contents of a report; parts that are `None` are left out.
#[derive(Debug, Default, Clone, Copy)]
pub struct Report<'a> {
    /// Heading of the page.
    pub title: &'a str,
    /// One line on the data.
    pub about: &'a str,
    /// The check of the input rows.
    pub check: Option<&'a Check>,
    /// Exclusions of the training snapshot.
    pub counts: Option<&'a SnapshotCounts>,
    /// The model.
    pub model: Option<&'a LeadModel>,
    /// Its evaluation.
    pub evaluation: Option<&'a Evaluation>,
    /// Results of analyses, as sections (such as of [`super::Show::shown`]), in order.
    pub sections: &'a [String],
    /// The best leads.
    pub best: Option<&'a BestLeads>,
}

const STYLE: &str = "
body{font:15px/1.5 system-ui,sans-serif;color:#1c2733;background:#fff;max-width:980px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem;margin-bottom:.2rem}h2{font-size:1.15rem;margin:2rem 0 .5rem;border-bottom:1px solid #d8dee6}
h3{font-size:1rem;margin:1.2rem 0 .2rem}p.about{color:#5a6775;margin-top:0}
table{border-collapse:collapse;font-size:13.5px;margin:.5rem 0}
th,td{padding:3px 10px;text-align:right;vertical-align:top;border-bottom:1px solid #edf0f4}th{color:#5a6775;font-weight:600}
td{font-variant-numeric:tabular-nums}
.cards{display:flex;flex-wrap:wrap;gap:.7rem}.card{border:1px solid #d8dee6;border-radius:6px;padding:.5rem .9rem;min-width:7.5rem}
.card b{display:block;font-size:1.25rem}.card span{color:#5a6775;font-size:12px}
.note{color:#5a6775;font-size:13px;margin:.25rem 0}.verdict{font-size:1.05rem;margin:.5rem 0}
@media print{body{margin:0;max-width:none}h2{break-after:avoid}tr{break-inside:avoid}}";

/// The report as one self-contained page.
#[must_use]
pub fn page(report: &Report<'_>) -> String {
    let mut body = format!("<h1>{}</h1><p class=about>{}</p>", escape(report.title), escape(report.about));
    if let Some(e) = report.evaluation {
        body += &evaluation(e);
    }
    if let Some(leads) = report.best.filter(|b| !b.rows.is_empty()) {
        body += &best(leads);
    }
    body += &report.sections.concat();
    if let Some(m) = report.model {
        body += &model(m);
    }
    if let Some(c) = report.counts {
        let left_out =
            c.excluded().into_iter().map(|(why, n)| vec![format!("left out: {why}").into(), n.to_string().into()]);
        let rows: Vec<Vec<HtmlCell>> =
            [vec!["used".into(), c.rows.to_string().into()]].into_iter().chain(left_out).collect();
        body += &section("Training rows", &table(&["", "rows"], &rows));
    }
    if let Some(a) = report.check {
        body += &check::section(a);
    }
    format!(
        "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content=\"width=device-width,initial-scale=1\"><title>{}</title><style>{STYLE}</style></head><body>{body}<p class=note>leadlens {}</p></body></html>\n",
        escape(report.title),
        env!("CARGO_PKG_VERSION")
    )
}

/// A section for an analysis that failed.
#[must_use]
pub fn missing_section(title: &str, error: &crate::Error) -> String {
    section(title, &note(&format!("Not available: {error}")))
}

fn cells(rows: Vec<Vec<String>>) -> Vec<Vec<HtmlCell>> {
    rows.into_iter().map(|row| row.into_iter().map(HtmlCell::Text).collect()).collect()
}

fn best(leads: &BestLeads) -> String {
    section(&leads.title, &(note(&format!("{}.", leads.about)) + &leads.html(None)))
}

fn evaluation(e: &Evaluation) -> String {
    let card = |name: &str, value: String| {
        format!("<div class=card><b>{}</b><span>{}</span></div>", escape(&value), escape(name))
    };
    let cards = [
        card("ROC-AUC", rounded(e.roc_auc, 3)),
        card("PR-AUC", rounded(e.pr_auc, 3)),
        card("log loss", rounded(e.log_loss, 3)),
        card("Brier", rounded(e.brier, 4)),
        card("predicted on average", percent(e.mean_predicted)),
        card("observed", percent(e.base_rate)),
    ]
    .concat();
    let verdict = format!(
        "<p class=verdict>{}</p>{}",
        escape(&e.verdict.summary),
        notes(e.verdict.advice.iter().map(|a| format!("What to do: {a}.")))
    );
    let measures = table(&["measure", "value", "95 % interval", ""], &cells(estimate_rows(e)));
    let highest = e.lift.iter().map(|r| r.rate).fold(0.0, f64::max);
    let lift: Vec<Vec<HtmlCell>> = e
        .lift
        .iter()
        .map(|r| {
            vec![
                r.slice.to_string().into(),
                percent(r.rate).into(),
                // Length relative to the best slice.
                HtmlCell::Bar(r.rate / highest),
                rounded(r.lift, 2).into(),
                interval(Some(r.lift_low), Some(r.lift_high), |x| rounded(x, 2)).into(),
                percent(r.captured).into(),
            ]
        })
        .collect();
    [
        section(
            "How good the scores are",
            &format!("{verdict}<div class=cards>{cards}</div>{measures}{}", notes(&e.remarks)),
        ),
        section(
            "Lift",
            &table(&["tenth of leads, best first", "rate", "", "lift", "95 % interval", "captured"], &lift),
        ),
        by_group(e),
        section(
            "Calibration",
            &(note(&format!("{}.", calibration_words(e)))
                + &table(
                    &["probability", "rows", "predicted", "observed", "95 % interval"],
                    &cells(calibration_rows(e)),
                )),
        ),
    ]
    .concat()
}

/// An evaluation by group, if one was asked for.
fn by_group(e: &Evaluation) -> String {
    let Some(by) = &e.by else { return String::new() };
    let header: Vec<&str> = [by.as_str()].into_iter().chain(GROUP_HEADER).collect();
    section(&format!("By {by}"), &table(&header, &cells(group_rows(e))))
}

fn model(m: &LeadModel) -> String {
    let t = &m.data().training;
    let [rows, features] = trained_on(m);
    let solved = format!("Solver {}, {}.", t.solver, if t.converged { "converged" } else { "NOT CONVERGED" });
    let strongest =
        table(&["strongest columns", "part", "coefficient", "odds ratio"], &cells(strongest_columns(m, 25)));
    let joint = match interaction_rows(m) {
        rows if rows.is_empty() => String::new(),
        rows => table(&["interaction", "part", "lowest", "highest", "spread"], &cells(rows)),
    };
    section(
        "Model",
        &[note(&rows), note(&features), note(&solved), notes(training_notes(m)), strongest, joint].concat(),
    )
}

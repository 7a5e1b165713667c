//! Results as one HTML page that needs no network.

use super::best::BestLeads;
use super::evaluation::{calibration_words, estimate_rows};
use super::funnels::{funnel_notes, funnel_title};
use super::text::{by_name, interaction_rows, percent, strongest_columns, training_notes};
use crate::evaluate::Evaluation;
use crate::funnel::{Funnel, FunnelStep};
use crate::journeys::{Audit, SnapshotCounts};
use crate::model::LeadModel;

/// What goes into a report; parts that are `None` are left out.
#[derive(Debug, Default, Clone, Copy)]
pub struct Report<'a> {
    /// Heading.
    pub title: &'a str,
    /// One line on the data.
    pub about: &'a str,
    /// What became of the input rows.
    pub audit: Option<&'a Audit>,
    /// What the training snapshot left out.
    pub counts: Option<&'a SnapshotCounts>,
    /// The model.
    pub model: Option<&'a LeadModel>,
    /// Its evaluation.
    pub evaluation: Option<&'a Evaluation>,
    /// A funnel.
    pub funnel: Option<&'a Funnel>,
    /// The best leads.
    pub best: Option<&'a BestLeads>,
}

const STYLE: &str = "
body{font:15px/1.5 system-ui,sans-serif;color:#1c2733;max-width:980px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem;margin-bottom:.2rem}h2{font-size:1.15rem;margin:2rem 0 .5rem;border-bottom:1px solid #d8dee6}
p.about{color:#5a6775;margin-top:0}table{border-collapse:collapse;font-size:13.5px;margin:.5rem 0}
th,td{padding:3px 10px;text-align:right;border-bottom:1px solid #edf0f4}th{color:#5a6775;font-weight:600}
th:first-child,td:first-child,td.l,th.l{text-align:left}
.bar{background:#e6ebf1;height:14px;width:220px;border-radius:3px;overflow:hidden}.bar i{display:block;height:14px;background:#2f6fb2}
.cards{display:flex;flex-wrap:wrap;gap:.7rem}.card{border:1px solid #d8dee6;border-radius:6px;padding:.5rem .9rem;min-width:7.5rem}
.card b{display:block;font-size:1.25rem}.card span{color:#5a6775;font-size:12px}.note{color:#5a6775;font-size:13px}";

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn row(cells: &[String]) -> String {
    format!("<tr>{}</tr>", cells.iter().map(|c| format!("<td>{c}</td>")).collect::<String>())
}

fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let head: String = header.iter().map(|h| format!("<th>{}</th>", escape(h))).collect();
    let body: String = rows.into_iter().map(|r| row(&r)).collect();
    format!("<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
}

fn bar(share: f64) -> String {
    let width = if share.is_nan() { 0.0 } else { 100.0 * share.clamp(0.0, 1.0) };
    format!("<div class=bar><i style=\"width:{width:.1}%\"></i></div>")
}

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
    if let Some(f) = report.funnel {
        body += &funnel(f);
    }
    if let Some(m) = report.model {
        body += &model(m);
    }
    if let Some(c) = report.counts {
        body += "<h2>Training rows</h2>";
        body += &table(
            &["", "rows"],
            [vec!["used".to_owned(), c.rows.to_string()]].into_iter().chain(
                c.excluded().into_iter().map(|(why, n)| vec![format!("left out: {}", escape(why)), n.to_string()]),
            ),
        );
    }
    if let Some(a) = report.audit {
        body += &audit(a);
    }
    format!(
        "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content=\"width=device-width\"><title>{}</title><style>{STYLE}</style></head><body>{body}<p class=note>leadlens {}</p></body></html>\n",
        escape(report.title),
        env!("CARGO_PKG_VERSION")
    )
}

fn best(leads: &BestLeads) -> String {
    let (header, rows) = leads.table();
    let class = |column: &str| if ["probability", "value"].contains(&column) { "" } else { " class=l" };
    let head: String = header.iter().map(|h| format!("<th{}>{}</th>", class(h), escape(h))).collect();
    let body = rows.iter().zip(&leads.rows).map(|(cells, lead)| {
        let cells: String =
            header.iter().zip(cells).map(|(h, cell)| format!("<td{}>{}</td>", class(h), escape(cell))).collect();
        let reasons: String = lead.reasons.iter().map(|r| format!("{}<br>", escape(r))).collect();
        format!("<tr>{cells}<td class=l>{reasons}</td></tr>")
    });
    format!(
        "<h2>{}</h2><p class=note>{}.</p><table><thead><tr>{head}<th class=l>reasons, log-odds</th></tr></thead><tbody>{}</tbody></table>",
        escape(&leads.title),
        escape(&leads.about),
        body.collect::<String>()
    )
}

fn evaluation(e: &Evaluation) -> String {
    let card = |name: &str, value: String| format!("<div class=card><b>{value}</b><span>{name}</span></div>");
    let cards = [
        card("ROC-AUC", format!("{:.3}", e.roc_auc)),
        card("PR-AUC", format!("{:.3}", e.pr_auc)),
        card("log loss", format!("{:.3}", e.log_loss)),
        card("Brier", format!("{:.4}", e.brier)),
        card("predicted on average", percent(e.mean_predicted)),
        card("observed", percent(e.base_rate)),
    ]
    .concat();
    let measures = table(&["measure", "value", "95 % interval", ""], estimate_rows(e));
    let lift = table(
        &["tenth of leads, best first", "rate", "", "lift", "95 % interval", "captured"],
        e.lift.iter().map(|r| {
            vec![
                r.slice.to_string(),
                percent(r.rate),
                bar(r.rate),
                format!("{:.2}", r.lift),
                format!("{:.2} – {:.2}", r.lift_low, r.lift_high),
                percent(r.captured),
            ]
        }),
    );
    let calibration = table(
        &["probability", "rows", "predicted", "observed", "95 % interval"],
        e.calibration.iter().map(|b| {
            vec![
                format!("{:.3} – {:.3}", b.low, b.high),
                b.rows.to_string(),
                percent(b.predicted),
                percent(b.observed),
                format!("{} – {}", percent(b.interval.low), percent(b.interval.high)),
            ]
        }),
    );
    let notes: String = e.remarks.iter().map(|r| format!("<p class=note>{}</p>", escape(r))).collect();
    let advice: String = e.verdict.advice.iter().map(|a| format!("<li>{}</li>", escape(a))).collect();
    let verdict = format!("<p><b>{}</b></p><ul>{advice}</ul>", escape(&e.verdict.summary));
    format!(
        "<h2>How good the scores are</h2><div class=cards>{cards}</div>{verdict}{measures}{notes}<h2>Lift</h2>{lift}<h2>Calibration</h2><p class=note>{}.</p>{calibration}",
        escape(&calibration_words(e))
    )
}

fn funnel(f: &Funnel) -> String {
    let rows = |steps: &[FunnelStep]| -> Vec<Vec<String>> {
        steps
            .iter()
            .map(|s| {
                vec![
                    escape(&s.step),
                    s.leads.to_string(),
                    bar(s.of_first),
                    percent(s.of_first),
                    format!("{} – {}", percent(s.of_first_interval.low), percent(s.of_first_interval.high)),
                    percent(s.of_previous),
                ]
            })
            .collect()
    };
    let header = ["step", "leads", "", "of first", "95 % interval", "of previous"];
    let mut out = format!("<h2>Funnel</h2>{}", table(&header, rows(&f.steps)));
    out += &format!("<p class=note>{}.</p>", escape(&funnel_title(&f.spec)));
    for note in funnel_notes(f) {
        out += &format!("<p class=note>{}.</p>", escape(&note));
    }
    for g in &f.groups {
        out += &format!(
            "<h3>{} = {}</h3>{}",
            escape(&by_name(f.spec.by.as_ref())),
            escape(&g.value),
            table(&header, rows(&g.steps))
        );
    }
    out
}

fn model(m: &LeadModel) -> String {
    let t = &m.data().training;
    let notes: String = training_notes(m).iter().map(|n| format!("<li>{}</li>", escape(n))).collect();
    let escaped = |rows: Vec<Vec<String>>| -> Vec<Vec<String>> {
        rows.iter().map(|row| row.iter().map(|c| escape(c)).collect()).collect()
    };
    let joint = match interaction_rows(m) {
        rows if rows.is_empty() => String::new(),
        rows => table(&["interaction", "part", "lowest", "highest", "spread"], escaped(rows)),
    };
    format!(
        "<h2>Model</h2><p class=note>{} rows of {} leads; solver {}, {}.</p><ul class=note>{notes}</ul>{}{joint}",
        t.rows,
        t.leads,
        escape(&t.solver),
        if t.converged { "converged" } else { "NOT CONVERGED" },
        table(&["strongest columns", "part", "coefficient", "odds ratio"], escaped(strongest_columns(m, 25)))
    )
}

fn audit(a: &Audit) -> String {
    let rows = a.tables.iter().flat_map(|t| {
        let head = vec![format!("{} as {}", escape(&t.table), escape(&t.role)), "read".into(), t.rows.to_string()];
        let line = |what: String, n: usize| vec![String::new(), what, n.to_string()];
        let used = line("used".into(), t.used);
        let rest = t
            .quarantined
            .iter()
            .map(move |(why, q)| line(format!("quarantined: {}", escape(why)), q.rows))
            .chain(t.noted.iter().map(move |(what, n)| line(format!("noted: {}", escape(what)), *n)));
        [head, used].into_iter().chain(rest).collect::<Vec<_>>()
    });
    let notes: String = a
        .tables
        .iter()
        .flat_map(|t| &t.remarks)
        .chain(&a.warnings)
        .chain(&a.remarks)
        .map(|r| format!("<p class=note>{}</p>", escape(r)))
        .collect();
    format!("<h2>Input tables</h2>{}{notes}", table(&["table", "", "rows"], rows))
}

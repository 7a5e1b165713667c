//! Drivers and barriers as plain text.

use super::body::Body;
use super::text::percent;
use crate::analyses::drivers::{Barriers, Driver, Drivers, Factor};

/// Largest number of drivers shown per step.
const MOST: usize = 12;

fn property(d: &Driver) -> String {
    match d.factor {
        Factor::Field | Factor::Channel => format!("{} = {}", d.name, d.value),
        Factor::Before => format!("{} before", d.name),
        Factor::After => format!("{} after", d.name),
    }
}

/// A ratio with two significant digits.
fn ratio(x: f64) -> String {
    if x >= 0.1 { format!("{x:.2}") } else { format!("{x:.1e}") }
}

/// A probability; values below 10⁻³⁰⁰ are shown as an upper bound.
fn small(p: f64) -> String {
    if p < 1e-300 { "< 1e-300".to_owned() } else { format!("{p:.1e}") }
}

/// Drivers of drop-off with q below 0.05, by step.
#[must_use]
pub fn drivers_text(d: &Drivers) -> String {
    drivers_body(d).text()
}

/// Drivers of drop-off as a section of a page.
#[must_use]
pub fn drivers_section(d: &Drivers) -> String {
    drivers_body(d).html("Drivers of drop-off")
}

fn drivers_body(d: &Drivers) -> Body {
    let sure: Vec<&Driver> = d.drivers.iter().filter(|x| x.q_value < 0.05).collect();
    let mut body = Body::new(format!(
        "Drivers of drop-off: {} of {} properties differ between leads that go on and the rest (false discovery rate below 5 %){}",
        sure.len(),
        d.drivers.len(),
        d.spec.funnel.filter.suffix()
    ));
    for steps in sure.chunk_by(|a, b| a.step == b.step) {
        if let Some(first) = steps.first() {
            body.heading(format!("{} → {}", first.step, first.next));
        }
        let row = |d: &&Driver| {
            let rate = |hits: u64, n: u64| percent(if n == 0 { f64::NAN } else { hits as f64 / n as f64 });
            vec![
                property(d),
                d.leads.to_string(),
                rate(d.went_on, d.leads),
                rate(d.others_went_on, d.other_leads),
                format!("{} ({} to {})", ratio(d.ratio()), ratio(d.interval.low), ratio(d.interval.high)),
                small(d.q_value),
            ]
        };
        let rows: Vec<Vec<String>> = steps.iter().take(MOST).map(row).collect();
        body.table(&["property", "leads", "go on", "others", "odds or hazard ratio", "q"], rows);
        if steps.len() > MOST {
            body.line(format!("and {} more", steps.len() - MOST));
        }
    }
    if d.unsupported > 0 {
        body.line(format!("properties at steps with too few leads: {}", d.unsupported));
    }
    body.remarks(&d.remarks);
    body
}

/// Barriers, most loss first.
#[must_use]
pub fn barriers_text(b: &Barriers) -> String {
    barriers_body(b).text()
}

/// Barriers as a section of a page.
#[must_use]
pub fn barriers_section(b: &Barriers) -> String {
    barriers_body(b).html("Barriers")
}

fn barriers_body(b: &Barriers) -> Body {
    let reference = b.spec.reference.as_deref().unwrap_or("all other leads");
    let mut body = Body::new(format!(
        "Barriers: conversions that segments lose compared with {reference}{}",
        b.spec.funnel.filter.suffix()
    ));
    let rows: Vec<Vec<String>> = b
        .barriers
        .iter()
        .filter(|x| x.conversions_lost > 0.0)
        .take(20)
        .map(|x| {
            let i = x.conversions_lost_interval;
            vec![
                format!("{} → {}", x.step, x.next),
                x.segment.clone(),
                x.leads.to_string(),
                percent(x.rate),
                percent(x.reference_rate),
                format!("{:.1} ({:.1} to {:.1})", x.conversions_lost, i.low, i.high),
                x.value_lost.map_or_else(|| "–".to_owned(), |v| format!("{v:.0}")),
                small(x.q_value),
            ]
        })
        .collect();
    let header = ["step", "segment", "leads", "go on", "reference", "conversions lost", "value lost", "q"];
    body.table(&header, rows);
    body.remarks(&b.remarks);
    body
}

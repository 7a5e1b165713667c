//! Drivers and barriers as plain text.

use super::funnels::{left_out_early, left_out_late};
use super::text::{percent, table_text};
use crate::drivers::{Barriers, Driver, Drivers, Factor};

/// Most drivers told for one step.
const MOST: usize = 12;

fn property(d: &Driver) -> String {
    match d.factor {
        Factor::Field | Factor::Channel => format!("{} = {}", d.name, d.value),
        Factor::Before => format!("{} before", d.name),
        Factor::After => format!("{} after", d.name),
    }
}

/// A ratio, with two digits that say something.
fn ratio(x: f64) -> String {
    if x >= 0.1 { format!("{x:.2}") } else { format!("{x:.1e}") }
}

/// A probability; below 10⁻³⁰⁰ it is told as such.
fn small(p: f64) -> String {
    if p < 1e-300 { "< 1e-300".to_owned() } else { format!("{p:.1e}") }
}

/// Drivers of drop-off: those that are sure, by step.
#[must_use]
pub fn drivers_text(d: &Drivers) -> String {
    let sure: Vec<&Driver> = d.drivers.iter().filter(|x| x.q < 0.05).collect();
    let mut lines = vec![format!(
        "Drivers of drop-off: {} of {} properties tell who goes on (false discoveries below 5 %){}",
        sure.len(),
        d.drivers.len(),
        d.spec.funnel.filter.suffix()
    )];
    for steps in sure.chunk_by(|a, b| a.step == b.step) {
        if let Some(first) = steps.first() {
            lines.push(format!("\n{} → {}", first.step, first.next));
        }
        let row = |d: &&Driver| {
            let rate = |hits: u64, n: u64| percent(if n == 0 { f64::NAN } else { hits as f64 / n as f64 });
            vec![
                property(d),
                d.leads.to_string(),
                rate(d.went_on, d.leads),
                rate(d.others_went_on, d.other_leads),
                format!("{} ({} to {})", ratio(d.odds_ratio), ratio(d.interval.low), ratio(d.interval.high)),
                small(d.q),
            ]
        };
        let rows: Vec<Vec<String>> = steps.iter().take(MOST).map(row).collect();
        lines.push(table_text(&["property", "leads", "go on", "others", "odds ratio", "q"], &rows));
        if steps.len() > MOST {
            lines.push(format!("and {} more", steps.len() - MOST));
        }
    }
    if d.unsupported > 0 {
        lines.push(format!("{} properties at steps have too few leads", d.unsupported));
    }
    lines.extend(left_out_early(d.before_outcomes));
    lines.extend(d.remarks.iter().map(|r| format!("note: {r}")));
    lines.join("\n")
}

/// Barriers, most loss first.
#[must_use]
pub fn barriers_text(b: &Barriers) -> String {
    let reference = b.spec.reference.as_deref().unwrap_or("all other leads");
    let mut lines = vec![format!("Barriers: what segments lose against {reference}{}", b.spec.funnel.filter.suffix())];
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
                small(x.p),
            ]
        })
        .collect();
    let header = ["step", "segment", "leads", "go on", "reference", "conversions lost", "value lost", "p"];
    lines.push(table_text(&header, &rows));
    if b.unsupported > 0 {
        lines.push(format!("{} segments at steps have too few leads", b.unsupported));
    }
    lines.extend(left_out_late(b.immature));
    lines.extend(left_out_early(b.before_outcomes));
    lines.join("\n")
}

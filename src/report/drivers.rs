//! Drivers and barriers as plain text.

use super::body::{Body, Show};
use super::funnel::funnel_title;
use super::numbers::{percent, rounded, scientific, with_interval};
use super::options::options_line;
use crate::analyses::drivers::{Barrier, Barriers, BarriersSpec, Driver, Drivers, Factor, MIN_SUPPORT};
use crate::analyses::funnel::FunnelSpec;
use crate::counted::counted;
use crate::query::Where;

/// Largest number of drivers shown per step.
const MOST: usize = 12;
/// Most barriers shown.
const LARGEST: usize = 20;

fn property(d: &Driver) -> String {
    match d.factor {
        Factor::Field | Factor::Channel => format!("{} = {}", d.name, d.value),
        Factor::Before => format!("{} before", d.name),
        Factor::After => format!("{} after", d.name),
    }
}

/// A ratio with two significant digits.
fn ratio(x: f64) -> String {
    if x.abs() < 0.1 && x != 0.0 { scientific(x) } else { rounded(x, 2) }
}

/// The funnel that is looked at: its steps, and what it asked for.
fn funnel_lines(body: &mut Body, funnel: &FunnelSpec) {
    body.line(funnel.step_names().join(" → "));
    body.line(funnel_title(&FunnelSpec { filter: Where::default(), ..funnel.clone() }));
}

/// A probability; values below 10⁻³⁰⁰ are shown as an upper bound.
fn small(p: f64) -> String {
    if p < 1e-300 { "< 1e-300".to_owned() } else { scientific(p) }
}

impl Show for Drivers {
    const TITLE: &'static str = "Drivers of drop-off";

    fn body(&self) -> Body {
        let d = self;
        let sure: Vec<&Driver> = d.drivers.iter().filter(|x| x.q_value < 0.05).collect();
        let mut body = Body::new(format!(
            "Drivers of drop-off: {} of {} properties differ between leads that go on and the rest (false discovery rate below 5 %){}",
            sure.len(),
            d.drivers.len(),
            d.spec.funnel.filter.suffix()
        ));
        funnel_lines(&mut body, &d.spec.funnel);
        body.lines(options_line(&d.spec, &["funnel"]));
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
                    with_interval(Some(d.ratio()), Some(d.interval.low), Some(d.interval.high), ratio),
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
}

impl Show for Barriers {
    const TITLE: &'static str = "Barriers";

    fn body(&self) -> Body {
        let b = self;
        let reference = b.spec.reference.as_deref().unwrap_or("all other leads");
        let mut body = Body::new(format!(
            "Barriers: conversions that segments lose compared with {reference}{}",
            b.spec.funnel.filter.suffix()
        ));
        funnel_lines(&mut body, &b.spec.funnel);
        // The default, where it is stated.
        let min_support = b.spec.min_support.filter(|n| *n != MIN_SUPPORT);
        body.lines(options_line(&BarriersSpec { min_support, ..b.spec.clone() }, &["funnel", "reference"]));
        let losing: Vec<&Barrier> = b.barriers.iter().filter(|x| x.conversions_lost > 0.0).collect();
        if losing.is_empty() {
            body.line("no segment loses conversions");
            body.remarks(&b.remarks);
            return body;
        }
        let rows: Vec<Vec<String>> = losing
            .iter()
            .take(LARGEST)
            .map(|x| {
                let i = x.conversions_lost_interval;
                vec![
                    format!("{} → {}", x.step, x.next),
                    x.segment.clone(),
                    x.leads.to_string(),
                    percent(x.rate),
                    percent(x.reference_rate),
                    with_interval(Some(x.conversions_lost), Some(i.low), Some(i.high), |x| rounded(x, 1)),
                    rounded(x.value_lost.unwrap_or(f64::NAN), 0),
                    small(x.q_value),
                ]
            })
            .collect();
        let header = ["step", "segment", "leads", "go on", "reference", "conversions lost", "value lost", "q"];
        body.table(&header, rows);
        if losing.len() > LARGEST {
            body.line(format!("and {} more", counted(losing.len() - LARGEST, "barrier", "barriers")));
        }
        body.remarks(&b.remarks);
        body
    }
}

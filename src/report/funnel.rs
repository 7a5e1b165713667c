//! Funnels as plain text.

use super::body::{Body, Show, TextTable};
use super::numbers::{duration, interval, percent};
use super::options::options;
use super::text::by_name;
use crate::analyses::funnel::{Entry, Funnel, FunnelGroup, FunnelSpec, FunnelStep, Order, StepRef};

/// Options that [`funnel_title`] and the tables show.
const SHOWN: [&str; 11] =
    ["steps", "window", "order", "entry", "exclude", "hold", "where", "by", "times", "compat", "modes"];

/// The options of a funnel, in words.
pub(super) fn funnel_title(spec: &FunnelSpec) -> String {
    let mut parts = Vec::new();
    match (spec.compat, spec.order) {
        (Some(_), _) => {
            let modes: Vec<String> = spec
                .modes
                .iter()
                .filter_map(|m| serde_json::to_value(m).ok().and_then(|v| v.as_str().map(str::to_owned)))
                .collect();
            parts.push(format!("counted like ClickHouse's windowFunnel({})", modes.join(", ")));
        }
        (None, Order::Sequential) => {}
        (None, Order::Strict) => parts.push("no other events between steps".to_owned()),
        (None, Order::Any) => parts.push("in any order".to_owned()),
    }
    parts.push(spec.window.map_or_else(|| "no time limit".to_owned(), |w| format!("within {w} of step 1")));
    let names = spec.step_names();
    for (step, name) in spec.steps.iter().zip(&names) {
        parts.extend(step.within.map(|w| format!("{name} within {w} of the previous step")));
    }
    match spec.entry {
        Entry::Best => {}
        Entry::First => parts.push("first entry only".to_owned()),
        Entry::Totals => parts.push("every attempt counts".to_owned()),
    }
    if let Some(hold) = &spec.hold {
        parts.push(format!("same {hold} in every step"));
    }
    for e in &spec.exclude {
        let step = |at: &Option<StepRef>, default: usize| {
            let place = at.as_ref().map_or(Ok(default), |at| at.position(&spec.steps)).unwrap_or(default);
            names.get(place).cloned().unwrap_or_default()
        };
        let (after, before) = (step(&e.after, 0), step(&e.before, names.len().saturating_sub(1)));
        let who = if e.removes { "; leads with one are left out" } else { "" };
        parts.push(format!("no {} between {after} and {before}{who}", e.event.name));
    }
    parts.extend(spec.by.as_ref().map(|by| format!("by {by}")));
    parts.extend(options(spec, &SHOWN));
    format!("Funnel, {}{}", parts.join(", "), spec.filter.suffix())
}

fn rows(steps: &[FunnelStep]) -> Vec<Vec<String>> {
    let row = |s: &FunnelStep| {
        let range = interval(Some(s.of_first_interval.low), Some(s.of_first_interval.high), percent);
        let name = if s.optional { format!("({})", s.step) } else { s.step.clone() };
        let median = s.times.as_ref().map_or(String::new(), |t| duration(t.from_previous.median));
        vec![name, s.leads.to_string(), percent(s.of_first), range, percent(s.of_previous), median]
    };
    steps.iter().map(row).collect()
}

impl Show for Funnel {
    const TITLE: &'static str = "Funnel";

    fn body(&self) -> Body {
        let f = self;
        let unit = if f.spec.entry == Entry::Totals { "attempts" } else { "leads" };
        let timed = f.steps.iter().any(|s| s.times.is_some());
        let header = ["step", unit, "of first", "95 % interval", "of previous", if timed { "median time" } else { "" }];
        let mut body = Body::new(funnel_title(&f.spec));
        let steps = |body: &mut Body, steps: &[FunnelStep]| {
            body.table_with_bars(&header, rows(steps), 2, steps.iter().map(|s| s.of_first).collect());
        };
        steps(&mut body, &f.steps);
        body.lines(f.remarks.iter().cloned());
        let by = by_name(f.spec.by.as_ref());
        let tall = f.groups.iter().map(|g| (format!("{by} = {}", g.value), TextTable::new(&header, rows(&g.steps))));
        body.groups(wide(f, &by), tall.collect());
        body
    }
}

/// One row per group: its leads at each step, and the share, time and interval of the last one.
fn wide(f: &Funnel, by: &str) -> TextTable {
    let names = f.steps.iter().map(|s| s.step.as_str());
    let header: Vec<&str> =
        [by].into_iter().chain(names).chain(["95 % interval of the last", "median time from the first"]).collect();
    let row = |g: &FunnelGroup| {
        let leads = g.steps.iter().enumerate().map(|(i, s)| match i {
            0 => s.leads.to_string(),
            _ => format!("{} ({})", s.leads, percent(s.of_first)),
        });
        let last = g.steps.last().filter(|_| g.steps.len() > 1);
        let range = last.map(|s| interval(Some(s.of_first_interval.low), Some(s.of_first_interval.high), percent));
        let median = last.and_then(|s| s.times.as_ref()).map(|t| duration(t.from_first.median));
        let ends = [range.unwrap_or_default(), median.unwrap_or_default()];
        [g.value.clone()].into_iter().chain(leads).chain(ends).collect()
    };
    TextTable::new(&header, f.groups.iter().map(row).collect()).titled("Groups".to_owned())
}

//! Funnels as plain text.

use super::text::{by_name, duration, percent, table_text};
use crate::funnel::{Entry, Funnel, FunnelSpec, FunnelStep, Order, StepRef};

/// What a funnel asked for, in words.
pub(super) fn funnel_title(spec: &FunnelSpec) -> String {
    let mut parts = Vec::new();
    match (spec.compat, spec.order) {
        (Some(_), _) => {
            let modes: Vec<String> = spec
                .modes
                .iter()
                .filter_map(|m| serde_json::to_value(m).ok().and_then(|v| v.as_str().map(str::to_owned)))
                .collect();
            parts.push(format!("by the rules of ClickHouse's windowFunnel({})", modes.join(", ")));
        }
        (None, Order::Sequential) => {}
        (None, Order::Strict) => parts.push("nothing in between".to_owned()),
        (None, Order::Any) => parts.push("in any order".to_owned()),
    }
    parts.push(spec.window.map_or_else(|| "no limit of time".to_owned(), |w| format!("within {w} of step 1")));
    let names = spec.step_names();
    for (step, name) in spec.steps.iter().zip(&names) {
        parts.extend(step.within.map(|w| format!("{name} within {w} of the step before")));
    }
    match spec.entry {
        Entry::Best => {}
        Entry::First => parts.push("first entry only".to_owned()),
        Entry::Totals => parts.push("every attempt counts".to_owned()),
    }
    if let Some(hold) = &spec.hold {
        parts.push(format!("same {hold} in all steps"));
    }
    for e in &spec.exclude {
        let step = |at: &Option<StepRef>, default: usize| {
            let place = at.as_ref().map_or(Ok(default), |at| at.position(&spec.steps)).unwrap_or(default);
            names.get(place).cloned().unwrap_or_default()
        };
        let (after, before) = (step(&e.after, 0), step(&e.before, names.len().saturating_sub(1)));
        let who = if e.removes { "; who has one is left out" } else { "" };
        parts.push(format!("no {} between {after} and {before}{who}", e.event.name));
    }
    format!("Funnel, {}{}", parts.join(", "), spec.filter.suffix())
}

/// Entrants whose window was not over.
pub(super) fn left_out_late(entrants: u64) -> Option<String> {
    (entrants > 0).then(|| format!("{entrants} entered so late that their window is not over; they are left out"))
}

/// Entrants from before outcomes were recorded.
pub(super) fn left_out_early(entrants: u64) -> Option<String> {
    let why = "entered before outcomes were recorded (outcomes_from); they are left out";
    (entrants > 0).then(|| format!("{entrants} {why}"))
}

/// What is left out, one sentence each.
pub(super) fn funnel_notes(f: &Funnel) -> Vec<String> {
    let mut notes = Vec::new();
    notes.extend(left_out_late(f.immature));
    notes.extend(left_out_early(f.before_outcomes));
    if f.spec.compat.is_some() {
        notes.push("the rules of windowFunnel ask neither for maturity nor for outcomes_from".to_owned());
    }
    if f.removed > 0 {
        notes.push(format!("{} leads were taken out by an exclusion", f.removed));
    }
    notes
}

fn rows(steps: &[FunnelStep]) -> Vec<Vec<String>> {
    let row = |s: &FunnelStep| {
        let interval = format!("{} to {}", percent(s.of_first_interval.low), percent(s.of_first_interval.high));
        let name = if s.optional { format!("({})", s.step) } else { s.step.clone() };
        let median = s.times.as_ref().map_or(String::new(), |t| duration(t.from_previous.median));
        vec![name, s.leads.to_string(), percent(s.of_first), interval, percent(s.of_previous), median]
    };
    steps.iter().map(row).collect()
}

/// A funnel.
#[must_use]
pub fn funnel_text(f: &Funnel) -> String {
    let unit = if f.spec.entry == Entry::Totals { "attempts" } else { "leads" };
    let timed = f.steps.iter().any(|s| s.times.is_some());
    let header = ["step", unit, "of first", "95 % interval", "of previous", if timed { "median time" } else { "" }];
    let mut lines = vec![funnel_title(&f.spec), table_text(&header, &rows(&f.steps))];
    lines.extend(funnel_notes(f));
    for g in &f.groups {
        lines.push(format!("\n{} = {}", by_name(f.spec.by.as_ref()), g.value));
        lines.push(table_text(&header, &rows(&g.steps)));
    }
    lines.join("\n")
}

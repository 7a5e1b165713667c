//! Paths as plain text.

use super::text::{duration, percent, table_text};
use crate::design::way;
use crate::paths::{PathRow, Paths, Unit};

/// Most rows of one table.
const MOST: usize = 10;

/// Paths: the most frequent ways to win and loss, transitions, loops.
#[must_use]
pub fn paths_text(p: &Paths) -> String {
    let unit = if p.spec.unit == Unit::Lead { "leads" } else { "sessions" };
    let mut lines = vec![format!(
        "Paths of {} {unit}, {} different ways to the end{}",
        p.paths,
        p.different_ways,
        p.spec.filter.suffix()
    )];
    for (title, get) in
        [("ways to won", (|w: &PathRow| w.won) as fn(&PathRow) -> u64), ("ways to lost", |w: &PathRow| w.lost)]
    {
        let mut ways: Vec<&PathRow> = p.ways.iter().filter(|w| get(w) > 0).collect();
        ways.sort_by_key(|w| std::cmp::Reverse(get(w)));
        let row = |w: &&PathRow| {
            let total = w.won + w.lost + w.open;
            vec![way(&w.path), get(w).to_string(), total.to_string(), percent(w.won as f64 / total as f64)]
        };
        if !ways.is_empty() {
            lines.push(String::new());
            lines
                .push(table_text(&[title, "count", "of", "won"], &ways.iter().take(MOST).map(row).collect::<Vec<_>>()));
        }
    }
    let mut most: Vec<_> = p.transitions.iter().collect();
    most.sort_by_key(|t| std::cmp::Reverse(t.count));
    let transitions: Vec<Vec<String>> = most
        .iter()
        .take(2 * MOST)
        .map(|t| {
            let median = duration(t.time.median);
            vec![format!("{} → {}", t.from, t.to), t.count.to_string(), percent(t.probability), median]
        })
        .collect();
    lines.push(String::new());
    lines.push(table_text(&["transition", "count", "of those from there", "median time"], &transitions));
    let loops: Vec<Vec<String>> = p
        .loops
        .iter()
        .take(MOST)
        .map(|l| {
            let won = percent(l.won as f64 / l.paths as f64);
            vec![l.places.join(" ⇄ "), l.count.to_string(), l.paths.to_string(), won]
        })
        .collect();
    if !loops.is_empty() {
        lines.push(String::new());
        lines.push(table_text(&["loop", "count", unit, "won"], &loops));
    }
    if let Some(s) = p.sessions.as_ref().filter(|s| s.sessions > 0) {
        lines.push(format!(
            "\n{} sessions of {} leads, {:.1} events each, {} of one event; median length {}",
            s.sessions,
            s.leads,
            s.mean_events,
            percent(s.single as f64 / s.sessions as f64),
            duration(s.length.median)
        ));
    }
    if p.before_outcomes > 0 {
        let why = "started before outcomes were recorded (outcomes_from) and are left out";
        lines.push(format!("{} leads {why}", p.before_outcomes));
    }
    lines.join("\n")
}

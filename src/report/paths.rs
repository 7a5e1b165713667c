//! Paths as plain text.

use super::body::{Body, Show};
use super::numbers::{duration, percent, rounded};
use super::options::options_line;
use crate::analyses::paths::{PathRow, PathUnit, Paths};
use crate::counted::counted;
use crate::schema::way;

/// Largest number of rows of a table.
const MOST: usize = 10;

impl Show for Paths {
    const TITLE: &'static str = "Paths";

    fn body(&self) -> Body {
        let p = self;
        let unit = if p.spec.unit == PathUnit::Lead { "leads" } else { "sessions" };
        let mut body =
            Body::new(format!("Paths of {} {unit}, {} distinct{}", p.paths, p.different_ways, p.spec.filter.suffix()));
        body.lines(options_line(&p.spec, &["unit", "where"]));
        for (title, get) in
            [("paths to won", (|w: &PathRow| w.won) as fn(&PathRow) -> u64), ("paths to lost", |w: &PathRow| w.lost)]
        {
            let mut ways: Vec<&PathRow> = p.ways.iter().filter(|w| get(w) > 0).collect();
            ways.sort_by_key(|w| std::cmp::Reverse(get(w)));
            let row = |w: &&PathRow| {
                let total = w.won + w.lost + w.open;
                vec![way(&w.path), get(w).to_string(), total.to_string(), percent(w.won as f64 / total as f64)]
            };
            if !ways.is_empty() {
                body.gap();
                body.table(&[title, "count", "of", "won"], ways.iter().take(MOST).map(row).collect());
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
        body.gap();
        body.table(&["transition", "count", "of the source", "median time"], transitions);
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
            body.gap();
            body.table(&["loop", "count", unit, "won"], loops);
        }
        if let Some(s) = p.sessions.as_ref().filter(|s| s.sessions > 0) {
            body.gap();
            body.line(format!(
                "{} of {}, {} events on average, {} with a single event; median length {}",
                counted(s.sessions, "session", "sessions"),
                counted(s.leads, "lead", "leads"),
                rounded(s.mean_events, 1),
                percent(s.single as f64 / s.sessions as f64),
                duration(s.length.median)
            ));
        }
        body.lines(p.remarks.iter().cloned());
        body
    }
}

//! Scorecards as plain text.

use super::body::{Body, Show};
use super::numbers::rounded;
use crate::counted::counted;
use crate::score::{CardLine, Condition, Scorecard};

/// Terms in a text, those whose points differ most.
const TERMS: usize = 8;
/// Lines of one term in a text.
const LINES: usize = 12;

impl Show for Scorecard {
    const TITLE: &'static str = "Scorecard";

    fn body(&self) -> Body {
        let scale = self.scale();
        let (lowest, highest) = self.extremes();
        let mut terms: Vec<(i64, Vec<CardLine>)> = Vec::new();
        for line in self.lines() {
            match terms.last_mut().filter(|(_, lines)| lines.first().is_some_and(|l| l.term == line.term)) {
                Some((_, lines)) => lines.push(line),
                None => terms.push((0, vec![line])),
            }
        }
        for (spread, lines) in &mut terms {
            let ends = |end: Option<i64>| end.unwrap_or(0);
            *spread = ends(lines.iter().map(|l| l.points).max()) - ends(lines.iter().map(|l| l.points).min());
        }
        let mut body = Body::new(format!(
            "Scorecard of {}: {} points at odds of {}, {} more double the odds",
            counted(terms.len(), "term", "terms"),
            rounded(scale.points, 0),
            rounded(scale.odds, 4),
            rounded(scale.pdo, 0)
        ));
        body.line(format!("points of a lead = {} + one line of each term, {lowest} to {highest} in all", self.base()));
        // Stable: terms of equal spread stay in the order of the model.
        terms.sort_by_key(|(spread, _)| -spread);
        let more = terms.len().saturating_sub(TERMS);
        let mut rows = Vec::new();
        for (_, lines) in terms.iter().take(TERMS) {
            let hidden = lines.len().saturating_sub(LINES);
            for (i, line) in lines.iter().take(LINES).enumerate() {
                let values: Vec<String> = line.conditions.iter().map(Condition::values).collect();
                let name = if i == 0 { line.term.clone() } else { String::new() };
                rows.push(vec![name, values.join(" × "), format!("{:+}", line.points)]);
            }
            if hidden > 0 {
                rows.push(vec![
                    String::new(),
                    format!("… {}", counted(hidden, "more line", "more lines")),
                    String::new(),
                ]);
            }
        }
        body.table(&["term", "values", "points"], rows);
        if more > 0 {
            body.line(format!("{} with smaller differences: see the table", counted(more, "more term", "more terms")));
        }
        let without = self.without_points();
        if !without.is_empty() {
            body.line(format!(
                "{} without points, less than half a point for every value",
                counted(without.len(), "term is", "terms are")
            ));
        }
        body
    }
}

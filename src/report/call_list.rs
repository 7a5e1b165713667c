//! Call lists as plain text.

use super::body::{Body, Show};
use super::numbers::{amount, rounded};
use super::options::options_line;
use crate::counted::counted;
use crate::score::{CallList, RepSummary, Standing};

/// Reps in a text.
const REPS: usize = 20;

impl Show for CallList {
    const TITLE: &'static str = "Call list";

    fn body(&self) -> Body {
        let listed = self.leads.len();
        let mut body = Body::new(format!(
            "Call list: {} for {}, {}",
            counted(listed, "lead", "leads"),
            if self.reps.iter().any(|r| !r.rep.is_empty()) {
                counted(self.reps.len(), "rep", "reps")
            } else {
                "one list".to_owned()
            },
            counted(self.spec.days, "day", "days")
        ));
        body.lines(options_line(&self.spec, &["exclude"]));
        let with_value = self.reps.iter().any(|r| r.expected_value > 0.0);
        let row = |r: &RepSummary| {
            let name = if r.rep.is_empty() { "(all)".to_owned() } else { r.rep.clone() };
            let mut cells = vec![name, r.calls.to_string(), r.listed.to_string(), r.explored.to_string()];
            cells.push(rounded(r.expected_conversions, 2));
            cells.extend(with_value.then(|| amount(r.expected_value)));
            cells
        };
        let mut header = vec!["rep", "calls", "listed", "drawn", "expected conversions"];
        header.extend(with_value.then_some("expected value"));
        body.table(&header, self.reps.iter().take(REPS).map(row).collect());
        if self.reps.len() > REPS {
            body.line(format!("{} more", counted(self.reps.len() - REPS, "rep", "reps")));
        }
        let standings = Standing::ALL.iter().map(|s| (self.count(*s), s.name())).filter(|(n, _)| *n > 0);
        let said: Vec<String> = standings.map(|(n, name)| format!("{n} {name}")).collect();
        body.line(format!("{} considered: {}", counted(self.standing.len(), "lead", "leads"), said.join(", ")));
        body.remarks(&self.remarks);
        body
    }
}

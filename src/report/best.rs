//! The best leads, with a description of their probabilities.

use super::numbers::{percent, rounded};
use super::text::{aligned_text, one_line};
use crate::counted::counted;
use crate::frames::BestLead;
use crate::model::LeadModel;
use crate::schema::{CutoffRule, OutcomeRows, SnapshotSpec};
use crate::snapshot::Snapshot;

/// The best leads of a list of scores.
#[derive(Debug, Clone, PartialEq)]
pub struct BestLeads {
    /// Which leads they are.
    pub title: String,
    /// Description of the leads, their cutoffs and the event of the probability.
    pub about: String,
    /// The leads, best first.
    pub rows: Vec<BestLead>,
}

impl BestLeads {
    /// The best `rows` of the scores that `model` gave to `leads`.
    #[must_use]
    pub fn new(model: &LeadModel, leads: &Snapshot, rows: Vec<BestLead>) -> Self {
        let (which, title) = which(leads);
        let mut about = format!("{} {which}; {}", leads.len(), question(model));
        let outside = (0..leads.len()).filter(|i| model.is_out_of_range(leads.age_days(*i))).count();
        if let (1.., Some((low, high))) = (outside, model.data().training.ages) {
            about += &format!(
                "; {} outside the ages of training ({low:.0} to {high:.0} days)",
                counted(outside, "is", "are")
            );
        }
        Self { title: title.to_owned(), about, rows }
    }

    /// As a text: one line per lead, and its reasons under the strongest.
    #[must_use]
    pub fn text(&self) -> String {
        let (header, rows) = self.table();
        let is_number = |column: usize| ["probability", "value"].contains(&header.get(column).copied().unwrap_or(""));
        let table = aligned_text(&header, &rows, |column| !is_number(column));
        let mut lines = vec![self.title.clone(), format!("  {}", one_line(&self.about))];
        let mut table = table.lines();
        lines.extend(table.next().map(|header| format!("  {header}")));
        for (line, row) in table.zip(&self.rows) {
            lines.push(format!("  {line}"));
            if !row.reasons.is_empty() {
                lines.push(format!("      {}", one_line(&row.reasons.join("; "))));
            }
        }
        lines.join("\n")
    }

    /// The cells of a row under [`HEADER`].
    fn cells(&self, row: &BestLead) -> [String; 6] {
        let one_time = self.rows.iter().all(|r| r.as_of == row.as_of);
        let as_of = row.as_of.filter(|_| !one_time).map(|t| t.to_string()).unwrap_or_default();
        [
            row.lead.clone(),
            as_of,
            percent(row.probability),
            row.grade.clone(),
            row.owner.clone().unwrap_or_default(),
            row.value.map(|v| rounded(v, 0)).unwrap_or_default(),
        ]
    }

    /// The header and rows of a table, reasons as the last column, without the columns that no lead has.
    pub(super) fn table(&self) -> (Vec<&'static str>, Vec<Vec<String>>) {
        let all: Vec<[String; 6]> = self.rows.iter().map(|row| self.cells(row)).collect();
        let kept: Vec<usize> = (0..HEADER.len())
            .filter(|c| all.iter().any(|cells| cells.get(*c).is_some_and(|cell| !cell.is_empty())))
            .collect();
        let header = kept.iter().filter_map(|c| HEADER.get(*c).copied()).collect();
        let rows = all.iter().map(|cells| kept.iter().filter_map(|c| cells.get(*c).cloned()).collect()).collect();
        (header, rows)
    }
}

const HEADER: [&str; 6] = ["lead", "as of", "probability", "grade", "owner", "value"];

/// Which leads a snapshot holds, as a part of a sentence, and the title of the best of them.
fn which(leads: &Snapshot) -> (String, &'static str) {
    if let Some(split) = &leads.split {
        let side = if split.test { "test" } else { "training" };
        let title = if split.test { "Best leads of the test set" } else { "Best leads of the training set" };
        return (
            format!("leads of the {side} set, scored at {}; some may be closed by now", cutoffs(&leads.rule)),
            title,
        );
    }
    match (&leads.rule, leads.spec.outcome) {
        (CutoffRule::AsOf(t), _) if t.0 >= leads.journeys.observed_until => {
            (format!("open leads as of {t} (observed_until)"), "Best open leads")
        }
        (CutoffRule::AsOf(t), _) => (format!("leads open as of {t}; some may be closed by now"), "Best leads"),
        (CutoffRule::Once, OutcomeRows::Open) => ("leads with a missing outcome".to_owned(), "Best open leads"),
        (CutoffRule::Once, _) => ("leads".to_owned(), "Best leads"),
        (rule, _) => (format!("leads, scored at {}; some may be closed by now", cutoffs(rule)), "Best leads"),
    }
}

/// Description of the cutoffs.
fn cutoffs(rule: &CutoffRule) -> String {
    match rule {
        CutoffRule::Every { span, .. } => format!("cutoffs every {span}"),
        CutoffRule::After(span) => format!("{span} after creation"),
        CutoffRule::At { name, .. } => format!("their first '{name}'"),
        CutoffRule::AsOf(t) => t.to_string(),
        CutoffRule::Table => "the given cutoffs".to_owned(),
        CutoffRule::Once => "an unknown time".to_owned(),
    }
}

/// Description of the event that the probability refers to.
fn question(model: &LeadModel) -> String {
    let training = &model.data().training;
    let target = training.target.join(" or ");
    let SnapshotSpec { horizon, by_age, .. } = &training.snapshot;
    match (horizon, by_age) {
        (Some(horizon), _) => format!("probability of {target} within {horizon}"),
        (None, Some(age)) => format!("probability of {target} by age {age}"),
        (None, None) if target == "outcome" => "probability of a positive outcome".to_owned(),
        (None, None) => format!("probability of {target}"),
    }
}

//! The best leads, with a description of their probabilities.

use super::body::Shown;
use super::markup::{HtmlCell, captioned, sentence};
use super::numbers::{percent, rounded};
use super::text::question;
use super::width::{aligned_text, one_line};
use crate::counted::counted;
use crate::frames::BestLead;
use crate::model::LeadModel;
use crate::schema::{CutoffRule, OutcomeRows};
use crate::snapshot::Snapshot;

/// The best leads of a list of scores.
#[derive(Debug, Clone, PartialEq)]
pub struct BestLeads {
    /// Which leads they are.
    pub title: String,
    /// Description of the leads, their cutoffs and the event of the probability.
    pub about: String,
    /// Fields of the leads that are listed, in order.
    pub fields: Vec<String>,
    /// The leads, best first.
    pub rows: Vec<BestLead>,
}

impl BestLeads {
    /// The best `rows` of the scores that `model` gave to `leads`, with these fields.
    #[must_use]
    pub fn new(model: &LeadModel, leads: &Snapshot, fields: &[String], rows: Vec<BestLead>) -> Self {
        let (which, title) = which(leads);
        let mut about = format!("{} {which}; probability of {}", leads.len(), question(model));
        let outside = (0..leads.len()).filter(|i| model.is_out_of_range(leads.age_days(*i))).count();
        if let (1.., Some((low, high))) = (outside, model.data().training.ages) {
            about += &format!(
                "; {} outside the ages of training ({low:.0} to {high:.0} days)",
                counted(outside, "is", "are")
            );
        }
        Self { title: title.to_owned(), about, fields: fields.to_vec(), rows }
    }

    /// As a text: one line per lead, and its reasons under the strongest.
    #[must_use]
    pub fn text(&self) -> String {
        let (header, rows) = self.table();
        let is_number = |column: usize| [PROBABILITY, VALUE].contains(&header.get(column).copied().unwrap_or(""));
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

    /// As text, and as HTML of a notebook.
    #[must_use]
    pub fn shown(&self) -> Shown {
        let table = self.html(Some(&self.title));
        let notebook = format!("<div>{}{table}</div>", sentence(&self.about));
        Shown { text: self.text(), section: String::new(), notebook }
    }

    /// As a table of HTML, each reason on a line of its own.
    pub(super) fn html(&self, caption: Option<&str>) -> String {
        let (mut header, rows) = self.table();
        let is_number: Vec<bool> = header.iter().map(|h| [PROBABILITY, VALUE].contains(h)).collect();
        let cell = |(text, number): (String, &bool)| if *number { HtmlCell::Text(text) } else { HtmlCell::Words(text) };
        let row = |(texts, lead): (Vec<String>, &BestLead)| {
            let texts = texts.into_iter().zip(&is_number).map(cell);
            texts.chain([HtmlCell::Lines(lead.reasons.clone())]).collect::<Vec<HtmlCell>>()
        };
        let rows: Vec<Vec<HtmlCell>> = rows.into_iter().zip(&self.rows).map(row).collect();
        header.push("reasons (log-odds)");
        captioned(caption, &header, &rows)
    }

    /// Name and cells of each column; a column in which no lead has a value is left out.
    fn columns(&self) -> Vec<(&str, Vec<String>)> {
        let one_time = self.rows.windows(2).all(|pair| matches!(pair, [a, b] if a.as_of == b.as_of));
        let as_of = |row: &BestLead| row.as_of.filter(|_| !one_time).map(|t| t.to_string()).unwrap_or_default();
        let cells = |get: &dyn Fn(&BestLead) -> String| self.rows.iter().map(get).collect::<Vec<_>>();
        let mut columns = vec![("lead", cells(&|row| row.lead.clone()))];
        columns.extend(self.fields.iter().map(|name| {
            let cell = |row: &BestLead| row.fields.get(name).cloned().unwrap_or_default();
            (name.as_str(), cells(&cell))
        }));
        columns.extend([
            ("as of", cells(&as_of)),
            (PROBABILITY, cells(&|row| percent(row.probability))),
            ("grade", cells(&|row| row.grade.clone())),
        ]);
        if !self.fields.iter().any(|name| name == "owner") {
            columns.push(("owner", cells(&|row| row.owner.clone().unwrap_or_default())));
        }
        columns.push((VALUE, cells(&|row| row.value.map(|v| rounded(v, 0)).unwrap_or_default())));
        columns.retain(|(name, cells)| self.fields.iter().any(|f| f == name) || cells.iter().any(|c| !c.is_empty()));
        columns
    }

    /// The header and rows of a table, without reasons.
    fn table(&self) -> (Vec<&str>, Vec<Vec<String>>) {
        let (header, columns): (Vec<&str>, Vec<Vec<String>>) = self.columns().into_iter().unzip();
        let row = |i: usize| columns.iter().map(|cells| cells.get(i).cloned().unwrap_or_default()).collect();
        (header, (0..self.rows.len()).map(row).collect())
    }
}

const PROBABILITY: &str = "probability";
const VALUE: &str = "value";

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

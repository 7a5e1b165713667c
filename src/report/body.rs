//! The contents of a result, in order: sentences and tables, rendered as text or as a section of an HTML page.

use super::markup::{self, HtmlCell};
use super::text::{one_line, table_text};

/// Sentences and tables of a result.
#[derive(Debug, Default)]
pub(super) struct Body(Vec<BodyPart>);

#[derive(Debug)]
enum BodyPart {
    Line(String),
    Gap,
    Heading(String),
    Table(TextTable),
}

#[derive(Debug)]
struct TextTable {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    /// The column with bars before it on a page, and their lengths, 0 to 1.
    bars: Option<(usize, Vec<f64>)>,
}

impl Body {
    /// A body that starts with the options of the analysis.
    pub(super) fn new(title: String) -> Self {
        Self(vec![BodyPart::Line(title)])
    }

    pub(super) fn line(&mut self, line: impl Into<String>) {
        self.0.push(BodyPart::Line(line.into()));
    }

    pub(super) fn lines(&mut self, lines: impl IntoIterator<Item = String>) {
        self.0.extend(lines.into_iter().map(BodyPart::Line));
    }

    /// Remarks of a result.
    pub(super) fn remarks(&mut self, remarks: &[String]) {
        self.lines(remarks.iter().map(|r| format!("note: {r}")));
    }

    /// An empty line of a text.
    pub(super) fn gap(&mut self) {
        self.0.push(BodyPart::Gap);
    }

    pub(super) fn heading(&mut self, heading: String) {
        self.0.push(BodyPart::Heading(heading));
    }

    pub(super) fn table(&mut self, header: &[&str], rows: Vec<Vec<String>>) {
        let header = header.iter().map(|h| (*h).to_owned()).collect();
        self.0.push(BodyPart::Table(TextTable { header, rows, bars: None }));
    }

    /// A table with bars before the column `place`.
    pub(super) fn table_with_bars(&mut self, header: &[&str], rows: Vec<Vec<String>>, place: usize, bars: Vec<f64>) {
        self.table(header, rows);
        if let Some(BodyPart::Table(table)) = self.0.last_mut() {
            table.bars = Some((place, bars));
        }
    }

    pub(super) fn text(&self) -> String {
        let parts = self.0.iter().map(|part| match part {
            BodyPart::Line(line) => one_line(line),
            BodyPart::Gap => String::new(),
            BodyPart::Heading(heading) => format!("\n{}", one_line(heading)),
            BodyPart::Table(t) => {
                let header: Vec<&str> = t.header.iter().map(String::as_str).collect();
                table_text(&header, &t.rows)
            }
        });
        parts.collect::<Vec<_>>().join("\n")
    }

    pub(super) fn html(&self, title: &str) -> String {
        let parts = self.0.iter().map(|part| match part {
            BodyPart::Line(line) => markup::note(line),
            BodyPart::Gap => String::new(),
            BodyPart::Heading(heading) => markup::heading(3, heading),
            BodyPart::Table(t) => t.html(),
        });
        format!("<section>{}{}</section>", markup::heading(2, title), parts.collect::<String>())
    }
}

impl TextTable {
    fn html(&self) -> String {
        let mut header: Vec<&str> = self.header.iter().map(String::as_str).collect();
        let mut rows: Vec<Vec<HtmlCell>> =
            self.rows.iter().map(|row| row.iter().map(|text| HtmlCell::Text(text.clone())).collect()).collect();
        if let Some((place, bars)) = &self.bars {
            header.insert((*place).min(header.len()), "");
            for (row, share) in rows.iter_mut().zip(bars) {
                row.insert((*place).min(row.len()), HtmlCell::Bar(*share));
            }
        }
        markup::table(&header, &rows)
    }
}

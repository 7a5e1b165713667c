//! The contents of a result, in order: sentences and tables, rendered as text, as a section of an HTML page, or as HTML
//! of a notebook.

use super::markup::{self, HtmlCell};
use super::width::{is_words, one_line, table_text};

/// A result as text and HTML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Plain text with aligned columns.
    pub text: String,
    /// A section of a page, with a heading.
    pub section: String,
    /// HTML of a notebook, which needs no style sheet.
    pub notebook: String,
}

/// Sentences and tables of a result.
#[derive(Debug, Default)]
pub struct Body(Vec<BodyPart>);

#[derive(Debug)]
enum BodyPart {
    Line(String),
    Gap,
    Heading(String),
    Table(TextTable),
    Groups {
        /// One row per group, in HTML.
        wide: TextTable,
        /// One table per group, in a text.
        tall: Vec<(String, TextTable)>,
    },
}

/// A table of texts.
#[derive(Debug)]
pub(super) struct TextTable {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    /// The column with bars before it on a page, and their lengths, 0 to 1.
    bars: Option<(usize, Vec<f64>)>,
    /// A caption of its own, in HTML.
    title: Option<String>,
}

/// A result that is shown as text, as a section of a page, and in a notebook.
pub trait Show {
    /// Heading of the section.
    const TITLE: &'static str;

    /// Sentences and tables of the result, in order.
    fn body(&self) -> Body;

    /// The result as plain text.
    fn text(&self) -> String {
        self.body().text()
    }

    /// The result as text and HTML.
    fn shown(&self) -> Shown {
        self.body().shown(Self::TITLE)
    }
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
        self.0.push(BodyPart::Table(TextTable::new(header, rows)));
    }

    /// A table with a caption in HTML.
    pub(super) fn captioned(&mut self, caption: &str, header: &[&str], rows: Vec<Vec<String>>) {
        self.0.push(BodyPart::Table(TextTable::new(header, rows).titled(caption.to_owned())));
    }

    /// A table with bars before the column `place`.
    pub(super) fn table_with_bars(&mut self, header: &[&str], rows: Vec<Vec<String>>, place: usize, bars: Vec<f64>) {
        self.0.push(BodyPart::Table(TextTable { bars: Some((place, bars)), ..TextTable::new(header, rows) }));
    }

    /// The groups of a breakdown: one row each in HTML, and in a text, which has less width, tables with or without heading.
    pub(super) fn groups(&mut self, wide: TextTable, tall: Vec<(String, TextTable)>) {
        if !tall.is_empty() {
            self.0.push(BodyPart::Groups { wide, tall });
        }
    }

    pub(super) fn text(&self) -> String {
        let heading = |heading: &str| format!("\n{}", one_line(heading));
        let parts = self.0.iter().map(|part| match part {
            BodyPart::Line(line) => one_line(line),
            BodyPart::Gap => String::new(),
            BodyPart::Heading(title) => heading(title),
            BodyPart::Table(table) => table.text(),
            BodyPart::Groups { tall, .. } => {
                let tables = tall.iter().map(|(title, table)| match title.as_str() {
                    "" => table.text(),
                    title => format!("{}\n{}", heading(title), table.text()),
                });
                tables.collect::<Vec<_>>().join("\n")
            }
        });
        parts.collect::<Vec<_>>().join("\n")
    }

    fn section(&self, title: &str) -> String {
        let parts = self.0.iter().map(|part| match part {
            BodyPart::Line(line) => markup::note(line),
            BodyPart::Gap => String::new(),
            BodyPart::Heading(heading) => markup::heading(3, heading),
            BodyPart::Table(table) | BodyPart::Groups { wide: table, .. } => table.html(None),
        });
        markup::section(title, &parts.collect::<String>())
    }

    /// A title or heading right before a table is its caption.
    pub(super) fn notebook(&self) -> String {
        let mut html = String::new();
        let mut title: Option<&str> = None;
        for (place, part) in self.0.iter().enumerate() {
            match part {
                BodyPart::Gap => {}
                BodyPart::Line(next) if place > 0 => {
                    html.extend(title.take().map(markup::title));
                    html += &markup::sentence(next);
                }
                BodyPart::Line(next) | BodyPart::Heading(next) => html.extend(title.replace(next).map(markup::title)),
                BodyPart::Table(table) | BodyPart::Groups { wide: table, .. } => {
                    if table.title.is_some() {
                        html.extend(title.take().map(markup::title));
                    }
                    html += &table.html(title.take());
                }
            }
        }
        html.extend(title.map(markup::title));
        format!("<div>{html}</div>")
    }

    pub(super) fn shown(&self, title: &str) -> Shown {
        Shown { text: self.text(), section: self.section(title), notebook: self.notebook() }
    }
}

impl TextTable {
    pub(super) fn new(header: &[&str], rows: Vec<Vec<String>>) -> Self {
        Self { header: header.iter().map(|h| (*h).to_owned()).collect(), rows, bars: None, title: None }
    }

    /// The table with a caption, which HTML shows.
    pub(super) fn titled(self, title: String) -> Self {
        Self { title: Some(title), ..self }
    }

    fn text(&self) -> String {
        let header: Vec<&str> = self.header.iter().map(String::as_str).collect();
        table_text(&header, &self.rows)
    }

    fn html(&self, caption: Option<&str>) -> String {
        let words: Vec<bool> = (0..self.header.len()).map(|i| is_words(&self.rows, i)).collect();
        let cell = |(text, words): (&String, &bool)| {
            if *words { HtmlCell::Words(text.clone()) } else { HtmlCell::Text(text.clone()) }
        };
        let mut header: Vec<&str> = self.header.iter().map(String::as_str).collect();
        let mut rows: Vec<Vec<HtmlCell>> =
            self.rows.iter().map(|row| row.iter().zip(&words).map(cell).collect()).collect();
        if let Some((place, bars)) = &self.bars {
            header.insert((*place).min(header.len()), "");
            for (row, share) in rows.iter_mut().zip(bars) {
                row.insert((*place).min(row.len()), HtmlCell::Bar(*share));
            }
        }
        markup::captioned(self.title.as_deref().or(caption), &header, &rows)
    }
}

/// Sentences and a table as text and HTML; the first sentence is the title.
#[must_use]
pub fn shown(title: &str, lines: &[String], header: &[&str], rows: Vec<Vec<String>>) -> Shown {
    let mut body = Body::new(title.to_owned());
    body.lines(lines.iter().cloned());
    if !header.is_empty() {
        body.table(header, rows);
    }
    body.shown("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_before_a_table_is_its_caption() {
        let mut body = Body::new("Title".into());
        body.line("options");
        body.heading("Heading".into());
        body.table(&["name", "n"], vec![vec!["<a>".into(), "1".into()]]);
        body.line("remark");
        let html = body.notebook();
        let places = ["Title", "options", "<caption", "Heading", "&lt;a&gt;", "remark"].map(|text| html.find(text));
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{html}");
        assert!(!html.contains("<a>") && !html.contains("class="), "{html}");
    }

    #[test]
    fn groups_are_rows_in_html_and_tables_in_a_text() {
        let mut body = Body::new("Title".into());
        let tall = ["x", "y"].map(|group| (format!("by = {group}"), TextTable::new(&["step"], vec![vec!["a".into()]])));
        let rows = ["x", "y"].map(|group| vec![group.to_owned(), "1".into()]).to_vec();
        body.groups(TextTable::new(&["by", "a"], rows), tall.into());
        assert_eq!(body.text(), "Title\n\nby = x\nstep\na\n\nby = y\nstep\na");
        assert_eq!(body.notebook().matches("<tr>").count(), 3);
    }
}

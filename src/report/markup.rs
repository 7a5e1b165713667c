//! HTML of tables and sentences. All texts are escaped here and only here.
//!
//! What a notebook needs to show a table stands in `style`, since JupyterLab removes style sheets and scripts from outputs
//! of notebooks that it does not trust. Colors are those of the page or of the theme.

/// A cell of a table.
#[derive(Debug, Clone)]
pub(super) enum HtmlCell {
    Text(String),
    /// A text that is aligned left.
    Words(String),
    /// Sentences, one below the other.
    Lines(Vec<String>),
    /// A bar, of a length from 0 to 1.
    Bar(f64),
}

impl From<String> for HtmlCell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for HtmlCell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            c => out.push(c),
        }
    }
    out
}

/// A section of a page.
pub(super) fn section(title: &str, contents: &str) -> String {
    format!("<section>{}{contents}</section>", heading(2, title))
}

/// Each note as a paragraph.
pub(super) fn notes(notes: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    notes.into_iter().map(|n| note(n.as_ref())).collect()
}

pub(super) fn note(text: &str) -> String {
    format!("<p class=note>{}</p>", escape(text))
}

/// A sentence of a notebook.
pub(super) fn sentence(text: &str) -> String {
    format!("<p style=\"margin:2px 0\">{}</p>", escape(text.trim()))
}

/// A title of a notebook.
pub(super) fn title(text: &str) -> String {
    format!("<p style=\"margin:2px 0;font-weight:bold\">{}</p>", escape(text.trim()))
}

pub(super) fn heading(level: u8, text: &str) -> String {
    format!("<h{level}>{}</h{level}>", escape(text))
}

const LEFT: &str = "style=\"text-align:left\"";
const RIGHT: &str = "style=\"text-align:right\"";

fn cell(cell: &HtmlCell, is_first: bool) -> String {
    let left = |html: String| format!("<td {LEFT}>{html}</td>");
    match cell {
        HtmlCell::Text(text) if !is_first => format!("<td {RIGHT}>{}</td>", isolated(text)),
        HtmlCell::Text(text) | HtmlCell::Words(text) => left(isolated(text)),
        HtmlCell::Lines(lines) => left(lines.iter().map(|line| isolated(line)).collect::<Vec<_>>().join("<br>")),
        HtmlCell::Bar(share) => {
            let width = if share.is_nan() { 0.0 } else { 100.0 * share.clamp(0.0, 1.0) };
            let bar = format!("<div style=\"background:#2f6fb2;height:14px;width:{width:.1}%\"></div>");
            format!("<td><div style=\"background:#80808030;width:180px\">{bar}</div></td>")
        }
    }
}

/// A text that does not turn the direction of what stands beside it.
fn isolated(text: &str) -> String {
    if text.is_ascii() { escape(text) } else { format!("<bdi>{}</bdi>", escape(text)) }
}

/// A table that scrolls if it is wider than the page.
pub(super) fn table(header: &[&str], rows: &[Vec<HtmlCell>]) -> String {
    captioned(None, header, rows)
}

/// A table with a caption above it.
pub(super) fn captioned(caption: Option<&str>, header: &[&str], rows: &[Vec<HtmlCell>]) -> String {
    let left = |column: usize| {
        column == 0
            || rows
                .first()
                .and_then(|row| row.get(column))
                .is_some_and(|c| matches!(c, HtmlCell::Words(_) | HtmlCell::Lines(_)))
    };
    let style = |column: usize| if left(column) { LEFT } else { RIGHT };
    let head: String =
        header.iter().enumerate().map(|(i, h)| format!("<th {}>{}</th>", style(i), isolated(h))).collect();
    let line = |row: &Vec<HtmlCell>| -> String { row.iter().enumerate().map(|(i, c)| cell(c, i == 0)).collect() };
    let body: String = rows.iter().map(|row| format!("<tr>{}</tr>", line(row))).collect();
    let caption = caption.map_or_else(String::new, |text| {
        format!(
            "<caption style=\"caption-side:top;text-align:left;font-weight:bold\">{}</caption>",
            escape(text.trim())
        )
    });
    format!(
        "<div style=\"overflow-x:auto\"><table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_wherever_they_stand() {
        let evil = "<b onclick=\"x\">&'";
        let all = [
            note(evil),
            sentence(evil),
            title(evil),
            heading(2, evil),
            captioned(
                Some(evil),
                &[evil, ""],
                &[
                    vec![HtmlCell::from(evil), HtmlCell::Lines(vec![evil.to_owned()])],
                    vec![HtmlCell::Words(evil.to_owned())],
                ],
            ),
        ]
        .concat();
        assert!(
            !all.contains("<b") && !all.contains("&'") && all.contains("&lt;b onclick=&quot;x&quot;&gt;&amp;&#39;")
        );
    }
}

//! HTML of tables and sentences. All texts are escaped here and only here.

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

pub(super) fn note(text: &str) -> String {
    format!("<p class=note>{}</p>", escape(text))
}

pub(super) fn heading(level: u8, text: &str) -> String {
    format!("<h{level}>{}</h{level}>", escape(text))
}

fn cell(cell: &HtmlCell) -> String {
    match cell {
        HtmlCell::Text(text) => format!("<td>{}</td>", escape(text)),
        HtmlCell::Words(text) => format!("<td class=l>{}</td>", escape(text)),
        HtmlCell::Lines(lines) => {
            let lines: Vec<String> = lines.iter().map(|line| escape(line)).collect();
            format!("<td class=l>{}</td>", lines.join("<br>"))
        }
        HtmlCell::Bar(share) => {
            let width = if share.is_nan() { 0.0 } else { 100.0 * share.clamp(0.0, 1.0) };
            format!("<td><div class=bar><i style=\"width:{width:.1}%\"></i></div></td>")
        }
    }
}

/// A table that scrolls if it is wider than the page.
pub(super) fn table(header: &[&str], rows: &[Vec<HtmlCell>]) -> String {
    let left = |column: usize| {
        rows.first()
            .and_then(|row| row.get(column))
            .is_some_and(|c| matches!(c, HtmlCell::Words(_) | HtmlCell::Lines(_)))
    };
    let head: String = header
        .iter()
        .enumerate()
        .map(|(i, h)| format!("<th{}>{}</th>", if left(i) { " class=l" } else { "" }, escape(h)))
        .collect();
    let body: String =
        rows.iter().map(|row| format!("<tr>{}</tr>", row.iter().map(cell).collect::<String>())).collect();
    format!("<div class=wide><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_wherever_they_stand() {
        let evil = "<b onclick=\"x\">&'";
        let all = [
            note(evil),
            heading(2, evil),
            table(
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

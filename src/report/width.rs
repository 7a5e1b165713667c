//! Tables as text, with columns that are aligned under cells of any script. Widths are counted here and only here.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::numbers::MISSING;

/// Largest width of a cell; wider texts are truncated with an ellipsis.
const WIDEST: usize = 60;

/// A mark without width that ends a run from right to left, so that the columns after it stay in place.
const LEFT_TO_RIGHT: char = '\u{200e}';

/// A text on one line: names in the data may have several. Characters that turn the direction of what follows them are
/// blanks too.
pub(super) fn one_line(text: &str) -> String {
    let is_break = |c: char| {
        c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if is_break(c) { ' ' } else { c }).collect()
}

/// Whether a character is of a script that is written from right to left.
fn is_right_to_left(c: char) -> bool {
    matches!(c,
        '\u{590}'..='\u{8ff}' | '\u{200f}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// Whether a character belongs to the one before it: accents, joiners, variants, tones of skin.
fn continues(before: char, c: char) -> bool {
    before == '\u{200d}' || c.width().unwrap_or(0) == 0 || matches!(c, '\u{1f3fb}'..='\u{1f3ff}')
}

/// A text on one line, truncated to the width of a cell, between characters as readers see them.
fn cell(text: &str) -> String {
    let mut plain = one_line(text);
    if plain.width() > WIDEST {
        let (mut end, mut width, mut before) = (0, 0, ' ');
        for (at, c) in plain.char_indices() {
            if !continues(before, c) {
                end = at;
                // A sequence is at most as wide as the sum of its characters.
                width += c.width().unwrap_or(0);
                if width >= WIDEST {
                    break;
                }
            }
            before = c;
        }
        plain.truncate(end);
        plain.push('…');
    }
    if plain.contains(is_right_to_left) {
        plain = format!("{LEFT_TO_RIGHT}{plain}{LEFT_TO_RIGHT}");
    }
    plain
}

/// Whether a column of a table holds words: the first one, and each that has a cell other than a number.
pub(super) fn is_words(rows: &[Vec<String>], column: usize) -> bool {
    let is_number = |cell: &str| {
        let number = cell.trim_start_matches(['+', '-', '−', '<', ' ', '(']);
        number.is_empty() || number == MISSING || number.starts_with(|c: char| c.is_ascii_digit() || c == '∞')
    };
    column == 0 || rows.iter().filter_map(|row| row.get(column)).any(|cell| !is_number(cell))
}

/// A table with aligned columns: words to the left, numbers to the right.
#[must_use]
pub fn table_text(header: &[&str], rows: &[Vec<String>]) -> String {
    aligned_text(header, rows, |column| is_words(rows, column))
}

/// A table whose columns are left-aligned where `left` says so. Wide characters count as two.
pub(super) fn aligned_text(header: &[&str], rows: &[Vec<String>], left: impl Fn(usize) -> bool) -> String {
    let header: Vec<String> = header.iter().map(|text| cell(text)).collect();
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|text| cell(text)).collect()).collect();
    let mut widths: Vec<usize> = header.iter().map(|h| h.width()).collect();
    for row in &rows {
        for (w, cell) in widths.iter_mut().zip(row) {
            *w = (*w).max(cell.width());
        }
    }
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let parts: Vec<String> = cells
            .zip(&widths)
            .enumerate()
            .map(|(i, (c, w))| {
                let blanks = " ".repeat(w.saturating_sub(c.width()));
                if left(i) { format!("{c}{blanks}") } else { format!("{blanks}{c}") }
            })
            .collect();
        parts.join("  ").trim_end().to_owned()
    };
    let mut lines = vec![line(&mut header.iter().map(String::as_str))];
    lines.extend(rows.iter().map(|r| line(&mut r.iter().map(String::as_str))));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 9] = [
        "日本語",
        "e\u{301}te\u{301}",
        "👩\u{200d}💻 dev",
        "עברית",
        "العربية",
        "a\u{200b}b",
        "tab\there",
        "bell\u{7}\u{1b}[31m",
        "line\u{2028}\u{202e}break",
    ];

    #[test]
    fn columns_start_at_the_same_place_in_any_script() {
        let rows: Vec<Vec<String>> =
            NAMES.iter().map(|name| vec![(*name).to_owned(), "7".into(), (*name).to_owned(), "12".into()]).collect();
        let text = table_text(&["name", "n", "日本", "count"], &rows);
        let widths: Vec<usize> = text.lines().map(UnicodeWidthStr::width).collect();
        assert!(widths.windows(2).all(|pair| pair[0] == pair[1]), "{widths:?}\n{text}");
        assert_eq!(text.lines().count(), 1 + NAMES.len());
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'));
    }

    #[test]
    fn a_run_from_right_to_left_ends_with_its_cell() {
        assert_eq!(cell("עברית"), "\u{200e}עברית\u{200e}");
        assert_eq!(cell("\u{202e}abc"), " abc");
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        for unit in ["日", "e\u{301}", "👩\u{200d}💻", "👍🏽", "א", "x"] {
            let long = cell(&unit.repeat(100));
            assert!(long.width() <= WIDEST && long.width() >= WIDEST - 4, "{unit}: {}", long.width());
            let kept = long.trim_matches(LEFT_TO_RIGHT).trim_end_matches('…');
            assert_eq!(kept, unit.repeat(kept.chars().count() / unit.chars().count()), "{unit}");
        }
        assert_eq!(cell(&"x".repeat(WIDEST)), "x".repeat(WIDEST));
    }

    #[test]
    fn words_are_left_and_numbers_are_right() {
        let rows = vec![vec!["a".to_owned(), "1".into(), "up".into()], vec!["b".into(), "–".into(), String::new()]];
        assert_eq!(table_text(&["x", "number", "words"], &rows), "x  number  words\na       1  up\nb       –");
        assert_eq!([0, 1, 2].map(|column| is_words(&rows, column)), [true, false, true]);
    }
}

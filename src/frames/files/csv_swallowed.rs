//! Quoted cells over several lines that are rows themselves: a quote out of place, and another one further down.

/// Cells that are looked at; one is enough.
const KEPT: usize = 1_000;

/// Looks for rows within cells.
///
/// The standard lets a cell go over several lines. Where they split into just the cells that the rows around them have,
/// and numbers and dates stand where all other rows have them, a quote was left open.
pub(super) struct Swallowed {
    width: usize,
    separator: char,
    /// For each column whether all cells are numbers or dates, and whether there is one.
    shapes: Vec<(bool, bool)>,
    suspects: Vec<SuspectQuote>,
}

struct SuspectQuote {
    line: u64,
    lines: usize,
    /// Column and text of cells that would be swallowed.
    pieces: Vec<(usize, String)>,
}

impl Swallowed {
    pub(super) fn new(width: usize, separator: u8) -> Self {
        Self { width, separator: char::from(separator), shapes: vec![(true, false); width], suspects: Vec::new() }
    }

    /// Looks at a record that starts in `line`.
    pub(super) fn saw(&mut self, record: &csv::StringRecord, line: u64) {
        for (column, cell) in record.iter().take(self.width).enumerate() {
            let Some((shaped, any)) = self.shapes.get_mut(column) else { continue };
            // The first cell decides whether a column is text.
            if !*shaped && cell.len() < self.width {
                continue;
            }
            let lines = cell.contains(['\n', '\r']);
            if lines {
                if self.suspects.len() < KEPT {
                    self.suspects.extend(pieces(cell, column, self.width, self.separator).map(|pieces| SuspectQuote {
                        line,
                        lines: cell.lines().count(),
                        pieces,
                    }));
                }
            } else if *shaped && !cell.is_empty() {
                *any = true;
                *shaped = is_shaped(cell);
            }
        }
    }

    /// The problem, if a quoted cell swallowed rows.
    pub(super) fn problem(&self) -> Option<String> {
        let shaped = |column: usize| self.shapes.get(column) == Some(&(true, true));
        let is_swallowed = |suspect: &&SuspectQuote| {
            let mut known =
                suspect.pieces.iter().filter(|(column, piece)| shaped(*column) && !piece.is_empty()).peekable();
            known.peek().is_some() && known.all(|(_, piece)| is_shaped(piece))
        };
        let first = self.suspects.iter().find(is_swallowed)?;
        Some(format!(
            "line {}: a quoted cell spans {} lines that look like rows; close the quote in that line, or double \
             each quote within a cell (\"\") and quote the cell",
            first.line, first.lines
        ))
    }
}

/// The cells that the lines of a cell of `column` would be, if they were rows.
fn pieces(cell: &str, column: usize, width: usize, separator: char) -> Option<Vec<(usize, String)>> {
    let lines: Vec<Vec<&str>> = cell.lines().map(|line| line.split(separator).collect()).collect();
    let (first, rest) = lines.split_first()?;
    let (last, middle) = rest.split_last()?;
    if first.len() != width - column || last.len() != column + 1 || middle.iter().any(|line| line.len() != width) {
        return None;
    }
    let first = first.iter().enumerate().skip(1).map(|(i, piece)| (column + i, *piece));
    let middle = middle.iter().flat_map(|line| line.iter().copied().enumerate());
    let last = last.iter().copied().enumerate().take(column);
    Some(first.chain(middle).chain(last).map(|(i, piece)| (i, piece.trim().to_owned())).collect())
}

/// Whether a cell is a number, a date or a time, as far as its letters go.
fn is_shaped(cell: &str) -> bool {
    let cell = cell.trim();
    cell.bytes().any(|b| b.is_ascii_digit())
        && cell
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b':' | b'/' | b' ' | b'T' | b'Z'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> Option<String> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(text.as_bytes());
        let mut swallowed = Swallowed::new(3, b',');
        for record in reader.records() {
            let record = record.unwrap();
            let line = record.position().unwrap().line();
            swallowed.saw(&record, line);
        }
        swallowed.problem()
    }

    #[test]
    fn rows_within_a_cell_are_seen() {
        let said = problem("1,2024-01-01,\"acme\n2,2024-01-02,b\n3,2024-01-03,\"\n4,2024-01-04,c\n").unwrap();
        assert!(said.starts_with("line 1: a quoted cell spans 3 lines"), "{said}");
        // In the middle of a row.
        assert!(problem("1,\"x,2024-01-01\n2,y\",2024-01-02\n3,z,2024-01-03\n").is_some());
    }

    #[test]
    fn cells_of_several_lines_are_cells() {
        for text in [
            "1,2024-01-01,\"12 Main Street\nSpringfield, IL, 62704\"\n2,2024-01-02,x\n",
            "1,2024-01-01,\"dear all\n\nregards\"\n2,2024-01-02,x\n",
            "1,a,\"x\n2\"\n",
        ] {
            assert_eq!(problem(text), None, "{text}");
        }
    }
}

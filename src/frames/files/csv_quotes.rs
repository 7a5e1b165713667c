//! Quotes of CSV, checked while the text passes: readers that forgive a quote out of place lose the rows behind it.

use std::io::{Error, ErrorKind, Read, Result};

/// Where in a record the text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum QuoteState {
    /// At the start of a cell.
    Start,
    /// Behind blanks at the start of a cell.
    Blank,
    /// In a cell without quotes around it.
    Plain,
    /// In a quoted cell.
    Quoted,
    /// Behind a quote in a quoted cell: its end, unless another quote follows.
    Closed,
    /// Behind blanks after a quoted cell.
    After,
}

/// Passes text on, and stops at a quote that is out of place.
pub(super) struct Quotes<R> {
    inner: R,
    separator: u8,
    state: QuoteState,
    before: u8,
    /// Line, and that of the last opening quote.
    line: usize,
    opened: usize,
    /// Whether the last quote in a quoted cell has a backslash before it.
    escaped: bool,
}

impl<R: Read> Quotes<R> {
    /// `line` is the number of the first line.
    pub(super) fn new(inner: R, separator: u8, line: usize) -> Self {
        Self { inner, separator, state: QuoteState::Start, before: 0, line, opened: 0, escaped: false }
    }

    fn step(&mut self, byte: u8) -> Result<()> {
        use QuoteState as S;
        let ends_line = byte == b'\n' || byte == b'\r';
        self.state = match (self.state, byte) {
            (S::Start, b'"') => {
                self.opened = self.line;
                S::Quoted
            }
            (S::Blank, b'"') => {
                return Err(self.wrong("space before an opening quote; remove it"));
            }
            (S::Plain, b'"') if self.before == b'\\' => return Err(self.backslash()),
            (S::Quoted, b'"') => S::Closed,
            (S::Closed, b'"') | (S::Quoted, _) => S::Quoted,
            (_, b) if b == self.separator || ends_line => S::Start,
            (S::Start | S::Blank, b' ' | b'\t') => S::Blank,
            (S::Closed | S::After, b' ' | b'\t') => S::After,
            (S::Closed, _) if self.escaped => return Err(self.backslash()),
            (S::Closed | S::After, _) => {
                let opened = if self.opened < self.line {
                    format!(" (the quote opened in line {})", self.opened)
                } else {
                    String::new()
                };
                return Err(self.wrong(&format!(
                    "text after a closing quote{opened}; double each quote within a cell (\"\") and quote the cell"
                )));
            }
            (S::Start | S::Blank | S::Plain, _) => S::Plain,
        };
        // A line ends with either, or both.
        self.line += usize::from(byte == b'\r' || byte == b'\n' && self.before != b'\r');
        self.before = byte;
        Ok(())
    }

    fn wrong(&self, problem: &str) -> Error {
        Error::new(ErrorKind::InvalidData, format!("line {}: {problem}", self.line))
    }

    fn backslash(&self) -> Error {
        self.wrong(
            "backslash before a quote; CSV has no such escape: double each quote within a cell (\"\") and quote the cell",
        )
    }

    fn check(&mut self, bytes: &[u8]) -> Result<()> {
        for byte in bytes {
            if self.state == QuoteState::Quoted && *byte == b'"' {
                // If text follows this quote, the backslash says why.
                self.escaped = self.before == b'\\';
            }
            self.step(*byte)?;
        }
        Ok(())
    }
}

impl<R: Read> Read for Quotes<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let n = self.inner.read(buffer)?;
        self.check(buffer.get(..n).unwrap_or(&[]))?;
        if n == 0 && !buffer.is_empty() && self.state == QuoteState::Quoted {
            let problem = format!(
                "line {}: unclosed quote; close it, or \
                 double each quote within a cell (\"\") and quote the cell",
                self.opened
            );
            return Err(Error::new(ErrorKind::InvalidData, problem));
        }
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> std::result::Result<(), String> {
        let mut read = String::new();
        let checked = Quotes::new(text.as_bytes(), b',', 1).read_to_string(&mut read);
        checked.map(|_| assert_eq!(read, text)).map_err(|e| e.to_string())
    }

    #[test]
    fn what_the_standard_allows_passes() {
        for text in [
            "a,b\n\"two\nlines\",\"say \"\"hi\"\"\"\n",
            "a,b\r\n\"\",\"\"\"\"\r\n",
            "a,b\n5\" pipe,C:\\dir\n",
            "a,b\n\"C:\\dir\\\",x\n",
            "a,b\n\"x\" ,y",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn a_quote_out_of_place_is_named_with_its_line() {
        for (text, line, problem) in [
            ("a,b\n1,\"x\n2,y\n3,\"z\n", 4, "text after a closing quote (the quote opened in line 2)"),
            ("a,b\n1,\"x\" y\n", 2, "text after a closing quote"),
            ("a,b\n1, \"x\"\n", 2, "space before an opening quote"),
            ("a,b\n1,\"say \\\"hi\\\"\"\n", 2, "backslash before a quote"),
            ("a,b\n1,say \\\"hi\\\"\n", 2, "backslash before a quote"),
            ("a,b\n1,x\n2,\"y\n3,z\n", 3, "unclosed quote"),
            ("a,b\r1,\"x\"y\r", 2, "text after a closing quote"),
        ] {
            let said = check(text).unwrap_err();
            assert!(said.starts_with(&format!("line {line}: ")) && said.contains(problem), "{text:?}: {said}");
        }
    }
}

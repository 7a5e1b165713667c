//! Texts of any encoding as UTF-8; bytes that are not of it are an error, never a replacement character.

use std::io::{Error, ErrorKind, Read, Result};

use encoding_rs::{DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};

use crate::config::Reading;

/// The encoding of a text file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::frames) enum Charset {
    /// UTF-8, or UTF-16 with a byte order mark.
    Unsaid,
    /// UTF-16; a byte order mark, or else the place of zero bytes, says in which order.
    Utf16,
    /// As `encoding=` says.
    Said(&'static Encoding),
}

impl Charset {
    /// The encoding that the options of a table say.
    ///
    /// # Errors
    /// [`crate::Error::InvalidOption`] if it has no such name.
    pub(in crate::frames) fn of(options: &Reading) -> crate::Result<Self> {
        let Some(given) = options.encoding.as_deref() else { return Ok(Self::Unsaid) };
        let label = given.trim().to_lowercase().replace('_', "-");
        let label = match label.as_str() {
            "utf-16" | "utf16" => return Ok(Self::Utf16),
            "utf16le" => "utf-16le",
            "utf16be" => "utf-16be",
            "utf-8-sig" => "utf-8",
            "latin-1" => "latin1",
            other => other,
        };
        Encoding::for_label(label.as_bytes()).map(Self::Said).ok_or_else(|| {
            crate::Error::option(
                "encoding",
                format!(
                    "unknown encoding '{given}'; use 'utf-8', 'utf-16', 'latin-1', 'cp1252' or another WHATWG label"
                ),
            )
        })
    }
}

/// Reads text as UTF-8.
pub(super) struct Decoder<R> {
    inner: R,
    charset: Charset,
    /// Set by the first bytes.
    started: Option<encoding_rs::Decoder>,
    encoding: &'static Encoding,
    /// Bytes that were read, and text that was not asked for yet.
    bytes: Vec<u8>,
    text: Vec<u8>,
    given: usize,
    line: usize,
    before: u8,
    ended: bool,
    /// For encodings in which every byte is a letter: whether all is UTF-8, too, and where it is more than ASCII.
    also_utf8: Option<(encoding_rs::Decoder, Option<usize>)>,
}

impl<R: Read> Decoder<R> {
    pub(super) fn new(inner: R, charset: Charset) -> Self {
        Self {
            inner,
            charset,
            started: None,
            encoding: UTF_8,
            bytes: Vec::new(),
            text: Vec::new(),
            given: 0,
            line: 1,
            before: 0,
            ended: false,
            also_utf8: None,
        }
    }

    /// The encoding, unless it was declared.
    pub(super) fn guessed(&self) -> Option<&'static str> {
        (self.charset == Charset::Unsaid && self.encoding != UTF_8).then(|| self.encoding.name())
    }

    fn wrong(&self, problem: &str) -> Error {
        Error::new(ErrorKind::InvalidData, format!("line {}: {problem}", self.line))
    }

    /// Finds the encoding by the first bytes.
    fn begin(&mut self) -> Result<()> {
        let marked = Encoding::for_bom(&self.bytes).map(|(encoding, _)| encoding);
        self.encoding = match (self.charset, marked) {
            (Charset::Unsaid, marked) => marked.unwrap_or(UTF_8),
            (Charset::Utf16, Some(marked)) if marked != UTF_8 => marked,
            (Charset::Utf16, None) => {
                let zeros = |odd: usize| self.bytes.iter().skip(odd).step_by(2).filter(|b| **b == 0).count();
                match (zeros(0), zeros(1)) {
                    (0, 0) => return Err(self.wrong("not valid UTF-16; check encoding=")),
                    (even, odd) if even > odd => UTF_16BE,
                    _ => UTF_16LE,
                }
            }
            (Charset::Said(said), None) => said,
            (Charset::Said(said), Some(marked)) if said == marked => said,
            (_, Some(marked)) => {
                return Err(self.wrong(&format!(
                    "the file starts with the byte order mark of {}; check encoding=",
                    marked.name()
                )));
            }
        };
        if self.encoding.is_single_byte() {
            self.also_utf8 = Some((UTF_8.new_decoder_without_bom_handling(), None));
        }
        self.started = Some(self.encoding.new_decoder_with_bom_removal());
        Ok(())
    }

    /// Reads and decodes more; false at the end.
    fn more(&mut self) -> Result<bool> {
        const CHUNK: usize = 1 << 16;
        if self.ended {
            return Ok(false);
        }
        self.bytes.resize(CHUNK, 0);
        let mut n = 0;
        // The first bytes at once, as they say what the others are.
        while n < CHUNK {
            match self.inner.read(self.bytes.get_mut(n..).unwrap_or(&mut []))? {
                0 => break,
                read => n += read,
            }
        }
        self.bytes.truncate(n);
        self.ended = n < CHUNK;
        if self.started.is_none() {
            self.begin()?;
        }
        self.decode()?;
        self.look_for_utf8()?;
        Ok(true)
    }

    fn decode(&mut self) -> Result<()> {
        let Some(decoder) = &mut self.started else { return Ok(()) };
        self.given = 0;
        let most = decoder.max_utf8_buffer_length_without_replacement(self.bytes.len()).unwrap_or(usize::MAX);
        self.text.clear();
        self.text.resize(most, 0);
        let (result, read, written) =
            decoder.decode_to_utf8_without_replacement(&self.bytes, &mut self.text, self.ended);
        self.text.truncate(written);
        self.count_lines()?;
        match result {
            DecoderResult::InputEmpty => Ok(()),
            DecoderResult::OutputFull => Err(self.wrong("the text is too long")),
            DecoderResult::Malformed(length, after) => {
                let at = read.saturating_sub(usize::from(length) + usize::from(after));
                let byte = self.bytes.get(at).map_or_else(String::new, |b| format!(" (byte 0x{b:02X})"));
                let name = self.encoding.name();
                Err(self.wrong(&match self.charset {
                    Charset::Unsaid => {
                        format!("not valid {name}{byte}; set encoding='latin-1', 'cp1252' or 'utf-16'")
                    }
                    _ => format!("not valid {name}{byte}; check encoding="),
                }))
            }
        }
    }

    fn count_lines(&mut self) -> Result<()> {
        for byte in &self.text {
            match *byte {
                0 => {
                    return Err(self.wrong("NUL byte; remove it, or set encoding='utf-16' if the file is UTF-16"));
                }
                b'\r' => self.line += 1,
                b'\n' if self.before != b'\r' => self.line += 1,
                _ => {}
            }
            self.before = *byte;
        }
        Ok(())
    }

    /// Text of an encoding of single bytes that is UTF-8 throughout, and more than ASCII, was declared wrongly.
    fn look_for_utf8(&mut self) -> Result<()> {
        let Some((decoder, beyond_ascii)) = &mut self.also_utf8 else { return Ok(()) };
        let mut out = vec![0u8; decoder.max_utf8_buffer_length_without_replacement(self.bytes.len()).unwrap_or(0)];
        let (result, ..) = decoder.decode_to_utf8_without_replacement(&self.bytes, &mut out, self.ended);
        if result != DecoderResult::InputEmpty {
            self.also_utf8 = None;
            return Ok(());
        }
        if beyond_ascii.is_none() && !self.bytes.is_ascii() {
            // Lines of this chunk were counted already.
            let lines = |bytes: &[u8]| bytes.split(|b| *b == b'\n').count() - 1;
            let first = self.bytes.iter().position(|b| !b.is_ascii()).unwrap_or(0);
            *beyond_ascii = Some(self.line - lines(self.bytes.get(first..).unwrap_or(&[])));
        }
        match (self.ended, *beyond_ascii) {
            (true, Some(line)) => {
                let problem =
                    format!("line {line}: the text is UTF-8 rather than {}; check encoding=", self.encoding.name());
                Err(Error::new(ErrorKind::InvalidData, problem))
            }
            _ => Ok(()),
        }
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        while self.given == self.text.len() {
            if !self.more()? {
                return Ok(0);
            }
        }
        let rest = self.text.get(self.given..).unwrap_or(&[]);
        let n = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..n), rest.get(..n)) {
            to.copy_from_slice(from);
        }
        self.given += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], encoding: Option<&str>) -> std::result::Result<String, String> {
        let options = Reading { encoding: encoding.map(str::to_owned), ..Reading::default() };
        let mut text = String::new();
        let charset = Charset::of(&options).map_err(|e| e.to_string())?;
        Decoder::new(bytes, charset).read_to_string(&mut text).map_err(|e| e.to_string())?;
        Ok(text)
    }

    fn utf16(text: &str, little: bool) -> Vec<u8> {
        let unit = |u: u16| if little { u.to_le_bytes() } else { u.to_be_bytes() };
        text.encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn texts_are_the_same_in_all_encodings() {
        let text = "id,name\n1,Müller\n".repeat(9_000);
        let text = text.as_str();
        let latin: Vec<u8> = text.chars().map(|c| c as u8).collect();
        for (bytes, encoding) in [
            (text.as_bytes().to_vec(), None),
            ([b"\xef\xbb\xbf", text.as_bytes()].concat(), None),
            ([b"\xef\xbb\xbf", text.as_bytes()].concat(), Some("utf-8")),
            (latin.clone(), Some("latin-1")),
            (latin, Some("cp1252")),
            (utf16(&format!("\u{feff}{text}"), true), None),
            (utf16(&format!("\u{feff}{text}"), false), Some("utf-16")),
            (utf16(text, true), Some("utf-16")),
            (utf16(text, false), Some("UTF-16BE")),
        ] {
            assert_eq!(read(&bytes, encoding).as_deref(), Ok(text), "{encoding:?}");
        }
    }

    #[test]
    fn another_encoding_is_an_error_with_the_line() {
        let lines = "id,name\n".repeat(20_000);
        let far = [lines.as_bytes(), b"1,M\xfcller\n"].concat();
        for (bytes, encoding, problem) in [
            (far.as_slice(), None, "line 20001: not valid UTF-8 (byte 0xFC); set encoding='latin-1'"),
            (b"id\n\xff\n", Some("utf-8"), "line 2: not valid UTF-8 (byte 0xFF); check encoding="),
            (b"id\nx\n", Some("utf-16"), "line 1: not valid UTF-16"),
            ("id\nMüller\n".as_bytes(), Some("latin-1"), "line 2: the text is UTF-8"),
            (b"i\0d\0\n\0", None, "line 1: NUL byte; remove it, or set encoding='utf-16'"),
            (b"\xff\xfei\0d\0", Some("cp1252"), "line 1: the file starts with the byte order mark of UTF-16LE"),
            (b"id\n", Some("utf-99"), "unknown encoding 'utf-99'"),
        ] {
            let said = read(bytes, encoding).unwrap_err();
            assert!(said.contains(problem), "{encoding:?}: {said}");
        }
    }
}

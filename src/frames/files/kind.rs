//! The kind of a file, by its name and first bytes, and advice for files that are not tables.

use std::path::Path;

use super::OpenFile;
use crate::error::Result;

/// The formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileKind {
    Parquet,
    Arrow,
    Csv { gzip: bool },
}

/// Endings of the formats that are read.
const KNOWN: [(&[&str], FileKind); 4] = [
    (&[".parquet", ".pq"], FileKind::Parquet),
    (&[".arrow", ".arrows", ".ipc", ".feather"], FileKind::Arrow),
    (&[".csv", ".tsv", ".txt"], FileKind::Csv { gzip: false }),
    (&[".csv.gz", ".tsv.gz", ".txt.gz"], FileKind::Csv { gzip: true }),
];

/// Endings of others, and what to do.
const OTHERS: [(&[&str], &str); 4] = [
    (
        &[".json", ".jsonl", ".ndjson", ".json.gz", ".jsonl.gz", ".ndjson.gz"],
        "JSON tables are not supported; write Parquet or CSV, for example with polars.read_ndjson(…).write_parquet(…)",
    ),
    (&[".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"], "spreadsheets are not supported; save the sheet as CSV (UTF-8)"),
    (
        &[".zip", ".zst", ".bz2", ".xz", ".7z", ".tar", ".tgz", ".tar.gz"],
        "this compression is not supported; decompress the file",
    ),
    (
        &[".orc", ".avro", ".db", ".sqlite", ".duckdb", ".pkl"],
        "this format is not supported; export the table as Parquet or CSV",
    ),
];

/// First bytes of formats that files of another name hold, what they are, and what to do.
const STARTS: [(&[u8], &str, &str); 8] = [
    (b"PAR1", "Parquet", "rename it to .parquet"),
    (b"PARE", "encrypted Parquet", "write it without encryption"),
    (b"ARROW1", "an Arrow file", "rename it to .arrow"),
    (b"FEA1", "Feather of version 1", "write it with version=2"),
    (b"\x1f\x8b", "gzip-compressed text", "rename it to .csv.gz"),
    (b"PK\x03\x04", "a ZIP archive or a spreadsheet", "extract it, or save the sheet as CSV (UTF-8)"),
    (b"\xd0\xcf\x11\xe0", "a spreadsheet", "save the sheet as CSV (UTF-8)"),
    (b"SQLite format 3", "a database", "export the table as Parquet or CSV"),
];

impl FileKind {
    /// What the name of a file says that it is, if its first bytes do not say something else.
    ///
    /// # Errors
    /// [`crate::Error::Read`] with what to do.
    pub(super) fn of(file: &OpenFile) -> Result<Self> {
        let kind = Self::named(file.path()).map_err(|advice| file.failed(advice))?;
        let head = file.read_at(0, file.bytes().min(16) as usize)?;
        let (own, what): (&[&[u8]], _) = match kind {
            Self::Parquet => (&[b"PAR1"], "a Parquet file"),
            Self::Arrow => (&[b"ARROW1", &[0xff; 4]], "an Arrow file"),
            Self::Csv { gzip: true } => (&[b"\x1f\x8b"], "a gzip file"),
            Self::Csv { gzip: false } => (&[], "text"),
        };
        if own.iter().any(|start| head.starts_with(start)) {
            return Ok(kind);
        }
        // The name of a column may start like a format, but goes on as text.
        let text = head.iter().all(|b| b.is_ascii_graphic() || b" \t\r\n".contains(b));
        if let Some((_, other, advice)) = STARTS.iter().find(|(start, ..)| !text && head.starts_with(start)) {
            return Err(file.failed(format!("the content is {other}, which the file name does not say; {advice}")));
        }
        if own.is_empty() {
            return Ok(kind);
        }
        let advice = if text { "if it is text, rename it to .csv" } else { "it may be damaged; write it again" };
        Err(file.failed(format!("the content is not {what}; {advice}")))
    }

    #[allow(clippy::case_sensitive_file_extension_comparisons, reason = "the path is in lower case")]
    fn named(path: &Path) -> std::result::Result<Self, &'static str> {
        let lower = path.to_string_lossy().to_lowercase();
        let ends = |endings: &[&str]| endings.iter().any(|ending| lower.ends_with(ending));
        if let Some((_, kind)) = KNOWN.iter().find(|(endings, _)| ends(endings)) {
            return Ok(*kind);
        }
        Err(OTHERS.iter().find(|(endings, _)| ends(endings)).map_or(
            "unknown file type; use .parquet, .arrow, .arrows, .ipc, .feather, .csv, .tsv or .txt; the last three may end in .gz",
            |(_, advice)| *advice,
        ))
    }
}

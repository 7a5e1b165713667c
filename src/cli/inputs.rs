//! The input files of a command, which it must not overwrite.

use std::fs;
use std::path::{MAIN_SEPARATOR, Path, PathBuf};

use glob::{MatchOptions, Pattern};
use serde_json::Value;

use crate::config::Config;
use crate::frames::{path_of, text_of};

/// Files and patterns with their descriptions.
#[derive(Debug, Clone, Default)]
pub(super) struct Inputs {
    files: Vec<(String, PathBuf)>,
    patterns: Vec<(String, Pattern)>,
}

impl Inputs {
    /// Adds a file.
    pub(super) fn file(&mut self, what: &str, path: &Path) {
        self.files.push((what.to_owned(), path.to_owned()));
    }

    /// Adds all tables of a declaration, whose paths are relative to `base`.
    pub(super) fn tables(&mut self, config: &Config, base: &Path) {
        if let Ok(declared) = serde_json::to_value(config) {
            self.all_tables(&declared, base);
        }
    }

    /// Every role, at any depth, names its table by the key `table`.
    pub(super) fn all_tables(&mut self, declared: &Value, base: &Path) {
        match declared {
            Value::Object(map) => {
                if let Some(Value::String(table)) = map.get("table") {
                    self.table(table, base);
                }
                map.values().for_each(|v| self.all_tables(v, base));
            }
            Value::Array(list) => list.iter().for_each(|v| self.all_tables(v, base)),
            _ => {}
        }
    }

    fn table(&mut self, table: &str, base: &Path) {
        let path = base.join(path_of(table));
        let pattern = if path.exists() { None } else { pattern(base, table, &path) };
        match pattern {
            Some(pattern) => self.patterns.push((format!("a file of the input table '{table}'"), pattern)),
            None => self.files.push((format!("the input table '{table}'"), path)),
        }
    }

    /// The description of `path` if it is an input: the same file by any name, or a match of a pattern.
    pub(super) fn find(&self, path: &Path) -> Option<&str> {
        let whole = absolute(path);
        let is_file = |input: &Path| absolute(input) == whole || is_same_file(input, path);
        let file = self.files.iter().find(|(_, input)| is_file(input)).map(|(what, _)| what.as_str());
        let text = text_of(whole.as_os_str().as_encoded_bytes());
        let whole_names = MatchOptions { require_literal_separator: true, ..MatchOptions::new() };
        let matches =
            || self.patterns.iter().find(|(_, p)| p.matches_with(&text, whole_names)).map(|(what, _)| what.as_str());
        file.or_else(matches)
    }
}

/// The pattern of absolute paths for the table `text`, which is `path`. The names of existing folders are taken literally.
fn pattern(base: &Path, text: &str, path: &Path) -> Option<Pattern> {
    let literal = |folder: &Path| {
        let folder = fs::canonicalize(if folder.as_os_str().is_empty() { Path::new(".") } else { folder }).ok()?;
        Some(Pattern::escape(&text_of(folder.as_os_str().as_encoded_bytes())))
    };
    let name = path.file_name().map(|name| text_of(name.as_encoded_bytes()));
    let own = path.parent().and_then(literal).zip(name);
    let whole = match own {
        Some((folder, name)) => format!("{folder}{MAIN_SEPARATOR}{name}"),
        None if Path::new(text).is_absolute() => text.to_owned(),
        None => format!("{}{MAIN_SEPARATOR}{text}", literal(base)?),
    };
    Pattern::new(&whole).ok()
}

/// The absolute path, with symbolic links of its folder resolved.
fn absolute(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (fs::canonicalize(folder), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
    }
}

#[cfg(unix)]
fn is_same_file(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    matches!((fs::metadata(a), fs::metadata(b)), (Ok(a), Ok(b)) if a.is_file() && (a.dev(), a.ino()) == (b.dev(), b.ino()))
}

#[cfg(not(unix))]
fn is_same_file(a: &Path, b: &Path) -> bool {
    matches!((fs::canonicalize(a), fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b)
}

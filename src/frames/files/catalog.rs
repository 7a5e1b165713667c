//! Tables by name: given in memory, or read from files.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::table::Table;
use crate::config::Reading;
use crate::error::{Error, Result};
use crate::frames::files::chunked_table::Source;
use crate::frames::files::{Parts, Wanted, paths_of, shown};

/// Tables by the text that configurations use for them.
#[derive(Debug, Default)]
pub struct Tables {
    given: HashMap<String, Arc<Table>>,
    opened: HashMap<String, Arc<Parts>>,
    expected: HashMap<String, Expected>,
    base: PathBuf,
}

/// How a table is read.
#[derive(Debug, Clone)]
struct Expected {
    wanted: Wanted,
    reading: Reading,
}

impl Tables {
    /// Tables are given in memory, or are files relative to `base`.
    #[must_use]
    pub fn new(base: impl Into<PathBuf>) -> Self {
        Self { base: base.into(), ..Self::default() }
    }

    /// Says which columns of a table a role wants, and how it is read. What no role says is read as a whole.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if two roles of one file say different encodings or separators.
    pub fn expect(&mut self, key: &str, wanted: Wanted, reading: &Reading) -> Result<()> {
        reading.check()?;
        let Some(known) = self.expected.get_mut(key) else {
            self.expected.insert(key.to_owned(), Expected { wanted, reading: reading.clone() });
            return Ok(());
        };
        known.wanted.merge(wanted);
        let (mine, theirs) = (&mut known.reading, reading);
        for (option, mine, theirs) in
            [("encoding", &mut mine.encoding, &theirs.encoding), ("separator", &mut mine.separator, &theirs.separator)]
        {
            match (mine.as_deref(), theirs.as_deref()) {
                (Some(a), Some(b)) if a != b => {
                    let problem = format!("'{}' is read with {option}={a:?} and {b:?}; a file has one", shown(key));
                    return Err(Error::option(option, problem));
                }
                (None, Some(_)) => mine.clone_from(theirs),
                _ => {}
            }
        }
        Ok(())
    }

    /// Which columns of a table are wanted.
    #[must_use]
    pub fn wanted(&self, key: &str) -> Wanted {
        self.expected.get(key).map(|e| e.wanted.clone()).unwrap_or_default()
    }

    /// Frees the memory of all tables.
    pub(in crate::frames) fn forget(&mut self) {
        self.given.clear();
    }

    /// Gives a table in memory.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if a role says how its file is read.
    pub fn give(&mut self, key: &str, mut table: Table) -> Result<()> {
        if let Some(expected) = self.expected.get(key) {
            expected.reading.is_of_csv(&table.name)?;
        }
        table.tell_index();
        self.given.insert(key.to_owned(), Arc::new(table));
        Ok(())
    }

    /// The table that `key` means; a file is read once.
    ///
    /// # Errors
    /// [`Error::Read`] if it is a file that cannot be read.
    pub fn get(&mut self, key: &str) -> Result<Arc<Table>> {
        if let Some(table) = self.given.get(key) {
            return Ok(Arc::clone(table));
        }
        let mut table = self.open(key)?.read(&shown(key))?;
        table.tell_index();
        let table = Arc::new(table);
        self.given.insert(key.to_owned(), Arc::clone(&table));
        Ok(table)
    }

    /// The table that `key` means, in parts: Parquet files are read as they are needed, others are in memory.
    ///
    /// # Errors
    /// As [`Tables::get`].
    pub(in crate::frames) fn source(&mut self, key: &str) -> Result<Source> {
        if !self.given.contains_key(key) {
            let parts = self.open(key)?;
            if let Some((files, columns)) = parts.groups() {
                return Ok(Source::of_parquet(files, columns, parts.head(&shown(key))?));
            }
        }
        self.get(key).map(|table| Source::of_table(&table))
    }

    /// The files that `key` means; each is opened once, so that all roles read one version of it.
    fn open(&mut self, key: &str) -> Result<Arc<Parts>> {
        if let Some(parts) = self.opened.get(key) {
            return Ok(Arc::clone(parts));
        }
        let reading = self.expected.get(key).map(|e| e.reading.clone()).unwrap_or_default();
        let parts = Parts::open(&paths_of(&self.base, key)?, &reading, &self.wanted(key))?;
        let parts = Arc::new(parts);
        self.opened.insert(key.to_owned(), Arc::clone(&parts));
        Ok(parts)
    }

    /// Refuses files that were replaced or changed while they were read.
    ///
    /// # Errors
    /// [`Error::Read`] naming the first.
    pub fn unchanged(&self) -> Result<()> {
        self.opened.values().try_for_each(|parts| parts.unchanged())
    }
}

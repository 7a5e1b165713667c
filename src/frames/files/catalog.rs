//! Tables by name: given in memory, or read from files.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use super::table::Table;
use crate::config::Reading;
use crate::error::{Error, Result};
use crate::frames::files::chunked_table::Source;
use crate::frames::files::{Charset, Parts, Wanted, paths_of, shown};

/// Tables by the text that configurations use for them.
#[derive(Debug, Default)]
pub struct Tables {
    given: HashMap<String, Arc<Table>>,
    opened: HashMap<String, Arc<Parts>>,
    expected: HashMap<String, Expected>,
    base: PathBuf,
}

/// How a table is read.
#[derive(Debug, Clone, Default)]
struct Expected {
    wanted: Wanted,
    reading: Reading,
    /// Where the options that say how its file is read stand.
    places: BTreeMap<&'static str, String>,
}

impl Expected {
    /// An error of how the file is read, with the place of the option.
    fn placed(&self, error: Error) -> Error {
        match error {
            Error::InvalidOption { option, problem } => {
                let place = self.places.get(option.as_str());
                Error::InvalidOption { option: place.map_or(option, Clone::clone), problem }
            }
            other => other,
        }
    }
}

impl Tables {
    /// Tables are given in memory, or are files relative to `base`.
    #[must_use]
    pub fn new(base: impl Into<PathBuf>) -> Self {
        Self { base: base.into(), ..Self::default() }
    }

    /// Says which columns of a table a role wants, and how it is read; `place` is that of the declaration. What no role
    /// says is read as a whole.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] with the place if it cannot be read so, or two roles of one file say different encodings
    /// or separators.
    pub fn expect(&mut self, key: &str, wanted: Wanted, reading: &Reading, place: &str) -> Result<()> {
        let own = |option: &'static str| (option, format!("{place}.{option}"));
        let here = Expected {
            wanted: Wanted::default(),
            reading: reading.clone(),
            places: ["encoding", "separator", "decimal", "thousands"].map(own).into(),
        };
        reading.check().and_then(|()| Charset::of(reading).map(drop)).map_err(|e| here.placed(e))?;
        let Some(known) = self.expected.get_mut(key) else {
            self.expected.insert(key.to_owned(), Expected { wanted, ..here });
            return Ok(());
        };
        known.wanted.merge(wanted);
        let places = &mut known.places;
        let (mine, theirs) = (&mut known.reading, reading);
        for (option, mine, theirs) in
            [("encoding", &mut mine.encoding, &theirs.encoding), ("separator", &mut mine.separator, &theirs.separator)]
        {
            match (mine.as_deref(), theirs.as_deref()) {
                (Some(a), Some(b)) if a != b => {
                    let problem = format!(
                        "'{}' is declared with {option}='{a}' and {option}='{b}'; use the same value wherever the file is declared",
                        shown(key)
                    );
                    return Err(here.placed(Error::option(option, problem)));
                }
                (None, Some(_)) => {
                    mine.clone_from(theirs);
                    places.extend([own(option)]);
                }
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
            expected.reading.is_of_csv(&table.name).map_err(|e| expected.placed(e))?;
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
        let read = self.open(key)?.read(&shown(key));
        let mut table = read.map_err(|e| self.expected.get(key).cloned().unwrap_or_default().placed(e))?;
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

    /// The files that `key` means; each is opened once, so all roles read one version of it.
    fn open(&mut self, key: &str) -> Result<Arc<Parts>> {
        if let Some(parts) = self.opened.get(key) {
            return Ok(Arc::clone(parts));
        }
        let expected = self.expected.get(key).cloned().unwrap_or_default();
        let parts = Parts::open(&paths_of(&self.base, key)?, &expected.reading, &expected.wanted);
        let parts = parts.map_err(|e| expected.placed(e))?;
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

//! Which columns of a table are read: the columns of its roles, or all supported ones.

use std::collections::{BTreeMap, BTreeSet};

use super::pandas::is_index_name;

/// Which columns of a table are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Every column that can be read, too.
    all: bool,
    named: BTreeSet<String>,
    ignored: BTreeSet<String>,
}

impl Default for Wanted {
    /// All columns.
    fn default() -> Self {
        Self { all: true, named: BTreeSet::new(), ignored: BTreeSet::new() }
    }
}

impl Wanted {
    /// The columns of these names.
    pub fn named<'a>(names: impl IntoIterator<Item = &'a String>) -> Self {
        Self { all: false, named: names.into_iter().cloned().collect(), ignored: BTreeSet::new() }
    }

    /// The columns of these names, and all others but `ignored`.
    pub fn all_but<'a>(
        names: impl IntoIterator<Item = &'a String>,
        ignored: impl IntoIterator<Item = &'a String>,
    ) -> Self {
        Self { all: true, ignored: ignored.into_iter().cloned().collect(), ..Self::named(names) }
    }

    /// What two roles of one table want.
    pub fn merge(&mut self, other: Self) {
        self.ignored = match (self.all, other.all) {
            (true, true) => self.ignored.intersection(&other.ignored).cloned().collect(),
            (true, false) => std::mem::take(&mut self.ignored),
            (false, _) => other.ignored,
        };
        self.all |= other.all;
        self.named.extend(other.named);
    }

    /// Whether a role names the column.
    pub(super) fn names(&self, name: &str) -> bool {
        self.named.contains(name)
    }

    fn wants(&self, name: &str) -> bool {
        self.names(name) || self.all && !self.ignored.contains(name)
    }
}

/// A column that a file or frame has.
#[derive(Debug, Clone)]
pub struct Offered {
    /// Its name.
    pub name: String,
    /// The name of its type.
    pub dtype: String,
    /// Whether columns of the type can be read.
    pub readable: bool,
}

/// A column that was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Its name.
    pub name: String,
    /// The name of its type.
    pub dtype: String,
    /// Why it cannot be read; `None` if no role names it.
    pub why: Option<String>,
}

/// The columns of a table that are read.
#[derive(Debug, Clone, Default)]
pub struct Picked {
    /// Place among the offered columns, and name.
    pub columns: Vec<(usize, String)>,
    /// The others.
    pub unread: Vec<Unread>,
    /// Columns that are the index of a pandas frame: no fields.
    pub index: Vec<String>,
    /// Remarks on renamed columns.
    pub remarks: Vec<String>,
}

impl Picked {
    /// Picks the columns to read. `index` are the names of the table's index columns.
    #[must_use]
    pub fn of(offered: &[Offered], wanted: &Wanted, index: &[String]) -> Self {
        let mut picked = Self::default();
        let mut times: BTreeMap<&str, usize> = BTreeMap::new();
        offered.iter().for_each(|column| *times.entry(&column.name).or_default() += 1);
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for (place, column) in offered.iter().enumerate() {
            let name = column.name.as_str();
            let all = times.get(name).copied().unwrap_or(0);
            let before = *seen.entry(name).and_modify(|n| *n += 1).or_insert(0);
            let why = if !wanted.wants(name) {
                None
            } else if all > 1 && wanted.names(name) {
                Some(format!("{all} columns have this name; rename them"))
            } else if column.readable {
                // As pandas names the second of two columns.
                let free = |name: &String| !times.contains_key(name.as_str());
                let name = match before {
                    0 => name.to_owned(),
                    _ => (before..=before + times.len()).map(|n| format!("{name}.{n}")).find(free).unwrap_or_default(),
                };
                if before > 0 {
                    picked.remarks.push(format!(
                        "{all} columns are named '{}'; the next one is renamed to '{name}'",
                        column.name
                    ));
                }
                if index.contains(&name) || is_index_name(&name) {
                    picked.index.push(name.clone());
                }
                picked.columns.push((place, name));
                continue;
            } else {
                Some(format!("columns of type {} are not supported{}", column.dtype, remedy(&column.dtype)))
            };
            picked.unread.push(Unread { name: name.to_owned(), dtype: column.dtype.clone(), why });
        }
        picked
    }
}

/// What to do about a column of a type that is not supported.
fn remedy(dtype: &str) -> &'static str {
    match dtype {
        _ if dtype.starts_with("object") => "; convert its values to text, such as str(id), numbers or times",
        "fixed_size_binary[16]" => "; convert it to text, or UUIDs to the Arrow type uuid",
        _ if dtype.contains("binary") => "; convert it to text",
        _ => "",
    }
}

/// What to say of columns that were not read.
pub(in crate::frames) fn unread_remark(unread: &[Unread]) -> Option<String> {
    const SHOWN: usize = 20;
    if unread.is_empty() {
        return None;
    }
    let list: Vec<String> = unread.iter().take(SHOWN).map(|u| format!("{} ({})", u.name, u.dtype)).collect();
    let more = unread.len().saturating_sub(SHOWN);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    let verb = if unread.len() == 1 { "column was" } else { "columns were" };
    Some(format!("{} {verb} not read: {}{rest}", unread.len(), list.join(", ")))
}

//! Interned texts: lead ids, event kinds, channels, levels of fields.

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use std::hash::BuildHasher;

/// A dictionary of distinct texts, numbered in order of first sight; one arena, no allocation per text.
#[derive(Clone, Default)]
pub struct Texts {
    bytes: String,
    ends: Vec<u64>,
    table: HashTable<u32>,
    hasher: FixedState,
}

impl std::fmt::Debug for Texts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Texts({})", self.len())
    }
}

impl Texts {
    /// An empty dictionary.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of texts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True if there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Text number `code`, or the empty text if there is none.
    #[must_use]
    pub fn get(&self, code: u32) -> &str {
        let i = code as usize;
        let Some(end) = self.ends.get(i) else { return "" };
        let start = if i == 0 { 0 } else { self.ends.get(i - 1).copied().unwrap_or(0) };
        self.bytes.get(start as usize..*end as usize).unwrap_or("")
    }

    /// Number of `text`, if it is there.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<u32> {
        let hash = self.hasher.hash_one(text);
        self.table.find(hash, |code| self.get(*code) == text).copied()
    }

    /// Number of `text`, adding it if it is new.
    pub fn intern(&mut self, text: &str) -> u32 {
        let hash = self.hasher.hash_one(text);
        if let Some(code) = self.table.find(hash, |code| self.get(*code) == text) {
            return *code;
        }
        let code = self.ends.len() as u32;
        self.bytes.push_str(text);
        self.ends.push(self.bytes.len() as u64);
        let Self { table, bytes, ends, hasher } = self;
        table.insert_unique(hash, code, |other| {
            let i = *other as usize;
            let start = if i == 0 { 0 } else { ends.get(i - 1).copied().unwrap_or(0) };
            let end = ends.get(i).copied().unwrap_or(0);
            hasher.hash_one(bytes.get(start as usize..end as usize).unwrap_or(""))
        });
        code
    }

    /// All texts in order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len() as u32).map(|c| self.get(c))
    }
}

impl<'a> FromIterator<&'a str> for Texts {
    fn from_iter<I: IntoIterator<Item = &'a str>>(iter: I) -> Self {
        let mut texts = Self::new();
        for text in iter {
            texts.intern(text);
        }
        texts
    }
}

/// The one form of an id: a whole number written as a decimal fraction (7.0) is that number (7); "007" stays as it is.
#[must_use]
pub fn canonical_id(text: &str) -> &str {
    let text = text.trim();
    let Some((whole, fraction)) = text.split_once('.') else { return text };
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let plain = !digits.is_empty()
        && digits.bytes().all(|b| b.is_ascii_digit())
        && (digits == "0" || !digits.starts_with('0'))
        && !fraction.is_empty()
        && fraction.bytes().all(|b| b == b'0');
    if plain { whole } else { text }
}

/// Ascending order of ids: whole numbers first, by value, then other texts, by bytes.
#[must_use]
pub fn canonical_order(texts: &Texts) -> Vec<u32> {
    use rayon::prelude::*;
    // Only texts that are a number's canonical form count as numbers ("007" does not).
    let number = |text: &str| match text.parse::<i64>() {
        Ok(n) if text == "0" || !text.trim_start_matches('-').starts_with('0') && !text.starts_with('+') => Some(n),
        _ => None,
    };
    let mut keyed: Vec<(Option<i64>, u32)> =
        (0..texts.len() as u32).into_par_iter().map(|code| (number(texts.get(code)), code)).collect();
    keyed.par_sort_unstable_by(|(a, i), (b, j)| match (a, b) {
        (Some(a), Some(b)) => a.cmp(b),
        (Some(_), None) => std::cmp::Ordering::Less,
        (None, Some(_)) => std::cmp::Ordering::Greater,
        (None, None) => texts.get(*i).cmp(texts.get(*j)),
    });
    keyed.into_iter().map(|(_, code)| code).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::NONE;

    #[test]
    fn interning() {
        let mut t = Texts::new();
        for i in 0..1000 {
            assert_eq!(t.intern(&format!("id{i}")), i);
        }
        assert_eq!(t.intern("id7"), 7);
        assert_eq!(t.find("id999"), Some(999));
        assert_eq!(t.find("nope"), None);
        assert_eq!(t.get(5), "id5");
        assert_eq!(t.get(NONE), "");
    }

    #[test]
    fn one_form() {
        for (text, id) in [
            ("7", "7"),
            ("7.0", "7"),
            ("7.00", "7"),
            ("-3.0", "-3"),
            ("007", "007"),
            ("007.0", "007.0"),
            ("7.5", "7.5"),
            ("a.0", "a.0"),
            ("7.", "7."),
        ] {
            assert_eq!(canonical_id(text), id);
        }
    }

    #[test]
    fn order_of_ids() {
        let t: Texts = ["10", "b", "9", "007", "-1", "a"].into_iter().collect();
        let sorted: Vec<&str> = canonical_order(&t).into_iter().map(|c| t.get(c)).collect();
        assert_eq!(sorted, ["-1", "9", "10", "007", "a", "b"]);
    }
}

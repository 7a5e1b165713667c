//! Interned texts: lead ids, event kinds, channels, levels of fields.

use std::hash::BuildHasher;
use std::ops::Range;
use std::sync::OnceLock;

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use rayon::prelude::*;

/// A dictionary of distinct texts, numbered by first occurrence; one arena, without an allocation per text.
#[derive(Clone, Default)]
pub struct StringTable {
    bytes: String,
    ends: Vec<u64>,
    /// Numbers by text; built at the first search.
    numbers: OnceLock<IdNumbers>,
}

/// Numbers of texts by their hashes. Hashes are kept, so the table grows without a look at the texts.
#[derive(Clone, Default)]
struct IdNumbers {
    table: HashTable<(u32, u32)>,
    hasher: FixedState,
}

impl IdNumbers {
    /// Half of the hash, which distinguishes nearly all texts.
    fn hash(&self, text: &str) -> u32 {
        (self.hasher.hash_one(text) >> 32) as u32
    }

    /// Both the place in the table and the tag there are taken from all 64 bits.
    fn spread(hash: u32) -> u64 {
        u64::from(hash).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    fn add(&mut self, hash: u32, code: u32) {
        self.table.insert_unique(Self::spread(hash), (hash, code), |(hash, _)| Self::spread(*hash));
    }
}

impl std::fmt::Debug for StringTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Texts({})", self.len())
    }
}

impl StringTable {
    /// An empty dictionary.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A dictionary of texts that are known to be distinct.
    pub fn of_distinct<T: AsRef<str>>(texts: impl Iterator<Item = T>) -> Self {
        let mut all = Self::new();
        for text in texts {
            all.push(text.as_ref());
        }
        all
    }

    /// A dictionary of whole numbers that are known to be distinct, as their texts.
    #[must_use]
    pub fn of_distinct_numbers(numbers: &[i64]) -> Self {
        let part = |numbers: &[i64]| {
            let mut part = Self { bytes: String::with_capacity(8 * numbers.len()), ..Self::default() };
            part.ends.reserve_exact(numbers.len());
            let mut buffer = itoa::Buffer::new();
            for n in numbers {
                part.push(buffer.format(*n));
            }
            part
        };
        let parts: Vec<Self> = numbers.par_chunks(1 << 16).map(part).collect();
        let mut all = Self::new();
        all.bytes.reserve_exact(parts.iter().map(|part| part.bytes.len()).sum());
        all.ends.reserve_exact(numbers.len());
        for part in parts {
            let before = all.bytes.len() as u64;
            all.ends.extend(part.ends.into_iter().map(|end| before + end));
            all.bytes.push_str(&part.bytes);
        }
        all
    }

    /// Number of texts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True if it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Text number `code`, or the empty text if there is none.
    #[must_use]
    pub fn get(&self, code: u32) -> &str {
        self.bytes.get(self.place(code)).unwrap_or("")
    }

    /// All texts, one after the other.
    #[must_use]
    pub fn all(&self) -> &str {
        &self.bytes
    }

    /// Where text number `code` is among all; empty if there is none.
    #[must_use]
    pub fn place(&self, code: u32) -> Range<usize> {
        let i = code as usize;
        let Some(end) = self.ends.get(i) else { return 0..0 };
        let start = if i == 0 { 0 } else { self.ends.get(i - 1).copied().unwrap_or(0) };
        start as usize..*end as usize
    }

    fn push(&mut self, text: &str) -> u32 {
        let code = self.ends.len() as u32;
        self.bytes.push_str(text);
        self.ends.push(self.bytes.len() as u64);
        code
    }

    fn numbers(&self) -> &IdNumbers {
        self.numbers.get_or_init(|| {
            let mut numbers = IdNumbers::default();
            numbers.table.reserve(self.len(), |(hash, _)| IdNumbers::spread(*hash));
            for code in 0..self.len() as u32 {
                numbers.add(numbers.hash(self.get(code)), code);
            }
            numbers
        })
    }

    fn find_hashed(&self, numbers: &IdNumbers, hash: u32, text: &str) -> Option<u32> {
        let same = |(h, code): &(u32, u32)| *h == hash && self.get(*code) == text;
        numbers.table.find(IdNumbers::spread(hash), same).map(|(_, code)| *code)
    }

    /// Number of `text`, if it is there.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<u32> {
        let numbers = self.numbers();
        self.find_hashed(numbers, numbers.hash(text), text)
    }

    /// Number of `text`, adding it if it is new.
    pub fn intern(&mut self, text: &str) -> u32 {
        let numbers = self.numbers();
        let hash = numbers.hash(text);
        if let Some(code) = self.find_hashed(numbers, hash, text) {
            return code;
        }
        let code = self.push(text);
        if let Some(numbers) = self.numbers.get_mut() {
            numbers.add(hash, code);
        }
        code
    }

    /// All texts in order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len() as u32).map(|c| self.get(c))
    }
}

impl<'a> FromIterator<&'a str> for StringTable {
    fn from_iter<I: IntoIterator<Item = &'a str>>(iter: I) -> Self {
        let mut texts = Self::new();
        for text in iter {
            texts.intern(text);
        }
        texts
    }
}

/// The number of an id in canonical notation; `None` for other texts, such as "007", "+7" and "-0".
#[must_use]
pub fn id_number(text: &str) -> Option<i64> {
    let plain = text == "0" || !text.trim_start_matches('-').starts_with('0') && !text.starts_with('+');
    if plain { text.parse().ok() } else { None }
}

/// Ascending order of ids: whole numbers first, by value, then other texts, by bytes.
#[must_use]
pub fn canonical_order(texts: &StringTable) -> Vec<u32> {
    let mut keyed: Vec<(Option<i64>, u32)> =
        (0..texts.len() as u32).into_par_iter().map(|code| (id_number(texts.get(code)), code)).collect();
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
    use crate::schema::NONE;

    #[test]
    fn interning() {
        let mut t = StringTable::new();
        for i in 0..1000 {
            assert_eq!(t.intern(&format!("id{i}")), i);
        }
        assert_eq!(t.intern("id7"), 7);
        assert_eq!(t.find("id999"), Some(999));
        assert_eq!(t.find("nope"), None);
        assert_eq!(t.get(5), "id5");
        assert_eq!(t.get(NONE), "");
        let mut distinct = StringTable::of_distinct(["a", "b"].into_iter());
        assert_eq!((distinct.find("b"), distinct.intern("c"), distinct.find("c")), (Some(1), 2, Some(2)));
    }

    #[test]
    fn numbers_as_texts() {
        let numbers: Vec<i64> = (-70_000..70_000).chain([i64::MIN, i64::MAX]).collect();
        let texts = StringTable::of_distinct_numbers(&numbers);
        assert!(texts.iter().eq(numbers.iter().map(ToString::to_string)));
        assert_eq!((texts.len(), texts.find("-1"), texts.find("70000")), (numbers.len(), Some(69_999), None));
    }

    #[test]
    fn order_of_ids() {
        let t: StringTable = ["10", "b", "9", "007", "-1", "a"].into_iter().collect();
        let sorted: Vec<&str> = canonical_order(&t).into_iter().map(|c| t.get(c)).collect();
        assert_eq!(sorted, ["-1", "9", "10", "007", "a", "b"]);
    }
}

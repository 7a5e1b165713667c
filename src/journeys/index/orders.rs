//! Values of order columns: they order rows of equal times, in the first build and in extensions.

use std::cmp::Ordering;
use std::hash::{BuildHasher, Hash};

use super::rows::Sizes;
use crate::schema::NONE;

/// Numbers of order columns, ascending and distinct: whole ones unless one has a fraction.
#[derive(Debug, Clone, PartialEq)]
pub enum OrderNumbers {
    /// Whole numbers, and ids of 64 bits.
    Whole(Vec<i128>),
    /// Others, none of them NaN.
    Float(Vec<f64>),
}

impl Default for OrderNumbers {
    fn default() -> Self {
        Self::Whole(Vec::new())
    }
}

impl OrderNumbers {
    fn len(&self) -> usize {
        match self {
            Self::Whole(numbers) => numbers.len(),
            Self::Float(numbers) => numbers.len(),
        }
    }

    fn floats(&self) -> Vec<f64> {
        match self {
            Self::Whole(numbers) => numbers.iter().map(|x| *x as f64).collect(),
            Self::Float(numbers) => numbers.clone(),
        }
    }
}

/// The distinct values of order columns, ascending: numbers before times before texts. The code of a value is its place.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Orders {
    /// Distinct numbers, ascending.
    pub numbers: OrderNumbers,
    /// Times, UTC microseconds.
    pub times: Vec<i64>,
    /// Distinct texts, ascending.
    pub texts: Vec<String>,
}

impl Orders {
    /// Number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        self.numbers.len() + self.times.len() + self.texts.len()
    }

    /// True if it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether values of each sort ascend.
    #[must_use]
    pub fn ascends(&self) -> bool {
        let numbers = match &self.numbers {
            OrderNumbers::Whole(numbers) => numbers.is_sorted_by(|a, b| a < b),
            OrderNumbers::Float(numbers) => numbers.is_sorted_by(|a, b| a < b),
        };
        numbers && self.times.is_sorted_by(|a, b| a < b) && self.texts.is_sorted_by(|a, b| a < b)
    }

    /// The sorts of values: numbers, times, texts.
    fn sorts(&self) -> [(&'static str, usize); 3] {
        [("numbers", self.numbers.len()), ("times", self.times.len()), ("texts", self.texts.len())]
    }

    /// A sort of values that `new` has and these, if there are any, have not; and what they are.
    #[must_use]
    pub fn differs(&self, new: &Self) -> Option<(&'static str, &'static str)> {
        let (known, _) = self.sorts().into_iter().find(|(_, n)| *n > 0)?;
        let strange = self.sorts().into_iter().zip(new.sorts()).find(|((_, old), (_, new))| *old == 0 && *new > 0);
        strange.map(|((sort, _), _)| (sort, known))
    }

    /// A number for each value, independent of the other values; 0 for a missing one.
    pub(super) fn hash(&self, code: u32) -> u64 {
        let i = code as usize;
        let (numbers, times) = (self.numbers.len(), self.times.len());
        // A whole number is one, also beside numbers with a fraction.
        let number = match &self.numbers {
            OrderNumbers::Whole(whole) => whole.get(i).map(|x| (*x, 0)),
            OrderNumbers::Float(floats) => floats.get(i).map(|x| (x.trunc() as i128, x.fract().to_bits())),
        };
        if let Some(number) = number {
            return hash_of((0, number));
        }
        if let Some(time) = i.checked_sub(numbers).and_then(|i| self.times.get(i)) {
            return hash_of((1, time));
        }
        let text = i.checked_sub(numbers + times).and_then(|i| self.texts.get(i));
        text.map_or(0, |text| hash_of((2, text)))
    }

    /// The values of all parts, and what the codes of each part are among them.
    #[must_use]
    pub fn joined(parts: &[Self]) -> (Self, Vec<Vec<u32>>) {
        let whole: Option<Vec<&[i128]>> = parts
            .iter()
            .map(|p| match &p.numbers {
                OrderNumbers::Whole(numbers) => Some(numbers.as_slice()),
                OrderNumbers::Float(_) => None,
            })
            .collect();
        let (numbers, number_codes) = match whole {
            Some(whole) => {
                let (all, codes) = join(&whole, Ord::cmp);
                (OrderNumbers::Whole(all), codes)
            }
            None => {
                let floats: Vec<Vec<f64>> = parts.iter().map(|p| p.numbers.floats()).collect();
                let (all, codes) = join(&floats.iter().map(Vec::as_slice).collect::<Vec<_>>(), f64::total_cmp);
                (OrderNumbers::Float(all), codes)
            }
        };
        let (times, time_codes) = join(&parts.iter().map(|p| p.times.as_slice()).collect::<Vec<_>>(), Ord::cmp);
        let (texts, text_codes) = join(&parts.iter().map(|p| p.texts.as_slice()).collect::<Vec<_>>(), Ord::cmp);
        let all = Self { numbers, times, texts };
        let (before_times, before_texts) = (all.numbers.len() as u32, (all.numbers.len() + all.times.len()) as u32);
        let codes = number_codes.into_iter().zip(time_codes).zip(text_codes).map(|((mut codes, times), texts)| {
            codes.extend(times.into_iter().map(|code| code + before_times));
            codes.extend(texts.into_iter().map(|code| code + before_texts));
            codes
        });
        let codes = codes.collect();
        (all, codes)
    }
}

fn hash_of(value: impl Hash) -> u64 {
    foldhash::quality::FixedState::with_seed(11).hash_one(value) | 1
}

/// The distinct values of ascending lists, and where the values of each list lie among them.
fn join<T: Clone>(lists: &[&[T]], compare: impl Fn(&T, &T) -> Ordering) -> (Vec<T>, Vec<Vec<u32>>) {
    let mut all: Vec<T> = lists.iter().copied().flatten().cloned().collect();
    all.sort_by(&compare);
    all.dedup_by(|a, b| compare(a, b) == Ordering::Equal);
    let place = |value: &T| all.binary_search_by(|other| compare(other, value)).map_or(NONE, |place| place as u32);
    let codes = lists.iter().map(|list| list.iter().map(place).collect()).collect();
    (all, codes)
}

/// How rows of one lead and instant are ordered.
#[derive(Debug, Default)]
pub(super) struct Ranking {
    /// By kind, what comes before the order column; all alike if empty.
    classes: Vec<u32>,
    /// By kind, what comes after it; all alike if empty.
    ties: Vec<u32>,
    /// By kind, what comes after all that decides, beside amounts: whether it means won, and its place by name.
    last_resort: Vec<(bool, u32)>,
    /// By table with an order column, the code of each of its values among all values.
    codes: Vec<Vec<u32>>,
}

/// Highest class, and highest tie.
const HIGHEST: u32 = (1 << 15) - 1;

impl Ranking {
    pub(super) fn new(classes: &[u32], ties: &[u32], codes: Vec<Vec<u32>>) -> Self {
        Self { classes: classes.to_vec(), ties: ties.to_vec(), codes, ..Self::default() }
    }

    pub(super) fn of(sizes: &Sizes, codes: Vec<Vec<u32>>) -> Self {
        Self { last_resort: sizes.last_resort.clone(), ..Self::new(&sizes.classes, &sizes.ties, codes) }
    }

    /// Whether a kind means won, and its place by name.
    pub(super) fn last_resort(&self, kind: u32) -> (bool, u32) {
        self.last_resort.get(kind as usize).copied().unwrap_or_default()
    }

    /// Adds a table whose codes are those of all values; gives what [`super::Rows::ordered`] of its rows is to be.
    pub(super) fn add_joined(&mut self, values: usize) -> u32 {
        self.codes.push((0..values as u32).collect());
        self.codes.len() as u32 - 1
    }

    /// Whether the kind says something.
    pub(super) fn by_kind(&self) -> bool {
        self.classes.iter().chain(&self.ties).any(|class| *class != 0)
    }

    /// Code of the value that a row of the table `ordered` has: `order` is one more than its code in the table, 0 for none.
    pub(super) fn code(&self, ordered: Option<u32>, order: u32) -> u32 {
        let Some((codes, code)) = ordered.and_then(|t| self.codes.get(t as usize)).zip(order.checked_sub(1)) else {
            return NONE;
        };
        codes.get(code as usize).copied().unwrap_or(NONE)
    }

    /// Rank among rows of one instant, but for the kind: rows without a value of an order column come first, in order of
    /// `order` if their table has none.
    pub(super) fn of_order(&self, ordered: Option<u32>, order: u32) -> u64 {
        match self.code(ordered, order) {
            NONE if ordered.is_some() => 0,
            NONE => u64::from(order) << 16,
            code => 1 << 48 | u64::from(code) << 16,
        }
    }

    /// What the kind adds to the rank.
    pub(super) fn of_kind(&self, kind: u32) -> u64 {
        let of = |list: &[u32]| u64::from(list.get(kind as usize).copied().unwrap_or(0).min(HIGHEST));
        of(&self.classes) << 49 | of(&self.ties)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(numbers: &[i128]) -> Orders {
        Orders { numbers: OrderNumbers::Whole(numbers.to_vec()), ..Orders::default() }
    }

    #[test]
    fn values_of_all_tables_are_in_one_order() {
        let floats =
            Orders { numbers: OrderNumbers::Float(vec![0.5, 2.0]), texts: vec!["a".into()], ..Orders::default() };
        let times = Orders { times: vec![-7], ..Orders::default() };
        let (all, codes) = Orders::joined(&[whole(&[1, 2, 9]), floats, times]);
        assert_eq!(all.numbers, OrderNumbers::Float(vec![0.5, 1.0, 2.0, 9.0]));
        assert_eq!(codes, [vec![1, 2, 3], vec![0, 2, 5], vec![4]]);
        assert!(all.ascends() && !whole(&[2, 2]).ascends());
        assert_eq!(all.hash(2), whole(&[2]).hash(0));
        assert_eq!((all.hash(6), all.hash(NONE)), (0, 0));
    }

    #[test]
    fn ids_of_64_bits_are_told_apart() {
        let (all, codes) = Orders::joined(&[whole(&[1 << 62]), whole(&[(1 << 62) + 1])]);
        assert_eq!((all.len(), codes), (2, vec![vec![0], vec![1]]));
    }

    #[test]
    fn the_order_column_is_between_class_and_tie() {
        let ranking = Ranking::new(&[1, 0], &[0, 3], vec![vec![0, 1]]);
        let rank = |kind, ordered, order| ranking.of_kind(kind) | ranking.of_order(ordered, order);
        assert!(rank(0, None, 0) > rank(1, Some(0), 2));
        assert!(rank(1, None, u32::MAX) < rank(1, Some(0), 1) && rank(1, Some(0), 1) < rank(1, Some(0), 2));
        assert!(rank(1, Some(0), 0) <= rank(1, None, 0));
    }
}

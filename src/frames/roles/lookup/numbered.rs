//! Leads by their ids as whole numbers.

use rayon::prelude::*;

use crate::journeys::{StringTable as Ids, id_number};
use crate::schema::NONE;

/// Leads by their ids as whole numbers.
pub(super) enum NumberedIds {
    /// Every number of a range, from this one on, is a lead, in order.
    Range { first: i64, len: u64 },
    /// Leads at their number's distance from the first.
    Table { first: i64, leads: Vec<u32> },
    /// Numbers far apart.
    Map(hashbrown::HashMap<i64, u32, foldhash::fast::FixedState>),
}

impl NumberedIds {
    pub(super) fn new(ids: &Ids) -> Self {
        let first = id_number(ids.get(0));
        let expected = |i: u32| first.and_then(|first| first.checked_add(i64::from(i)));
        if let Some(first) = first
            && (0..ids.len() as u32)
                .into_par_iter()
                .all(|i| expected(i).is_some() && id_number(ids.get(i)) == expected(i))
        {
            return Self::Range { first, len: ids.len() as u64 };
        }
        let numbers: Vec<(i64, u32)> =
            (0..ids.len() as u32).into_par_iter().filter_map(|code| Some((id_number(ids.get(code))?, code))).collect();
        let Some((first, _)) = numbers.first().copied() else { return Self::Range { first: 0, len: 0 } };
        let (first, last) = numbers.iter().fold((first, first), |(low, high), (n, _)| (low.min(*n), high.max(*n)));
        let span = (i128::from(last) - i128::from(first) + 1) as u128;
        if span <= 8 * numbers.len() as u128 {
            let mut leads = vec![NONE; span as usize];
            for (n, code) in numbers {
                if let Some(slot) = leads.get_mut((n - first) as usize) {
                    *slot = code;
                }
            }
            return Self::Table { first, leads };
        }
        Self::Map(numbers.into_iter().collect())
    }

    /// The lead, [`NONE`] if there is none.
    pub(super) fn find(&self, n: i64) -> u32 {
        match self {
            Self::Range { first, len } => match n.checked_sub(*first) {
                Some(d) if d >= 0 && (d as u64) < *len => d as u32,
                _ => NONE,
            },
            Self::Table { first, leads } => {
                let distance = n.checked_sub(*first).and_then(|d| usize::try_from(d).ok());
                distance.and_then(|d| leads.get(d)).copied().unwrap_or(NONE)
            }
            Self::Map(map) => map.get(&n).copied().unwrap_or(NONE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_mean_what_their_texts_mean() {
        let ids = |list: &[&str]| list.iter().copied().collect::<Ids>();
        // A range, a table with gaps, numbers far apart; and texts for numeric lead ids.
        let cases: [&[&str]; 5] = [
            &["-2", "-1", "0", "1", "b"],
            &["3", "4", "9", "007", "+7", "7"],
            &["-9223372036854775808", "5", "9223372036854775807"],
            &["x", "y"],
            &["10", "9", "8"],
        ];
        for list in cases {
            let texts = ids(list);
            let numbers = NumberedIds::new(&texts);
            for n in [i64::MIN, -3, -2, -1, 0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, i64::MAX] {
                assert_eq!(numbers.find(n), texts.find(&n.to_string()).unwrap_or(NONE), "{list:?} {n}");
            }
        }
    }
}

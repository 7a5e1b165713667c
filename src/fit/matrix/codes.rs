//! Texts as one code per row: a block of 0/1 columns that is never expanded.

use std::borrow::Cow;

use rayon::prelude::*;

/// Codes in the narrowest type that holds them.
#[derive(Debug, Clone, PartialEq)]
pub enum CodeList<'a> {
    /// One byte a row.
    U8(Cow<'a, [u8]>),
    /// Two bytes a row.
    U16(Cow<'a, [u16]>),
    /// Four bytes a row.
    U32(Cow<'a, [u32]>),
}

/// A text field with `width` 0/1 columns, of which each row has at most one.
#[derive(Debug, Clone, PartialEq)]
pub struct LevelCodes<'a> {
    /// Column within the block per row; `width` or more is none.
    pub list: CodeList<'a>,
    /// Number of columns.
    pub width: usize,
}

/// A code of any width.
pub(super) trait Code: Copy + Sync {
    fn at(self) -> usize;
}

impl Code for u8 {
    #[inline(always)]
    fn at(self) -> usize {
        usize::from(self)
    }
}

impl Code for u16 {
    #[inline(always)]
    fn at(self) -> usize {
        usize::from(self)
    }
}

impl Code for u32 {
    #[inline(always)]
    fn at(self) -> usize {
        self as usize
    }
}

/// Runs `$body` with `$list` bound to the slice of codes of either width.
macro_rules! with_codes {
    ($codes:expr, $list:ident => $body:expr) => {
        match &$codes.list {
            $crate::fit::matrix::codes::CodeList::U8(v) => {
                let $list = v.as_ref();
                $body
            }
            $crate::fit::matrix::codes::CodeList::U16(v) => {
                let $list = v.as_ref();
                $body
            }
            $crate::fit::matrix::codes::CodeList::U32(v) => {
                let $list = v.as_ref();
                $body
            }
        }
    };
}
pub(super) use with_codes;

impl LevelCodes<'_> {
    /// Codes in the narrowest type for `width` columns and "none".
    #[must_use]
    pub fn narrowest(codes: &[u32], width: usize) -> LevelCodes<'static> {
        let none = width as u32;
        let within = codes.iter().map(|c| (*c).min(none));
        let list = if u8::try_from(width).is_ok() {
            CodeList::U8(within.map(|c| c as u8).collect())
        } else if u16::try_from(width).is_ok() {
            CodeList::U16(within.map(|c| c as u16).collect())
        } else {
            CodeList::U32(within.collect())
        };
        LevelCodes { list, width }
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        with_codes!(self, list => list.len())
    }

    /// Column of a row, if it has one.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<usize> {
        with_codes!(self, list => list.get(row).map(|c| c.at())).filter(|c| *c < self.width)
    }

    /// Which columns occur, and how many rows have none.
    #[must_use]
    pub fn seen(&self) -> (Vec<bool>, usize) {
        fn of<C: Code>(codes: &[C], width: usize) -> (Vec<bool>, usize) {
            let chunk = |codes: &[C]| {
                let (mut seen, mut none) = (vec![false; width], 0);
                for code in codes {
                    match seen.get_mut(code.at()) {
                        Some(slot) => *slot = true,
                        None => none += 1,
                    }
                }
                (seen, none)
            };
            let join = |(mut a, n): (Vec<bool>, usize), (b, m): (Vec<bool>, usize)| {
                a.iter_mut().zip(b).for_each(|(a, b)| *a |= b);
                (a, n + m)
            };
            let rows = width.max(1 << 16);
            codes.par_chunks(rows).map(chunk).reduce(|| (vec![false; width], 0), join)
        }
        with_codes!(self, list => of(list, self.width))
    }

    pub(super) fn take(&self, rows: &[usize]) -> LevelCodes<'static> {
        fn pick<T: Copy>(list: &[T], rows: &[usize]) -> Vec<T> {
            rows.iter().filter_map(|i| list.get(*i).copied()).collect()
        }
        let list = match &self.list {
            CodeList::U8(v) => CodeList::U8(pick(v, rows).into()),
            CodeList::U16(v) => CodeList::U16(pick(v, rows).into()),
            CodeList::U32(v) => CodeList::U32(pick(v, rows).into()),
        };
        LevelCodes { list, width: self.width }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_occur() {
        let codes: Vec<u32> = (0..200_000).map(|i| if i % 7 == 0 { 300 } else { 2 * (i % 100) }).collect();
        let (seen, none) = LevelCodes::narrowest(&codes, 250).seen();
        assert!(seen.iter().enumerate().all(|(k, s)| *s == (k % 2 == 0 && k < 200)));
        assert_eq!(none, codes.iter().filter(|c| **c >= 250).count());
        assert_eq!(LevelCodes::narrowest(&[], 2).seen(), (vec![false; 2], 0));
    }
}

//! A column of dictionary codes in the narrowest integers that hold them.

use crate::design::NONE;

/// Codes below a known bound; the largest value of each width stands for "no value".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Codes {
    /// Up to 255 distinct values.
    U8(Vec<u8>),
    /// Up to 65,535 distinct values.
    U16(Vec<u16>),
    /// More.
    U32(Vec<u32>),
}

impl Codes {
    /// A column of `n` codes below `bound`, made by `code(i)`, in parallel.
    pub fn build(n: usize, bound: usize, code: impl Fn(usize) -> u32 + Sync + Send) -> Self {
        use rayon::prelude::*;
        if bound < usize::from(u8::MAX) {
            Self::U8((0..n).into_par_iter().map(|i| u8::try_from(code(i)).unwrap_or(u8::MAX)).collect())
        } else if bound < usize::from(u16::MAX) {
            Self::U16((0..n).into_par_iter().map(|i| u16::try_from(code(i)).unwrap_or(u16::MAX)).collect())
        } else {
            Self::U32((0..n).into_par_iter().map(code).collect())
        }
    }

    /// Code at `i`, [`NONE`] if there is no value.
    #[must_use]
    pub fn get(&self, i: usize) -> u32 {
        match self {
            Self::U8(v) => v.get(i).map_or(NONE, |c| if *c == u8::MAX { NONE } else { u32::from(*c) }),
            Self::U16(v) => v.get(i).map_or(NONE, |c| if *c == u16::MAX { NONE } else { u32::from(*c) }),
            Self::U32(v) => v.get(i).copied().unwrap_or(NONE),
        }
    }

    /// Number of codes.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::U8(v) => v.len(),
            Self::U16(v) => v.len(),
            Self::U32(v) => v.len(),
        }
    }

    /// True if there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::U8(v) => v.len(),
            Self::U16(v) => 2 * v.len(),
            Self::U32(v) => 4 * v.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrowest_width() {
        let codes = |bound: usize| Codes::build(3, bound, |i| [0, NONE, bound as u32 - 1][i]);
        for (bound, bytes) in [(254, 3), (255, 6), (65_534, 6), (65_535, 12)] {
            let c = codes(bound);
            assert_eq!((c.bytes(), c.get(0), c.get(1), c.get(2)), (bytes, 0, NONE, bound as u32 - 1));
        }
    }
}

//! A column of dictionary codes in the narrowest integers that hold them.

use crate::error::Result;
use crate::journeys::index::mapped_column::{ColumnPlace, MappedColumn, SlabMut};
use crate::schema::NONE;

/// Codes below a known bound; the largest value of each width stands for "no value".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Codes {
    /// Up to 255 distinct values.
    U8(MappedColumn<u8>),
    /// Up to 65,535 distinct values.
    U16(MappedColumn<u16>),
    /// Codes of 32 bits.
    U32(MappedColumn<u32>),
}

impl Codes {
    /// A column of codes below `bound`.
    #[must_use]
    pub fn narrowest(codes: &[u32], bound: usize) -> Self {
        if bound < usize::from(u8::MAX) {
            Self::U8(codes.iter().map(|c| narrow(*c, u8::MAX)).collect())
        } else if bound < usize::from(u16::MAX) {
            Self::U16(codes.iter().map(|c| narrow(*c, u16::MAX)).collect())
        } else {
            Self::U32(codes.iter().copied().collect())
        }
    }

    /// Code at `i`, [`NONE`] for a missing value.
    #[must_use]
    pub fn get(&self, i: usize) -> u32 {
        match self {
            Self::U8(v) => v.get(i).map_or(NONE, |c| widen(*c, u8::MAX)),
            Self::U16(v) => v.get(i).map_or(NONE, |c| widen(*c, u16::MAX)),
            Self::U32(v) => v.get(i).copied().unwrap_or(NONE),
        }
    }

    /// Visits the codes of some places in order, as [`Codes::get`] gives them.
    #[inline]
    pub fn each(&self, places: std::ops::Range<usize>, visit: impl FnMut(u32)) {
        match self.slice(places) {
            CodeSlice::U8(codes) => codes.iter().map(|c| widen(*c, u8::MAX)).for_each(visit),
            CodeSlice::U16(codes) => codes.iter().map(|c| widen(*c, u16::MAX)).for_each(visit),
            CodeSlice::U32(codes) => codes.iter().copied().for_each(visit),
        }
    }

    /// The codes of some places as they are kept; none if there are not as many.
    pub(crate) fn slice(&self, places: std::ops::Range<usize>) -> CodeSlice<'_> {
        match self {
            Self::U8(v) => CodeSlice::U8(v.get(places).unwrap_or(&[])),
            Self::U16(v) => CodeSlice::U16(v.get(places).unwrap_or(&[])),
            Self::U32(v) => CodeSlice::U32(v.get(places).unwrap_or(&[])),
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

    /// True if it is empty.
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

/// Some codes of a column, for loops that are compiled for each width; the largest value of each width stands for a missing one.
#[derive(Debug, Clone, Copy)]
pub(crate) enum CodeSlice<'a> {
    U8(&'a [u8]),
    U16(&'a [u16]),
    U32(&'a [u32]),
}

/// A code in the form of all widths; the largest of its own stands for none.
#[inline]
pub(super) fn widen<T: Copy + Into<u32> + PartialEq>(code: T, none: T) -> u32 {
    if code == none { NONE } else { code.into() }
}

/// A code of all widths in a narrower one, where codes that do not fit are none.
#[inline]
pub(super) fn narrow<T: TryFrom<u32>>(code: u32, none: T) -> T {
    T::try_from(code).unwrap_or(none)
}

/// A column of codes while it is built.
pub(super) enum CodesMut {
    U8(SlabMut<u8>),
    U16(SlabMut<u16>),
    U32(SlabMut<u32>),
}

impl CodesMut {
    /// Room for `len` codes below `bound`.
    pub(super) fn zeroed(len: usize, bound: usize, place: &ColumnPlace) -> Result<Self> {
        Ok(if bound < usize::from(u8::MAX) {
            Self::U8(SlabMut::zeroed(len, place)?)
        } else if bound < usize::from(u16::MAX) {
            Self::U16(SlabMut::zeroed(len, place)?)
        } else {
            Self::U32(SlabMut::zeroed(len, place)?)
        })
    }

    pub(super) fn freeze(self) -> Codes {
        match self {
            Self::U8(v) => Codes::U8(v.freeze()),
            Self::U16(v) => Codes::U16(v.freeze()),
            Self::U32(v) => Codes::U32(v.freeze()),
        }
    }

    /// All of it, to be cut into parts.
    pub(super) fn part(&mut self) -> CodesPart<'_> {
        match self {
            Self::U8(v) => CodesPart::U8(v),
            Self::U16(v) => CodesPart::U16(v),
            Self::U32(v) => CodesPart::U32(v),
        }
    }
}

/// A part of a column of codes that one thread fills.
pub(super) enum CodesPart<'a> {
    U8(&'a mut [u8]),
    U16(&'a mut [u16]),
    U32(&'a mut [u32]),
}

impl CodesPart<'_> {
    /// Cuts off the first `len`.
    pub(super) fn cut(&mut self, len: usize) -> Self {
        match self {
            Self::U8(v) => Self::U8(cut(v, len)),
            Self::U16(v) => Self::U16(cut(v, len)),
            Self::U32(v) => Self::U32(cut(v, len)),
        }
    }
}

/// Cuts the first `len` off a slice.
#[allow(clippy::mut_mut, reason = "the slice itself is shortened")]
pub(super) fn cut<'a, T>(slice: &mut &'a mut [T], len: usize) -> &'a mut [T] {
    let whole = std::mem::take(slice);
    let (head, tail) = whole.split_at_mut(len.min(whole.len()));
    *slice = tail;
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrowest_width() {
        for (bound, bytes) in [(254, 3), (255, 6), (65_534, 6), (65_535, 12)] {
            let c = Codes::narrowest(&[0, NONE, bound as u32 - 1], bound);
            let mut all = Vec::new();
            c.each(0..3, |code| all.push(code));
            assert_eq!(all, [0, NONE, bound as u32 - 1]);
            assert_eq!((c.bytes(), c.get(0), c.get(1), c.get(2)), (bytes, 0, NONE, bound as u32 - 1));
        }
    }
}

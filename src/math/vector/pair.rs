//! Two vectors at once, for functions whose every step waits for the one before: while one waits, the other works.

use super::Real;

// Written out: what takes a function as an argument is not compiled for the vector unit.
impl<R: Real> Real for [R; 2] {
    #[inline(always)]
    fn splat(x: f64) -> Self {
        [R::splat(x); 2]
    }
    #[inline(always)]
    fn add(self, b: Self) -> Self {
        [self[0].add(b[0]), self[1].add(b[1])]
    }
    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        [self[0].sub(b[0]), self[1].sub(b[1])]
    }
    #[inline(always)]
    fn mul(self, b: Self) -> Self {
        [self[0].mul(b[0]), self[1].mul(b[1])]
    }
    #[inline(always)]
    fn div(self, b: Self) -> Self {
        [self[0].div(b[0]), self[1].div(b[1])]
    }
    #[inline(always)]
    fn min(self, b: Self) -> Self {
        [self[0].min(b[0]), self[1].min(b[1])]
    }
    #[inline(always)]
    fn max(self, b: Self) -> Self {
        [self[0].max(b[0]), self[1].max(b[1])]
    }
    #[inline(always)]
    fn if_negative(self, a: Self, b: Self) -> Self {
        [self[0].if_negative(a[0], b[0]), self[1].if_negative(a[1], b[1])]
    }
    #[inline(always)]
    fn shift_to_exponent(self) -> Self {
        [self[0].shift_to_exponent(), self[1].shift_to_exponent()]
    }
    #[inline(always)]
    fn split_exponent(self) -> (Self, Self) {
        let (a, b) = (self[0].split_exponent(), self[1].split_exponent());
        ([a.0, b.0], [a.1, b.1])
    }
}

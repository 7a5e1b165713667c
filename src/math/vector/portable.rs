//! Eight lanes in plain Rust, for CPUs without a vector unit of their own file; the reference of the others.

use super::lanes::{LANES, Real, Vector};

#[derive(Clone, Copy, Debug)]
pub(super) struct Portable([f64; LANES]);

impl Portable {
    #[inline(always)]
    fn zip(self, b: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        let mut out = self.0;
        for (x, y) in out.iter_mut().zip(b.0) {
            *x = f(*x, y);
        }
        Self(out)
    }
}

impl Real for Portable {
    #[inline(always)]
    fn splat(x: f64) -> Self {
        Self([x; LANES])
    }
    #[inline(always)]
    fn add(self, b: Self) -> Self {
        self.zip(b, |x, y| x + y)
    }
    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        self.zip(b, |x, y| x - y)
    }
    #[inline(always)]
    fn mul(self, b: Self) -> Self {
        self.zip(b, |x, y| x * y)
    }
    #[inline(always)]
    fn div(self, b: Self) -> Self {
        self.zip(b, |x, y| x / y)
    }
    #[inline(always)]
    fn min(self, b: Self) -> Self {
        self.zip(b, |x, y| if x < y { x } else { y })
    }
    #[inline(always)]
    fn max(self, b: Self) -> Self {
        self.zip(b, |x, y| if x > y { x } else { y })
    }
    #[inline(always)]
    fn if_negative(self, a: Self, b: Self) -> Self {
        let mut out = b.0;
        for ((o, sign), a) in out.iter_mut().zip(self.0).zip(a.0) {
            if sign.is_sign_negative() {
                *o = a;
            }
        }
        Self(out)
    }
    #[inline(always)]
    fn shift_to_exponent(self) -> Self {
        Self(self.0.map(|x| f64::from_bits(x.to_bits() << 52)))
    }
    #[inline(always)]
    fn split_exponent(self) -> (Self, Self) {
        (Self(self.0.map(|x| x.split_exponent().0)), Self(self.0.map(|x| x.split_exponent().1)))
    }
}

impl Vector for Portable {
    const ROWS: usize = 2;
    const TILE_ROWS: usize = 2;
    const TILE_COLUMNS: usize = 1;

    #[inline(always)]
    unsafe fn load(p: *const f64) -> Self {
        // SAFETY: readable for eight numbers, by the caller's promise; an array of f64 has no other alignment.
        Self(unsafe { p.cast::<[f64; LANES]>().read() })
    }
    #[inline(always)]
    unsafe fn load_part(p: *const f64, n: usize) -> Self {
        let mut out = [0.0; LANES];
        for (i, x) in out.iter_mut().enumerate().take(n) {
            // SAFETY: readable for n numbers.
            *x = unsafe { *p.add(i) };
        }
        Self(out)
    }
    #[inline(always)]
    unsafe fn load_single(p: *const f32) -> Self {
        // SAFETY: readable for eight numbers.
        Self(unsafe { p.cast::<[f32; LANES]>().read() }.map(f64::from))
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f64) {
        // SAFETY: writable for eight numbers.
        unsafe { p.cast::<[f64; LANES]>().write(self.0) }
    }
    #[inline(always)]
    fn prefetch(_: *const u8) {}
    #[inline(always)]
    fn fma(self, b: Self, c: Self) -> Self {
        // Not mul_add: without the instruction it is a call per lane.
        self.mul(b).add(c)
    }
    #[inline(always)]
    fn sum(self) -> f64 {
        let [a, b, c, d, e, f, g, h] = self.0;
        ((a + e) + (c + g)) + ((b + f) + (d + h))
    }
}

//! Arithmetic on eight lanes, and the kernels written over it.

/// Number of lanes of every [`Vector`].
pub(crate) const LANES: usize = 8;

/// Arithmetic on one number or on eight at a time, with the same bits.
///
/// Implementations for a vector unit must only be reached through [`dispatch`](super::dispatch), which checks that the CPU has it.
pub(crate) trait Real: Copy {
    /// `x` in every lane.
    fn splat(x: f64) -> Self;
    /// a + b.
    fn add(self, b: Self) -> Self;
    /// a − b.
    fn sub(self, b: Self) -> Self;
    /// a · b.
    fn mul(self, b: Self) -> Self;
    /// a / b.
    fn div(self, b: Self) -> Self;
    /// The smaller one; `b` if either is NaN.
    fn min(self, b: Self) -> Self;
    /// The larger one; `b` if either is NaN.
    fn max(self, b: Self) -> Self;
    /// `a` where the lane is negative (its sign bit), else `b`.
    fn if_negative(self, a: Self, b: Self) -> Self;
    /// The bits of each lane, as an integer, shifted left by 52: 2^k from the low bits of k + 1023.
    fn shift_to_exponent(self) -> Self;
    /// Of positive normal numbers m·2ᵏ, 1 ≤ m < 2: m, and 2⁵² + k + 1023.
    fn split_exponent(self) -> (Self, Self);
}

/// Eight `f64` lanes.
pub(crate) trait Vector: Real {
    /// Rows of a dot product whose sums fit into the registers beside their operands.
    const ROWS: usize;
    /// Rows of a tile of sums that fits into the registers.
    const TILE_ROWS: usize;
    /// Vectors of columns of such a tile.
    const TILE_COLUMNS: usize;

    /// Eight numbers from `p`.
    ///
    /// # Safety
    /// As of every method here that takes a pointer: it is readable, or writable, for the lanes used.
    unsafe fn load(p: *const f64) -> Self;
    /// The first `n < 8` numbers from `p`, zeros after.
    unsafe fn load_part(p: *const f64, n: usize) -> Self;
    /// Eight numbers of single precision from `p`.
    unsafe fn load_single(p: *const f32) -> Self;
    /// Writes eight numbers to `p`.
    unsafe fn store(self, p: *mut f64);
    /// Asks for the cache line at `p`; any address will do.
    fn prefetch(p: *const u8);
    /// self · b + c, rounded once where the CPU has FMA.
    fn fma(self, b: Self, c: Self) -> Self;
    /// Sum of the lanes: ((0+4)+(2+6)) + ((1+5)+(3+7)).
    fn sum(self) -> f64;

    /// Adds to the rank of each key how many of the first `n` keys are smaller.
    #[inline(always)]
    fn add_ranks<const W: usize>(keys: &[i64; W], n: usize, ranks: &mut [i64; W]) {
        for other in keys.iter().take(n) {
            for (rank, key) in ranks.iter_mut().zip(keys) {
                *rank += i64::from(other < key);
            }
        }
    }

    /// Adds to each of the numbers from `out` the sum of the lanes of its vector: the bits of [`Vector::sum`].
    ///
    /// # Safety
    /// R numbers from `out` can be written.
    #[inline(always)]
    unsafe fn add_sums<const R: usize>(vectors: &[Self; R], out: *mut f64) {
        for (r, v) in vectors.iter().enumerate() {
            // SAFETY: by the caller.
            unsafe { *out.add(r) += v.sum() };
        }
    }
}

impl Real for f64 {
    #[inline(always)]
    fn splat(x: f64) -> Self {
        x
    }
    #[inline(always)]
    fn add(self, b: Self) -> Self {
        self + b
    }
    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        self - b
    }
    #[inline(always)]
    fn mul(self, b: Self) -> Self {
        self * b
    }
    #[inline(always)]
    fn div(self, b: Self) -> Self {
        self / b
    }
    #[inline(always)]
    fn min(self, b: Self) -> Self {
        if self < b { self } else { b }
    }
    #[inline(always)]
    fn max(self, b: Self) -> Self {
        if self > b { self } else { b }
    }
    #[inline(always)]
    fn if_negative(self, a: Self, b: Self) -> Self {
        if self.is_sign_negative() { a } else { b }
    }
    #[inline(always)]
    fn shift_to_exponent(self) -> Self {
        Self::from_bits(self.to_bits() << 52)
    }
    #[inline(always)]
    fn split_exponent(self) -> (Self, Self) {
        let bits = self.to_bits();
        (Self::from_bits(bits & FRACTION | ONE), Self::from_bits(bits >> 52 | BINADE))
    }
}

/// Bits of a fraction, of 1, and of 2⁵².
pub(super) const FRACTION: u64 = (1 << 52) - 1;
pub(super) const ONE: u64 = 1023 << 52;
pub(super) const BINADE: u64 = (1023 + 52) << 52;

/// A number type of a matrix.
pub(crate) trait Element: Copy + Send + Sync + 'static {
    /// Eight numbers.
    unsafe fn load<V: Vector>(p: *const Self) -> V;
    /// The first `n < 8`, zeros after.
    unsafe fn load_part<V: Vector>(p: *const Self, n: usize) -> V;
    /// As `f64`.
    fn to_f64(self) -> f64;
}

impl Element for f64 {
    #[inline(always)]
    unsafe fn load<V: Vector>(p: *const Self) -> V {
        // SAFETY: as the caller's.
        unsafe { V::load(p) }
    }
    #[inline(always)]
    unsafe fn load_part<V: Vector>(p: *const Self, n: usize) -> V {
        // SAFETY: as the caller's.
        unsafe { V::load_part(p, n) }
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
}

impl Element for f32 {
    #[inline(always)]
    unsafe fn load<V: Vector>(p: *const Self) -> V {
        // SAFETY: as the caller's.
        unsafe { V::load_single(p) }
    }
    #[inline(always)]
    unsafe fn load_part<V: Vector>(p: *const Self, n: usize) -> V {
        let mut lanes = [0.0f64; LANES];
        for (i, lane) in lanes.iter_mut().enumerate().take(n) {
            // SAFETY: the caller's promise covers n numbers.
            *lane = f64::from(unsafe { *p.add(i) });
        }
        // SAFETY: an array of eight.
        unsafe { V::load(lanes.as_ptr()) }
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
}

/// Work to be compiled for each vector unit. `run` must be `#[inline(always)]`.
pub(crate) trait Kernel {
    /// Its result.
    type Output;
    /// Does the work.
    fn run<V: Vector>(self) -> Self::Output;
}

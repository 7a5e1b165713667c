//! The vector units of x86-64: SSE2 (every CPU), AVX2 with FMA, AVX-512.

#![allow(clippy::wildcard_imports, reason = "intrinsics are named as Intel's guide names them")]

use std::arch::x86_64::*;
use std::sync::OnceLock;

use super::lanes::{BINADE, FRACTION, Kernel, ONE, Real, Vector};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unit {
    Sse2,
    Avx2,
    Avx512,
}

impl Unit {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sse2 => "sse2",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }

    fn widest() -> Self {
        if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq") {
            Self::Avx512
        } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            Self::Avx2
        } else {
            Self::Sse2
        }
    }
}

/// The unit in use: the widest one, or a narrower one by `LEADLENS_CPU`.
pub(super) fn unit() -> Unit {
    static UNIT: OnceLock<Unit> = OnceLock::new();
    *UNIT.get_or_init(|| {
        let asked = match std::env::var("LEADLENS_CPU").as_deref() {
            Ok("sse2") => Unit::Sse2,
            Ok("avx2") => Unit::Avx2,
            _ => Unit::Avx512,
        };
        asked.min(Unit::widest())
    })
}

pub(super) fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    on(unit(), kernel)
}

fn on<K: Kernel>(unit: Unit, kernel: K) -> K::Output {
    match unit {
        Unit::Sse2 => kernel.run::<Sse2>(),
        // SAFETY: `unit` is at most what detection found.
        Unit::Avx2 => unsafe { avx2(kernel) },
        // SAFETY: as above.
        Unit::Avx512 => unsafe { avx512(kernel) },
    }
}

#[target_feature(enable = "avx2,fma")]
fn avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx2>()
}

#[target_feature(enable = "avx512f,avx512dq,avx2,fma")]
fn avx512<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx512>()
}

#[cfg(test)]
pub(super) fn on_every_unit<K: Kernel + Clone>(kernel: &K) -> Vec<(&'static str, K::Output)> {
    [Unit::Sse2, Unit::Avx2, Unit::Avx512]
        .into_iter()
        .filter(|u| *u <= Unit::widest())
        .map(|u| (u.name(), on(u, kernel.clone())))
        .collect()
}

#[derive(Clone, Copy, Debug)]
struct Avx512(__m512d);

// SAFETY of all blocks below: the type is private and only named by `avx512`, which has the target features; pointers
// are the caller's promise.
#[allow(clippy::undocumented_unsafe_blocks, reason = "stated once above")]
impl Real for Avx512 {
    #[inline(always)]
    fn splat(x: f64) -> Self {
        Self(unsafe { _mm512_set1_pd(x) })
    }
    #[inline(always)]
    fn add(self, b: Self) -> Self {
        Self(unsafe { _mm512_add_pd(self.0, b.0) })
    }
    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        Self(unsafe { _mm512_sub_pd(self.0, b.0) })
    }
    #[inline(always)]
    fn mul(self, b: Self) -> Self {
        Self(unsafe { _mm512_mul_pd(self.0, b.0) })
    }
    #[inline(always)]
    fn div(self, b: Self) -> Self {
        Self(unsafe { _mm512_div_pd(self.0, b.0) })
    }
    #[inline(always)]
    fn min(self, b: Self) -> Self {
        Self(unsafe { _mm512_min_pd(self.0, b.0) })
    }
    #[inline(always)]
    fn max(self, b: Self) -> Self {
        Self(unsafe { _mm512_max_pd(self.0, b.0) })
    }
    #[inline(always)]
    fn if_negative(self, a: Self, b: Self) -> Self {
        unsafe {
            let negative = _mm512_movepi64_mask(_mm512_castpd_si512(self.0));
            Self(_mm512_mask_blend_pd(negative, b.0, a.0))
        }
    }
    #[inline(always)]
    fn shift_to_exponent(self) -> Self {
        Self(unsafe { _mm512_castsi512_pd(_mm512_slli_epi64::<52>(_mm512_castpd_si512(self.0))) })
    }
    #[inline(always)]
    fn split_exponent(self) -> (Self, Self) {
        unsafe {
            let bits = _mm512_castpd_si512(self.0);
            let fraction = _mm512_and_si512(bits, _mm512_set1_epi64(FRACTION.cast_signed()));
            let exponent = _mm512_srli_epi64::<52>(bits);
            let with = |x, y: u64| Self(_mm512_castsi512_pd(_mm512_or_si512(x, _mm512_set1_epi64(y.cast_signed()))));
            (with(fraction, ONE), with(exponent, BINADE))
        }
    }
}

#[allow(clippy::undocumented_unsafe_blocks, reason = "stated once above")]
impl Vector for Avx512 {
    const ROWS: usize = 8;
    const TILE_ROWS: usize = 8;
    const TILE_COLUMNS: usize = 3;

    #[inline(always)]
    unsafe fn load(p: *const f64) -> Self {
        Self(unsafe { _mm512_loadu_pd(p) })
    }
    #[inline(always)]
    unsafe fn load_part(p: *const f64, n: usize) -> Self {
        Self(unsafe { _mm512_maskz_loadu_pd(((1u32 << n) - 1) as u8, p) })
    }
    #[inline(always)]
    unsafe fn load_single(p: *const f32) -> Self {
        Self(unsafe { _mm512_cvtps_pd(_mm256_loadu_ps(p)) })
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f64) {
        unsafe { _mm512_storeu_pd(p, self.0) }
    }
    #[inline(always)]
    fn prefetch(p: *const u8) {
        unsafe { _mm_prefetch::<_MM_HINT_T0>(p.cast()) }
    }
    #[inline(always)]
    fn fma(self, b: Self, c: Self) -> Self {
        Self(unsafe { _mm512_fmadd_pd(self.0, b.0, c.0) })
    }
    #[inline(always)]
    fn add_ranks<const W: usize>(keys: &[i64; W], n: usize, ranks: &mut [i64; W]) {
        unsafe { add_ranks4(keys, n, ranks) }
    }
    #[inline(always)]
    fn sum(self) -> f64 {
        unsafe { sum4(_mm256_add_pd(_mm512_castpd512_pd256(self.0), _mm512_extractf64x4_pd::<1>(self.0))) }
    }
    #[inline(always)]
    unsafe fn add_sums<const R: usize>(vectors: &[Self; R], out: *mut f64) {
        let [a, b, c, d, e, f, g, h] = vectors.as_slice() else {
            // SAFETY: by the caller.
            vectors.iter().enumerate().for_each(|(r, v)| unsafe { *out.add(r) += v.sum() });
            return;
        };
        // SAFETY: called from units with AVX-512; eight numbers from `out` by the caller.
        unsafe {
            // Two rows to a vector, then four, then eight: the same pairs are added as for one row.
            let fours = |a: &Self, b: &Self| {
                _mm512_add_pd(_mm512_shuffle_f64x2::<0x44>(a.0, b.0), _mm512_shuffle_f64x2::<0xEE>(a.0, b.0))
            };
            let twos = |a: __m512d, b: __m512d| {
                _mm512_add_pd(_mm512_shuffle_f64x2::<0x88>(a, b), _mm512_shuffle_f64x2::<0xDD>(a, b))
            };
            let (low, high) = (twos(fours(a, b), fours(c, d)), twos(fours(e, f), fours(g, h)));
            // In the order a, e, b, f, c, g, d, h.
            let sums = _mm512_add_pd(_mm512_unpacklo_pd(low, high), _mm512_unpackhi_pd(low, high));
            let sums = _mm512_permutexvar_pd(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), sums);
            _mm512_storeu_pd(out, _mm512_add_pd(_mm512_loadu_pd(out), sums));
        }
    }
}

/// (0+2) + (1+3) of four lanes that already hold pairs.
#[inline(always)]
unsafe fn sum4(v: __m256d) -> f64 {
    // SAFETY: called from units with AVX only.
    unsafe {
        let two = _mm_add_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd::<1>(v));
        _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)))
    }
}

/// [`Vector::add_ranks`], four keys at a time; at most 24 of them.
#[inline(always)]
unsafe fn add_ranks4<const W: usize>(keys: &[i64; W], n: usize, ranks: &mut [i64; W]) {
    const { assert!(W.is_multiple_of(4) && W <= 24, "of so many vectors") };
    // SAFETY: called from units with AVX2 only; W keys and ranks, four at a time.
    unsafe {
        let mut own = [_mm256_setzero_si256(); 6];
        let mut sums = own;
        for (v, (own, sum)) in own.iter_mut().zip(&mut sums).enumerate().take(W / 4) {
            *own = _mm256_loadu_si256(keys.as_ptr().add(4 * v).cast());
            *sum = _mm256_loadu_si256(ranks.as_ptr().add(4 * v).cast());
        }
        for other in keys.iter().take(n) {
            let other = _mm256_set1_epi64x(*other);
            for (own, sum) in own.iter().zip(&mut sums).take(W / 4) {
                // A key that is larger gives −1.
                *sum = _mm256_sub_epi64(*sum, _mm256_cmpgt_epi64(*own, other));
            }
        }
        for (v, sum) in sums.iter().enumerate().take(W / 4) {
            _mm256_storeu_si256(ranks.as_mut_ptr().add(4 * v).cast(), *sum);
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Avx2(__m256d, __m256d);

#[inline(always)]
unsafe fn mask4(n: usize) -> __m256i {
    const ONES: [i64; 8] = [-1, -1, -1, -1, 0, 0, 0, 0];
    // SAFETY: n.min(4) numbers further there are four more.
    unsafe { _mm256_loadu_si256(ONES.as_ptr().add(4 - n.min(4)).cast()) }
}

// SAFETY of all blocks below: the type is private and only named by `avx2`, which has the target features; pointers
// are the caller's promise.
#[allow(clippy::undocumented_unsafe_blocks, reason = "stated once above")]
impl Real for Avx2 {
    #[inline(always)]
    fn splat(x: f64) -> Self {
        let v = unsafe { _mm256_set1_pd(x) };
        Self(v, v)
    }
    #[inline(always)]
    fn add(self, b: Self) -> Self {
        unsafe { Self(_mm256_add_pd(self.0, b.0), _mm256_add_pd(self.1, b.1)) }
    }
    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        unsafe { Self(_mm256_sub_pd(self.0, b.0), _mm256_sub_pd(self.1, b.1)) }
    }
    #[inline(always)]
    fn mul(self, b: Self) -> Self {
        unsafe { Self(_mm256_mul_pd(self.0, b.0), _mm256_mul_pd(self.1, b.1)) }
    }
    #[inline(always)]
    fn div(self, b: Self) -> Self {
        unsafe { Self(_mm256_div_pd(self.0, b.0), _mm256_div_pd(self.1, b.1)) }
    }
    #[inline(always)]
    fn min(self, b: Self) -> Self {
        unsafe { Self(_mm256_min_pd(self.0, b.0), _mm256_min_pd(self.1, b.1)) }
    }
    #[inline(always)]
    fn max(self, b: Self) -> Self {
        unsafe { Self(_mm256_max_pd(self.0, b.0), _mm256_max_pd(self.1, b.1)) }
    }
    #[inline(always)]
    fn if_negative(self, a: Self, b: Self) -> Self {
        unsafe { Self(_mm256_blendv_pd(b.0, a.0, self.0), _mm256_blendv_pd(b.1, a.1, self.1)) }
    }
    #[inline(always)]
    fn shift_to_exponent(self) -> Self {
        unsafe {
            Self(
                _mm256_castsi256_pd(_mm256_slli_epi64::<52>(_mm256_castpd_si256(self.0))),
                _mm256_castsi256_pd(_mm256_slli_epi64::<52>(_mm256_castpd_si256(self.1))),
            )
        }
    }
    #[inline(always)]
    fn split_exponent(self) -> (Self, Self) {
        let split = |x| unsafe {
            let bits = _mm256_castpd_si256(x);
            let fraction = _mm256_and_si256(bits, _mm256_set1_epi64x(FRACTION.cast_signed()));
            let exponent = _mm256_srli_epi64::<52>(bits);
            let with = |x, y: u64| _mm256_castsi256_pd(_mm256_or_si256(x, _mm256_set1_epi64x(y.cast_signed())));
            (with(fraction, ONE), with(exponent, BINADE))
        };
        let (low, high) = (split(self.0), split(self.1));
        (Self(low.0, high.0), Self(low.1, high.1))
    }
}

#[allow(clippy::undocumented_unsafe_blocks, reason = "stated once above")]
impl Vector for Avx2 {
    const ROWS: usize = 4;
    const TILE_ROWS: usize = 4;
    const TILE_COLUMNS: usize = 1;

    #[inline(always)]
    unsafe fn load(p: *const f64) -> Self {
        unsafe { Self(_mm256_loadu_pd(p), _mm256_loadu_pd(p.add(4))) }
    }
    #[inline(always)]
    unsafe fn load_part(p: *const f64, n: usize) -> Self {
        // Masked lanes are not read, so the second address may lie beyond the data.
        unsafe {
            Self(_mm256_maskload_pd(p, mask4(n)), _mm256_maskload_pd(p.wrapping_add(4), mask4(n.saturating_sub(4))))
        }
    }
    #[inline(always)]
    unsafe fn load_single(p: *const f32) -> Self {
        unsafe { Self(_mm256_cvtps_pd(_mm_loadu_ps(p)), _mm256_cvtps_pd(_mm_loadu_ps(p.add(4)))) }
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f64) {
        unsafe {
            _mm256_storeu_pd(p, self.0);
            _mm256_storeu_pd(p.add(4), self.1);
        }
    }
    #[inline(always)]
    fn prefetch(p: *const u8) {
        unsafe { _mm_prefetch::<_MM_HINT_T0>(p.cast()) }
    }
    #[inline(always)]
    fn fma(self, b: Self, c: Self) -> Self {
        unsafe { Self(_mm256_fmadd_pd(self.0, b.0, c.0), _mm256_fmadd_pd(self.1, b.1, c.1)) }
    }
    #[inline(always)]
    fn add_ranks<const W: usize>(keys: &[i64; W], n: usize, ranks: &mut [i64; W]) {
        unsafe { add_ranks4(keys, n, ranks) }
    }
    #[inline(always)]
    fn sum(self) -> f64 {
        unsafe { sum4(_mm256_add_pd(self.0, self.1)) }
    }
    #[inline(always)]
    unsafe fn add_sums<const R: usize>(vectors: &[Self; R], out: *mut f64) {
        let [a, b, c, d] = vectors.as_slice() else {
            // SAFETY: by the caller.
            vectors.iter().enumerate().for_each(|(r, v)| unsafe { *out.add(r) += v.sum() });
            return;
        };
        // SAFETY: called from units with AVX2; four numbers from `out` by the caller.
        unsafe {
            let four = |v: &Self| _mm256_add_pd(v.0, v.1);
            let twos = |a: __m256d, b: __m256d| {
                _mm256_add_pd(_mm256_permute2f128_pd::<0x20>(a, b), _mm256_permute2f128_pd::<0x31>(a, b))
            };
            let (low, high) = (twos(four(a), four(b)), twos(four(c), four(d)));
            // In the order a, c, b, d.
            let sums = _mm256_add_pd(_mm256_unpacklo_pd(low, high), _mm256_unpackhi_pd(low, high));
            let sums = _mm256_permute4x64_pd::<0xD8>(sums);
            _mm256_storeu_pd(out, _mm256_add_pd(_mm256_loadu_pd(out), sums));
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Sse2([__m128d; 4]);

impl Sse2 {
    #[inline(always)]
    fn zip(self, b: Self, f: impl Fn(__m128d, __m128d) -> __m128d) -> Self {
        let ([a0, a1, a2, a3], [b0, b1, b2, b3]) = (self.0, b.0);
        Self([f(a0, b0), f(a1, b1), f(a2, b2), f(a3, b3)])
    }
}

// SAFETY of all blocks below: SSE2 is part of every x86-64 CPU; pointers are the caller's promise.
#[allow(clippy::undocumented_unsafe_blocks, reason = "stated once above")]
impl Real for Sse2 {
    #[inline(always)]
    fn splat(x: f64) -> Self {
        Self([unsafe { _mm_set1_pd(x) }; 4])
    }
    #[inline(always)]
    fn add(self, b: Self) -> Self {
        self.zip(b, |x, y| unsafe { _mm_add_pd(x, y) })
    }
    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        self.zip(b, |x, y| unsafe { _mm_sub_pd(x, y) })
    }
    #[inline(always)]
    fn mul(self, b: Self) -> Self {
        self.zip(b, |x, y| unsafe { _mm_mul_pd(x, y) })
    }
    #[inline(always)]
    fn div(self, b: Self) -> Self {
        self.zip(b, |x, y| unsafe { _mm_div_pd(x, y) })
    }
    #[inline(always)]
    fn min(self, b: Self) -> Self {
        self.zip(b, |x, y| unsafe { _mm_min_pd(x, y) })
    }
    #[inline(always)]
    fn max(self, b: Self) -> Self {
        self.zip(b, |x, y| unsafe { _mm_max_pd(x, y) })
    }
    #[inline(always)]
    fn if_negative(self, a: Self, b: Self) -> Self {
        let pick = |sign: __m128d, a: __m128d, b: __m128d| unsafe {
            // All ones where the sign bit is set: the upper half of each lane, shifted and copied to both halves.
            let half = _mm_srai_epi32::<31>(_mm_castpd_si128(sign));
            let mask = _mm_castsi128_pd(_mm_shuffle_epi32::<0b11_11_01_01>(half));
            _mm_or_pd(_mm_and_pd(mask, a), _mm_andnot_pd(mask, b))
        };
        let ([s0, s1, s2, s3], [a0, a1, a2, a3], [b0, b1, b2, b3]) = (self.0, a.0, b.0);
        Self([pick(s0, a0, b0), pick(s1, a1, b1), pick(s2, a2, b2), pick(s3, a3, b3)])
    }
    #[inline(always)]
    fn shift_to_exponent(self) -> Self {
        Self(self.0.map(|x| unsafe { _mm_castsi128_pd(_mm_slli_epi64::<52>(_mm_castpd_si128(x))) }))
    }
    #[inline(always)]
    fn split_exponent(self) -> (Self, Self) {
        let with = |x, y: u64| unsafe { _mm_castsi128_pd(_mm_or_si128(x, _mm_set1_epi64x(y.cast_signed()))) };
        let mantissa = self
            .0
            .map(|x| unsafe { with(_mm_and_si128(_mm_castpd_si128(x), _mm_set1_epi64x(FRACTION.cast_signed())), ONE) });
        let exponent = self.0.map(|x| unsafe { with(_mm_srli_epi64::<52>(_mm_castpd_si128(x)), BINADE) });
        (Self(mantissa), Self(exponent))
    }
}

#[allow(clippy::undocumented_unsafe_blocks, reason = "stated once above")]
impl Vector for Sse2 {
    const ROWS: usize = 2;
    const TILE_ROWS: usize = 2;
    const TILE_COLUMNS: usize = 1;

    #[inline(always)]
    unsafe fn load(p: *const f64) -> Self {
        unsafe { Self([_mm_loadu_pd(p), _mm_loadu_pd(p.add(2)), _mm_loadu_pd(p.add(4)), _mm_loadu_pd(p.add(6))]) }
    }
    #[inline(always)]
    unsafe fn load_part(p: *const f64, n: usize) -> Self {
        let mut lanes = [0.0; 8];
        unsafe {
            for (i, lane) in lanes.iter_mut().enumerate().take(n) {
                *lane = *p.add(i);
            }
            Self::load(lanes.as_ptr())
        }
    }
    #[inline(always)]
    unsafe fn load_single(p: *const f32) -> Self {
        unsafe {
            let (low, high) = (_mm_loadu_ps(p), _mm_loadu_ps(p.add(4)));
            Self([
                _mm_cvtps_pd(low),
                _mm_cvtps_pd(_mm_movehl_ps(low, low)),
                _mm_cvtps_pd(high),
                _mm_cvtps_pd(_mm_movehl_ps(high, high)),
            ])
        }
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f64) {
        unsafe {
            for (i, v) in self.0.into_iter().enumerate() {
                _mm_storeu_pd(p.add(2 * i), v);
            }
        }
    }
    #[inline(always)]
    fn prefetch(p: *const u8) {
        unsafe { _mm_prefetch::<_MM_HINT_T0>(p.cast()) }
    }
    #[inline(always)]
    fn fma(self, b: Self, c: Self) -> Self {
        self.mul(b).add(c)
    }
    #[inline(always)]
    fn sum(self) -> f64 {
        let [a, b, c, d] = self.0;
        unsafe {
            // (0+4, 1+5) + (2+6, 3+7)
            let two = _mm_add_pd(_mm_add_pd(a, c), _mm_add_pd(b, d));
            _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)))
        }
    }
}

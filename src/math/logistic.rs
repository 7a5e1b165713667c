//! The logistic function and its relatives, on one number or on eight at a time with the same bits.
//!
//! Nothing here depends on the C library, nor on fused multiply-add, so a score has the same bits on every
//! machine.

use super::vector::{LANES, Real, Vector};

/// 2⁵² · 1.5: added to a number of small size, it rounds it to an integer.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// ln 2 in two parts, the first of which times a small whole number is exact.
const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// 2⁵².
const ROUND_52: f64 = 4_503_599_627_370_496.0;

/// e^x in the lanes of `x`; relative error below 2⁻⁵² where the result is a normal number.
///
/// x = k·ln 2 + r, |r| ≤ ln 2 / 2; e^r = 1 + (r + r²·q(r)) by its Taylor polynomial of degree 13, whose remainder is
/// below 5·10⁻¹⁸, even and odd powers of q apart, which halves the wait for one product after the other; 2^k in two
/// factors, so tiny results become subnormal and then 0. NaN stays NaN. W. Cody, W. Waite, "Software Manual for
/// the Elementary Functions", 1980, chapter 6.
#[inline(always)]
pub(crate) fn exp_lanes<R: Real>(x: R) -> R {
    /// 1/n! of q's even powers, n = 2, 4, …, 12 from the highest, and of its odd ones, n = 3, 5, …, 13.
    const EVEN: [f64; 6] = [1.0 / 479_001_600.0, 1.0 / 3_628_800.0, 1.0 / 40_320.0, 1.0 / 720.0, 1.0 / 24.0, 1.0 / 2.0];
    const ODD: [f64; 6] =
        [1.0 / 6_227_020_800.0, 1.0 / 39_916_800.0, 1.0 / 362_880.0, 1.0 / 5_040.0, 1.0 / 120.0, 1.0 / 6.0];
    let x = R::splat(-750.0).max(x);
    let x = R::splat(710.0).min(x);
    let round = R::splat(ROUND);
    let k = x.mul(R::splat(std::f64::consts::LOG2_E)).add(round).sub(round);
    let r = x.sub(k.mul(R::splat(LN_2_HIGH))).sub(k.mul(R::splat(LN_2_LOW)));
    let square = r.mul(r);
    let q = horner(EVEN, square).add(horner(ODD, square).mul(r));
    let p = r.add(square.mul(q)).add(R::splat(1.0));
    let half = k.mul(R::splat(0.5)).add(round).sub(round);
    let power = |k: R| k.add(R::splat(ROUND + 1023.0)).shift_to_exponent();
    p.mul(power(half)).mul(power(k.sub(half)))
}

/// Polynomial in `x` by its coefficients, that of the highest power first.
#[inline(always)]
fn horner<R: Real, const N: usize>(coefficients: [f64; N], x: R) -> R {
    let mut rest = coefficients.into_iter();
    let mut sum = R::splat(rest.next().unwrap_or(0.0));
    for c in rest {
        sum = sum.mul(x).add(R::splat(c));
    }
    sum
}

/// ln x in the lanes of `x`, which are positive normal numbers; relative error below 2⁻⁵¹.
///
/// x = m·2ᵏ, ½·√2 ≤ m < √2; ln m = 2·artanh(u), u = (m − 1)/(m + 1), |u| < 0.172, by its series Σ u^(2j+1)/(2j+1), whose
/// remainder after 11 terms is below 10⁻¹⁸ of it.
#[inline(always)]
pub(crate) fn ln_lanes<R: Real>(x: R) -> R {
    let (mantissa, exponent) = x.split_exponent();
    let (one, half) = (R::splat(1.0), mantissa.mul(R::splat(0.5)));
    let k = exponent.sub(R::splat(ROUND_52 + 1023.0));
    let below = mantissa.sub(R::splat(std::f64::consts::SQRT_2));
    let (m, k) = (below.if_negative(mantissa, half), below.if_negative(k, k.add(one)));
    let u = m.sub(one).div(m.add(one));
    let square = u.mul(u);
    let mut series = R::splat(1.0 / 21.0);
    for j in (0..10).rev() {
        series = series.mul(square).add(R::splat(1.0 / f64::from(2 * j + 1)));
    }
    k.mul(R::splat(LN_2_HIGH)).add(u.add(u).mul(series).add(k.mul(R::splat(LN_2_LOW))))
}

/// −|x|; NaN stays NaN.
#[inline(always)]
fn minus_abs<R: Real>(x: R) -> R {
    x.if_negative(x, R::splat(0.0).sub(x))
}

/// σ(z) and σ(−z), each accurate where it is small.
#[inline(always)]
pub(crate) fn sigmoid_pair<R: Real>(z: R) -> (R, R) {
    let t = exp_lanes(minus_abs(z));
    let large = R::splat(1.0).div(R::splat(1.0).add(t));
    let small = t.mul(large);
    (z.if_negative(small, large), z.if_negative(large, small))
}

/// ln(1 + e^z), and σ(z) and σ(−z), from one exponential.
///
/// max(z, 0) + ln(1 + t), t = e^−|z| in [0, 1]; ln(1 + t) = 2·artanh(u), u = t / (2 + t) ≤ 1/3, by its series
/// Σ u^(2k+1)/(2k+1), whose remainder after 17 terms is below 2·10⁻¹⁸ of it.
#[inline(always)]
pub(crate) fn loss_lanes<R: Real>(z: R) -> (R, R, R) {
    let t = exp_lanes(minus_abs(z));
    let large = R::splat(1.0).div(R::splat(1.0).add(t));
    let small = t.mul(large);
    let u = t.div(t.add(R::splat(2.0)));
    let square = u.mul(u);
    let mut series = R::splat(1.0 / 35.0);
    for k in (1..17).rev() {
        series = series.mul(square).add(R::splat(1.0 / f64::from(2 * k + 1)));
    }
    let series = series.mul(square).add(R::splat(1.0));
    let u2 = u.add(u);
    let loss = z.if_negative(R::splat(0.0), z).add(u2.mul(series));
    (loss, z.if_negative(small, large), z.if_negative(large, small))
}

/// `e^x`.
#[must_use]
pub fn exp(x: f64) -> f64 {
    exp_lanes(x)
}

/// `2^x`.
#[must_use]
pub fn exp2(x: f64) -> f64 {
    libm::exp2(x)
}

/// Replaces each `x` by `e^x`: the bits of [`exp`].
#[inline(always)]
pub(crate) fn exp_all<V: Vector>(numbers: &mut [f64]) {
    let (pairs, rest) = numbers.as_chunks_mut();
    for pair in pairs {
        exp_pair::<V>(pair);
    }
    let mut last = [0.0; PAIR];
    last.iter_mut().zip(&*rest).for_each(|(to, x)| *to = *x);
    exp_pair::<V>(&mut last);
    rest.iter_mut().zip(last).for_each(|(x, power)| *x = power);
}

/// Numbers in two vectors.
const PAIR: usize = 2 * LANES;

#[inline(always)]
fn exp_pair<V: Vector>(numbers: &mut [f64; PAIR]) {
    let (a, b) = numbers.split_at_mut(LANES);
    // SAFETY: eight numbers each.
    let [x, y] = exp_lanes(unsafe { [V::load(a.as_ptr()), V::load(b.as_ptr())] });
    // SAFETY: as above.
    unsafe {
        x.store(a.as_mut_ptr());
        y.store(b.as_mut_ptr());
    }
}

/// Natural logarithm; `ln(0) = -inf`.
#[must_use]
pub fn ln(x: f64) -> f64 {
    libm::log(x)
}

/// `1 / (1 + e^-x)`, in `[0, 1]`; `-inf → 0`, `+inf → 1`, NaN stays NaN.
///
/// ```
/// assert_eq!(leadlens::math::sigmoid(0.0), 0.5);
/// ```
#[must_use]
pub fn sigmoid(x: f64) -> f64 {
    sigmoid_pair(x).0
}

/// `ln(p / (1 - p))`; `0 → -inf`, `1 → +inf`.
#[must_use]
pub fn logit(p: f64) -> f64 {
    ln(p) - libm::log1p(-p)
}

/// `ln(1 + e^x)` without overflow or cancellation.
#[must_use]
pub fn log1pexp(x: f64) -> f64 {
    if x == f64::INFINITY { x } else { loss_lanes(x).0 }
}

#[cfg(test)]
mod tests {
    use super::super::vector::{Kernel, LANES, Vector, on_every_unit};
    use super::*;

    #[test]
    fn limits_and_symmetry() {
        assert_eq!(sigmoid(f64::NEG_INFINITY), 0.0);
        assert_eq!(sigmoid(f64::INFINITY), 1.0);
        assert!(sigmoid(f64::NAN).is_nan() && exp(f64::NAN).is_nan() && log1pexp(f64::NAN).is_nan());
        assert_eq!((exp(f64::NEG_INFINITY), exp(0.0), exp(f64::INFINITY)), (0.0, 1.0, f64::INFINITY));
        assert_eq!((log1pexp(f64::NEG_INFINITY), log1pexp(f64::INFINITY)), (0.0, f64::INFINITY));
        for x in [-700.0, -40.0, -18.0, -1.0, 0.0, 1e-9, 18.5, 33.4, 700.0] {
            assert!((sigmoid(x) + sigmoid(-x) - 1.0).abs() < 1e-15, "{x}");
            // log1pexp(x) - log1pexp(-x) = x
            let difference = log1pexp(x) - log1pexp(-x);
            assert!((difference - x).abs() <= 1e-14 * x.abs().max(1.0), "{x}");
        }
        for p in [1e-300, 1e-9, 0.3, 0.5, 0.999] {
            assert!((sigmoid(logit(p)) - p).abs() <= 1e-13 * p);
        }
    }

    #[test]
    fn equal_to_a_reference_within_rounding() {
        // libm errs by up to 1 ulp (2.2e-16) itself.
        let close = |a: f64, b: f64, x: f64| assert!((a - b).abs() <= 5e-16 * b.abs(), "{x}: {a} {b}");
        // Four more roundings in the series.
        let near = |a: f64, b: f64, x: f64| assert!((a - b).abs() <= 1.1e-15 * b.abs(), "{x}: {a} {b}");
        for i in -700_000..=700_000 {
            let x = f64::from(i) * 1.000_3e-3;
            close(exp(x), libm::exp(x), x);
            let t = libm::exp(-x.abs());
            near(log1pexp(x), x.max(0.0) + libm::log1p(t), x);
        }
        // Below the normal numbers the step is absolute.
        assert!((exp(-740.0) - libm::exp(-740.0)).abs() <= 5e-324);
    }

    #[test]
    fn logarithms_within_rounding() {
        for x in (1..400_000).map(|i| f64::from(i) * 7.31e-6).chain([1e-300, 5e-17, 0.5, 1.0 - 1e-16, 1.0, 2.0, 1e300])
        {
            let (ours, reference) = (ln_lanes(x), libm::log(x));
            assert!((ours - reference).abs() <= 5e-16 * reference.abs(), "{x}: {ours} {reference}");
        }
    }

    #[derive(Clone)]
    struct Sigmoids([f64; LANES]);

    impl Kernel for Sigmoids {
        type Output = Vec<u64>;
        #[inline(always)]
        fn run<V: Vector>(self) -> Vec<u64> {
            let mut out = [0.0; 4 * LANES];
            // SAFETY: arrays of eight, and of four times eight.
            unsafe {
                let x = V::load(self.0.as_ptr());
                let (p, q) = sigmoid_pair(x);
                p.store(out.as_mut_ptr());
                q.store(out.as_mut_ptr().add(LANES));
                loss_lanes(x).0.store(out.as_mut_ptr().add(2 * LANES));
                ln_lanes(exp_lanes(x.mul(V::splat(0.5)))).store(out.as_mut_ptr().add(3 * LANES));
            }
            out.map(f64::to_bits).to_vec()
        }
    }

    #[test]
    fn every_vector_unit_gives_the_bits_of_one_number() {
        for start in -40..40 {
            let x: [f64; LANES] = std::array::from_fn(|i| f64::from(start) * 18.7 + i as f64 * 0.37);
            let one: Vec<u64> = (x.map(sigmoid).into_iter())
                .chain(x.map(|x| sigmoid_pair(x).1))
                .chain(x.map(|x| loss_lanes(x).0))
                .chain(x.map(|x| ln_lanes(exp_lanes(x * 0.5))))
                .map(f64::to_bits)
                .collect();
            for (unit, bits) in on_every_unit(&Sigmoids(x)) {
                assert_eq!(bits, one, "{unit}");
            }
        }
    }

    #[derive(Clone)]
    struct Exps(Vec<f64>);

    impl Kernel for Exps {
        type Output = Vec<u64>;
        #[inline(always)]
        fn run<V: Vector>(mut self) -> Vec<u64> {
            exp_all::<V>(&mut self.0);
            self.0.into_iter().map(f64::to_bits).collect()
        }
    }

    #[test]
    fn many_numbers_have_the_bits_of_one() {
        for n in 0..50 {
            let x: Vec<f64> = (0..n).map(|i| f64::from(i * i) * -0.43 + 20.0).collect();
            let one: Vec<u64> = x.iter().map(|x| exp(*x).to_bits()).collect();
            for (unit, bits) in on_every_unit(&Exps(x)) {
                assert_eq!(bits, one, "{unit}");
            }
        }
    }
}

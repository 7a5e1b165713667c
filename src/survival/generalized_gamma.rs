//! Distributions of the time to an event.

use serde::{Deserialize, Serialize};
use statrs::function::gamma::{checked_gamma_lr, checked_gamma_ur, ln_gamma};

use crate::error::Error;
use crate::math::{exp, ln, normal_tail};
use crate::serde_str::text_form;

/// A family of distributions of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// The generalised gamma, which has the two others and the gamma among its members.
    GeneralizedGamma,
    /// Weibull distribution.
    Weibull,
    /// Log-normal.
    LogNormal,
}

const NAMES: [(&str, Family); 3] =
    [("generalized_gamma", Family::GeneralizedGamma), ("weibull", Family::Weibull), ("lognormal", Family::LogNormal)];

impl std::str::FromStr for Family {
    type Err = Error;

    fn from_str(text: &str) -> crate::Result<Self> {
        let found = NAMES.iter().find(|(name, _)| *name == text).map(|(_, family)| *family);
        found.ok_or_else(|| Error::unknown("ceiling", text, NAMES.iter().map(|(name, _)| *name)))
    }
}

impl std::fmt::Display for Family {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(NAMES.iter().find(|(_, family)| family == self).map_or("", |(name, _)| name))
    }
}

text_form!(Family);

/// A member: ln T = μ + σ·w, where q says what w is: log-normal for 0, Weibull for 1.
///
/// With a = 1/q² and z = (ln t − μ)/σ, F(t) = P(a, a·e^(q·z)) for q > 0, 1 − P for q < 0, Φ(z) for q = 0. R. L. Prentice,
/// "A log gamma model and its maximum likelihood estimation", Biometrika 61 (1974).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EventTimes {
    /// Location of ln t, t in days.
    pub mu: f64,
    /// Scale of ln t.
    pub sigma: f64,
    /// Shape parameter q.
    pub q: f64,
}

/// Shapes nearer to 0 are taken as log-normal: the difference is beyond what gamma functions resolve.
const FLAT: f64 = 1e-3;

impl EventTimes {
    /// Share of times up to `t`, and above.
    #[must_use]
    pub fn shares(&self, t: f64) -> (f64, f64) {
        if t <= 0.0 {
            return (0.0, 1.0);
        }
        let z = (ln(t) - self.mu) / self.sigma;
        if self.q.abs() < FLAT {
            return (normal_tail(-z), normal_tail(z));
        }
        let a = 1.0 / (self.q * self.q);
        let x = a * exp(self.q * z);
        // Both tails, each accurate where it is small.
        let lower = if x == 0.0 { 0.0 } else { checked_gamma_lr(a, x).unwrap_or(1.0) };
        let upper = if x == 0.0 { 1.0 } else { checked_gamma_ur(a, x).unwrap_or(0.0) };
        if self.q > 0.0 { (lower, upper) } else { (upper, lower) }
    }

    /// Logarithm of the density at `t` > 0, per day.
    #[must_use]
    pub fn log_density(&self, t: f64) -> f64 {
        let log = ln(t);
        let z = (log - self.mu) / self.sigma;
        let scale = -ln(self.sigma) - log;
        if self.q.abs() < FLAT {
            return scale - 0.5 * z * z - 0.5 * ln(2.0 * std::f64::consts::PI);
        }
        let a = 1.0 / (self.q * self.q);
        let qz = self.q * z;
        // ln|q| + a·ln a − a − ln Γ(a), by Stirling's series where terms would cancel.
        let constant = if a > 1e4 {
            -0.5 * ln(2.0 * std::f64::consts::PI) - 1.0 / (12.0 * a)
        } else {
            ln(self.q.abs()) + a * ln(a) - a - ln_gamma(a)
        };
        scale + constant + a * (qz - libm::expm1(qz))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn densities_are_the_slopes_of_shares() {
        for q in [-1.7, -0.5, -0.011, -0.0012, 0.0, 0.0005, 0.009, 0.6, 1.0, 2.5] {
            let d = EventTimes { mu: 1.2, sigma: 0.8, q };
            for t in [0.05, 0.7, 3.0, 9.0, 40.0] {
                let h = 1e-4 * t;
                let (below, above) = d.shares(t);
                assert!((below + above - 1.0).abs() < 1e-9, "{q} {t}");
                // The smaller tail, so nothing cancels.
                let slope = if below < above {
                    (d.shares(t + h).0 - d.shares(t - h).0) / (2.0 * h)
                } else {
                    (d.shares(t - h).1 - d.shares(t + h).1) / (2.0 * h)
                };
                let density = exp(d.log_density(t));
                assert!((slope / density - 1.0).abs() < 1e-5 || density < 1e-30, "{q} {t}: {slope} {density}");
            }
        }
    }

    #[test]
    fn members_are_what_they_are_called() {
        let weibull = EventTimes { mu: 2.0, sigma: 0.5, q: 1.0 };
        let (scale, shape) = (2.0f64.exp(), 2.0);
        for t in [0.5f64, 5.0, 20.0] {
            let survival = (-(t / scale).powf(shape)).exp();
            assert!((weibull.shares(t).1 - survival).abs() < 1e-12, "{t}");
        }
        // Continuous where it passes into the log-normal.
        let at = |q: f64| EventTimes { mu: 1.0, sigma: 0.7, q };
        for t in [0.4, 3.0, 12.0] {
            assert!((at(0.0).log_density(t) - at(0.001_01).log_density(t)).abs() < 2e-2);
            assert!((at(0.0).shares(t).0 - at(-0.001_01).shares(t).0).abs() < 2e-3);
        }
    }
}

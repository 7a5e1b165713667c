//! The scale of points.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::math::ln;

/// The scale of points: points = offset + factor · ln(odds), with
/// factor = `pdo` / ln 2 and offset = `points` − factor · ln(`odds`).
///
/// N. Siddiqi, "Intelligent Credit Scoring", 2nd ed., Wiley 2017, ch. 10.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PointScale {
    /// Points of a lead whose odds are `odds`.
    pub points: f64,
    /// Odds (probability / (1 − probability)) that are worth `points`.
    pub odds: f64,
    /// Points that double the odds.
    pub pdo: f64,
}

impl Default for PointScale {
    fn default() -> Self {
        Self { points: 600.0, odds: 1.0 / 19.0, pdo: 50.0 }
    }
}

impl PointScale {
    /// Points and doublings beyond this are a slip of the keyboard, and sums of points would lose digits.
    const MOST: f64 = 1e6;

    /// Points per unit of log-odds.
    #[must_use]
    pub fn factor(&self) -> f64 {
        self.pdo / std::f64::consts::LN_2
    }

    /// Points at even odds.
    #[must_use]
    pub fn offset(&self) -> f64 {
        self.points - self.factor() * ln(self.odds)
    }

    /// Log-odds that `points` stand for.
    #[must_use]
    pub fn log_odds(&self, points: i64) -> f64 {
        (points as f64 - self.offset()) / self.factor()
    }

    pub(super) fn check(&self) -> Result<()> {
        let wrong = |option: &str, problem: String| Err(Error::option(option, problem));
        if !self.points.is_finite() || self.points.abs() > Self::MOST {
            return wrong("points", format!("must be a number from -1000000 to 1000000, not {}", self.points));
        }
        if !self.odds.is_normal() || self.odds < 0.0 {
            return wrong("odds", format!("must be a finite number above 0, not {}", self.odds));
        }
        if !(1.0..=Self::MOST).contains(&self.pdo) {
            return wrong("pdo", format!("must be from 1 to 1000000, not {}", self.pdo));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The scale that R's `scorecard` takes by default: 812.396 points at even odds, 650 at 2:19.
    #[test]
    fn the_default_scale() {
        let scale = PointScale::default();
        assert!((scale.factor() - 72.134_752).abs() < 1e-6);
        assert!((scale.offset() - 812.396).abs() < 1e-3);
        assert!((scale.offset() + scale.factor() * ln(2.0 / 19.0) - 650.0).abs() < 1e-9);
        assert!((scale.log_odds(600) - ln(1.0 / 19.0)).abs() < 1e-12);
    }

    #[test]
    fn wrong_scales() {
        let scale = PointScale::default();
        for (wrong, option) in [
            (PointScale { points: f64::NAN, ..scale }, "points"),
            (PointScale { odds: 0.0, ..scale }, "odds"),
            (PointScale { odds: f64::INFINITY, ..scale }, "odds"),
            (PointScale { pdo: 0.5, ..scale }, "pdo"),
        ] {
            assert!(wrong.check().is_err_and(|e| e.to_string().starts_with(option)), "{option}");
        }
        scale.check().unwrap();
    }
}

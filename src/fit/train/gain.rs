//! Whether what held-out rows gain will last: by the origins of folds forward in time, from the first to the latest.
//!
//! A shape or a pair that lowers the mean loss of the folds may do so on one of them only, or no longer. It is kept if the
//! mean gain exceeds its standard error over the origins (L. Breiman et al., "Classification and Regression Trees", 1984,
//! §3.4.3), most origins gain, and so do the later ones. Of a shape, which no test was made for, the median has to exceed the
//! standard error too: one origin of great gain is no reason.

/// Gains of log loss by origin.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Gain(Vec<f64>);

impl Gain {
    /// From losses by origin, before and after.
    pub(super) fn of(before: &[f64], after: &[f64]) -> Self {
        Self(before.iter().zip(after).map(|(b, a)| b - a).collect())
    }

    fn mean(&self) -> f64 {
        self.0.iter().sum::<f64>() / self.0.len() as f64
    }

    fn standard_error(&self) -> f64 {
        let (n, mean) = (self.0.len() as f64, self.mean());
        (self.0.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / (n - 1.0) / n).sqrt()
    }

    fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        crate::math::quantile_sorted(&sorted, 0.5)
    }

    /// Whether the gain is more than chance, over all and over the later half of the origins.
    pub(super) fn lasts(&self) -> bool {
        let later: f64 = self.0.iter().skip(self.0.len() / 2).sum();
        self.0.len() > 1 && later > 0.0 && self.median() > 0.0 && self.mean() > self.standard_error()
    }

    /// Whether it is also more than chance for most origins.
    pub(super) fn is_steady(&self) -> bool {
        self.lasts() && self.median() > self.standard_error()
    }
}

impl std::fmt::Display for Gain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let gains: Vec<String> = self.0.iter().map(|g| format!("{g:+.5}")).collect();
        write!(f, "gain by origin {}", gains.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gains_last_if_most_origins_and_the_latest_have_them() {
        let gain = |gains: &[f64]| Gain(gains.to_vec());
        assert!(gain(&[0.010, 0.012, 0.008, -0.001, 0.009]).is_steady());
        assert!(!gain(&[0.030, 0.032, 0.002, -0.003, -0.001]).lasts(), "the later ones lose");
        assert!(!gain(&[0.030, -0.001, -0.002, -0.002, 0.029]).lasts(), "most lose");
        assert!(!gain(&[0.1, 0.0001, 0.0001, -0.001, 0.0001]).lasts(), "one origin alone gains");
        let one = gain(&[0.0005, -0.0005, 0.0005, 0.0002, 0.005]);
        assert!(one.lasts() && !one.is_steady(), "one origin gains most");
        assert!(!gain(&[0.01]).lasts());
        assert_eq!(Gain::of(&[0.5, 0.4], &[0.4, 0.45]).to_string(), "gain by origin +0.10000, -0.05000");
    }
}

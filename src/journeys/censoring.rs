//! Labels that are not known yet: weights that make up for rows observed too short.

use crate::error::{Error, Result};

/// What is known of the label of a row: time to the target, time observed, length of the window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outcome {
    pub(super) event: Option<i64>,
    pub(super) observed: i64,
    pub(super) window: i64,
}

/// Inverse-probability-of-censoring weights: the time under observation C is known for every row, G(u) is the
/// share of rows with C ≥ u, a row resolved at min(T, horizon) ≤ C weighs 1/G of that time, others are dropped.
pub(super) fn censoring_weights(outcomes: &[Outcome], weight: &mut [f64]) -> Result<Vec<bool>> {
    let mut observed: Vec<i64> = outcomes.iter().map(|o| o.observed).collect();
    observed.sort_unstable();
    let n = observed.len();
    let share = |u: i64| (n - observed.partition_point(|c| *c < u)) as f64 / n as f64;
    let longest = outcomes.iter().map(|o| o.window).max().unwrap_or(0);
    if n > 0 && share(longest) < 0.05 {
        return Err(Error::option(
            "maturity",
            format!(
                "'ipcw' needs at least 5 % of rows observed for the whole horizon, here {:.1} %; take a shorter horizon",
                100.0 * share(longest)
            ),
        ));
    }
    Ok(outcomes
        .iter()
        .zip(weight)
        .map(|(o, w)| {
            let resolved = o.event.map_or(o.window, |e| e.min(o.window));
            let known = resolved <= o.observed;
            if known {
                *w /= share(resolved);
            }
            known
        })
        .collect())
}

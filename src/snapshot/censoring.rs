//! Censored labels: weights that compensate for rows with a short follow-up.
//!
//! The time under observation C = end − cutoff is known for every row. A row is resolved if it reaches the target, or its
//! window is over, within C; it then weighs 1/G(min(T, window) | age), G(u | age) the share of rows of about its age with
//! C ≥ u. With leads that enter all the time, old leads are observed late, so C depends on age as T does: weights
//! must be conditional on it. J. Robins, A. Rotnitzky, "Recovery of information and adjustment for dependent censoring using
//! surrogate markers", 1992; D. Vock et al., J. Biomedical Informatics 61, 2016.
//!
//! Ages are cut into bands of a quarter of the window, over which the chance to convert is nearly constant, and joined until
//! they hold enough rows. Where fewer than 5 % of a band are observed for the whole window, its rows are not informative about
//! leads of that age: they are left out, and if they are many, the weights are refused.

use std::collections::BTreeMap;

use super::counts::SnapshotCounts;
use super::row::{Row, pick};
use crate::error::{Error, Result};
use crate::progress::Stop;
use crate::time::DAY;

/// The partially known label of a row: time to the target, time observed, length of the window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outcome {
    pub(super) event: Option<i64>,
    pub(super) observed: i64,
    pub(super) window: i64,
}

impl Outcome {
    /// Whether the target is reached within the window.
    pub(super) fn label(&self) -> bool {
        self.event.is_some_and(|e| e < self.window)
    }

    /// Shortest time under observation that resolves the row: its target, or the end of its window, lies within.
    fn needed(&self) -> i64 {
        // The end of observation is exclusive, as that of the window.
        self.event.map_or(self.window, |e| (e + 1).min(self.window))
    }

    /// The label as known at an end of observation that is `earlier` by this much.
    pub(super) fn known_by(self, earlier: i64) -> Self {
        let observed = self.observed - earlier;
        Self { event: self.event.filter(|e| *e < observed), observed, ..self }
    }
}

/// Rows between two looks at whether the work is to end.
const BLOCK: usize = 1 << 18;
/// Rows in a band, at least.
const MIN_ROWS: usize = 200;
/// Share of a band that must be observed for the whole window.
const MIN_SHARE: f64 = 0.05;
/// Largest share of all rows that may lie in other bands.
const MOST_UNOBSERVED: f64 = 0.2;

/// Rows of about one age.
struct Band {
    /// Positions of its rows.
    rows: Vec<usize>,
    /// Their times under observation, ascending.
    observed: Vec<i64>,
    /// Longest window.
    longest: i64,
}

impl Band {
    fn of(rows: Vec<usize>, outcomes: &[Outcome]) -> Self {
        let of = |i: &usize| outcomes.get(*i);
        let mut observed: Vec<i64> = rows.iter().filter_map(of).map(|o| o.observed).collect();
        observed.sort_unstable();
        let longest = rows.iter().filter_map(of).map(|o| o.window).max().unwrap_or(0);
        Self { rows, observed, longest }
    }

    /// Share of rows with C ≥ u.
    fn share(&self, u: i64) -> f64 {
        let n = self.observed.len();
        (n - self.observed.partition_point(|c| *c < u)) as f64 / n as f64
    }

    fn is_observed(&self) -> bool {
        self.share(self.longest) >= MIN_SHARE
    }
}

/// Rows by age, in bands of at least a quarter of the longest window and [`MIN_ROWS`] rows.
fn bands(ages: &[i64], outcomes: &[Outcome], stop: &Stop) -> Result<Vec<Band>> {
    let age = |i: &usize| ages.get(*i).copied().unwrap_or(0);
    let width = outcomes.iter().map(|o| o.window).max().map_or(1, |longest| (longest / 4).max(1));
    let youngest = ages.iter().copied().min().unwrap_or(0);
    let mut cells: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for (block, ages) in ages.chunks(BLOCK).enumerate() {
        stop.check()?;
        for (i, age) in (block * BLOCK..).zip(ages) {
            cells.entry((age - youngest) / width).or_default().push(i);
        }
    }
    let mut joined: Vec<Vec<usize>> = Vec::new();
    for cell in cells.into_values() {
        match joined.last_mut() {
            Some(last) if last.len() < MIN_ROWS => last.extend(cell),
            _ => joined.push(cell),
        }
    }
    let mut bands = Vec::with_capacity(joined.len());
    for rows in joined {
        stop.check()?;
        bands.push(Band::of(rows, outcomes));
    }
    // The few oldest rows go with those before them, unless they are too old to be observed for the window.
    if bands.len() > 1
        && let Some(last) = bands.pop_if(|last| last.rows.len() < MIN_ROWS && last.is_observed())
    {
        let before = bands.pop().map_or_else(Vec::new, |before| before.rows);
        bands.push(Band::of([before, last.rows].concat(), outcomes));
    }
    // Of the oldest that are observed, those older than any row observed for its window are a band of their own.
    let whole = |i: &usize| outcomes.get(*i).is_some_and(|o| o.observed >= o.window);
    let oldest = bands.iter().rposition(Band::is_observed);
    if let Some((at, band)) = oldest.and_then(|at| Some((at, bands.get(at)?)))
        && let Some(limit) = band.rows.iter().filter(|i| whole(i)).map(age).max()
    {
        let (kept, older): (Vec<usize>, Vec<usize>) = band.rows.iter().partition(|i| age(i) <= limit);
        if !older.is_empty() {
            let parts = [kept, older].map(|rows| Band::of(rows, outcomes));
            bands.splice(at..=at, parts);
        }
    }
    Ok(bands)
}

/// Rows with their partially known outcomes, before unresolved rows are left out.
#[derive(Debug, Clone, Default)]
pub(super) struct Candidates {
    pub(super) rows: Vec<Row>,
    pub(super) ages: Vec<i64>,
    pub(super) outcomes: Vec<Outcome>,
    /// Weights without censoring.
    pub(super) weight: Vec<f64>,
}

/// Rows that are resolved.
pub(super) struct Resolved {
    pub(super) rows: Vec<Row>,
    pub(super) label: Vec<bool>,
    pub(super) weight: Vec<f64>,
}

impl Candidates {
    /// The candidates whose row meets a condition, known up to an `earlier` end of observation.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub(super) fn filter(&self, mut keep: impl FnMut(&Row) -> bool, earlier: i64, stop: &Stop) -> Result<Self> {
        let mut kept = Vec::new();
        for (block, rows) in self.rows.chunks(BLOCK).enumerate() {
            stop.check()?;
            kept.extend((block * BLOCK..).zip(rows).filter(|(_, row)| keep(row)).map(|(i, _)| i));
        }
        self.at(&kept, earlier, stop)
    }

    /// The candidates at `positions`, known up to an `earlier` end of observation.
    fn at(&self, positions: &[usize], earlier: i64, stop: &Stop) -> Result<Self> {
        let rows = pick(&self.rows, positions);
        stop.check()?;
        let (ages, weight) = (pick(&self.ages, positions), pick(&self.weight, positions));
        stop.check()?;
        let mut outcomes = pick(&self.outcomes, positions);
        outcomes.iter_mut().for_each(|o| *o = o.known_by(earlier));
        Ok(Self { rows, ages, outcomes, weight })
    }

    /// End of observation, UTC microseconds.
    pub(super) fn end(&self) -> Option<i64> {
        Some(self.rows.first()?.cutoff + self.outcomes.first()?.observed)
    }

    /// The rows that are resolved, with their weights; the others are counted.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if too many rows have ages that are rarely observed for the whole window,
    /// [`Error::Interrupted`].
    pub(super) fn resolve(&self, counts: &mut SnapshotCounts, stop: &Stop) -> Result<Resolved> {
        let mut factor = vec![0.0; self.rows.len()];
        let mut unobserved = Vec::new();
        for band in bands(&self.ages, &self.outcomes, stop)? {
            if !band.is_observed() {
                unobserved.push(band);
                continue;
            }
            for (n, i) in band.rows.iter().enumerate() {
                if n % BLOCK == 0 {
                    stop.check()?;
                }
                if let (Some(o), Some(factor)) = (self.outcomes.get(*i), factor.get_mut(*i))
                    && o.needed() <= o.observed
                {
                    *factor = 1.0 / band.share(o.needed());
                }
            }
        }
        let rows_unobserved: usize = unobserved.iter().map(|b| b.rows.len()).sum();
        if rows_unobserved as f64 > MOST_UNOBSERVED * self.rows.len() as f64 {
            return Err(self.refusal(&unobserved, rows_unobserved));
        }
        stop.check()?;
        let resolved: Vec<usize> = (0..).zip(&factor).filter(|(_, f)| **f > 0.0).map(|(i, _)| i).collect();
        counts.unobserved_ages = rows_unobserved;
        counts.immature += self.rows.len() - resolved.len() - rows_unobserved;
        stop.check()?;
        let label = resolved.iter().filter_map(|i| self.outcomes.get(*i).map(Outcome::label)).collect();
        stop.check()?;
        let weight = resolved.iter().filter_map(|i| Some(self.weight.get(*i)? * factor.get(*i)?)).collect();
        stop.check()?;
        Ok(Resolved { rows: pick(&self.rows, &resolved), label, weight })
    }

    fn refusal(&self, unobserved: &[Band], rows: usize) -> Error {
        let ages = || unobserved.iter().flat_map(|b| &b.rows).filter_map(|i| self.ages.get(*i));
        let days = |t: Option<&i64>| t.map_or(0.0, |t| *t as f64 / DAY as f64);
        Error::option(
            "maturity",
            format!(
                "'ipcw' needs at least {:.0} % of the rows at each age to be observed for the whole window; {rows} of {} \
                 rows have ages ({:.1} to {:.1} days) with fewer; shorten the horizon, or use maturity='drop'",
                100.0 * MIN_SHARE,
                self.rows.len(),
                days(ages().min()),
                days(ages().max()),
            ),
        )
    }
}

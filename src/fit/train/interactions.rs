//! Finding interactions: pairs of features whose joint table explains what their own terms leave.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::layout::{Encoded, place_of};
use crate::error::{Error, Result};
use crate::fit::params::Sign;
use crate::fit::response::Response;
use crate::math::{chi_square_tail, sigmoid};
use crate::progress::Task;
use crate::schema::is_calendar_like;

/// Which interactions a model has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected \"auto\", a number, or a list of pairs of features")]
pub enum Interactions {
    /// Pairs of features, by name.
    Named(Vec<(String, String)>),
    /// At most this many, each the pair that explains most of the residuals.
    Most(usize),
    /// At most five, as long as each lowers the log loss on held-out rows.
    Auto(Auto),
}

/// The word `auto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Auto {
    /// Chosen by gain on held-out rows.
    Auto,
}

/// Interactions of a model, at most: more can not be read.
pub(super) const MOST: usize = 5;

impl Interactions {
    pub(super) fn is_auto(&self) -> bool {
        matches!(self, Self::Auto(_))
    }

    /// Features that are named.
    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        let pairs: &[(String, String)] = if let Self::Named(pairs) = self { pairs } else { &[] };
        pairs.iter().flat_map(|(a, b)| [a, b])
    }

    /// # Errors
    /// [`Error::InvalidOption`] for more than five.
    pub(super) fn check(&self) -> Result<()> {
        let count = match self {
            Self::Named(pairs) => pairs.len(),
            Self::Most(most) => *most,
            Self::Auto(_) => 0,
        };
        if count > MOST {
            let problem = format!("must be at most {MOST}, not {count}; consider gradient boosting for more");
            return Err(Error::option("interactions", problem));
        }
        Ok(())
    }
}

/// Places of the features of named pairs, the earlier feature first.
pub(super) fn resolve(names: &[(String, String)], encoded: &[Encoded]) -> Result<Vec<(usize, usize)>> {
    let place = |name: &String| -> Result<usize> {
        let found = place_of(name, encoded)?;
        if encoded.get(found).is_some_and(|e| e.sign != Sign::Free) {
            return Err(Error::option(
                "interactions",
                format!("'{name}' is monotone and cannot take part in an interaction"),
            ));
        }
        Ok(found)
    };
    let mut pairs: Vec<(usize, usize)> = Vec::with_capacity(names.len());
    for (a, b) in names {
        let (i, j) = (place(a)?, place(b)?);
        let pair = (i.min(j), i.max(j));
        if i == j || pairs.contains(&pair) {
            return Err(Error::option(
                "interactions",
                format!("'{a}' × '{b}' is not a pair of distinct features, or is listed twice"),
            ));
        }
        pairs.push(pair);
    }
    Ok(pairs)
}

/// The features with bins for the numbers of `pairs`.
pub(super) fn with_bins(encoded: &[Encoded], pairs: &[(usize, usize)]) -> Vec<Encoded> {
    let used = |i: usize| pairs.iter().any(|(a, b)| *a == i || *b == i);
    let binned = |(i, e): (usize, &Encoded)| {
        let e = e.clone();
        if used(i) { Encoded { encoder: e.encoder.binned(&e.column), ..e } } else { e }
    };
    encoded.iter().enumerate().map(binned).collect()
}

/// Rows that are screened; of more, every so many.
const SCREENED: usize = 100_000;
/// Largest p-value of the strongest pair, corrected for the number of pairs.
const SIGNIFICANT: f64 = 0.01;

/// The group of every screened row in every feature; rows of a cluster (a lead, an account) follow each other.
pub(super) struct FieldGroups {
    /// Screened rows, and the number of each one's cluster.
    rows: Vec<(usize, u32)>,
    /// Of so many rows one is screened.
    step: usize,
    names: Vec<String>,
    /// Number of groups of each feature, 0 if it takes part in none, and group by row (that number stands for none).
    by_feature: Vec<(usize, Vec<u16>)>,
    barred: Vec<String>,
}

/// The pair that explains most of the residuals.
pub(super) struct Strongest {
    pub(super) pair: (usize, usize),
    /// Probability of a pair as strong by chance, corrected for the number of pairs.
    pub(super) p: f64,
}

/// Statistics of a screened row.
struct Screened {
    /// w(y − p).
    residual: f64,
    /// w·p(1 − p).
    curvature: f64,
    cluster: u32,
}

/// Sums over the rows of a cell, which come cluster by cluster.
#[derive(Debug, Clone, Copy, Default)]
struct CellSums {
    residual: f64,
    curvature: f64,
    /// Squares of the sums of clusters that have ended.
    squares: f64,
    cluster: u32,
    of_cluster: f64,
}

impl CellSums {
    fn add(&mut self, row: &Screened) {
        if row.cluster != self.cluster {
            self.squares += self.of_cluster * self.of_cluster;
            (self.cluster, self.of_cluster) = (row.cluster, 0.0);
        }
        self.of_cluster += row.residual;
        self.residual += row.residual;
        self.curvature += row.curvature;
    }

    /// Variance of the sum of residuals.
    fn variance(&self) -> f64 {
        self.squares + self.of_cluster * self.of_cluster
    }
}

impl FieldGroups {
    /// `without_calendar`, parts of the calendar take part in no pair.
    pub(super) fn of(encoded: &[Encoded], clusters: &[u32], without_calendar: bool) -> Self {
        let rows = encoded.first().map_or(0, |e| e.column.len());
        let step = rows.div_ceil(SCREENED).max(1);
        let mut order: Vec<(usize, u32)> =
            (0..rows).step_by(step).map(|i| (i, clusters.get(i).copied().unwrap_or(0))).collect();
        order.sort_by_key(|(_, cluster)| *cluster);
        let by_feature = encoded
            .par_iter()
            .map(|e| {
                let e = Encoded { encoder: e.encoder.clone().binned(&e.column), ..e.clone() };
                let out = e.sign != Sign::Free || without_calendar && is_calendar_like(&e.feature, &e.column);
                let count = if out { 0 } else { e.encoder.groups() };
                let groups = if count > 1 { e.groups() } else { Vec::new() };
                let of = |i: &usize| groups.get(*i).map_or(u16::MAX, |g| *g as u16);
                (if count > 1 { count } else { 0 }, order.iter().map(|(i, _)| of(i)).collect())
            })
            .collect();
        let is_barred = |e: &&Encoded| without_calendar && is_calendar_like(&e.feature, &e.column);
        let barred = encoded.iter().filter(is_barred).map(|e| e.feature.to_string()).collect();
        Self { rows: order, step, names: encoded.iter().map(|e| e.feature.to_string()).collect(), by_feature, barred }
    }

    /// Names of the parts of the calendar.
    pub(super) fn barred(&self) -> String {
        self.barred.join(", ")
    }

    pub(super) fn name(&self, (a, b): (usize, usize)) -> String {
        let name = |i: usize| self.names.get(i).map_or("", String::as_str);
        format!("{} × {}", name(a), name(b))
    }

    /// The pair whose table of residuals is farthest from what rows and columns alone, and chance, explain; none if chance
    /// does explain them all.
    ///
    /// With G = Σ w(y − p) and H = Σ w·p(1 − p) by cell, rows and columns fitted out of G by weighted least squares, and V
    /// the sum over clusters of their squared part of G: S = Σ G²/(H + ridge), whose mean without an interaction is about
    /// Σ V/(H + ridge). After the screen of Y. Lou et al., "Accurate intelligible models with pairwise interactions", KDD
    /// 2013.
    pub(super) fn strongest(
        &self,
        target: &Response<'_>,
        eta: &[f64],
        known: &[(usize, usize)],
        ridge: f64,
        task: &Task,
    ) -> Result<Option<Strongest>> {
        let rows: Vec<Screened> = self
            .rows
            .iter()
            .map(|(row, cluster)| {
                let w = target.weight.and_then(|w| w.get(*row)).copied().unwrap_or(1.0);
                let p = sigmoid(eta.get(*row).copied().unwrap_or(0.0));
                let y = f64::from(u8::from(target.y.get(*row) == Some(&true)));
                Screened { residual: w * (y - p), curvature: w * p * (1.0 - p), cluster: *cluster }
            })
            .collect();
        // A sample has its share of the penalty.
        let ridge = ridge / self.step as f64;
        let count = self.by_feature.len();
        let pairs: Vec<(usize, usize)> = (0..count)
            .flat_map(|a| (a + 1..count).map(move |b| (a, b)))
            .filter(|(a, b)| self.width(*a) > 0 && self.width(*b) > 0 && !known.contains(&(*a, *b)))
            .collect();
        task.begin("screening pairs", pairs.len());
        let found: Vec<(f64, f64)> = pairs
            .par_iter()
            .map(|(a, b)| {
                task.check()?;
                task.advance(1);
                Ok(self.excess(*a, *b, &rows, ridge))
            })
            .collect::<Result<_>>()?;
        let corrected = |p: f64| p * pairs.len() as f64;
        let significant = found.iter().zip(&pairs).filter(|((_, p), _)| corrected(*p) <= SIGNIFICANT);
        let strongest = significant.max_by(|a, b| a.0.0.total_cmp(&b.0.0).then(b.1.cmp(a.1)));
        Ok(strongest.map(|((_, p), pair)| Strongest { pair: *pair, p: corrected(*p) }))
    }

    fn width(&self, feature: usize) -> usize {
        self.by_feature.get(feature).map_or(0, |g| g.0)
    }

    /// S less its mean by chance, and its p-value.
    fn excess(&self, a: usize, b: usize, rows: &[Screened], ridge: f64) -> (f64, f64) {
        let none = (0.0, 1.0);
        let (Some((height, first)), Some((width, second))) = (self.by_feature.get(a), self.by_feature.get(b)) else {
            return none;
        };
        let (height, width) = (*height, *width);
        let mut sums = vec![CellSums::default(); height * width];
        for ((i, j), row) in first.iter().zip(second).zip(rows) {
            let (i, j) = (usize::from(*i), usize::from(*j));
            if i < height
                && j < width
                && let Some(cell) = sums.get_mut(i * width + j)
            {
                cell.add(row);
            }
        }
        let cells: Vec<(f64, f64)> = sums.iter().map(|c| (c.residual, c.curvature)).collect();
        let (mut u, mut v) = (vec![0.0; height], vec![0.0; width]);
        for _ in 0..8 {
            let (mut top, mut sum) = (vec![0.0; height], vec![0.0; height]);
            for ((row, top), sum) in cells.chunks(width).zip(&mut top).zip(&mut sum) {
                for ((g, h), v) in row.iter().zip(&v) {
                    *top += g - h * v;
                    *sum += h;
                }
            }
            u = top.iter().zip(&sum).map(|(t, s)| if *s > 0.0 { t / s } else { 0.0 }).collect();
            let (mut top, mut sum) = (vec![0.0; width], vec![0.0; width]);
            for (row, u) in cells.chunks(width).zip(&u) {
                for (((g, h), top), sum) in row.iter().zip(&mut top).zip(&mut sum) {
                    *top += g - h * u;
                    *sum += h;
                }
            }
            v = top.iter().zip(&sum).map(|(t, s)| if *s > 0.0 { t / s } else { 0.0 }).collect();
        }
        let (mut s, mut mean, mut square, mut used) = (0.0, 0.0, 0.0, 0.0);
        for (row, u) in sums.chunks(width).zip(&u) {
            for (cell, v) in row.iter().zip(&v).filter(|(c, _)| c.curvature > 0.0) {
                let (g, h) = (cell.residual, cell.curvature);
                let left = g - h * (u + v);
                let share = cell.variance() / (h + ridge);
                s += left * left / (h + ridge);
                mean += share;
                square += share * share;
                used += 1.0;
            }
        }
        // Rows and columns took degrees of freedom.
        let free: f64 = used - height as f64 - width as f64 + 1.0;
        if used == 0.0 || free < 1.0 || square <= 0.0 {
            return none;
        }
        let (mean, square) = (mean * free / used, square * free / used);
        // A multiple of χ² with the same mean and variance (F. Satterthwaite, 1946).
        let degrees = (mean * mean / square).round().max(1.0);
        (s - mean, chi_square_tail(s / mean * degrees, degrees as usize))
    }
}

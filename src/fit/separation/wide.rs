//! Separation in designs too wide for a basis of their columns.
//!
//! A column whose values do not overlap between the classes separates rows by itself; another may separate remaining rows, and so on.
//! The remaining rows are decided by logistic fits with ever weaker ridges, of which two proofs are tried:
//!
//! - Of overlap: either some direction d separates, or some v has (2yᵢ − 1)vᵢ > 0 for all rows and Xᵀv = 0, never both
//!   (E. Stiemke, "Über positive Lösungen homogener linearer Gleichungen", Mathematische Annalen 76, 1915). Residuals y − p
//!   have these signs, and at a minimum without a penalty they are such a v: with a weak one, less their projection on the
//!   columns.
//! - Of separation: along a separating direction log-odds grow without bound as the ridge falls. Rows whose log-odds have
//!   stopped lie on the plane; the growth, less its least-squares fit on those rows, is a direction that is checked on every
//!   row.
//!
//! Projections and Newton steps are by conjugate gradients, so that columns are only multiplied with. Where neither proof
//! succeeds within a bound of work it is not known whether several columns together separate.

#![allow(clippy::indexing_slicing, reason = "all vectors have one number per row or coefficient of one matrix")]

use rayon::prelude::*;

use crate::error::Result;
use crate::fit::separation::{Separation, by_one};
use crate::fit::solvers::objective::{Objective, dot, largest};
use crate::math::sigmoid;
use crate::progress::Task;

/// Whether a wide design is separated.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::fit) enum WideSeparation {
    Separated(Separation),
    /// No direction separates.
    Overlap,
    /// No column separates by itself; whether several together do is not known.
    Unknown,
}

/// Numbers that differ from 0, times products with all of them, in all: some seconds.
const MOST_WORK: usize = 3_000_000_000;
/// Ridges, beside columns of unit length.
const FIRST_RIDGE: f64 = 1e-2;
const LAST_RIDGE: f64 = 1e-9;
/// Growth of log-odds, as the ridge falls to a tenth, of separated rows: about ln 10, or more.
const GROWS: f64 = 0.7;
/// What counts as 0 beside the largest, and what does not.
const ROUNDING: f64 = 1e-9;
const CLEAR: f64 = 1e-6;
/// How exact a projection is at first.
const ROUGH: f64 = 1e-4;

pub(in crate::fit) fn find(f: &Objective<'_>, task: &Task) -> Result<WideSeparation> {
    find_within(f, MOST_WORK, task)
}

fn find_within(f: &Objective<'_>, mut work: usize, task: &Task) -> Result<WideSeparation> {
    let weighted = |i: &usize| f.observed.weight.is_none_or(|w| w[*i] > 0.0);
    let mut rows: Vec<usize> = (0..f.x.rows()).filter(weighted).collect();
    let all = rows.len();
    let mut columns = Vec::new();
    let complete = loop {
        columns.extend(alone(f, &mut rows, task)?);
        let positives = rows.iter().filter(|i| f.observed.y[**i]).count();
        // The intercept alone separates rows of one class.
        if rows.is_empty() || !f.is_pinned(0) && (positives == 0 || positives == rows.len()) {
            break true;
        }
        let search = Search::new(f, &rows, work, task);
        let decided = search.run()?;
        work = search.work_left();
        match decided {
            WideDecision::Separates(direction) => {
                columns.extend(direction.columns);
                let mut stays = direction.stays.into_iter();
                rows.retain(|_| stays.next() == Some(true));
            }
            WideDecision::Overlap if rows.len() == all => return Ok(WideSeparation::Overlap),
            WideDecision::Unknown if rows.len() == all => return Ok(WideSeparation::Unknown),
            WideDecision::Overlap | WideDecision::Unknown => break false,
        }
    };
    columns.sort_unstable();
    columns.dedup();
    let rows = if complete { all } else { all - rows.len() };
    Ok(WideSeparation::Separated(Separation { complete, rows, columns }))
}

/// What a search decides.
enum WideDecision {
    Separates(WideDirection),
    Overlap,
    Unknown,
}

/// A direction that separates some rows and leaves the others where they are.
struct WideDirection {
    columns: Vec<usize>,
    stays: Vec<bool>,
}

/// Columns that separate rows by themselves, then among the rows left, and so on; takes the separated rows out of `rows`.
fn alone(f: &Objective<'_>, rows: &mut Vec<usize>, task: &Task) -> Result<Vec<usize>> {
    let mut found = Vec::new();
    loop {
        task.check()?;
        let candidates = without_overlap(f, rows);
        let mut separated = vec![false; f.x.rows()];
        for column in candidates.into_iter().filter(|c| !f.is_pinned(c + 1)) {
            let values = f.x.column(column);
            let Some((count, border)) = by_one(f, rows, &values) else { continue };
            if count > 0 {
                found.push(column);
                let is_separated = |i: &&usize| border.is_none_or(|border| values[**i] != border);
                rows.iter().filter(is_separated).for_each(|i| separated[*i] = true);
            }
        }
        let before = rows.len();
        rows.retain(|i| !separated[*i]);
        let both = rows.iter().any(|i| f.observed.y[*i]) && !rows.iter().all(|i| f.observed.y[*i]);
        if rows.len() == before || !both {
            return Ok(found);
        }
    }
}

/// Columns whose values do not overlap between the classes, but for one value.
fn without_overlap(f: &Objective<'_>, rows: &[usize]) -> Vec<usize> {
    let none = (f64::INFINITY, f64::NEG_INFINITY, 0usize);
    let mut ranges = vec![[none; 2]; f.x.width()];
    let mut sizes = [0usize; 2];
    for i in rows {
        let class = usize::from(f.observed.y[*i]);
        sizes[class] += 1;
        f.x.each_in_row(*i, |j, v| {
            let range = &mut ranges[j][class];
            *range = (range.0.min(v), range.1.max(v), range.2 + 1);
        });
    }
    let with_zeros = |(low, high, count): (f64, f64, usize), all: usize| {
        if count < all { (low.min(0.0), high.max(0.0)) } else { (low, high) }
    };
    let apart = |[no, yes]: &[(f64, f64, usize); 2]| {
        let (no, yes) = (with_zeros(*no, sizes[0]), with_zeros(*yes, sizes[1]));
        no != yes && (no.1 <= yes.0 || yes.1 <= no.0)
    };
    (0..ranges.len()).filter(|j| apart(&ranges[*j])).collect()
}

/// Numbers that differ from 0, by rows.
struct SparseRows {
    starts: Vec<usize>,
    places: Vec<u32>,
    values: Vec<f64>,
}

impl SparseRows {
    fn row(&self, i: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let range = self.starts[i]..self.starts[i + 1];
        self.places[range.clone()].iter().map(|j| *j as usize).zip(self.values[range].iter().copied())
    }

    fn times(&self, v: &[f64]) -> Vec<f64> {
        let rows = self.starts.len() - 1;
        (0..rows).into_par_iter().with_min_len(1024).map(|i| self.row(i).map(|(j, x)| x * v[j]).sum()).collect()
    }

    fn transposed(&self, width: usize) -> Self {
        let mut starts = vec![0usize; width + 1];
        self.places.iter().for_each(|j| starts[*j as usize + 1] += 1);
        (0..width).for_each(|j| starts[j + 1] += starts[j]);
        let mut next = starts.clone();
        let (mut places, mut values) = (vec![0; self.places.len()], vec![0.0; self.places.len()]);
        for i in 0..self.starts.len() - 1 {
            for (j, x) in self.row(i) {
                (places[next[j]], values[next[j]]) = (i as u32, x);
                next[j] += 1;
            }
        }
        Self { starts, places, values }
    }
}

/// The rows left, in columns of unit length, the intercept first.
struct Search<'a> {
    x: SparseRows,
    by_column: SparseRows,
    /// 1 for positives, −1 for others.
    sign: Vec<f64>,
    /// Column of the design of each column here; none for the intercept.
    columns: Vec<Option<usize>>,
    /// Products of all numbers that may still be made.
    left: std::cell::Cell<usize>,
    task: &'a Task,
}

impl<'a> Search<'a> {
    fn new(f: &Objective<'_>, rows: &[usize], work: usize, task: &'a Task) -> Self {
        let width = f.x.width();
        let mut sums = vec![(0usize, 0.0f64, 0.0f64); width];
        for i in rows {
            f.x.each_in_row(*i, |j, v| {
                let s = &mut sums[j];
                *s = (s.0 + usize::from(v != 0.0), s.1 + v, s.2 + v * v);
            });
        }
        let with_intercept = !f.is_pinned(0);
        let n = rows.len() as f64;
        // Columns without zeros are centred; columns with few levels stay sparse.
        let shape = |j: usize| {
            let (count, sum, squares) = sums[j];
            let mean = if with_intercept && count == rows.len() { sum / n } else { 0.0 };
            let length = (squares - n * mean * mean).max(0.0).sqrt();
            (!f.is_pinned(j + 1) && squares > 0.0 && length > 1e-8 * squares.sqrt()).then_some((mean, 1.0 / length))
        };
        let shapes: Vec<Option<(f64, f64)>> = (0..width).map(shape).collect();
        let mut columns: Vec<Option<usize>> = if with_intercept { vec![None] } else { Vec::new() };
        let mut place = vec![u32::MAX; width];
        for j in (0..width).filter(|j| shapes[*j].is_some()) {
            place[j] = columns.len() as u32;
            columns.push(Some(j));
        }
        let (mut starts, mut places, mut values) = (vec![0], Vec::new(), Vec::new());
        for i in rows {
            if with_intercept {
                places.push(0);
                values.push(1.0 / n.sqrt());
            }
            f.x.each_in_row(*i, |j, v| {
                if let Some((mean, scale)) = shapes[j].filter(|_| v != 0.0) {
                    places.push(place[j]);
                    values.push((v - mean) * scale);
                }
            });
            starts.push(places.len());
        }
        let x = SparseRows { starts, places, values };
        let by_column = x.transposed(columns.len());
        let sign = rows.iter().map(|i| if f.observed.y[*i] { 1.0 } else { -1.0 }).collect();
        let left = std::cell::Cell::new(work / x.values.len().max(1));
        Self { x, by_column, sign, columns, left, task }
    }

    fn work_left(&self) -> usize {
        self.left.get() * self.x.values.len()
    }

    /// X·v, or nothing if the work is done.
    fn times(&self, v: &[f64]) -> Result<Option<Vec<f64>>> {
        self.task.check()?;
        let left = self.left.get();
        self.left.set(left.saturating_sub(2));
        Ok((left > 1).then(|| self.x.times(v)))
    }

    fn run(&self) -> Result<WideDecision> {
        let mut beta = vec![0.0; self.columns.len()];
        let mut ridge = FIRST_RIDGE;
        let mut before: Option<Vec<f64>> = None;
        while ridge > LAST_RIDGE {
            let Some(p) = self.fit(&mut beta, ridge)? else { return Ok(WideDecision::Unknown) };
            if let Some(found) = self.separates_all(&beta)? {
                return Ok(WideDecision::Separates(found));
            }
            if self.overlaps(&p)? {
                return Ok(WideDecision::Overlap);
            }
            if let Some(before) = &before {
                let growth: Vec<f64> = beta.iter().zip(before).map(|(a, b)| a - b).collect();
                if let Some(found) = self.separates(&growth)? {
                    return Ok(WideDecision::Separates(found));
                }
            }
            before = Some(beta.clone());
            ridge /= 10.0;
        }
        Ok(WideDecision::Unknown)
    }

    /// Newton's method from `beta`; the probability of the other class of each row at its end.
    fn fit(&self, beta: &mut Vec<f64>, ridge: f64) -> Result<Option<Vec<f64>>> {
        let loss = |eta: &[f64], beta: &[f64]| -> f64 {
            let rows = eta.iter().zip(&self.sign).map(|(e, s)| crate::math::log1pexp(-s * e));
            rows.sum::<f64>() + ridge / 2.0 * dot(beta, beta)
        };
        let wrong = |eta: &[f64]| -> Vec<f64> { eta.iter().zip(&self.sign).map(|(e, s)| sigmoid(-s * e)).collect() };
        let Some(mut eta) = self.times(beta)? else { return Ok(None) };
        let mut value = loss(&eta, beta);
        for _ in 0..30 {
            let p = wrong(&eta);
            let residual: Vec<f64> = p.iter().zip(&self.sign).map(|(p, s)| p * s).collect();
            let mut gradient = self.by_column.times(&residual);
            gradient.iter_mut().zip(&*beta).for_each(|(g, b)| *g -= ridge * b);
            let curvature: Vec<f64> = p.iter().map(|p| p * (1.0 - p)).collect();
            let Some(step) = self.newton_step(&gradient, &curvature, ridge)? else { return Ok(None) };
            let fall = dot(&gradient, &step);
            if fall <= 1e-12 * (1.0 + value) {
                return Ok(Some(p));
            }
            let Some(moved) = self.times(&step)? else { return Ok(None) };
            let mut share = (5.0f64.max(largest(&eta)) / largest(&moved)).min(1.0);
            loop {
                let next: Vec<f64> = beta.iter().zip(&step).map(|(b, s)| b + share * s).collect();
                let then: Vec<f64> = eta.iter().zip(&moved).map(|(e, m)| e + share * m).collect();
                let found = loss(&then, &next);
                if found <= value - 1e-4 * share * fall || share < 1e-8 {
                    (*beta, eta, value) = (next, then, found);
                    break;
                }
                share /= 2.0;
            }
        }
        Ok(Some(wrong(&eta)))
    }

    /// (Xᵀ·diag(h)·X + ridge)⁻¹·g, by preconditioned conjugate gradients.
    fn newton_step(&self, gradient: &[f64], curvature: &[f64], ridge: f64) -> Result<Option<Vec<f64>>> {
        let width = self.columns.len();
        let by_column = &self.by_column;
        let diagonal: Vec<f64> = (0..width)
            .into_par_iter()
            .with_min_len(256)
            .map(|j| ridge + by_column.row(j).map(|(i, x)| x * x * curvature[i]).sum::<f64>())
            .collect();
        let mut step = vec![0.0; width];
        let mut residual = gradient.to_vec();
        let mut z: Vec<f64> = residual.iter().zip(&diagonal).map(|(r, d)| r / d).collect();
        let mut direction = z.clone();
        let mut size = dot(&residual, &z);
        let enough = size * 1e-6;
        for _ in 0..500 {
            if size <= enough || size <= f64::MIN_POSITIVE {
                break;
            }
            let Some(mut product) = self.times(&direction)? else { return Ok(None) };
            product.iter_mut().zip(curvature).for_each(|(p, h)| *p *= h);
            let mut product = self.by_column.times(&product);
            product.iter_mut().zip(&direction).for_each(|(p, d)| *p += ridge * d);
            let length = size / dot(&direction, &product);
            step.iter_mut().zip(&direction).for_each(|(s, d)| *s += length * d);
            residual.iter_mut().zip(&product).for_each(|(r, p)| *r -= length * p);
            z.iter_mut().zip(&residual).zip(&diagonal).for_each(|((z, r), d)| *z = r / d);
            let next = dot(&residual, &z);
            direction.iter_mut().zip(&z).for_each(|(d, z)| *d = z + next / size * *d);
            size = next;
        }
        Ok(Some(step))
    }

    /// The least-squares solution of X·z = v over rows and columns that count, and the residual of v.
    fn least_squares(
        &self,
        v: &[f64],
        rows: &[bool],
        columns: &[bool],
        precision: f64,
    ) -> Result<Option<(Vec<f64>, Vec<f64>)>> {
        let mut z = vec![0.0; self.columns.len()];
        let mut rest = masked(v.to_vec(), rows);
        let mut gradient = masked(self.by_column.times(&rest), columns);
        let mut direction = gradient.clone();
        let mut size = dot(&gradient, &gradient);
        let enough = size * precision * precision;
        for _ in 0..4000 {
            if size <= enough || size <= f64::MIN_POSITIVE {
                break;
            }
            let Some(product) = self.times(&direction)? else { return Ok(None) };
            let product = masked(product, rows);
            let length = size / dot(&product, &product);
            if !length.is_finite() {
                break;
            }
            z.iter_mut().zip(&direction).for_each(|(z, d)| *z += length * d);
            rest.iter_mut().zip(&product).for_each(|(r, p)| *r -= length * p);
            gradient = masked(self.by_column.times(&rest), columns);
            let next = dot(&gradient, &gradient);
            direction.iter_mut().zip(&gradient).for_each(|(d, g)| *d = g + next / size * *d);
            size = next;
        }
        Ok(Some((z, rest)))
    }

    /// Whether residuals, less their projection on the columns, prove that no direction separates.
    fn overlaps(&self, wrong: &[f64]) -> Result<bool> {
        let residual: Vec<f64> = wrong.iter().zip(&self.sign).map(|(p, s)| p * s).collect();
        let (rows, columns) = (vec![true; residual.len()], vec![true; self.columns.len()]);
        let mut rest = residual;
        // Roughly first: where signs are wrong then, they stay so.
        for precision in [ROUGH, 1e-12] {
            let Some((_, less)) = self.least_squares(&rest, &rows, &columns, precision)? else { return Ok(false) };
            rest = less;
            let size = largest(&rest);
            let least = if precision == ROUGH { -ROUGH } else { CLEAR };
            if !rest.iter().zip(&self.sign).all(|(r, s)| r * s > least * size) {
                return Ok(false);
            }
        }
        let size = largest(&rest);
        Ok(largest(&self.by_column.times(&rest)) <= ROUNDING * CLEAR * size * (rest.len() as f64).sqrt())
    }

    /// Whether the fit itself has every row on its side: with a weak ridge it does where separation is complete.
    fn separates_all(&self, beta: &[f64]) -> Result<Option<WideDirection>> {
        let stays = vec![false; self.sign.len()];
        let all = vec![true; self.columns.len()];
        let Some(direction) = self.direction(beta, &stays, &all)? else { return Ok(None) };
        self.fewest(&direction, stays)
    }

    /// Whether growth, less its fit on the rows it leaves where they are, separates; and the fewest of the columns with most
    /// growth that do.
    fn separates(&self, growth: &[f64]) -> Result<Option<WideDirection>> {
        let Some(moved) = self.times(growth)? else { return Ok(None) };
        let stays: Vec<bool> = moved.iter().zip(&self.sign).map(|(m, s)| m * s < GROWS).collect();
        let all = vec![true; self.columns.len()];
        let Some(direction) = self.direction(growth, &stays, &all)?.filter(|_| stays.contains(&false)) else {
            return Ok(None);
        };
        self.fewest(&direction, stays)
    }

    /// The fewest of the columns with most weight in a direction that separate as it does.
    fn fewest(&self, direction: &[f64], stays: Vec<bool>) -> Result<Option<WideDirection>> {
        let mut used = vec![true; self.columns.len()];
        let mut order: Vec<usize> = (0..used.len()).filter(|j| self.columns[*j].is_some()).collect();
        order.sort_by(|a, b| direction[*b].abs().total_cmp(&direction[*a].abs()));
        let mut most = 1;
        while most < order.len() {
            let mut few: Vec<bool> = self.columns.iter().map(Option::is_none).collect();
            order.iter().take(most).for_each(|j| few[*j] = true);
            if self.direction(direction, &stays, &few)?.is_some() {
                used = few;
                break;
            }
            most *= 2;
        }
        let columns = self.columns.iter().zip(&used).filter(|(_, used)| **used).filter_map(|(column, _)| *column);
        Ok(Some(WideDirection { columns: columns.collect(), stays }))
    }

    /// A direction in some columns, less its fit on the rows that stay, if it separates all others.
    fn direction(&self, from: &[f64], stays: &[bool], used: &[bool]) -> Result<Option<Vec<f64>>> {
        let mut direction = masked(from.to_vec(), used);
        if stays.contains(&true) {
            // Twice, for the rounding of the first time.
            for _ in 0..2 {
                let Some(on_them) = self.times(&direction)? else { return Ok(None) };
                let Some((z, _)) = self.least_squares(&on_them, stays, used, 1e-12)? else { return Ok(None) };
                direction.iter_mut().zip(&z).for_each(|(d, z)| *d -= z);
            }
        }
        let Some(mut sides) = self.times(&direction)? else { return Ok(None) };
        sides.iter_mut().zip(&self.sign).for_each(|(side, s)| *side *= s);
        let size = largest(&sides);
        let holds = |(side, stays): (&f64, &bool)| {
            if *stays { side.abs() <= ROUNDING * size } else { *side > CLEAR * size }
        };
        Ok(sides.iter().zip(stays).all(holds).then_some(direction))
    }
}

/// The numbers that count; 0 for the others.
fn masked(mut v: Vec<f64>, counts: &[bool]) -> Vec<f64> {
    v.iter_mut().zip(counts).filter(|(_, counts)| !**counts).for_each(|(v, _)| *v = 0.0);
    v
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::matrix::{Dense, Matrix};
    use crate::fit::params::LogisticParams;
    use crate::fit::response::Response;
    use crate::fit::separation;

    /// Numbers between −1 and 1 that look random.
    struct Draws(u64);

    impl Draws {
        fn next(&mut self) -> f64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 11) as f64 / (1u64 << 52) as f64 - 1.0
        }

        fn below(&mut self, n: usize) -> usize {
            (f64::midpoint(self.next(), 1.0) * n as f64) as usize % n
        }
    }

    /// Rows, columns and labels: numbers, flags or counts; labels by a plane, with some at random or not.
    fn design(draws: &mut Draws) -> (Vec<f64>, usize, Vec<bool>) {
        let (n, p) = ([12, 25, 60][draws.below(3)], 1 + draws.below(5));
        let kind = draws.below(4);
        let mut value = |j: usize| match (kind, j % 2) {
            (0, _) => draws.next(),
            (1, _) | (2, 0) => f64::from(u8::from(draws.next() > 0.3)),
            (2, _) => draws.next() * 1e3,
            _ => (3.0 * (draws.next() + 1.0)).floor(),
        };
        let x: Vec<f64> = (0..n * p).map(|i| value(i % p)).collect();
        let b: Vec<f64> = (0..p).map(|_| draws.next()).collect();
        let eta: Vec<f64> = x.chunks(p).map(|row| dot(row, &b)).collect();
        let mut sorted = eta.clone();
        sorted.sort_by(f64::total_cmp);
        let (middle, noise) = (sorted[n / 2], [0.0, 0.3, 3.0][draws.below(3)] * (sorted[n - 1] - sorted[0]));
        (x, p, eta.iter().map(|e| e - middle + noise * draws.next() > 0.0).collect())
    }

    #[test]
    fn it_agrees_with_the_linear_program() {
        let (mut draws, task) = (Draws(5), Task::new());
        let (mut separated, mut unknown, mut made) = (0, 0, 0);
        while made < 400 {
            let (x, p, y) = design(&mut draws);
            if y.iter().all(|y| *y) || !y.contains(&true) {
                continue;
            }
            made += 1;
            let x = Matrix::new(Some(Dense::by_rows(x, y.len(), p).unwrap()), Vec::new(), None).unwrap();
            let intercept = made % 4 != 0;
            let params = LogisticParams { c: None, intercept, ..LogisticParams::default() }.check().unwrap();
            let target = Response::new(&y);
            let (f, _) = params.problem(&x, &target, &[]).unwrap();
            let exact = separation::find(&f, &task).unwrap();
            match (find(&f, &task).unwrap(), exact) {
                (WideSeparation::Separated(s), Some(exact)) => {
                    separated += 1;
                    assert_eq!((s.complete, s.rows), (exact.complete, exact.rows), "{s:?} {exact:?}");
                }
                (WideSeparation::Overlap, None) => {}
                (WideSeparation::Unknown, _) => unknown += 1,
                (found, exact) => panic!("{found:?}, but {exact:?} of {} rows", y.len()),
            }
        }
        assert!(separated > 60 && unknown < 20, "{separated} separated, {unknown} unknown of {made}");
    }

    #[test]
    fn a_search_that_ends_at_its_bound_says_that_it_does_not_know() {
        // Classes overlap, which the first products cannot prove.
        let x: Vec<f64> = (0..60).map(|i| f64::from(i * 7 % 11)).collect();
        let y: Vec<bool> = (0..30).map(|i| i % 3 == 0).collect();
        let x = Matrix::new(Some(Dense::by_rows(x, 30, 2).unwrap()), Vec::new(), None).unwrap();
        let params = LogisticParams { c: None, ..LogisticParams::default() }.check().unwrap();
        let (target, task) = (Response::new(&y), Task::new());
        let (f, _) = params.problem(&x, &target, &[]).unwrap();
        assert_eq!(find(&f, &task).unwrap(), WideSeparation::Overlap);
        assert_eq!(find_within(&f, 5 * 90, &task).unwrap(), WideSeparation::Unknown);
        let fitted = params.fit(&x, &target, &task).unwrap();
        let fitted = crate::fit::Solution { separation_unknown: true, ..fitted };
        let inference = params.inference(&x, &target, &fitted, crate::fit::InferenceOptions::default(), &task).unwrap();
        assert!(inference.remarks.iter().any(|r| r.starts_with("columns may separate the classes together")));
    }

    /// One flag in each row, of which every level has both classes but where `pure`.
    fn flags(pure: Option<usize>) -> crate::error::Result<crate::fit::Solution> {
        let (levels, each) = (2600, 3);
        let rows = levels * each;
        let places: Vec<u32> = (0..rows).map(|i| (i / each) as u32).collect();
        let y: Vec<bool> = (0..rows).map(|i| i % each < 1 + i / each % 2 || pure == Some(i / each)).collect();
        let sparse = crate::fit::Sparse::new((0..=rows).collect::<Vec<_>>(), places, vec![1.0; rows], levels).unwrap();
        let x = Matrix::new(None, Vec::new(), Some(sparse)).unwrap();
        let params = LogisticParams { c: None, intercept: false, ..LogisticParams::default() }.check().unwrap();
        params.fit(&x, &Response::new(&y), &Task::new())
    }

    #[test]
    fn wide_designs_are_fitted_or_their_levels_of_one_class_are_named() {
        let fitted = flags(None).unwrap();
        assert!(fitted.converged && !fitted.separation_unknown);
        let odds = |level: usize| if level.is_multiple_of(2) { 0.5f64 } else { 2.0 };
        assert!((0..2600).all(|level| (fitted.coefficients[level] - odds(level).ln()).abs() < 1e-5));
        match flags(Some(40)) {
            Err(crate::error::Error::Separated { complete: false, rows: 3, columns }) => assert_eq!(columns.len(), 1),
            other => panic!("{other:?}"),
        }
    }
}

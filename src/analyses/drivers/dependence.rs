//! How much less than independent leads the leads of accounts say of a property.

use crate::analyses::funnel::LeadProgress;
use crate::math::{Interval, exp, ln, student_quantile, student_tail};

/// Sums over accounts of products of x of n leads with a property that went on, and X of N leads in all.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ProductSums {
    xx: f64,
    xn: f64,
    nn: f64,
    x_all: f64,
    x_rows: f64,
    n_all: f64,
    n_rows: f64,
}

/// The same of all leads.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct WholeSums {
    xx: f64,
    xn: f64,
    nn: f64,
}

/// Sums of a step by property: leads are gathered account by account.
#[derive(Debug, Clone)]
pub(super) struct Gathering {
    account: u64,
    all: (u64, u64),
    /// Of the account at hand.
    open: Vec<(u64, u64)>,
    touched: Vec<usize>,
    pub(super) whole: WholeSums,
    pub(super) products: Vec<ProductSums>,
}

impl Gathering {
    pub(super) fn new(places: usize) -> Self {
        Self {
            account: 0,
            all: (0, 0),
            open: vec![(0, 0); places],
            touched: Vec::new(),
            whole: WholeSums::default(),
            products: vec![ProductSums::default(); places],
        }
    }

    /// A lead of an account; leads of one account are adjacent.
    pub(super) fn begin(&mut self, account: u64, went_on: bool) {
        if account != self.account {
            self.close();
            self.account = account;
        }
        self.all = (self.all.0 + 1, self.all.1 + u64::from(went_on));
    }

    /// A property of that lead.
    pub(super) fn add(&mut self, place: usize, went_on: bool) {
        if let Some(own) = self.open.get_mut(place) {
            if own.0 == 0 {
                self.touched.push(place);
            }
            *own = (own.0 + 1, own.1 + u64::from(went_on));
        }
    }

    /// Ends the account at hand.
    pub(super) fn close(&mut self) {
        let (rows, all) = (self.all.0 as f64, self.all.1 as f64);
        self.whole.xx += all * all;
        self.whole.xn += all * rows;
        self.whole.nn += rows * rows;
        for place in self.touched.drain(..) {
            if let (Some(own), Some(p)) = (self.open.get_mut(place), self.products.get_mut(place)) {
                let (n, x) = (own.0 as f64, own.1 as f64);
                p.xx += x * x;
                p.xn += x * n;
                p.nn += n * n;
                p.x_all += x * all;
                p.x_rows += x * rows;
                p.n_all += n * all;
                p.n_rows += n * rows;
                *own = (0, 0);
            }
        }
        self.all = (0, 0);
    }
}

/// What dependence within accounts makes of a test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Dependence {
    /// Probability of such a difference of rates by chance.
    pub(super) p_value: f64,
    /// Variance of the difference, by that of independent leads; at least 1.
    pub(super) design_effect: f64,
    pub(super) degrees: f64,
}

impl Dependence {
    /// Of x of n leads with a property that went on, and X of N in all: the score test of [`crate::math::compare_clustered`],
    /// e = a(x − pn) − (X − pN)/N₂ per account, with a = 1/N₁ + 1/N₂, from sums of products.
    pub(super) fn new(with: (u64, u64), all: (u64, u64), p: &ProductSums, whole: &WholeSums) -> Self {
        let (n, x, rows, hits) = (with.0 as f64, with.1 as f64, all.0 as f64, all.1 as f64);
        let (others, rate) = (rows - n, hits / rows);
        let a = 1.0 / n + 1.0 / others;
        let own = p.xx - 2.0 * rate * p.xn + rate * rate * p.nn;
        let cross = p.x_all - rate * (p.x_rows + p.n_all) + rate * rate * p.n_rows;
        let total = whole.xx - 2.0 * rate * whole.xn + rate * rate * whole.nn;
        let effective = rows * rows / whole.nn;
        let sum = a * a * own - 2.0 * a * cross / others + total / (others * others);
        let variance = sum * effective / (effective - 1.0);
        let independent = rate * (1.0 - rate) * a;
        // Accounts of leads with it, and of those without: the fewer decide.
        let least = (n * n / p.nn).min(others * others / (whole.nn - 2.0 * p.n_rows + p.nn));
        let degrees = (least - 1.0).max(1.0);
        let difference = x / n - (hits - x) / others;
        let design_effect =
            if variance.is_finite() && independent > 0.0 { (variance / independent).max(1.0) } else { 1.0 };
        let z = difference / (independent * design_effect).sqrt();
        Self {
            p_value: if difference == 0.0 { 1.0 } else { 2.0 * student_tail(z.abs(), degrees) },
            design_effect,
            degrees,
        }
    }

    /// A 95 % interval of independent leads for a ratio, made as wide as theirs.
    pub(super) fn widened(&self, ratio: f64, interval: Interval) -> Interval {
        let by = self.design_effect.sqrt() * student_quantile(0.025, self.degrees) / student_quantile(0.025, 1e9);
        let log = ln(ratio);
        Interval { low: exp(log + (ln(interval.low) - log) * by), high: exp(log + (ln(interval.high) - log) * by) }
    }
}

/// Leads account by account; without accounts as they are.
pub(super) fn by_account(list: &mut [LeadProgress], clusters: Option<&Vec<u64>>) {
    if let Some(clusters) = clusters {
        list.sort_by_key(|p| clusters.get(p.lead as usize).copied().unwrap_or(0));
    }
}

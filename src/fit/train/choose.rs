//! The design of a model: the shape of numbers, interactions, and C, judged on held-out rows where they are to be chosen.

use std::cell::OnceCell;

use super::covariances::clusters;
use super::gain::Gain;
use super::interactions::{FieldGroups, Interactions, MOST, Strongest, resolve, with_bins};
use super::layout::{DesignLayout, Encoded};
use super::options::{Nonlinear, TrainOptions};
use crate::encoding::Bend;
use crate::error::{Error, Result};
use crate::fit::cross_validation::{Fold, HeldOut, default_cs, grouped_folds};
use crate::fit::params::{LogisticParams, Sign, ValidLogisticParams};
use crate::fit::response::Response;
use crate::model::Validation;
use crate::progress::Task;
use crate::schema::Maturity;
use crate::snapshot::{Snapshot, SplitBy};

/// Features with their encodings, laid out, and how they were chosen.
pub(super) struct Design {
    pub(super) encoded: Vec<Encoded>,
    /// Interactions: places of two features each.
    pub(super) pairs: Vec<(usize, usize)>,
    pub(super) layout: DesignLayout,
    pub(super) validation: Option<Validation>,
    /// Losses of the rows it was judged on.
    held: Vec<HeldOut>,
    pub(super) nonlinear: Option<String>,
    pub(super) interactions: Option<String>,
}

/// What designs are chosen for.
pub(super) struct Chooser<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) target: Response<'a>,
    pub(super) params: ValidLogisticParams,
    pub(super) options: &'a TrainOptions,
    pub(super) task: &'a Task,
    folds: OnceCell<(Vec<Fold>, String)>,
    /// Lead or account of each row.
    clusters: Vec<u32>,
}

/// Folds forward in time that have at least this many leads of each class on both sides count.
const MIN_FOLD: usize = 20;

/// Periods of equal numbers of rows that the origins of folds forward in time part, after the first, and how many of the latest
/// are judged on: a fit on a small part of the rows says little about one on all.
const PERIODS: usize = 8;
const ORIGINS: usize = 6;

impl<'a> Chooser<'a> {
    pub(super) fn new(
        snapshot: &'a Snapshot,
        target: Response<'a>,
        params: ValidLogisticParams,
        options: &'a TrainOptions,
        task: &'a Task,
    ) -> Self {
        Self { snapshot, target, params, options, task, folds: OnceCell::new(), clusters: clusters(snapshot) }
    }

    /// The design: the best shape of numbers first, then interactions, one after the other.
    pub(super) fn choose(&self, encoded: &[Encoded]) -> Result<Design> {
        let wanted = self.options.interactions.as_ref();
        if wanted.is_some() && self.params.params().c.is_none() && self.options.choose_c.is_none() {
            return Err(Error::option(
                "interactions",
                "interactions need a penalty because some cells have few rows; set C to a finite value",
            ));
        }
        let auto = wanted.is_some_and(Interactions::is_auto);
        let shapes: &[Option<Nonlinear>] = match self.options.nonlinear {
            Some(Nonlinear::Auto) => &[None, Some(Nonlinear::Log), Some(Nonlinear::Linear), Some(Nonlinear::Cubic)],
            None => &[None],
            Some(Nonlinear::Log) => &[Some(Nonlinear::Log)],
            Some(Nonlinear::Linear) => &[Some(Nonlinear::Linear)],
            Some(Nonlinear::Cubic) => &[Some(Nonlinear::Cubic)],
        };
        let judged = shapes.len() > 1 || auto || (wanted.is_none() && self.options.choose_c.is_some());
        let design = self.shape(encoded, shapes, judged)?;
        match wanted {
            None => Ok(design),
            Some(Interactions::Named(names)) => {
                let pairs = resolve(names, &design.encoded)?;
                let what = format!("{} as requested", pairs.len());
                let joined =
                    self.lay_out(with_bins(&design.encoded, &pairs), pairs, self.options.choose_c.is_some())?;
                Ok(Design { nonlinear: design.nonlinear, interactions: Some(what), ..joined })
            }
            Some(Interactions::Most(most)) => self.search(design, *most, false),
            Some(Interactions::Auto(_)) => self.search(design, MOST, true),
        }
    }

    /// The best of the shapes whose gain over the first lasts; else the first.
    fn shape(&self, encoded: &[Encoded], shapes: &[Option<Nonlinear>], judged: bool) -> Result<Design> {
        let of = |shape: &Option<Nonlinear>| -> Result<Design> {
            let shaped =
                encoded.iter().map(|e| self.task.check().map(|()| self.shaped(e, *shape))).collect::<Result<_>>()?;
            let design = self.lay_out(shaped, Vec::new(), judged)?;
            let nonlinear = (shape.is_some() || shapes.len() > 1).then(|| Nonlinear::name(*shape).to_owned());
            Ok(Design { nonlinear, ..design })
        };
        let Some((first, others)) = shapes.split_first() else {
            return Err(Error::option("nonlinear", "at least one shape is required"));
        };
        let first = of(first)?;
        let mut losses = vec![format!("{:.5} {}", first.loss(), Nonlinear::name(None))];
        let straight = (first.losses(), first.held.clone());
        let mut best = first;
        for shape in others {
            let design = of(shape)?;
            let gain = self.gain((&straight.0, &straight.1), &design);
            let lasts = gain.is_steady();
            let verdict = if lasts { "" } else { "; not steady" };
            losses.push(format!("{:.5} {} ({gain}{verdict})", design.loss(), Nonlinear::name(*shape)));
            if lasts && design.loss() < best.loss() {
                best = design;
            }
        }
        if let (Some(chosen), Some(v), false) = (&mut best.nonlinear, &best.validation, others.is_empty()) {
            *chosen = format!("{chosen} (log loss {} on {})", losses.join(", "), v.folds);
        }
        Ok(best)
    }

    /// Adds the pair that explains most of the residuals, repeatedly: while held-out rows gain from it, and will go on to,
    /// if `judged`. Then parts of the calendar take part in no pair.
    fn search(&self, design: Design, most: usize, judged: bool) -> Result<Design> {
        let groups = FieldGroups::of(&design.encoded, &self.clusters, judged);
        let mut best = design;
        let mut found = Vec::new();
        let why = loop {
            if best.pairs.len() >= most {
                break String::new();
            }
            let Some(Strongest { pair, p }) = self.strongest(&groups, &best)? else {
                break "; no further pair is significant".to_owned();
            };
            let mut pairs = best.pairs.clone();
            pairs.push(pair);
            let next = self.lay_out(with_bins(&best.encoded, &pairs), pairs, judged)?;
            if judged {
                let gain = self.gain((&best.losses(), &best.held), &next);
                if !gain.lasts(p) {
                    break format!("; the next, {}, was not added ({gain})", groups.name(pair));
                }
                found.push(format!("{} ({:.5} to {:.5}, {gain})", groups.name(pair), best.loss(), next.loss()));
            } else {
                found.push(groups.name(pair));
            }
            best = Design { nonlinear: best.nonlinear, ..next };
        };
        let list = if found.is_empty() { "none".to_owned() } else { found.join(", ") };
        let folds = best.validation.as_ref().map_or("", |v| v.folds.as_str());
        let barred = groups.barred();
        let barred = if barred.is_empty() {
            String::new()
        } else {
            format!("; excluded from pairs as parts of the calendar: {barred}")
        };
        let how = if judged {
            format!(", by log loss on {folds}{why}{barred}")
        } else {
            format!(", by a screen of all pairs{why}")
        };
        if !judged && self.options.choose_c.is_some() {
            best.validation = Some(self.judge(&best.layout)?.0);
        }
        Ok(Design { interactions: Some(list + &how), ..best })
    }

    /// The pair of features whose table explains most of the residuals of a design.
    fn strongest(&self, groups: &FieldGroups, design: &Design) -> Result<Option<Strongest>> {
        let c = design.validation.as_ref().map(|v| v.c).or(self.params.params().c).unwrap_or(1.0);
        let rough = LogisticParams {
            c: Some(c),
            tolerance: self.params.params().tolerance.max(1e-5),
            ..self.params.params().clone()
        };
        let rough = signed(rough, &design.layout).check()?;
        let solution = rough.fit(&design.layout.matrix, &self.target, self.task)?;
        let eta = design.layout.matrix.predict(&solution.beta(), None);
        groups.strongest(&self.target, &eta, &design.pairs, 1.0 / c, self.task)
    }

    fn shaped(&self, e: &Encoded, shape: Option<Nonlinear>) -> Encoded {
        let (w, y) = (&self.snapshot.weight, self.target.y);
        let Some(shape) = shape else { return e.clone() };
        let encoder = if e.feature.is_count() { e.encoder.clone().logged(&e.column, w) } else { e.encoder.clone() };
        let encoder = match (shape, e.sign) {
            (Nonlinear::Log | Nonlinear::Auto, _) => encoder,
            // Ramps with coefficients of one sign are monotone; cubic columns are not.
            (Nonlinear::Cubic, Sign::Free) => encoder.curved(&e.column, w, y, Bend::Cubic, false),
            (Nonlinear::Cubic | Nonlinear::Linear, _) => {
                encoder.curved(&e.column, w, y, Bend::Linear, e.sign != Sign::Free)
            }
        };
        Encoded { encoder, ..e.clone() }
    }

    fn lay_out(&self, encoded: Vec<Encoded>, pairs: Vec<(usize, usize)>, judged: bool) -> Result<Design> {
        let layout = DesignLayout::of(&encoded, &pairs, self.snapshot.len(), self.task)?;
        let (validation, held) = judged.then(|| self.judge(&layout)).transpose()?.unzip();
        let held = held.unwrap_or_default();
        Ok(Design { encoded, pairs, layout, validation, held, nonlinear: None, interactions: None })
    }

    fn gain(&self, (losses, held): (&[f64], &[HeldOut]), after: &Design) -> Gain {
        Gain::of((losses, held), (&after.losses(), &after.held), &self.clusters)
    }

    fn judge(&self, layout: &DesignLayout) -> Result<(Validation, Vec<HeldOut>)> {
        // With a fixed C that one is judged; without a penalty, one that is as good as none.
        let params = self.params.params();
        let cs = if self.options.choose_c.is_some() { default_cs() } else { vec![params.c.unwrap_or(1e4)] };
        let judged = LogisticParams { firth: false, c: cs.first().copied(), ..params.clone() };
        let judged = signed(judged, layout).check()?;
        let choice = self.options.choose_c.unwrap_or_default();
        if self.folds.get().is_none() {
            let folds = self.folds()?;
            self.folds.get_or_init(|| folds);
        }
        let (folds, how) = self.folds.get().map_or((&[][..], ""), |(folds, how)| (folds.as_slice(), how.as_str()));
        let (validation, held) = judged.validate_rows(&layout.matrix, &self.target, folds, &cs, choice, self.task)?;
        Ok((Validation { folds: how.to_owned(), ..validation }, held))
    }

    /// Folds forward in time, or, with fewer than three of them, folds of whole accounts; and what they are.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] with weights for censoring, which are known only as time goes on, if there are too few
    /// folds forward.
    fn folds(&self) -> Result<(Vec<Fold>, String)> {
        let snapshot = self.snapshot;
        let positive = |i: &usize| self.target.y.get(*i) == Some(&true);
        let lead = |i: &usize| snapshot.rows.get(*i).map(|r| r.lead);
        // Rows of a lead stand side by side: it counts once.
        let enough = |rows: &[usize]| {
            let leads = || rows.chunk_by(|a, b| lead(a) == lead(b));
            let positives = leads().filter(|rows| rows.iter().any(positive)).count();
            positives.min(leads().count() - positives) >= MIN_FOLD
        };
        let forward = |periods: usize, origins: usize| -> Result<Vec<Fold>> {
            let folds = snapshot.forward_folds(periods)?.into_iter().rev().take(origins).rev();
            let folds = folds.filter(|f| enough(&f.train) && enough(&f.test));
            Ok(folds.map(|f| Fold { train: f.train, test: f.test, weight: f.weight }).collect())
        };
        let mut folds = forward(PERIODS, ORIGINS)?;
        if folds.len() < ORIGINS {
            // Few rows: fewer, longer periods.
            folds = forward(5, 5)?;
        }
        if folds.len() >= 3 {
            let by_order = snapshot.split.as_ref().is_some_and(|s| s.by == SplitBy::Order);
            let in_time = "in time, with a gap of one label window";
            let gap = if by_order { "in the order of the leads" } else { in_time };
            let how = format!("{} forward folds {gap}", folds.len());
            return Ok((folds, how));
        }
        let few = folds.len();
        if snapshot.spec.maturity == Maturity::Ipcw {
            return Err(self.too_short(few));
        }
        let has_accounts = snapshot.journeys.leads.account.is_some();
        let mut units = if has_accounts { "accounts" } else { "leads" };
        let mut folds = grouped_folds(&self.clusters, 5);
        let both = |rows: &[usize]| rows.iter().any(positive) && !rows.iter().all(positive);
        if folds.len() < 2 || !folds.iter().all(|f| both(&f.train) && both(&f.test)) {
            // Accounts that are few or large: leads then.
            let leads: Vec<u32> = snapshot.rows.iter().map(|r| r.lead).collect();
            folds = grouped_folds(&leads, 5);
            units = "leads";
        }
        let why = format!("fewer than 3 forward folds ({few}) have {MIN_FOLD} leads of each class");
        let how = format!("{} folds of whole {units} from the same period, because {why}", folds.len());
        Ok((folds, how))
    }

    fn too_short(&self, few: usize) -> Error {
        let (option, instead) = match (&self.options.choose_c, self.options.nonlinear) {
            (Some(_), _) => ("C", "a number"),
            (None, Some(Nonlinear::Auto)) => ("nonlinear", "a shape"),
            (None, _) => ("interactions", "pairs"),
        };
        Error::option(
            option,
            format!(
                "with maturity='ipcw' it is chosen on at least 3 periods, each with {MIN_FOLD} leads of each class and as many \
                 known at its start, but this history has {few}; set {instead}, or use a longer history or a shorter horizon"
            ),
        )
    }
}

/// The parameters with the signs of a layout.
pub(super) fn signed(mut params: LogisticParams, layout: &DesignLayout) -> LogisticParams {
    params.signs.clone_from(&layout.signs);
    params
}

impl Design {
    /// Held-out log losses by fold at the C that is best on all; empty if it was not judged.
    fn losses(&self) -> Vec<f64> {
        let Some(v) = &self.validation else { return Vec::new() };
        let best = (0..v.mean.len()).min_by(|a, b| {
            let mean = |k: &usize| v.mean.get(*k).copied().unwrap_or(f64::INFINITY);
            mean(a).total_cmp(&mean(b))
        });
        v.losses.iter().filter_map(|fold| fold.get(best?).copied()).collect()
    }

    /// Lowest held-out log loss; infinite if it was not judged.
    fn loss(&self) -> f64 {
        self.validation.as_ref().map_or(f64::INFINITY, |v| v.mean.iter().copied().fold(f64::INFINITY, f64::min))
    }
}

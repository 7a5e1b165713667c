//! A model ready to score.

use std::collections::HashMap;

use super::data::{ModelData, Term};
use super::fingerprint::Fingerprint;
use super::validate;
use crate::encoding::Encoder;
use crate::error::Result;
use crate::schema::{Column, Feature, Part};

/// A model ready to score.
#[derive(Debug, Clone, PartialEq)]
pub struct LeadModel {
    data: ModelData,
    base: f64,
    /// Codes of event kinds, by every name they are called.
    events: HashMap<String, u32>,
    /// Codes of stages.
    stages: HashMap<String, u32>,
    /// Per term and group column (level of a text, bin of a number): coefficient − Σ mean·coefficient; one more at the
    /// end for "no column".
    levels: Vec<Vec<f64>>,
    /// Per term: a number without curves, made ready.
    straight: Vec<Option<Straight>>,
    /// Part of each contribution.
    pub(super) parts: Vec<Part>,
    fingerprint: Fingerprint,
}

/// A standardised number: contribution = coefficient × ((value − mean) / deviation − column mean) + what its missing
/// indicator gives.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Straight {
    mean: f64,
    deviation: f64,
    coefficient: f64,
    column_mean: f64,
    /// What the missing indicator adds where the value is there.
    present: f64,
    /// The contribution of a missing value.
    missing: f64,
}

impl Straight {
    fn of(term: &Term) -> Option<Self> {
        let Encoder::Number { mean, deviation, log: false, spline: None, bins: None, missing, .. } = term.encoder
        else {
            return None;
        };
        let (c, m) = (term.coefficients.first()?, term.means.first()?);
        let indicator = |value: f64| match (missing, term.coefficients.get(1), term.means.get(1)) {
            (true, Some(c), Some(m)) => c * (value - m),
            _ => 0.0,
        };
        (deviation > 0.0).then(|| Self {
            mean,
            deviation,
            coefficient: *c,
            column_mean: *m,
            present: indicator(0.0),
            missing: c * (0.0 - m) + indicator(1.0),
        })
    }

    fn contribution(&self, value: f64) -> f64 {
        if value.is_nan() {
            return self.missing;
        }
        self.coefficient * ((value - self.mean) / self.deviation - self.column_mean) + self.present
    }
}

impl LeadModel {
    /// Makes a model of its data.
    ///
    /// # Errors
    /// [`Error::ModelFormat`](crate::Error::ModelFormat) if the data breaks an invariant: lengths, finite numbers, unique
    /// features, ascending percentiles.
    pub fn new(data: ModelData) -> Result<Self> {
        validate::check(&data)?;
        let centre = |t: &Term| t.coefficients.iter().zip(&t.means).fold(0.0, |s, (c, m)| s + c * m);
        let base = data.terms.iter().fold(data.intercept, |base, t| base + centre(t));
        let levels = data
            .terms
            .iter()
            .map(|t| {
                let first = match t.encoder {
                    Encoder::Number { .. } => t.encoder.smooth_width(),
                    Encoder::Category { .. } => 0,
                };
                let columns = || t.coefficients.iter().zip(&t.means).skip(first);
                let centre = columns().fold(0.0, |s, (c, m)| s + c * m);
                columns().map(|(c, _)| c - centre).chain([-centre]).collect()
            })
            .collect();
        let (mut events, mut stages) = (HashMap::new(), HashMap::new());
        for (kind, code) in data.kinds.iter().zip(0u32..) {
            if kind.stage {
                stages.insert(kind.plain.clone(), code);
            } else {
                events.insert(kind.name(), code);
                events.insert(format!("{}:{}", kind.source, kind.plain), code);
            }
        }
        let straight = data.terms.iter().map(Straight::of).collect();
        let joint = data.interactions.iter().map(|i| i.part);
        let parts = data.terms.iter().map(|t| t.part).chain(joint).collect();
        let fingerprint = Fingerprint::of(&data);
        Ok(Self { data, base, events, stages, levels, straight, parts, fingerprint })
    }

    /// What it holds.
    #[must_use]
    pub fn data(&self) -> &ModelData {
        &self.data
    }

    /// Identity of the model; leads and scratch space of another model are refused.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// Its terms.
    #[must_use]
    pub fn terms(&self) -> &[Term] {
        &self.data.terms
    }

    /// Features in the order of terms.
    #[must_use]
    pub fn features(&self) -> Vec<Feature> {
        self.data.terms.iter().map(|t| t.feature.clone()).collect()
    }

    /// Log-odds of the average training row: the sum that contributions are added to.
    #[must_use]
    pub fn base(&self) -> f64 {
        self.base
    }

    /// Contribution of a number to the log-odds: Σ coefficient × (column − mean) over its standardised value, its curved
    /// columns, its missing indicator and its bins.
    #[must_use]
    pub fn number(&self, term: usize, value: f64) -> f64 {
        if let Some(contribution) = self.straight(term, value) {
            return contribution;
        }
        let Some(t) = self.data.terms.get(term) else { return 0.0 };
        let (c, m) = (t.coefficients.as_slice(), t.means.as_slice());
        let smooth = c.iter().zip(m).take(t.encoder.smooth_width()).enumerate();
        let smooth = smooth.fold(0.0, |s, (i, (c, m))| s + c * (t.encoder.number_column(value, i) - m));
        match &t.encoder {
            Encoder::Number { bins: Some(_), .. } => {
                let group = t.encoder.group_of_number(value).filter(|_| !value.is_nan());
                smooth + self.level(term, group)
            }
            _ => smooth,
        }
    }

    /// Contribution of a number whose effect is a straight line; none for other terms.
    #[inline]
    pub(crate) fn straight(&self, term: usize, value: f64) -> Option<f64> {
        self.straight.get(term)?.map(|s| s.contribution(value))
    }

    /// Contribution of a text by its column within the term, or of a number's bin; `None` for one without a column.
    #[must_use]
    pub fn level(&self, term: usize, slot: Option<usize>) -> f64 {
        let Some(levels) = self.levels.get(term) else { return 0.0 };
        match slot {
            Some(s) => levels.get(s).copied().unwrap_or(0.0),
            None => levels.last().copied().unwrap_or(0.0),
        }
    }

    /// Code of the event kind called `name`, [`None`] if it was not known in training.
    #[must_use]
    pub fn event_kind(&self, name: &str) -> Option<u32> {
        self.events.get(name).copied()
    }

    /// Code of a stage.
    #[must_use]
    pub fn stage_kind(&self, name: &str) -> Option<u32> {
        self.stages.get(name).copied()
    }

    /// Percentile (0–100) of a log-odds among the training rows, by linear interpolation.
    #[must_use]
    pub fn percentile(&self, log_odds: f64) -> f64 {
        let q = &self.data.percentiles;
        let above = q.partition_point(|v| *v <= log_odds);
        match (above.checked_sub(1).and_then(|i| q.get(i)), q.get(above)) {
            (None, _) => 0.0,
            (Some(_), None) => 100.0,
            (Some(a), Some(b)) => (above - 1) as f64 + (log_odds - a) / (b - a),
        }
    }

    /// Number fields whose value in `row` of the columns of the terms is outside the values of training.
    pub fn fields_outside<'a>(&'a self, columns: &'a [Column], row: usize) -> impl Iterator<Item = &'a Feature> {
        let is_outside = move |(t, c): &(&Term, &Column)| match (&t.feature, &t.encoder, c) {
            (Feature::Field(_), Encoder::Number { range: Some((low, high)), .. }, Column::Number(values)) => {
                values.get(row).is_some_and(|v| v < low || v > high)
            }
            _ => false,
        };
        self.data.terms.iter().zip(columns).filter(is_outside).map(|(t, _)| &t.feature)
    }

    /// True if a lead of this age (days) is younger or older than all the model was trained on.
    #[must_use]
    pub fn is_out_of_range(&self, age_days: f64) -> bool {
        self.data.training.ages.is_some_and(|(low, high)| age_days < low || age_days > high)
    }
}

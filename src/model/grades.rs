//! Grades: names for ranges of scores, and the grid of fit and engagement.

use std::collections::BTreeSet;

use super::data::{Grade, GradeScale};
use super::lead_model::LeadModel;
use crate::error::{Error, Result};
use crate::schema::Part;

/// What cut-offs of grades are given in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GradeBy {
    /// Scores, 0–100.
    Score,
    /// Probabilities of the target.
    Probability,
    /// Multiples of the base rate of training.
    Lift,
}

impl LeadModel {
    /// Name of the grade of a score and probability; rows of one score have one grade.
    #[must_use]
    pub fn grade(&self, score: f64, probability: f64) -> &str {
        let grades = &self.data().grades;
        let value = match self.data().grade_scale {
            GradeScale::Score => score,
            GradeScale::Probability => probability,
        };
        grades.iter().find(|g| value >= g.from).or(grades.last()).map_or("", |g| g.name.as_str())
    }

    /// The model with other grades, best first: each with the lowest value that earns it. The last one has all the rest.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] without grades, for a name that is empty or occurs twice, and for cut-offs that do not
    /// descend or are out of range.
    pub fn with_grades(&self, cuts: &[(String, f64)], by: GradeBy) -> Result<Self> {
        let wrong = |problem: String| Err(Error::option("grades", problem));
        if cuts.is_empty() {
            return wrong("must name at least one grade".into());
        }
        let mut names = BTreeSet::new();
        if let Some((name, _)) = cuts.iter().find(|(name, _)| name.trim().is_empty() || !names.insert(name)) {
            return wrong(format!("names must be unique and not empty, unlike '{name}'"));
        }
        let highest = if by == GradeBy::Score { 100.0 } else { 1.0 };
        let base = self.data().training.base_rate;
        let cut = |given: f64| if by == GradeBy::Lift { given * base } else { given };
        let grades: Vec<Grade> = cuts.iter().map(|(name, x)| Grade { name: name.clone(), from: cut(*x) }).collect();
        if let Some((name, given)) = cuts.iter().find(|(_, x)| !(0.0..=highest).contains(&cut(*x))) {
            let limit = if by == GradeBy::Lift { highest / base } else { highest };
            return wrong(format!("the cut-off of '{name}' must be from 0 to {limit}, not {given}"));
        }
        if !grades.is_sorted_by(|a, b| a.from > b.from) {
            return wrong("cut-offs must descend, best grade first".into());
        }
        let mut data = self.data().clone();
        data.grades = grades;
        data.grade_scale = if by == GradeBy::Score { GradeScale::Score } else { GradeScale::Probability };
        Self::new(data)
    }

    /// Grades with the lowest probability that earns each. A score in percent is that probability among the training rows of
    /// this model, so that another model can keep what the grades mean.
    #[must_use]
    pub fn grades_as_probabilities(&self) -> Vec<(String, f64)> {
        let lowest = |grade: &Grade| match self.data().grade_scale {
            GradeScale::Probability => grade.from,
            GradeScale::Score if grade.from <= 0.0 => 0.0,
            GradeScale::Score => self.probability(self.log_odds_at(grade.from)),
        };
        self.data().grades.iter().map(|g| (g.name.clone(), lowest(g))).collect()
    }

    /// The log-odds at a percentile of the training rows, by linear interpolation.
    fn log_odds_at(&self, percentile: f64) -> f64 {
        let q = &self.data().percentiles;
        let below = (percentile.floor() as usize).min(q.len().saturating_sub(2));
        match (q.get(below), q.get(below + 1)) {
            (Some(a), Some(b)) => a + (percentile - below as f64) * (b - a),
            _ => f64::NAN,
        }
    }

    /// The quarter of the training rows that a part of the score lies in: 1 for the highest, 4 for the lowest. `None` for a
    /// part without terms, and for models that keep no quartiles.
    #[must_use]
    pub fn quarter(&self, part: Part, sum: f64) -> Option<usize> {
        let own = self.data().part_quartiles.iter().find(|q| q.part == part)?;
        Some(4 - own.quartiles.iter().filter(|q| sum >= **q).count())
    }
}

//! Scorecards of models.

use super::card::{CardFeature, CardTerm, Scorecard};
use super::scale::PointScale;
use crate::encoding::{Encoder, ValueGroups};
use crate::error::{Error, Result};
use crate::model::{Interaction, LeadModel, Term};

/// Values of a number at which its effect is compared with the points of its range.
const GRID: usize = 512;

/// A term with the points of its groups, and the largest error of one of them.
struct Rounded {
    term: CardTerm,
    error: f64,
}

impl LeadModel {
    /// The model as a scorecard. Contributions times the points per unit of log-odds are rounded to whole points: those of
    /// levels and of cells of interactions; of numbers, those at the mean of the training rows in each range of the profile
    /// of the term.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for a scale that is out of range; [`Error::ModelFormat`] for a model whose numbers have no
    /// profile.
    pub fn scorecard(&self, scale: PointScale) -> Result<Scorecard> {
        scale.check()?;
        let factor = scale.factor();
        let exact_base = scale.offset() + factor * self.base();
        let base = exact_base.round();
        let mut card = Scorecard {
            scale,
            base: base as i64,
            terms: Vec::new(),
            without_points: Vec::new(),
            error: (base - exact_base).abs(),
        };
        let names = self.names();
        let terms = self.terms().iter().enumerate().map(|(place, term)| self.term_points(place, term, factor));
        let pairs = self.interactions().iter().enumerate().map(|(k, pair)| Ok(self.pair_points(k, pair, factor)));
        for (rounded, name) in terms.chain(pairs).zip(names) {
            let Rounded { term, error } = rounded?;
            card.error += error;
            if term.points.iter().all(|points| *points == 0) {
                card.without_points.push(name);
            } else {
                card.terms.push(CardTerm { name, ..term });
            }
        }
        Ok(card)
    }

    fn term_points(&self, place: usize, term: &Term, factor: f64) -> Result<Rounded> {
        let (groups, points, error) = match &term.encoder {
            Encoder::Number { .. } => self.number_points(place, term, factor)?,
            Encoder::Category { .. } => {
                let columns = ValueGroups::columns(&term.encoder);
                let exact: Vec<f64> = columns.into_iter().map(|column| factor * self.level(place, column)).collect();
                let (points, error) = rounded(&exact);
                (term.groups(), points, error)
            }
        };
        let features = vec![feature(place, term, groups)];
        Ok(Rounded { term: CardTerm { name: String::new(), part: term.part, features, points }, error })
    }

    /// Points of ranges of a number, neighbours of equal points as one; of missing values last.
    fn number_points(&self, place: usize, term: &Term, factor: f64) -> Result<(ValueGroups, Vec<i64>, f64)> {
        let Some(profile) = &term.profile else {
            let problem = format!(
                "term '{}' has no profile of its values, which a scorecard needs; train the model again",
                term.feature
            );
            return Err(Error::ModelFormat { problem });
        };
        let effect = |x: f64| factor * self.number(place, x);
        let (mut cuts, mut points): (Vec<f64>, Vec<i64>) = (Vec::new(), Vec::new());
        let starts = std::iter::once(None).chain(profile.cuts.iter().map(Some));
        for (start, centre) in starts.zip(&profile.centres) {
            let own = effect(*centre).round() as i64;
            if points.last() != Some(&own) {
                cuts.extend(start);
                points.push(own);
            }
        }
        let of = |x: f64| points.get(cuts.partition_point(|c| *c <= x)).map_or(0.0, |p| *p as f64);
        let ends = match &term.encoder {
            Encoder::Number { range: Some((low, high)), .. } => vec![*low, *high],
            _ => Vec::new(),
        };
        let sides = profile.cuts.iter().flat_map(|cut| [cut.next_down(), *cut]);
        let tried = term.encoder.grid(GRID).into_iter().chain(sides).chain(profile.centres.iter().copied()).chain(ends);
        let error = tried.fold(0.0, |most: f64, x| most.max((of(x) - effect(x)).abs()));
        let missing = effect(f64::NAN);
        points.push(missing.round() as i64);
        Ok((ValueGroups::Ranges(cuts), points, error.max((missing.round() - missing).abs())))
    }

    fn pair_points(&self, k: usize, pair: &Interaction, factor: f64) -> Rounded {
        // Each feature, and for each of its groups that of the interaction.
        let side = |place: usize| {
            let term = self.terms().get(place)?;
            let encoder = &term.encoder;
            let of_model: Vec<Option<usize>> = match encoder {
                Encoder::Number { .. } => {
                    (0..=encoder.bin_edges().len()).map(Some).chain([encoder.group_of_number(f64::NAN)]).collect()
                }
                Encoder::Category { .. } => {
                    ValueGroups::columns(encoder).into_iter().map(|column| encoder.group_of_slot(column)).collect()
                }
            };
            Some((feature(place, term, ValueGroups::of(encoder, encoder.bin_edges())), of_model))
        };
        let (features, groups): (Vec<_>, Vec<_>) = [pair.first, pair.second].into_iter().filter_map(side).unzip();
        let mut exact = Vec::new();
        if let [first, second] = groups.as_slice() {
            let cells = first.iter().flat_map(|a| second.iter().map(move |b| (*a, *b)));
            exact.extend(cells.map(|(a, b)| factor * self.joint(k, a, b)));
        }
        let (points, error) = rounded(&exact);
        Rounded { term: CardTerm { name: String::new(), part: pair.part, features, points }, error }
    }
}

fn feature(place: usize, term: &Term, groups: ValueGroups) -> CardFeature {
    CardFeature { name: term.feature.to_string(), place, groups, can_be_missing: !term.feature.is_never_missing() }
}

fn rounded(exact: &[f64]) -> (Vec<i64>, f64) {
    let error = exact.iter().fold(0.0, |most: f64, x| most.max((x.round() - x).abs()));
    (exact.iter().map(|x| x.round() as i64).collect(), error)
}

//! Sentences about the groups of values of each feature, and those that speak for the score of a lead.

use super::phrases::Phrases;
use crate::encoding::GroupReader;
use crate::error::{Error, Result};
use crate::model::{LeadModel, Profile, Term};
use crate::schema::Column;
use crate::score::condition::Condition;
use crate::score::scored::strongest;

/// Fewest leads whose rate is given.
const ENOUGH: u64 = 20;

/// A sentence, and whether its rate is above that of all leads.
#[derive(Debug, Clone, PartialEq)]
struct Sentence {
    text: String,
    above: bool,
}

/// Sentences about each group of values of each feature of a model; none about groups of fewer than 20 leads.
#[derive(Debug, Clone, PartialEq)]
pub struct Sentences(Vec<Vec<Option<Sentence>>>);

/// The sentences, ready for the columns of leads.
#[derive(Debug)]
pub struct LeadReader<'a> {
    sentences: &'a Sentences,
    readers: Vec<GroupReader<'a>>,
}

impl LeadModel {
    /// Sentences about the training leads: which share of those with a value reached the target.
    ///
    /// # Errors
    /// [`Error::ModelFormat`] for a model without profiles.
    pub fn sentences(&self, phrases: &Phrases) -> Result<Sentences> {
        let training = &self.data().training;
        let targets = training.target.iter().map(|t| t.replace('_', " "));
        let or = |first: String, second: String| phrases.say("or", &[("first", &first), ("second", &second)]);
        let target = targets.reduce(or).unwrap_or_default();
        let outcome = phrases.say("outcome", &[("target", &target)]);
        let horizon = training.snapshot.horizon.map(|h| phrases.span(h)).unwrap_or_default();
        let of_term = |term: &Term| {
            let Some(profile) = &term.profile else {
                let problem = format!(
                    "term '{}' has no profile of its values, which words need; train the model again",
                    term.feature
                );
                return Err(Error::ModelFormat { problem });
            };
            let (name, groups) = (term.feature.to_string(), term.groups());
            let say = |at: usize| {
                let clause = phrases.clause(&term.feature, &Condition::of(&name, &groups, at));
                let said = Said { clause: &clause, outcome: &outcome, horizon: &horizon, base: training.base_rate };
                said.about(profile, at, phrases, training.rows == training.leads)
            };
            Ok((0..groups.count()).map(say).collect())
        };
        self.terms().iter().map(of_term).collect::<Result<_>>().map(Sentences)
    }
}

/// What a sentence says beside its numbers.
struct Said<'a> {
    clause: &'a str,
    outcome: &'a str,
    horizon: &'a str,
    base: f64,
}

impl Said<'_> {
    /// The sentence about group `at` of a profile, if it has leads enough.
    fn about(&self, profile: &Profile, at: usize, phrases: &Phrases, one_row: bool) -> Option<Sentence> {
        let (n, hits) = (*profile.weights.get(at)?, *profile.positives.get(at)?);
        let leads = *profile.leads.get(at)?;
        if leads < ENOUGH || n <= 0.0 {
            return None;
        }
        let rate = hits / n;
        let counts = n.fract() == 0.0 && hits.fract() == 0.0;
        let key = match (counts, one_row) {
            (true, true) => "sentence",
            (true, false) => "sentence_of_looks",
            (false, _) => "sentence_of_estimate",
        };
        let (share, base, hits, n) = (percent(rate), percent(self.base), format!("{hits:.0}"), format!("{n:.0}"));
        let leads = leads.to_string();
        let fill = [
            ("share", share.as_str()),
            ("condition", self.clause),
            ("outcome", self.outcome),
            ("horizon", self.horizon),
            ("hits", hits.as_str()),
            ("n", n.as_str()),
            ("leads", leads.as_str()),
            ("base", base.as_str()),
        ];
        Some(Sentence { text: phrases.say(key, &fill), above: rate > self.base })
    }
}

impl Sentences {
    /// Makes the sentences ready for the columns of the model's features.
    #[must_use]
    pub fn reader<'a>(&'a self, groups: &'a [crate::encoding::ValueGroups], columns: &'a [Column]) -> LeadReader<'a> {
        LeadReader { sentences: self, readers: groups.iter().zip(columns).map(|(g, c)| g.reader(c)).collect() }
    }
}

impl LeadReader<'_> {
    /// At most `k` sentences for a row, about the features with the largest contributions: first those that speak for its
    /// score being above or below the average. Those whose rate differs from that of all leads in the other direction than the
    /// contribution are left out: other features explain the difference.
    #[must_use]
    pub fn row(&self, row: usize, contributions: &[f64], k: usize) -> Vec<&str> {
        let sentence = |term: usize| {
            let at = self.readers.get(term)?.at(row);
            let sentence = self.sentences.0.get(term)?.get(at)?.as_ref()?;
            (sentence.above == (*contributions.get(term)? > 0.0)).then_some(sentence)
        };
        let found = strongest(contributions, 16.max(4 * k)).into_iter().filter_map(sentence);
        let above = contributions.iter().sum::<f64>() > 0.0;
        let (speak_for, against): (Vec<&Sentence>, Vec<&Sentence>) = found.partition(|s| s.above == above);
        speak_for.into_iter().chain(against).take(k).map(|s| s.text.as_str()).collect()
    }
}

/// A share in percent, with a decimal below ten.
fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    if percent < 10.0 { format!("{percent:.1} %") } else { format!("{percent:.0} %") }
}

//! Tests of the properties of leads that went on against the others.

use std::collections::BTreeSet;

use super::counts::{PropertyCounts, StepPair};
use super::dependence::Dependence;
use super::exposure::exposure;
use super::fields::FieldCodes;
use super::result::{Driver, Drivers, Factor};
use super::spec::DriversSpec;
use crate::analyses::funnel::FunnelSpec;
use crate::encoding::MISSING;
use crate::error::Result;
use crate::journeys::Journeys;
use crate::math::{Interval, false_discovery, fisher_exact, smoothed_odds_ratio};
use crate::progress::Task;
use crate::query::Matcher;

/// A property: where it is found, its name, and its value.
type Property = (Factor, String, String);

/// What tests are made of.
pub(super) struct FactorTests<'a> {
    pub(super) journeys: &'a Journeys,
    pub(super) spec: &'a DriversSpec,
    pub(super) fields: &'a [FieldCodes<'a>],
    pub(super) pairs: &'a [StepPair<'a>],
    /// Of each pair of steps.
    pub(super) counts: &'a [PropertyCounts],
}

/// The tests at one step.
struct StepTests<'a> {
    step: String,
    next: String,
    counts: &'a PropertyCounts,
    /// Fewest leads with, and without, a property.
    least: u64,
    drivers: Vec<Driver>,
    unsupported: usize,
}

impl FactorTests<'_> {
    /// Tests all properties at all steps, adjusted for their number; the surest and strongest first at each step.
    pub(super) fn drivers(&self, task: &Task) -> Result<Drivers> {
        let properties = self.properties();
        let names = self.spec.funnel.step_names();
        let name = |k: usize| names.get(k).cloned().unwrap_or_default();
        let (mut drivers, mut unsupported, mut remarks) = (Vec::new(), 0, Vec::new());
        for (pair, counts) in self.pairs.iter().zip(self.counts) {
            let (n, went) = counts.all;
            let least = self.spec.min_support.unwrap_or(25.min(n.div_ceil(50))).max(1);
            let (step, next) = (name(pair.step), name(pair.next));
            let (few, many) = (went.min(n - went), went.max(n - went));
            if n > 0 && few * 10 < many {
                remarks.push(format!(
                    "{step} → {next}: {went} of {n} went on; with so uneven a split, odds ratios are uncertain"
                ));
            }
            let mut tests = StepTests { step, next, counts, least, drivers: Vec::new(), unsupported: 0 };
            tests.at_the_step(&properties, task)?;
            let mut between = self.journeys.on_the_way(&self.spec.funnel, pair.step, pair.next)?;
            between.extend(pair.at_risk.excludes());
            tests.after_the_step(self.journeys, &between, task)?;
            drivers.append(&mut tests.drivers);
            unsupported += tests.unsupported;
        }
        adjust(&mut drivers);
        let order = |name: &str| names.iter().position(|s| s == name);
        drivers.sort_by(|a, b| {
            let strength = |d: &Driver| crate::math::ln(d.ratio()).abs();
            order(&a.step)
                .cmp(&order(&b.step))
                .then_with(|| (a.q_value >= 0.05).cmp(&(b.q_value >= 0.05)))
                .then_with(|| strength(b).total_cmp(&strength(a)))
                .then_with(|| (&a.name, &a.value).cmp(&(&b.name, &b.value)))
        });
        if drivers.iter().any(|d| d.factor == Factor::After) {
            remarks.push(
                "leads that stay longer at a step do more there, so events after a step are compared over time by hazard \
                 ratios: leads with the event so far against leads without it; rely on these rather than on the rates"
                    .to_owned(),
            );
            if self.journeys.codes_known(&self.journeys.lost).is_empty() {
                remarks.push(
                    "lost= is not set, so leads that left count as at risk and any event marks a lead that \
                     is still active; hazard ratios of events after a step are too high, and those above 1 are not tested (p = 1)"
                        .to_owned(),
                );
            }
        }
        Ok(Drivers { spec: self.spec.clone(), drivers, unsupported, before_outcomes: 0, remarks })
    }

    /// Properties that a lead has at a step, in the order of their counts.
    fn properties(&self) -> Vec<Property> {
        let mut all = Vec::new();
        for f in self.fields {
            let levels = f.levels.iter().cloned().chain([MISSING.to_owned()]);
            all.extend(levels.map(|l| (Factor::Field, f.name.clone(), l)));
        }
        all.extend(self.journeys.channels.iter().map(|c| (Factor::Channel, "channel".to_owned(), c.to_owned())));
        all.extend(self.journeys.kinds.iter().map(|k| (Factor::Before, k.name(), String::new())));
        all
    }
}

/// Adjusts p-values for their number; events after a step are a family of their own.
fn adjust(drivers: &mut [Driver]) {
    for after in [false, true] {
        let mut family: Vec<&mut Driver> =
            drivers.iter_mut().filter(|d| (d.factor == Factor::After) == after).collect();
        let p: Vec<f64> = family.iter().map(|d| d.p_value).collect();
        family.iter_mut().zip(false_discovery(&p)).for_each(|(d, q)| d.q_value = q);
    }
}

impl StepTests<'_> {
    /// Whether enough leads have a property, and have it not.
    fn supports(&mut self, with: u64) -> bool {
        let enough = with >= self.least && self.counts.all.0 - with >= self.least;
        self.unsupported += usize::from(!enough);
        enough
    }

    /// A driver whose property `with` leads have, of which `hits` went on; its ratio is still to be set.
    fn driver(
        &self,
        (factor, name, value): &Property,
        (with, hits): (u64, u64),
        (interval, p_value): (Interval, f64),
    ) -> Driver {
        let (n, went) = self.counts.all;
        Driver {
            step: self.step.clone(),
            next: self.next.clone(),
            factor: *factor,
            name: name.clone(),
            value: value.clone(),
            leads: with,
            went_on: hits,
            other_leads: n - with,
            others_went_on: went - hits,
            odds_ratio: None,
            hazard_ratio: None,
            interval,
            p_value,
            q_value: 1.0,
        }
    }

    /// Tests properties that leads have when they reach the step, by odds ratios.
    fn at_the_step(&mut self, properties: &[Property], task: &Task) -> Result<()> {
        let counts = self.counts;
        let (n, went) = counts.all;
        for (place, (property, (with, hits))) in properties.iter().zip(&counts.with).enumerate() {
            task.check()?;
            if *with == 0 || !self.supports(*with) {
                continue;
            }
            let (others, other_hits) = (n - with, went - hits);
            let mut p = fisher_exact([[*hits, with - hits], [other_hits, others - other_hits]]);
            let (odds_ratio, mut interval) = smoothed_odds_ratio((*hits, *with), (other_hits, others), 0.95);
            if let Some((products, whole)) =
                counts.gathering.as_ref().and_then(|g| Some((g.products.get(place)?, &g.whole)))
            {
                let found = Dependence::new((*with, *hits), (n, went), products, whole);
                p = p.max(found.p_value);
                interval = found.widened(odds_ratio, interval);
            }
            let driver = self.driver(property, (*with, *hits), (interval, p));
            self.drivers.push(Driver { odds_ratio: Some(odds_ratio), ..driver });
        }
        Ok(())
    }

    /// Tests events after the step, by hazard ratios; kinds that lie `between` the steps are not looked at.
    fn after_the_step(&mut self, journeys: &Journeys, between: &BTreeSet<u32>, task: &Task) -> Result<()> {
        let counts = self.counts;
        let leave_unseen = journeys.codes_known(&journeys.lost).is_empty();
        for (kind, code) in journeys.kinds.iter().zip(0u32..).filter(|(_, code)| !between.contains(code)) {
            task.check()?;
            let (with, hits) = counts.stays.exposed(code);
            if with == 0 || !self.supports(with) {
                continue;
            }
            let found = exposure(&counts.stays.of(code), counts.gathering.is_some(), 0.95);
            // A lead that left without a word is at risk to the end, and whoever does anything has not left: that raises
            // the ratio of any event, so only a lower one is evidence.
            let p = if leave_unseen && found.hazard_ratio > 1.0 { 1.0 } else { found.p_value };
            let property = (Factor::After, kind.name(), String::new());
            let driver = self.driver(&property, (with, hits), (found.interval, p));
            self.drivers.push(Driver { hazard_ratio: Some(found.hazard_ratio), ..driver });
        }
        Ok(())
    }
}

impl Journeys {
    /// Kinds that lie between two steps, and kinds that end the way.
    fn on_the_way(&self, spec: &FunnelSpec, step: usize, next: usize) -> Result<BTreeSet<u32>> {
        let kinds_of = |k: usize| -> Result<BTreeSet<u32>> {
            let mut matcher = Matcher::new(self);
            if let Some(s) = spec.steps.get(k)
                && !(k == 0 && self.is_creation("steps", s)?)
            {
                matcher.add(s, 1)?;
            }
            Ok(matcher.kind_bits.iter().zip(0u32..).filter(|(bits, _)| **bits != 0).map(|(_, kind)| kind).collect())
        };
        let place = |kind: u32| {
            let kind = self.kinds.get(kind as usize)?;
            self.pipeline.iter().position(|stage| kind.is_called(stage))
        };
        let mut between: BTreeSet<u32> = self.codes_known(&self.won);
        between.extend(self.codes_known(&self.lost));
        for k in step + 1..next {
            between.extend(kinds_of(k)?);
        }
        let (from, to) = (kinds_of(step)?, kinds_of(next)?);
        let is_stage = |kind: &u32| self.kinds.get(*kind as usize).is_some_and(|k| k.stage);
        if !to.is_empty() && to.iter().all(is_stage) {
            let (low, high) = (from.iter().filter_map(|k| place(*k)).max(), to.iter().filter_map(|k| place(*k)).max());
            let lies_between = |kind: &u32| match (place(*kind), high) {
                (Some(at), Some(high)) => at < high && low.is_none_or(|low| at > low),
                // Without an order every stage may lie on the way.
                _ => self.pipeline.is_empty() && !from.contains(kind),
            };
            between.extend((0..self.kinds.len() as u32).filter(is_stage).filter(lies_between));
        }
        Ok(between)
    }
}

//! The pass that makes spells of journeys.

use super::clock::Clock;
use super::gathered::Gathered;
use super::grouped::GroupedSubjects;
use super::result::TimeTo;
use super::spec::{CompetingAs, TimeToSpec};
use super::tally::TimeToTally;
use crate::error::{Error, Result};
use crate::journeys::Journeys;
use crate::progress::Task;
use crate::schema::NONE;
use crate::time::NO_TIME;

impl Journeys {
    /// How long leads take to an event: cumulative incidence by age with intervals, quantiles, mean times, and a test of
    /// groups.
    ///
    /// The clock of a lead starts with its creation (or `start`) and ends with the event, a competing end, or the end of
    /// observation. Where losing competes, the share is Aalen–Johansen's: one minus Kaplan–Meier with lost leads censored
    /// (`competing_as`) gives the share that would convert if no lead could be lost. A loss counts if the lead is still lost at the
    /// end of observation; after a re-opening it is at risk again.
    ///
    /// # Errors
    /// [`Error::UnknownName`] for names that the data does not have, [`Error::InvalidOption`], [`Error::NoRows`] if no
    /// lead is left, [`Error::Interrupted`].
    pub fn time_to(&self, spec: &TimeToSpec, task: &Task) -> Result<TimeTo> {
        self.time_to_tally(spec, task)?.finish(task)
    }

    /// The spells of an analysis, to be merged with other leads.
    ///
    /// # Errors
    /// As [`Journeys::time_to`].
    pub fn time_to_tally(&self, spec: &TimeToSpec, task: &Task) -> Result<TimeToTally> {
        if !(spec.confidence > 0.0 && spec.confidence < 1.0) {
            return Err(Error::option("confidence", format!("must be between 0 and 1, not {}", spec.confidence)));
        }
        for span in &spec.at {
            span.positive("at")?;
        }
        if let Some(until) = spec.until {
            until.positive("until")?;
        }
        let clock = Clock::new(self, spec)?;
        if spec.late_entry && self.outcomes_from == NO_TIME {
            let problem = "applies to leads from before outcomes were recorded; set Journeys(outcomes_from=…)";
            return Err(Error::option("late_entry", problem));
        }
        let population = self.population(&spec.filter)?;
        let gathered = self.fold(
            "measuring times",
            task,
            Gathered::new,
            |gathered, lead| {
                if population.has(lead) {
                    clock.measure(lead, gathered);
                }
                Ok(())
            },
            Gathered::join,
        )?;
        let names: Vec<String> = match &clock.groups {
            // The last is that of leads without a value.
            Some(groups) => (0..groups.levels.len() as u32).chain([NONE]).map(|code| groups.name(code)).collect(),
            None => vec![String::new()],
        };
        let mut part = GroupedSubjects::default();
        let clusters = if self.leads.account.is_some() { gathered.clusters } else { Vec::new() };
        part.join(&names, gathered.runs, clusters, gathered.left_out);
        // Where competing ends are censored nothing competes.
        let competes = clock.competes && spec.competing_as == CompetingAs::Event;
        Ok(TimeToTally { spec: spec.clone(), competes, part })
    }
}

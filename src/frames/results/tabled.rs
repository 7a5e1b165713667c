//! Results of analyses as named tables, the same on the command line and in Python.

use polars::prelude::DataFrame;

use crate::analyses::attribution::Attribution;
use crate::analyses::drivers::{Barriers, Drivers};
use crate::analyses::funnel::Funnel;
use crate::analyses::paths::Paths;
use crate::analyses::stage_funnel::StageFunnel;
use crate::analyses::time_to::TimeTo;
use crate::audit::Audit;
use crate::error::{Error, Result};
use crate::frames::results::attribution::{attribution_frame, unit_cost_frame};
use crate::frames::results::audit::audit_frame;
use crate::frames::results::drivers::{barriers_frame, drivers_frame};
use crate::frames::results::funnel::{funnel_frame, funnel_periods_frame, funnel_times_frame};
use crate::frames::results::paths::{loops_frame, steps_frame, transitions_frame, ways_frame};
use crate::frames::results::stage_funnel::{
    stage_cohorts_frame, stage_flow_frame, stage_funnel_frame, stage_summary_frame, stage_times_frame, stage_wins_frame,
};
use crate::frames::results::time_to::{
    time_to_ages_frame, time_to_ceilings_frame, time_to_curves_frame, time_to_frame,
};

/// A result that is a set of named tables.
pub trait Tabled {
    /// Names of the tables, the main one first.
    const TABLES: &'static [&'static str];

    /// The table of this name; [`Error::UnknownName`] if this result has none.
    ///
    /// # Errors
    /// As said; polars may refuse a column.
    fn table(&self, name: &str) -> Result<DataFrame>;

    /// Names of the tables that this result has.
    fn names(&self) -> Vec<&'static str> {
        Self::TABLES.to_vec()
    }
}

fn unknown<T: Tabled>(name: &str) -> Error {
    Error::unknown("table", name, T::TABLES.iter().copied())
}

impl Tabled for Funnel {
    const TABLES: &'static [&'static str] = &["steps", "times", "periods"];

    fn table(&self, name: &str) -> Result<DataFrame> {
        match name {
            "steps" => funnel_frame(self),
            "times" => funnel_times_frame(self),
            "periods" => funnel_periods_frame(self),
            _ => Err(unknown::<Self>(name)),
        }
    }
}

impl Tabled for Audit {
    const TABLES: &'static [&'static str] = &["findings"];

    fn table(&self, name: &str) -> Result<DataFrame> {
        match name {
            "findings" => audit_frame(self),
            _ => Err(unknown::<Self>(name)),
        }
    }
}

impl Tabled for StageFunnel {
    const TABLES: &'static [&'static str] = &["stages", "summary", "cohorts", "flow", "wins", "times"];

    fn table(&self, name: &str) -> Result<DataFrame> {
        match name {
            "stages" => stage_funnel_frame(self),
            "summary" => stage_summary_frame(self),
            "cohorts" => stage_cohorts_frame(self),
            "flow" => stage_flow_frame(self),
            "wins" => stage_wins_frame(self),
            "times" => stage_times_frame(self),
            _ => Err(unknown::<Self>(name)),
        }
    }
}

impl Tabled for TimeTo {
    const TABLES: &'static [&'static str] = &["groups", "ages", "ceilings", "curves"];

    fn table(&self, name: &str) -> Result<DataFrame> {
        match name {
            "groups" => time_to_frame(self),
            "ages" => time_to_ages_frame(self),
            "ceilings" => time_to_ceilings_frame(self),
            "curves" => time_to_curves_frame(self),
            _ => Err(unknown::<Self>(name)),
        }
    }
}

impl Tabled for Drivers {
    const TABLES: &'static [&'static str] = &["drivers"];

    fn table(&self, name: &str) -> Result<DataFrame> {
        match name {
            "drivers" => drivers_frame(self),
            _ => Err(unknown::<Self>(name)),
        }
    }
}

impl Tabled for Barriers {
    const TABLES: &'static [&'static str] = &["barriers"];

    fn table(&self, name: &str) -> Result<DataFrame> {
        match name {
            "barriers" => barriers_frame(self),
            _ => Err(unknown::<Self>(name)),
        }
    }
}

impl Tabled for Paths {
    const TABLES: &'static [&'static str] = &["ways", "transitions", "steps", "loops"];

    fn table(&self, name: &str) -> Result<DataFrame> {
        match name {
            "ways" => ways_frame(self),
            "transitions" => transitions_frame(self),
            "steps" => steps_frame(self),
            "loops" => loops_frame(self),
            _ => Err(unknown::<Self>(name)),
        }
    }
}

impl Tabled for Attribution {
    const TABLES: &'static [&'static str] = &["credits", "costs", "costs_by_period"];

    fn table(&self, name: &str) -> Result<DataFrame> {
        match (name, &self.costs) {
            ("credits", _) => attribution_frame(self),
            ("costs", Some(costs)) => unit_cost_frame(self, &costs.total, false),
            ("costs_by_period", Some(costs)) => unit_cost_frame(self, &costs.by_period, true),
            ("costs" | "costs_by_period", None) => {
                Err(Error::option("table", format!("'{name}' needs a table of spend; set spend=")))
            }
            _ => Err(unknown::<Self>(name)),
        }
    }

    fn names(&self) -> Vec<&'static str> {
        let with_costs = if self.costs.is_some() { Self::TABLES.len() } else { 1 };
        Self::TABLES.iter().take(with_costs).copied().collect()
    }
}

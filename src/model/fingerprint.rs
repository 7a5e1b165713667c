//! Telling models apart: leads and working memory hold codes of the model they were made for.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::data::ModelData;
use crate::error::{Error, Result};

/// Equal for equal models within one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fingerprint(u64);

impl Fingerprint {
    pub(super) fn of(data: &ModelData) -> Self {
        let mut hasher = DefaultHasher::new();
        data.intercept.to_bits().hash(&mut hasher);
        for term in &data.terms {
            term.feature.to_string().hash(&mut hasher);
            format!("{:?}", term.encoder).hash(&mut hasher);
            let numbers = term.coefficients.iter().chain(&term.means);
            numbers.for_each(|v| v.to_bits().hash(&mut hasher));
        }
        for interaction in &data.interactions {
            (interaction.first, interaction.second).hash(&mut hasher);
            interaction.effects.iter().for_each(|v| v.to_bits().hash(&mut hasher));
        }
        format!("{:?}{:?}{:?}{:?}", data.kinds, data.values, data.daily_cap, data.calendar_zone).hash(&mut hasher);
        format!("{:?}", data.calibration).hash(&mut hasher);
        Self(hasher.finish())
    }

    /// # Errors
    /// [`Error::InvalidOption`] if `what` was made for another model.
    pub(crate) fn check(self, other: Self, what: &str) -> Result<()> {
        if self == other {
            return Ok(());
        }
        let problem = match what {
            "lead" => {
                "the lead belongs to another model; create it with lead() of this model and push its events again"
            }
            _ => "the scratch space belongs to another model; create it with scratch() of this model",
        };
        Err(Error::option(what, problem))
    }
}

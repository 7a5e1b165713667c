//! Names that mean the creation of leads.

use super::Journeys;
use crate::error::{Error, Result};
use crate::schema::{Choice, Step, canonical_text};
use crate::time::NO_TIME;

/// The name of creation in funnels, and as the start of a clock.
pub(crate) const CREATED: &[&str] = &["created"];
/// Its names as the first stage of a pipeline.
pub(crate) const FIRST_STAGE: &[&str] = &["created", "lead", "creation", "inquiry"];

impl Journeys {
    /// Whether `name` means the creation of leads, which is called one of `words`; the leads must have creation times then. A stage of
    /// the data comes before the words for the first stage other than "created".
    ///
    /// # Errors
    /// [`Error::InvalidOption`] naming `option` if leads have times of creation and events or a stage are called so as well,
    /// or if leads have none and nothing is called so.
    pub(crate) fn means_creation(&self, option: &'static str, name: &str, words: &[&str]) -> Result<bool> {
        if !words.contains(&name) {
            return Ok(false);
        }
        let Some(other) = self.kinds.iter().find(|k| k.plain == name || k.plain == canonical_text(name)) else {
            self.creation_for(option, "'created' needs the creation times of leads; set Leads(created=…)")?;
            return Ok(true);
        };
        if !self.leads.created.iter().any(|t| *t != NO_TIME) {
            return Ok(false);
        }
        // A pipeline is made of stages: one of the data that is called so is meant. Nothing else is called "created".
        if other.stage && !CREATED.contains(&name) {
            return Ok(false);
        }
        let (what, qualified) = if other.stage {
            ("a stage".to_owned(), format!("stage:{name}"))
        } else {
            (format!("an event kind of '{}'", other.source), format!("{}:{name}", other.source))
        };
        let own = words.iter().find(|word| **word != name && !self.kinds.iter().any(|k| k.plain == **word));
        let creation = match own {
            Some(word) => format!("write '{word}' for the former"),
            None => format!("to mean the former, rename the latter with names={{\"{name}\": …}}"),
        };
        let problem =
            format!("'{name}' is both the creation of leads and {what}; {creation}, or '{qualified}' for the latter");
        Err(Error::option(option, problem))
    }

    /// Whether a step is the creation of leads. A step declared as an event is an event if one exists.
    ///
    /// # Errors
    /// As [`Journeys::means_creation`].
    pub(crate) fn is_creation(&self, option: &'static str, step: &Step) -> Result<bool> {
        let [choice] = step.any.as_slice() else { return Ok(false) };
        let plain = Choice { kind: choice.kind.clone(), ..Choice::default() };
        match &choice.kind {
            Some(name) if *choice == plain => {
                let is_event = || self.kinds.iter().any(|k| k.plain == *name);
                if step.event && is_event() { Ok(false) } else { self.means_creation(option, name, CREATED) }
            }
            _ => Ok(false),
        }
    }
}

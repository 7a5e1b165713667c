//! Names of stages and events: what the data has, what is declared, and slips for either.

use std::collections::BTreeSet;

use super::Journeys;
use super::creation::FIRST_STAGE;
use crate::error::{Error, Result, is_slip};
use crate::schema::Kind;

/// Most stages that a message names.
const MOST_STAGES: usize = 8;

impl Journeys {
    /// Codes of the stages or event kinds called `names`.
    ///
    /// A stage that is declared (as won, lost, or in the pipeline) need not have occurred yet.
    ///
    /// # Errors
    /// [`Error::UnknownName`] for a name the data does not have; for a declared one, if it looks like a slip.
    pub fn codes_of(&self, what: &'static str, names: &[String]) -> Result<BTreeSet<u32>> {
        let mut codes = BTreeSet::new();
        for name in names {
            let before = codes.len();
            codes.extend(self.kinds.iter().zip(0u32..).filter(|(k, _)| k.is_called(name)).map(|(_, c)| c));
            if codes.len() == before && !self.kinds.iter().any(|k| k.is_called(name)) {
                let known: Vec<String> = self.kinds.iter().map(Kind::name).collect();
                if !self.is_to_come(name) {
                    return Err(Error::unknown(what, name, known.iter().map(String::as_str)));
                }
            }
        }
        Ok(codes)
    }

    /// Whether a name that the data does not have is that of a declared stage that has not occurred yet, and does not
    /// look like a slip for a kind that the data has.
    #[must_use]
    pub fn is_to_come(&self, name: &str) -> bool {
        self.is_declared(name) && self.meant(name, false).is_none()
    }

    fn is_declared(&self, name: &str) -> bool {
        [&self.won, &self.lost, &self.pipeline].into_iter().any(|list| list.iter().any(|declared| declared == name))
    }

    /// The kind of the data that a name, which it does not have, is a slip for: one that differs in letter case, spaces or
    /// signs, or an undeclared one that differs in one character other than a digit.
    fn meant(&self, name: &str, stages_only: bool) -> Option<&str> {
        let letters =
            |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
        let without_digits = |text: &str| text.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
        let slip = |kind: &str| {
            letters(kind) == letters(name)
                || !self.is_declared(kind) && without_digits(kind) != without_digits(name) && is_slip(name, [kind])
        };
        let kinds = self.kinds.iter().filter(|k| k.stage || !stages_only).map(|k| k.plain.as_str());
        kinds.filter(|kind| *kind != name).find(|kind| slip(kind))
    }

    /// The error of `what`, which needs a target, if neither a target nor won stages are declared.
    #[must_use]
    pub fn no_target(&self, what: &str) -> Error {
        let problem = format!("{what} needs one; set target=, or the won stages with Journeys(won=…)");
        Error::option("target", problem + &self.stages_known())
    }

    /// The stages of the data as the end of a message.
    #[must_use]
    pub fn stages_known(&self) -> String {
        let mut names: Vec<&str> = self.kinds.iter().filter(|k| k.stage).map(|k| k.plain.as_str()).collect();
        let more = names.len().saturating_sub(MOST_STAGES);
        names.truncate(MOST_STAGES);
        match (names.as_slice(), more) {
            ([], _) => String::new(),
            (names, 0) => format!("; the stages are '{}'", names.join("', '")),
            (names, more) => format!("; the stages are '{}' and {more} more", names.join("', '")),
        }
    }

    /// Refuses declared stages that look like slips for stages that the data has, or are events.
    ///
    /// # Errors
    /// [`Error::UnknownName`] with the stage that is meant.
    pub fn check_declared(&self) -> Result<()> {
        let lists = [("won= stage", &self.won), ("lost= stage", &self.lost), ("pipeline= stage", &self.pipeline)];
        for (what, names) in lists {
            for (place, name) in names.iter().enumerate() {
                if self.kinds.iter().any(|k| k.is_called(name)) {
                    continue;
                }
                // The start of a pipeline can be creation, which no event is meant by.
                let is_creation = place == 0 && FIRST_STAGE.contains(&name.as_str());
                if let Some(meant) = self.meant(name, is_creation || what != "pipeline= stage") {
                    return Err(Error::unknown(what, name, [meant]));
                }
            }
        }
        for name in self.won.iter().chain(&self.lost) {
            let called = |stage: bool| self.kinds.iter().any(|k| k.stage == stage && k.is_called(name));
            if called(false) && !called(true) {
                let problem = format!("'{name}' is an event kind; won= and lost= take stages from a table of stages");
                return Err(Error::option("won", problem));
            }
        }
        Ok(())
    }

    /// Codes of `names` that occur in the data; names that do not are left out.
    #[must_use]
    pub fn codes_known(&self, names: &[String]) -> BTreeSet<u32> {
        let called = |k: &Kind| names.iter().any(|n| k.is_called(n));
        self.kinds.iter().zip(0u32..).filter(|(k, _)| called(k)).map(|(_, c)| c).collect()
    }
}

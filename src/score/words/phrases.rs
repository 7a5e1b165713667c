//! The phrases that reasons are made of, in any language.

use std::collections::BTreeMap;

use crate::error::{Error, Result};

/// Phrases with places for what differs. English ones are the default; others may stand for any of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrases(BTreeMap<&'static str, String>);

/// Each phrase: its key, and the English one, which has all its places.
const ENGLISH: [(&str, &str); 43] = [
    ("sentence", "{share} of leads {condition} {outcome} ({hits} of {n}; all leads: {base})"),
    (
        "sentence_of_looks",
        "{share} of leads {condition} {outcome} within {horizon} ({hits} of {n} looks at {leads} leads; all: {base})",
    ),
    (
        "sentence_of_estimate",
        "an estimated {share} of leads {condition} {outcome} within {horizon} ({leads} leads; all: {base})",
    ),
    ("outcome", "reached {target}"),
    ("or", "{first} or {second}"),
    ("count", "with {range} {events}"),
    ("count_within", "with {range} {events} in the last {window}"),
    ("none", "without {events}"),
    ("none_within", "without {events} in the last {window}"),
    ("active_days", "with {events} on {range} days"),
    ("active_days_within", "with {events} on {range} of the last {window}"),
    ("since_first", "whose first {event} was {range} days ago"),
    ("since_last", "whose last {event} was {range} days ago"),
    ("never", "that never had {events}"),
    ("decayed", "with {range} {events}, each half as much after {window}"),
    ("momentum", "with {range} more {events} in the last week than in an average week before"),
    ("sum", "whose {value} of {events} add up to {range}"),
    ("sum_within", "whose {value} of {events} in the last {window} add up to {range}"),
    ("max", "whose highest {value} of {events} is {range}"),
    ("max_within", "whose highest {value} of {events} in the last {window} is {range}"),
    ("last", "whose last {value} of {events} is {range}"),
    ("last_within", "whose last {value} of {events} in the last {window} is {range}"),
    ("distinct_channels", "with {events} on {range} channels"),
    ("first_channel", "whose first channel is {level}"),
    ("last_channel", "whose last channel is {level}"),
    ("no_channel", "without a channel"),
    ("stage", "in stage {level}"),
    ("no_stage", "without a stage"),
    ("days_in_stage", "in their stage for {range} days"),
    ("age", "created {range} days ago"),
    ("field", "whose {field} is {level}"),
    ("unknown_field", "whose {field} is not known"),
    ("since_field", "whose {field} was {range} days ago"),
    ("other", "a rare one"),
    ("below", "less than {to}"),
    ("from", "at least {from}"),
    ("between", "{from} to {to}"),
    ("all_events", "events"),
    ("any_event", "event"),
    ("events_of", "{who} events"),
    ("event_of", "{who} event"),
    ("days", "{n} days"),
    ("hours", "{n} hours"),
];

impl Default for Phrases {
    fn default() -> Self {
        Self(ENGLISH.iter().map(|(key, text)| (*key, (*text).to_owned())).collect())
    }
}

impl Phrases {
    /// English phrases with others in the place of those that `own` names.
    ///
    /// # Errors
    /// [`Error::UnknownName`] for a key that no phrase has; [`Error::InvalidOption`] for a place `{…}` that the phrase cannot
    /// fill.
    pub fn with(own: &BTreeMap<String, String>) -> Result<Self> {
        let mut phrases = Self::default();
        for (key, text) in own {
            let Some((known, english)) = ENGLISH.iter().find(|(known, _)| known == key) else {
                return Err(Error::unknown("phrase", key, ENGLISH.iter().map(|(known, _)| *known)));
            };
            let places = places(english);
            if let Some(wrong) = self::places(text).into_iter().find(|place| !places.contains(place)) {
                let known: Vec<String> = places.iter().map(|place| format!("{{{place}}}")).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                return Err(Error::option(
                    "words",
                    format!("phrase '{key}' cannot contain {{{wrong}}}; its places are: {known}"),
                ));
            }
            phrases.0.insert(known, text.clone());
        }
        Ok(phrases)
    }

    /// A phrase with its places filled.
    pub(super) fn say(&self, key: &str, fill: &[(&str, &str)]) -> String {
        let mut rest = self.0.get(key).map_or("", String::as_str);
        let mut said = String::with_capacity(rest.len() + 16);
        // Once through the phrase: what is filled in may contain braces.
        while let Some((before, after)) = rest.split_once('{') {
            said.push_str(before);
            let Some((place, after)) = after.split_once('}') else {
                said.push('{');
                rest = after;
                continue;
            };
            said.push_str(fill.iter().find(|(name, _)| *name == place).map_or("", |(_, value)| value));
            rest = after;
        }
        said + rest
    }
}

/// Names of the places of a phrase.
fn places(text: &str) -> Vec<&str> {
    text.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(place, _)| place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_of_another_language() {
        let own = |key: &str, text: &str| BTreeMap::from([(key.to_owned(), text.to_owned())]);
        let german = Phrases::with(&own("below", "weniger als {to}")).unwrap();
        assert_eq!(german.say("below", &[("to", "3")]), "weniger als 3");
        assert_eq!(german.say("from", &[("from", "{to}")]), "at least {to}");
        let unknown = Phrases::with(&own("belo", "x")).unwrap_err().to_string();
        assert!(unknown.contains("did you mean 'below'"), "{unknown}");
        let wrong = Phrases::with(&own("below", "{from}")).unwrap_err().to_string();
        assert!(wrong.contains("'below' cannot contain {from}; its places are: {to}"), "{wrong}");
    }

    #[test]
    fn keys_are_unique() {
        assert_eq!(Phrases::default().0.len(), ENGLISH.len());
    }
}

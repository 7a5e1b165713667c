//! A group of values of a feature as a clause: "with 3 to 5 visits in the last 14 days".

use super::phrases::Phrases;
use crate::encoding::{MISSING, OTHER};
use crate::schema::{Feature, Selector, ValueOp};
use crate::score::condition::{Condition, rounded};
use crate::time::Span;

impl Phrases {
    /// The clause about the leads that meet a condition on a feature.
    pub(super) fn clause(&self, feature: &Feature, condition: &Condition) -> String {
        let missing = condition.level.as_deref() == Some(MISSING);
        let range = self.range(feature, condition);
        let level = match condition.level.as_deref() {
            Some(OTHER) => self.say("other", &[]),
            Some(level) => level.to_owned(),
            None => range.clone(),
        };
        let about = |key: &str, of: &Selector, window: Option<&Span>, more: &[(&str, &str)]| {
            let (events, event) =
                (self.events(of, "all_events", "events_of"), self.events(of, "any_event", "event_of"));
            let window = window.map(|w| self.span(*w));
            let key =
                if window.is_some() && !["decayed"].contains(&key) { format!("{key}_within") } else { key.to_owned() };
            let window = window.unwrap_or_default();
            let fill = [
                ("events", events.as_str()),
                ("event", event.as_str()),
                ("range", range.as_str()),
                ("window", window.as_str()),
            ];
            self.say(&key, &fill.iter().chain(more).copied().collect::<Vec<_>>())
        };
        match feature {
            Feature::Count(of, window) if is_none(condition) => about("none", of, window.as_ref(), &[]),
            Feature::Count(of, window) => about("count", of, window.as_ref(), &[]),
            Feature::ActiveDays(of, window) if is_none(condition) => about("none", of, window.as_ref(), &[]),
            Feature::ActiveDays(of, window) => about("active_days", of, window.as_ref(), &[]),
            Feature::DaysSinceFirst(of) | Feature::DaysSinceLast(of) | Feature::Value(_, of, ..) if missing => {
                about("never", of, None, &[])
            }
            Feature::DaysSinceFirst(of) => about("since_first", of, None, &[]),
            Feature::DaysSinceLast(of) => about("since_last", of, None, &[]),
            Feature::Decayed(of, half_life) => about("decayed", of, Some(half_life), &[]),
            Feature::Momentum(of) => about("momentum", of, None, &[]),
            Feature::Value(op, of, value, window) => {
                let key = match op {
                    ValueOp::Sum => "sum",
                    ValueOp::Max => "max",
                    ValueOp::Last => "last",
                };
                about(key, of, window.as_ref(), &[("value", &readable(value))])
            }
            Feature::DistinctChannels(of) => about("distinct_channels", of, None, &[]),
            Feature::FirstChannel | Feature::LastChannel if missing => self.say("no_channel", &[]),
            Feature::FirstChannel => self.say("first_channel", &[("level", &level)]),
            Feature::LastChannel => self.say("last_channel", &[("level", &level)]),
            Feature::Stage | Feature::DaysInStage if missing => self.say("no_stage", &[]),
            Feature::Stage => self.say("stage", &[("level", &level)]),
            Feature::DaysInStage => self.say("days_in_stage", &[("range", &range)]),
            Feature::AgeDays => self.say("age", &[("range", &range)]),
            Feature::Field(name) | Feature::DaysSinceField(name) if missing => {
                self.say("unknown_field", &[("field", &readable(name))])
            }
            Feature::Field(name) => self.say("field", &[("field", &readable(name)), ("level", &level)]),
            Feature::DaysSinceField(name) => self.say("since_field", &[("field", &readable(name)), ("range", &range)]),
        }
    }

    /// A range of numbers; that of whole numbers names the last one in it.
    fn range(&self, feature: &Feature, condition: &Condition) -> String {
        let whole = matches!(feature, Feature::Count(..) | Feature::ActiveDays(..) | Feature::DistinctChannels(_));
        match (condition.from, condition.to) {
            (None, None) => String::new(),
            // A count below 1 is none.
            (None, Some(to)) if whole && to <= 1.0 => "0".to_owned(),
            (None, Some(to)) => self.say("below", &[("to", &rounded(to))]),
            (Some(from), None) => self.say("from", &[("from", &rounded(from))]),
            (Some(from), Some(to)) if whole && from.ceil() >= to - 1.0 => rounded(from.ceil()),
            (Some(from), Some(to)) => {
                let last = if whole { to.ceil() - 1.0 } else { to };
                self.say(
                    "between",
                    &[("from", &rounded(if whole { from.ceil() } else { from })), ("to", &rounded(last))],
                )
            }
        }
    }

    /// The events in words: `any` for all of them, `of` for those of one side or source.
    fn events(&self, events: &Selector, any: &str, of: &str) -> String {
        match events {
            Selector::All => self.say(any, &[]),
            Selector::Side(side) => self.say(of, &[("who", &side.to_string())]),
            Selector::Source(source) => self.say(of, &[("who", &readable(source))]),
            Selector::Kind(kind) => readable(kind),
        }
    }

    /// A length of time in words.
    pub(super) fn span(&self, span: Span) -> String {
        let days = span.as_days();
        if days.fract() == 0.0 {
            self.say("days", &[("n", &rounded(days))])
        } else if (24.0 * days).fract() == 0.0 {
            self.say("hours", &[("n", &rounded(24.0 * days))])
        } else {
            span.to_string()
        }
    }
}

/// Whether a count is 0.
fn is_none(condition: &Condition) -> bool {
    condition.from.is_none() && condition.to.is_some_and(|to| to <= 1.0)
}

/// A name of a column or of a kind of event, as people read it.
fn readable(name: &str) -> String {
    name.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(feature: &str, level: Option<&str>, from: Option<f64>, to: Option<f64>) -> String {
        let condition = Condition { feature: feature.into(), level: level.map(Into::into), from, to };
        Phrases::default().clause(&feature.parse().unwrap(), &condition)
    }

    #[test]
    fn clauses() {
        for (feature, level, from, to, wanted) in [
            ("count(demo_request, 14d)", None, Some(1.0), None, "with at least 1 demo request in the last 14 days"),
            ("count(demo_request, 14d)", None, None, Some(1.0), "without demo request in the last 14 days"),
            ("count(visit)", None, Some(2.0), Some(5.0), "with 2 to 4 visit"),
            ("count(visit)", None, Some(2.0), Some(3.0), "with 2 visit"),
            ("count(*, 12h)", None, Some(3.0), None, "with at least 3 events in the last 12 hours"),
            (
                "active_days(@marketing, 30d)",
                None,
                None,
                Some(4.0),
                "with marketing events on less than 4 of the last 30 days",
            ),
            ("days_since_last(call)", None, None, Some(2.5), "whose last call was less than 2.5 days ago"),
            ("days_since_last(call)", Some(MISSING), None, None, "that never had call"),
            (
                "max(visit.page_views, 7d)",
                None,
                Some(2.0),
                Some(9.0),
                "whose highest page views of visit in the last 7 days is 2 to 9",
            ),
            ("stage", Some("mql"), None, None, "in stage mql"),
            ("stage", Some(MISSING), None, None, "without a stage"),
            ("first_channel", Some(OTHER), None, None, "whose first channel is a rare one"),
            ("age_days", None, Some(10.0), Some(20.0), "created 10 to 20 days ago"),
            ("employee_band", Some("50-200"), None, None, "whose employee band is 50-200"),
            ("employees", None, Some(100.0), None, "whose employees is at least 100"),
            ("employees", Some(MISSING), None, None, "whose employees is not known"),
        ] {
            assert_eq!(said(feature, level, from, to), wanted, "{feature}");
        }
    }
}

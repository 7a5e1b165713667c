//! Options that differ from their defaults, as text: every option that changes an answer stands beside it.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::schema::{Choice, Step};

/// The options that differ from their defaults, as `name=value` in the words of Python; `None` if all have their defaults.
/// Options in `shown` stand elsewhere in the result and are left out.
pub(super) fn options<T: Serialize + Default>(spec: &T, shown: &[&str]) -> Option<String> {
    let defaults = map(&T::default());
    let given = map(spec);
    let differs =
        |(key, value): &(&String, &Value)| !shown.contains(&key.as_str()) && defaults.get(*key) != Some(value);
    let mut all: Vec<String> =
        given.iter().filter(differs).map(|(key, value)| format!("{key}={}", literal(value))).collect();
    // Other crates decide on the order of a map.
    all.sort_unstable();
    (!all.is_empty()).then(|| all.join(", "))
}

/// [`options`] as a line of its own.
pub(super) fn options_line<T: Serialize + Default>(spec: &T, shown: &[&str]) -> Option<String> {
    options(spec, shown).map(|options| format!("options: {options}"))
}

fn map<T: Serialize>(options: &T) -> Map<String, Value> {
    match serde_json::to_value(options) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

/// A value as a literal of Python; steps are written as they are declared.
fn literal(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::String(_) | Value::Number(_) => value.to_string(),
        Value::Array(all) => list(all.iter().map(literal)),
        Value::Object(object) if object.contains_key("any") => match serde_json::from_value::<Step>(value.clone()) {
            Ok(step) => step_literal(&step),
            Err(_) => dict(object),
        },
        Value::Object(object) => dict(object),
    }
}

fn list(all: impl Iterator<Item = String>) -> String {
    format!("[{}]", all.collect::<Vec<_>>().join(", "))
}

fn dict(object: &Map<String, Value>) -> String {
    let items = object.iter().map(|(key, value)| format!("{}: {}", text(key), literal(value)));
    format!("{{{}}}", items.collect::<Vec<_>>().join(", "))
}

fn text(text: &str) -> String {
    Value::from(text).to_string()
}

/// A step by its name, a list of names, or `Step(…)`.
fn step_literal(step: &Step) -> String {
    let choices: Vec<String> = step.any.iter().map(choice_literal).collect();
    match choices.as_slice() {
        [one] => one.clone(),
        _ => list(choices.into_iter()),
    }
}

fn choice_literal(choice: &Choice) -> String {
    if let Choice { kind: Some(kind), stage: None, channel: None, conditions } = choice
        && conditions.is_empty()
    {
        return text(kind);
    }
    let named = |name: &str, value: &Option<String>| value.as_ref().map(|value| format!("{name}={}", text(value)));
    let mut parts: Vec<String> = choice.kind.as_deref().map(text).into_iter().collect();
    parts.extend(named("stage", &choice.stage));
    parts.extend(named("channel", &choice.channel));
    let conditions = map(&choice.conditions);
    if !conditions.is_empty() {
        parts.push(format!("where={}", dict(&conditions)));
    }
    format!("Step({})", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyses::attribution::AttributionSpec;
    use crate::analyses::paths::PathsSpec;
    use crate::schema::SnapshotSpec;

    #[test]
    fn only_options_that_differ_from_their_defaults_are_written() {
        assert_eq!(options(&AttributionSpec::default(), &[]), None);
        let spec: AttributionSpec = serde_json::from_str(
            r#"{"half_life": "14d", "direct": [], "bootstrap": 20, "target": ["won", "paid"], "by": "campaign"}"#,
        )
        .unwrap();
        let written = r#"bootstrap=20, direct=[], half_life="14d", target=["won", "paid"]"#;
        assert_eq!(options(&spec, &["by"]).as_deref(), Some(written));
        let spec: SnapshotSpec =
            serde_json::from_str(r#"{"every": "7d", "horizon": "60d", "inclusive": false}"#).unwrap();
        let written = r#"options: every="7d", horizon="60d", inclusive=False"#;
        assert_eq!(options_line(&spec, &[]).as_deref(), Some(written));
    }

    #[test]
    fn steps_are_written_as_they_are_declared() {
        for (json, written) in [
            (r#""visit""#, r#""visit""#),
            (r#"["visit", "a \"b\""]"#, r#"["visit", "a \"b\""]"#),
            (r#"{"kind": "visit", "channel": "ads"}"#, r#"Step("visit", channel="ads")"#),
            (
                r#"{"stage": "won", "where": {"amount": ">= 5", "flag": true}}"#,
                r#"Step(stage="won", where={"amount": ">= 5", "flag": True})"#,
            ),
            (r#"["visit", {"channel": "ads"}]"#, r#"["visit", Step(channel="ads")]"#),
        ] {
            let spec: PathsSpec = serde_json::from_str(&format!(r#"{{"events": {json}}}"#)).unwrap();
            assert_eq!(options(&spec, &[]), Some(format!("events={written}")));
        }
    }
}

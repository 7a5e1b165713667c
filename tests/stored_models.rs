//! Model files that earlier versions wrote load, and score as they did then (`tests/golden/generate_stored.py`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at the first surprise"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use leadlens::encoding::Encoder;
use leadlens::score::Cell;
use leadlens::{Error, LeadModel};
use serde::Deserialize;

/// One row of feature values, and what came out of it, as bits.
#[derive(Deserialize)]
struct Row {
    values: Vec<Option<Value>>,
    probability: String,
    contributions: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Value {
    Number(f64),
    Text(String),
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/stored/model-1")
}

fn recorded() -> BTreeMap<String, Vec<Row>> {
    serde_json::from_str(&std::fs::read_to_string(folder().join("rows/scores.json")).unwrap()).unwrap()
}

fn bits(number: f64) -> String {
    format!("{:016x}", number.to_bits())
}

#[test]
fn models_of_format_1_score_as_recorded() {
    let recorded = recorded();
    let stored = std::fs::read_dir(folder()).unwrap().filter(|f| f.as_ref().unwrap().path().is_file()).count();
    assert_eq!((recorded.len(), stored), (12, 12), "each stored model has recorded rows");
    for (name, rows) in recorded {
        let model = LeadModel::from_path(folder().join(format!("{name}.json"))).unwrap();
        assert_eq!(rows.len(), 15, "{name}");
        for row in rows {
            let cells: Vec<Cell<'_>> = model
                .terms()
                .iter()
                .zip(&row.values)
                .map(|(term, value)| match (value, &term.encoder) {
                    (Some(Value::Number(x)), _) => Cell::Number(*x),
                    (Some(Value::Text(text)), _) => Cell::Text(Some(text)),
                    (None, Encoder::Number { .. }) => Cell::Number(f64::NAN),
                    (None, Encoder::Category { .. }) => Cell::Text(None),
                })
                .collect();
            let mut contributions = Vec::new();
            let scored = model.score_row(&cells, &mut contributions).unwrap();
            assert_eq!(bits(scored.probability), row.probability, "{name}");
            // Contributions of exactly 0 are no reasons.
            let named: BTreeMap<String, String> = model
                .names()
                .into_iter()
                .zip(contributions)
                .filter(|(_, c)| *c != 0.0)
                .map(|(name, c)| (name, bits(c)))
                .collect();
            assert_eq!(named, row.contributions, "{name}");
        }
        let again = LeadModel::from_json(&model.to_json().unwrap()).unwrap();
        assert_eq!(again, model, "{name}");
    }
}

#[test]
fn keys_that_no_version_wrote_are_refused_wherever_they_stand() {
    let mut kinds = BTreeSet::new();
    for name in recorded().into_keys() {
        let text = std::fs::read_to_string(folder().join(format!("{name}.json"))).unwrap();
        let whole: serde_json::Value = serde_json::from_str(&text).unwrap();
        let mut places = Vec::new();
        objects(&whole, "", &mut places);
        for place in places {
            // The same for each number of a list.
            if !kinds.insert(place.replace(|c: char| c.is_ascii_digit(), "")) {
                continue;
            }
            let mut changed = whole.clone();
            changed.pointer_mut(&place).unwrap().as_object_mut().unwrap().insert("unheard_of".into(), 1.into());
            let refused = LeadModel::from_json(&changed.to_string());
            assert!(matches!(refused, Err(Error::ModelFormat { .. })), "{name} {place}: {refused:?}");
        }
    }
    for known in ["", "/model/terms//encoder", "/model/training/rule/every"] {
        assert!(kinds.contains(known), "{known} of {kinds:?}");
    }
}

/// Places of all objects.
fn objects(value: &serde_json::Value, place: &str, places: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(map) => {
            places.push(place.to_owned());
            map.iter().for_each(|(key, inner)| objects(inner, &format!("{place}/{key}"), places));
        }
        serde_json::Value::Array(list) => {
            list.iter().enumerate().for_each(|(i, inner)| objects(inner, &format!("{place}/{i}"), places));
        }
        _ => {}
    }
}

#[test]
fn damaged_models_are_refused() {
    let text = std::fs::read_to_string(folder().join("interactions.json")).unwrap();
    // Cut at any place, from the first byte to the last brace.
    let end = text.trim_end().len();
    for at in (0..end).step_by(997).chain([end - 1]) {
        let cut = text.get(..at).unwrap();
        assert!(matches!(LeadModel::from_json(cut), Err(Error::ModelFormat { .. })), "{at}");
    }
    let whole: serde_json::Value = serde_json::from_str(&text).unwrap();
    for (place, value) in [
        ("/model/intercept", serde_json::json!(null)),
        ("/model/terms/0/coefficients", serde_json::json!([1.0])),
        ("/model/terms/0/feature", serde_json::json!("count()")),
        ("/model/percentiles", serde_json::json!([0.0, 1.0])),
        ("/model/grades", serde_json::json!([])),
        ("/model/interactions/0/first", serde_json::json!(99)),
        ("/model/calendar_zone", serde_json::json!("Mars/Olympus")),
        ("/format", serde_json::json!("something.else")),
    ] {
        let mut changed = whole.clone();
        *changed.pointer_mut(place).unwrap() = value;
        assert!(matches!(LeadModel::from_json(&changed.to_string()), Err(Error::ModelFormat { .. })), "{place}");
    }
}

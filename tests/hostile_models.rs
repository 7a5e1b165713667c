//! A model file of which any one value is something else is refused, or is a model that scores without a panic.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at the first surprise"
)]

use std::path::Path;

use leadlens::encoding::Encoder;
use leadlens::score::Cell;
use leadlens::{Error, Event, LeadModel, Timestamp};
use serde_json::{Value, json};

fn stored(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/stored/model-1");
    serde_json::from_str(&std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap()).unwrap()
}

/// Pointers to all values, of long lists to the first and the last.
fn places(value: &Value, at: &str, out: &mut Vec<String>) {
    out.push(at.to_owned());
    match value {
        Value::Object(keys) => keys.iter().for_each(|(key, v)| places(v, &format!("{at}/{key}"), out)),
        Value::Array(list) => {
            let ends = list.iter().enumerate().filter(|(i, _)| *i == 0 || *i + 1 == list.len());
            ends.for_each(|(i, v)| places(v, &format!("{at}/{i}"), out));
        }
        _ => {}
    }
}

/// Values of every type, and numbers that arithmetic does not expect.
fn others() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(-1),
        json!(0),
        json!(1e308),
        json!(-1e308),
        json!(5e-324),
        json!(18_446_744_073_709_551_615u64),
        json!(""),
        json!("(missing)"),
        json!("9999d"),
        json!([]),
        json!([0.0, 0.0]),
        json!({}),
    ]
}

/// Scores rows and a lead whatever they are: results and typed errors are both fine.
fn use_it(model: &LeadModel) {
    for x in [0.0, -3.0, 1e300, f64::NAN] {
        for text in [None, Some("ads"), Some("never seen")] {
            let cells: Vec<Cell<'_>> = (model.terms().iter())
                .map(|t| match t.encoder {
                    Encoder::Number { .. } => Cell::Number(x),
                    Encoder::Category { .. } => Cell::Text(text),
                })
                .collect();
            let mut contributions = Vec::new();
            if let Ok(scored) = model.score_row(&cells, &mut contributions) {
                assert!((0.0..=1.0).contains(&scored.probability), "{scored:?}");
                assert!((0.0..=100.0).contains(&scored.score), "{scored:?}");
            }
        }
    }
    let mut scratch = model.scratch();
    let mut lead = model.lead("7", Timestamp(0));
    let visit = Event { at: 1, kind: "visit", values: &[("pages", 3.0)], channel: Some("ads"), ..Event::default() };
    let _ = model.push(&mut lead, visit);
    let _ = model.stage(&mut lead, "sql", Timestamp(2));
    let _ = model.set_text(&mut lead, "source", "ads");
    let _ = model.set_number(&mut lead, "staff", 3.0);
    let _ = model.score(&lead, Timestamp(20 * leadlens::DAY), &mut scratch);
    let _ = model.with_base_rate(0.3);
    assert_eq!(LeadModel::from_json(&model.to_json().unwrap()).unwrap(), *model);
}

fn try_all(name: &str) {
    let whole = stored(name);
    let mut all = Vec::new();
    places(&whole, "", &mut all);
    let (mut refused, mut read) = (0, 0);
    for place in &all {
        for other in others() {
            let mut changed = whole.clone();
            *changed.pointer_mut(place).unwrap() = other;
            match LeadModel::from_json(&changed.to_string()) {
                Ok(model) => {
                    read += 1;
                    use_it(&model);
                }
                Err(Error::ModelFormat { .. } | Error::ModelVersion { .. }) => refused += 1,
                Err(other) => panic!("{place}: {other}"),
            }
        }
        // A value that is not there at all.
        if let Some((parent, key)) = place.rsplit_once('/') {
            let mut changed = whole.clone();
            if let Some(object) = changed.pointer_mut(parent).unwrap().as_object_mut() {
                object.remove(key).unwrap();
                if let Ok(model) = LeadModel::from_json(&changed.to_string()) {
                    use_it(&model);
                }
            }
        }
    }
    assert!(refused > 1_000 && read > 100, "{name}: {refused} refused, {read} read");
}

#[test]
fn with_an_interaction() {
    try_all("interactions");
}

#[test]
fn with_curves() {
    try_all("cubic");
}

#[test]
fn with_a_covariance() {
    try_all("sigmoid-weighted");
}

#[test]
fn with_calibration_maps() {
    try_all("isotonic");
    try_all("beta");
}

#[test]
fn of_leads_without_times() {
    try_all("without-times");
}

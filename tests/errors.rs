//! Every error has a slug of its own and says what to do.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops at the first surprise")]

use std::collections::BTreeSet;

use leadlens::{Error, Violation};

fn all() -> Vec<Error> {
    let text = || "x".to_owned();
    vec![
        Error::Schema { violations: vec![Violation { table: text(), column: Some(text()), problem: text() }] },
        Error::Read { path: "x".into(), reason: text(), missing: true },
        Error::Write { path: "x".into(), reason: text() },
        Error::Config { problem: text() },
        Error::InvalidOption { option: text(), problem: text() },
        Error::UnknownName { what: "field", name: text(), nearest: Some(text()), known: vec![text()] },
        Error::FutureDated { table: text(), rows: 1, latest: text() },
        Error::NoRows { what: "score", why: text() },
        Error::OneClass { rows: 2, positives: 2 },
        Error::TooFew { positives: 1, negatives: 2, minimum: 40 },
        Error::NonFinite { what: text(), count: 1 },
        Error::Length { what: text(), expected: 1, got: 2 },
        Error::Undefined { metric: "roc_auc", why: text() },
        Error::Singular { columns: vec![text()] },
        Error::Separated { complete: true, rows: 3, columns: vec![text()] },
        Error::NotConverged { iterations: 1, gradient: 0.1, tolerance: 1e-9 },
        Error::OutOfRange { outside: 1, rows: 2, low: 0.0, high: 1.0 },
        Error::ModelFormat { problem: text() },
        Error::ModelVersion { found: 9, supported: 1 },
        Error::Interrupted,
    ]
}

#[test]
fn slugs_are_complete_and_distinct() {
    let source = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/error.rs")).unwrap();
    let body = source.split("pub fn kind(&self)").nth(1).unwrap().split("pub fn option").next().unwrap();
    let declared: BTreeSet<&str> = body.split('"').skip(1).step_by(2).collect();
    let listed: BTreeSet<&str> = all().iter().map(Error::kind).collect();
    assert_eq!(declared, listed);
    assert_eq!(listed.len(), all().len());
    // Each is provoked by some other test, by its slug or by its Python class.
    let mut tests = String::new();
    let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests"))];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs" || e == "py") && !path.ends_with("errors.rs") {
                tests += &std::fs::read_to_string(path).unwrap();
            }
        }
    }
    let by_class = [
        ("schema", "SchemaError"),
        ("config", "ConfigError"),
        ("future_dated", "in the future"),
        ("out_of_range", "OutOfRangeError"),
    ];
    for slug in listed {
        let class = by_class.iter().find(|(s, _)| *s == slug).map(|(_, c)| *c);
        let quoted = format!("\"{slug}\"");
        let found = tests.contains(&quoted)
            || tests.contains(&format!("error[{slug}]"))
            || class.is_some_and(|c| tests.contains(c));
        assert!(found, "no test provokes '{slug}'");
    }
}

#[test]
fn messages_name_what_is_at_fault() {
    for error in all() {
        let text = error.to_string();
        // The made-up name, or a number of the made-up counts, is in every message that has fields.
        let names = text.contains('x') || text.chars().any(|c| c.is_ascii_digit());
        assert!(names || error == Error::Interrupted, "{text}");
        assert!(!text.contains(['{', '}']), "{text}");
    }
}

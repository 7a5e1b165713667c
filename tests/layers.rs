//! Imports go one way, and heavy libraries stay where they belong.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Modules in order: each may import from those before it only.
const LAYERS: [&str; 25] = [
    "counted",
    "error",
    "memory",
    "text_form",
    "task",
    "whole_file",
    "math",
    "time",
    "design",
    "model",
    "score",
    "evaluate",
    "journeys",
    "features",
    "funnel",
    "drivers",
    "paths",
    "survival",
    "pipeline",
    "attribution",
    "fit",
    "frames",
    "report",
    "cli",
    "bin",
];

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

#[test]
fn imports_go_one_way() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = Vec::new();
    files(&root, &mut all);
    let mut seen = BTreeSet::new();
    for path in all {
        let relative = path.strip_prefix(&root).unwrap();
        let layer =
            relative.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
        if layer == "lib" {
            continue;
        }
        let rank =
            LAYERS.iter().position(|l| *l == layer).unwrap_or_else(|| panic!("{layer} has no place among the layers"));
        seen.insert(layer.clone());
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for part in code.split("crate::").skip(1) {
            let name: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if let Some(other) = LAYERS.iter().position(|l| *l == name) {
                assert!(other <= rank, "{} imports {name}, which comes after {layer}", relative.display());
            }
        }
        if !["frames", "report", "cli"].contains(&layer.as_str()) {
            assert!(!code.contains("polars::"), "{} uses polars", relative.display());
        }
        assert!(!code.contains("pyo3"), "{} uses pyo3", relative.display());
    }
    assert_eq!(seen.len(), LAYERS.len(), "a layer has no file: {seen:?}");
}

//! The command line: exit codes, formats, and files that are whole or absent.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops at the first surprise")]

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use leadlens::cli::{DATA, MODEL, OK, USAGE, run};

fn demo_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("python/leadlens/data/b2b_saas")
}

/// Exit code, standard output, standard error.
fn cli(arguments: &[&str]) -> (i32, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let all = ["leadlens"].iter().chain(arguments).map(OsString::from);
    let code = run(all, &leadlens::Task::new(), &mut out, &mut err);
    (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

#[test]
fn the_whole_job() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let config = demo_folder().join("leadlens.toml");
    let config = config.to_str().unwrap();
    let (code, out, _) = cli(&["check", "--config", config]);
    assert_eq!(code, OK);
    assert!(out.contains("opportunities.parquet as stages: 4641 rows read, 2217 used"), "{out}");
    let (code, out, err) = cli(&["train", "--config", config, "--model", &at("m.json"), "--format", "json"]);
    assert_eq!(code, OK, "{err}");
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["training"]["converged"], true);
    let trained = json["evaluation"]["roc_auc"].as_f64().unwrap();
    let (code, out, _) =
        cli(&["evaluate", "--config", config, "--model", &at("m.json"), "--by", "lead_source", "--format", "json"]);
    assert_eq!(code, OK);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["roc_auc"].as_f64().unwrap().to_bits(), trained.to_bits());
    assert_eq!(json["groups"].as_array().unwrap().len(), 3);
    for file in ["s.parquet", "s.csv", "s.arrow"] {
        let (code, _, err) = cli(&["score", "--config", config, "--model", &at("m.json"), "--output", &at(file)]);
        assert_eq!(code, OK, "{err}");
        assert!(fs::metadata(at(file)).unwrap().len() > 1000);
    }
    let (code, out, _) = cli(&["funnel", "--config", config, "--steps", "created,sql,closed_won", "--window", "90d"]);
    assert_eq!(code, OK);
    assert!(out.contains("within 90d of step 1"), "{out}");
    // Nothing but what was asked for.
    let mut names: Vec<String> =
        fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["m.json", "s.arrow", "s.csv", "s.parquet"]);
}

#[test]
fn demo_writes_model_scores_and_report() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out");
    let (code, out, err) =
        cli(&["demo", "--data", demo_folder().to_str().unwrap(), "--output", output.to_str().unwrap()]);
    assert_eq!(code, OK, "{err}");
    assert!(out.trim_end().ends_with("report.html"));
    let html = fs::read_to_string(output.join("report.html")).unwrap();
    assert!(html.starts_with("<!doctype html>") && !html.contains("http"), "the page needs no network");
    for part in ["How good the scores are", "Best open leads", "Funnel", "Model", "Input tables"] {
        assert!(html.contains(part), "{part}");
    }
    assert!(
        fs::read_to_string(output.join("scores.csv")).unwrap().starts_with("lead_id,as_of,probability,score,grade")
    );
}

#[test]
fn exit_codes() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    assert_eq!(cli(&["--version"]).0, OK);
    assert_eq!(cli(&["frobnicate"]).0, USAGE);
    assert_eq!(cli(&["check", "--config", "/nowhere.toml"]).0, USAGE);
    let typo = at("typo.toml", "[leads]\ntable = \"leads.csv\"\nid = \"id\"\ncreatd = \"at\"\n");
    let (code, _, err) = cli(&["check", "--config", &typo]);
    assert_eq!(code, USAGE);
    assert!(err.contains("did you mean 'created'?"), "{err}");
    let typo = at("typo2.toml", "piepline = []\n[leads]\ntable = \"leads.csv\"\nid = \"id\"\n");
    let (code, _, err) = cli(&["check", "--config", &typo]);
    assert_eq!(code, USAGE);
    assert!(err.contains("did you mean 'pipeline'?"), "{err}");
    let typo = at("typo3.toml", "[leads]\ntable = \"leads.csv\"\nid = \"id\"\n[snapshot]\nevry = \"7d\"\n");
    assert!(cli(&["check", "--config", &typo]).2.contains("[snapshot]"));
    at("leads.csv", "id,at\n1,2024-01-01\n2,2024-01-02\n");
    let good =
        at("good.toml", "[leads]\ntable = \"leads.csv\"\nid = \"id\"\ncreated = \"at\"\n[snapshot]\nafter = \"1d\"\n");
    assert_eq!(cli(&["check", "--config", &good]).0, OK);
    let (code, _, err) = cli(&["check", "--config", &good, "--show", "3"]);
    assert_eq!((code, err.starts_with("error[unknown_name]")), (USAGE, true), "{err}");
    let column = at("column.toml", "[leads]\ntable = \"leads.csv\"\nid = \"idd\"\ncreated = \"att\"\n");
    let (code, _, err) = cli(&["check", "--config", &column]);
    assert_eq!(code, DATA);
    // Both columns are named at once.
    assert!(err.contains("'idd': no such column; did you mean 'id'?") && err.contains("'att'"), "{err}");
    let broken = at("broken.json", "{\"format\": \"leadlens.model\"");
    assert_eq!(cli(&["score", "--config", &good, "--model", &broken]).0, MODEL);
    let (code, _, _) = cli(&["score", "--config", &good, "--model", "/nowhere.json"]);
    assert_eq!(code, MODEL);
    let gone = at("gone.toml", "[leads]\ntable = \"nothing.csv\"\nid = \"id\"\n");
    assert_eq!(cli(&["check", "--config", &gone]).0, DATA);
}

#[test]
fn a_failed_write_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let config = demo_folder().join("leadlens.toml");
    let (config, model) = (config.to_str().unwrap(), folder.path().join("m.json"));
    assert_eq!(cli(&["train", "--config", config, "--model", model.to_str().unwrap()]).0, OK);
    let nowhere = folder.path().join("missing/scores.parquet");
    let (code, _, err) =
        cli(&["score", "--config", config, "--model", model.to_str().unwrap(), "--output", nowhere.to_str().unwrap()]);
    assert_eq!((code, err.starts_with("error[write]")), (DATA, true), "{err}");
    let strange = folder.path().join("scores.xls");
    let (code, _, _) =
        cli(&["score", "--config", config, "--model", model.to_str().unwrap(), "--output", strange.to_str().unwrap()]);
    assert_eq!((code, strange.exists()), (USAGE, false));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

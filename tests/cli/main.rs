//! The command line: exit codes, forms of results, and files that are whole or absent.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops at the first surprise")]

mod breakdowns;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use leadlens::Task;
use leadlens::cli::{DATA, INTERRUPTED, MODEL, OK, USAGE, run};
use serde_json::Value;

fn demo_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("python/leadlens/data/b2b_saas")
}

/// Exit code, standard output, standard error.
fn cli(arguments: &[impl AsRef<OsStr>]) -> (i32, String, String) {
    with_task(arguments, &Task::new())
}

fn with_task(arguments: &[impl AsRef<OsStr>], task: &Task) -> (i32, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let all = [OsString::from("leadlens")].into_iter().chain(arguments.iter().map(|a| a.as_ref().to_owned()));
    let code = run(all, task, &mut out, &mut err);
    (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

/// A project of a few leads in CSV files; `more` stands at the end of its configuration.
struct Small {
    folder: tempfile::TempDir,
}

impl Small {
    fn new(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut leads = String::from("id,created,owner,size,region\n");
        let mut stages = String::from("lead,at,stage,deal,amount\n");
        let mut visits = String::from("lead,at,kind,channel\n");
        for i in 0..40 {
            leads += &format!(
                "l{i},2024-01-0{},{},{},{}\n",
                1 + i % 9,
                ["ann", "bob"][i % 2],
                i % 3,
                ["north", "south"][i % 2]
            );
            visits += &format!("l{i},2024-01-1{},visit,{}\n", i % 9, ["ads", "mail"][i % 2]);
            stages += &format!("l{i},2024-01-2{},open,d{i},{}\n", i % 9, 100 * i);
            if i % 4 == 0 {
                stages += &format!("l{i},2024-02-0{},won,d{i},{}\n", 1 + i % 9, 100 * i);
            }
        }
        fs::write(folder.path().join("leads.csv"), leads).unwrap();
        fs::write(folder.path().join("stages.csv"), stages).unwrap();
        fs::write(folder.path().join("visits.csv"), visits).unwrap();
        let config = format!(
            "won = \"won\"\nlost = \"lost\"\npipeline = [\"open\", \"won\"]\nobserved_until = 2024-03-01\n\n\
             [leads]\ntable = \"leads.csv\"\nid = \"id\"\ncreated = \"created\"\nowner = \"owner\"\n\n\
             [[events]]\ntable = \"visits.csv\"\nlead = \"lead\"\nat = \"at\"\nkind = \"kind\"\nchannel = \"channel\"\n\n\
             [[stages]]\ntable = \"stages.csv\"\nlead = \"lead\"\nat = \"at\"\nstage = \"stage\"\ndeal = \"deal\"\n\
             amount = \"amount\"\n\n\
             [snapshot]\nafter = \"15d\"\nhorizon = \"20d\"\n\n[split]\nby = \"group\"\ntest = 0.4\n\n\
             [model]\nmin_leads = 1\nmin_level_rows = 1\n\n[funnel]\nsteps = [\"created\", \"open\", \"won\"]\n\n{more}"
        );
        fs::write(folder.path().join("leadlens.toml"), config).unwrap();
        Self { folder }
    }

    fn at(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// Runs a command on the project.
    fn cli(&self, command: &str, more: &[&str]) -> (i32, String, String) {
        let config = self.at("leadlens.toml");
        cli(&[&[command, "--config", &config], more].concat())
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(self.folder.path()).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// What a fresh project holds.
const FILES: [&str; 4] = ["leadlens.toml", "leads.csv", "stages.csv", "visits.csv"];

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
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["training"]["converged"], true);
    let trained = json["evaluation"]["roc_auc"].as_f64().unwrap();
    let (code, out, _) =
        cli(&["evaluate", "--config", config, "--model", &at("m.json"), "--by", "lead_source", "--format", "json"]);
    assert_eq!(code, OK);
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["roc_auc"].as_f64().unwrap().to_bits(), trained.to_bits());
    assert_eq!(json["groups"].as_array().unwrap().len(), 3);
    let against = ["evaluate", "--config", config, "--model", &at("m.json"), "--against", &at("m.json")];
    let (code, out, err) = cli(&against);
    assert_eq!(code, OK, "{err}");
    assert!(out.contains("Comparison on ") && out.contains("p-value"), "{out}");
    let (_, out, _) = cli(&[&against[..], &["--format", "json"]].concat());
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["evaluation"]["roc_auc"].as_f64().unwrap().to_bits(), trained.to_bits());
    assert!(json["comparison"]["measures"].as_array().unwrap().iter().all(|d| d["difference"] == 0.0));
    for file in ["s.parquet", "s.csv", "s.arrow"] {
        let (code, out, err) = cli(&["score", "--config", config, "--model", &at("m.json"), "--output", &at(file)]);
        assert_eq!(code, OK, "{err}");
        assert!(out.starts_with("Best open leads\n"), "{out}");
        assert!(fs::metadata(at(file)).unwrap().len() > 1000);
    }
    // Nothing but what was asked for.
    let mut names: Vec<String> =
        fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["m.json", "s.arrow", "s.csv", "s.parquet"]);
}

#[test]
fn demo_writes_model_scores_and_report_of_open_leads() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out");
    let data = demo_folder();
    let arguments = ["demo", "--data", data.to_str().unwrap(), "--output", output.to_str().unwrap()];
    let (code, out, err) = cli(&arguments);
    assert_eq!(code, OK, "{err}");
    assert!(out.trim_end().ends_with("report.html"));
    assert!(out.contains("open leads as of 2024-04-29T00:00:00Z (observed_until); probability of"), "{out}");
    let html = fs::read_to_string(output.join("report.html")).unwrap();
    assert!(html.starts_with("<!doctype html>") && !html.contains("http"), "the page needs no network");
    for part in ["How good the scores are", "Best open leads", "Funnel", "Model", "Input tables"] {
        assert!(html.contains(part), "{part}");
    }
    let scores = fs::read_to_string(output.join("scores.csv")).unwrap();
    assert!(scores.starts_with("lead_id,as_of,probability,score,batch_percentile,grade,grid"));
    assert!(scores.lines().skip(1).all(|line| line.contains(",2024-04-29T00:00:00Z,")));
    // A second run does not replace what the first one made unasked.
    let (code, _, err) = cli(&arguments);
    assert_eq!(code, USAGE);
    assert!(err.contains("model.json' exists; pass --overwrite"), "{err}");
    assert_eq!(cli(&[&arguments[..], &["--overwrite"]].concat()).0, OK);
}

#[test]
fn a_damaged_demo_leaves_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    for file in fs::read_dir(demo_folder()).unwrap().map(|f| f.unwrap().path()) {
        fs::copy(&file, data.join(file.file_name().unwrap())).unwrap();
    }
    fs::write(data.join("touches.parquet"), "PAR1 and then nothing PAR1").unwrap();
    let output = folder.path().join("out");
    let (code, _, err) = cli(&["demo", "--data", data.to_str().unwrap(), "--output", output.to_str().unwrap()]);
    assert_eq!((code, output.exists()), (DATA, false), "{err}");
    assert!(err.contains("touches.parquet"), "{err}");
}

#[test]
fn every_analysis_has_a_command_with_all_formats() {
    let small = Small::new("[paths]\nlength = 2\n\n[attribution]\nmethods = [\"first\", \"last\"]\n");
    let commands: [(&str, &[&str], &str); 7] = [
        ("funnel", &[], "step"),
        ("stage-funnel", &["--by", "size"], "stage"),
        ("time-to", &["--at", "10d,20d"], "group"),
        ("drivers", &["--min-support", "1"], "step"),
        ("barriers", &["--by", "size", "--min-support", "1"], "step"),
        ("paths", &[], "kind"),
        ("attribution", &["--by", "channel"], "method"),
    ];
    for (command, flags, _) in commands {
        let run = |more: &[&str]| small.cli(command, &[flags, more].concat());
        let (code, text, err) = run(&[]);
        assert_eq!((code, text.is_empty()), (OK, false), "{command}: {err}");
        let (code, json, err) = run(&["--format", "json"]);
        assert_eq!(code, OK, "{command}: {err}");
        assert!(serde_json::from_str::<Value>(&json).unwrap().is_object(), "{command}");
        let (code, csv, err) = run(&["--format", "csv"]);
        assert_eq!(code, OK, "{command}: {err}");
        assert!(csv.lines().next().unwrap().contains(','), "{command}: {csv}");
        // The same in a file, whatever is printed.
        for (ending, printed) in [("txt", &text), ("json", &json), ("csv", &csv)] {
            let file = small.at(&format!("{command}.{ending}"));
            assert_eq!(run(&["--output", &file]).0, OK, "{command}");
            assert_eq!(&fs::read_to_string(&file).unwrap(), printed, "{command}");
        }
        for ending in ["parquet", "arrow"] {
            let file = small.at(&format!("{command}.{ending}"));
            assert_eq!(run(&["--output", &file]).0, OK, "{command}");
            assert!(fs::metadata(&file).unwrap().len() > 100);
        }
        let (code, _, err) = run(&["--table", "stepz"]);
        assert_eq!((code, err.contains("unknown table 'stepz'")), (USAGE, true), "{err}");
        let (code, _, err) = run(&["--output", &small.at("result.xls")]);
        assert_eq!((code, err.starts_with("error[invalid_option]: --output: ")), (USAGE, true), "{err}");
    }
}

#[test]
fn sections_hold_the_defaults_of_flags() {
    let small =
        Small::new("[time-to]\ntarget = [\"open\"]\nat = [\"12d\"]\n\n[drivers]\nwindow = \"40d\"\nmin_support = 1\n");
    let json = |command: &str, more: &[&str]| -> Value {
        let (code, out, err) = small.cli(command, &[&["--format", "json"], more].concat());
        assert_eq!(code, OK, "{err}");
        serde_json::from_str(&out).unwrap()
    };
    let spec = &json("time-to", &[])["spec"];
    assert_eq!((&spec["target"][0], &spec["at"][0]), (&"open".into(), &"12d".into()));
    let spec = &json("time-to", &["--target", "won", "--confidence", "0.9"])["spec"];
    assert_eq!((&spec["target"][0], &spec["at"][0], &spec["confidence"]), (&"won".into(), &"12d".into(), &0.9.into()));
    // Steps are those of the funnel; drivers follow the best entry, as funnels do.
    let spec = &json("drivers", &["--window", "50d"])["spec"];
    assert_eq!((&spec["funnel"]["window"], &spec["funnel"]["entry"]), (&"50d".into(), &"best".into()));
    assert_eq!(spec["funnel"]["steps"].as_array().unwrap().len(), 3);
    assert_eq!(spec["min_support"], 1);
    for (section, near) in
        [("[time_too]\n", "did you mean [time_to]?"), ("[drivers]\nwindoww = \"3d\"\n", "did you mean 'window'?")]
    {
        let (code, _, err) = Small::new(section).cli("check", &[]);
        assert_eq!((code, err.contains(near)), (USAGE, true), "{err}");
    }
}

#[test]
fn the_time_line_of_a_lead_is_printed() {
    let small = Small::new("");
    let (code, out, err) = small.cli("check", &["--show", "l4"]);
    assert_eq!(code, OK, "{err}");
    let lines: Vec<&str> = out.lines().skip_while(|l| *l != "Lead l4").collect();
    for part in ["created", "visit", "ads", "d4", "won", "400", "2024-02-05T23:59:59.999999Z"] {
        assert!(lines.iter().any(|l| l.contains(part)), "{part}: {out}");
    }
    let (_, out, _) = small.cli("check", &["--show", "l4", "--format", "csv"]);
    assert_eq!((out.lines().next().unwrap(), out.lines().count()), ("at,what,source,channel,deal,amount", 5));
    let (code, _, err) = small.cli("check", &["--show", "l44"]);
    assert_eq!((code, err.starts_with("error[unknown_name]")), (USAGE, true), "{err}");
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
    assert!(cli(&["check", "--config", &typo]).2.contains("unknown key"));
    at("leads.csv", "id,at\n1,2024-01-01\n2,2024-01-02\n");
    let good =
        at("good.toml", "[leads]\ntable = \"leads.csv\"\nid = \"id\"\ncreated = \"at\"\n[snapshot]\nafter = \"1d\"\n");
    assert_eq!(cli(&["check", "--config", &good]).0, OK);
    let column = at("column.toml", "[leads]\ntable = \"leads.csv\"\nid = \"idd\"\ncreated = \"att\"\n");
    let (code, _, err) = cli(&["check", "--config", &column]);
    assert_eq!(code, DATA);
    // Both columns are named at once.
    assert!(err.contains("'idd': column not found; did you mean 'id'?") && err.contains("'att'"), "{err}");
    let broken = at("broken.json", "{\"format\": \"leadlens.model\"");
    assert_eq!(cli(&["score", "--config", &good, "--model", &broken]).0, MODEL);
    let (code, _, _) = cli(&["score", "--config", &good, "--model", "/nowhere.json"]);
    assert_eq!(code, MODEL);
    let gone = at("gone.toml", "[leads]\ntable = \"nothing.csv\"\nid = \"id\"\n");
    assert_eq!(cli(&["check", "--config", &gone]).0, DATA);
}

#[test]
fn errors_name_flags_and_keys() {
    let small = Small::new("");
    let (code, _, err) = small.cli("funnel", &["--window", "soon"]);
    assert_eq!(
        (code, err.starts_with("error[invalid_option]: --window: 'soon' is not a span")),
        (USAGE, true),
        "{err}"
    );
    let (_, _, err) = small.cli("time-to", &["--ceiling", "weibul"]);
    assert!(err.starts_with("error[invalid_option]: --ceiling: ") && err.contains("did you mean 'weibull'?"), "{err}");
    let (_, _, err) = small.cli("stage-funnel", &["--recycle-after", "0d"]);
    assert!(err.starts_with("error[invalid_option]: --recycle-after: "), "{err}");
    let (_, _, err) = small.cli("score", &["--as-of", "tomorrow", "--model", "m.json"]);
    assert!(err.starts_with("error[invalid_option]: --as-of: 'tomorrow'"), "{err}");
    let (code, _, err) = small.cli("stage-funnel", &["--by", "sizes"]);
    assert_eq!((code, err.contains("did you mean 'size'?")), (USAGE, true), "{err}");
    let both = Small::new("");
    let config = fs::read_to_string(both.at("leadlens.toml"))
        .unwrap()
        .replace("after = \"15d\"", "every = \"7d\"\nafter = \"15d\"");
    fs::write(both.at("leadlens.toml"), config).unwrap();
    let (code, _, err) = both.cli("train", &[]);
    assert_eq!(code, USAGE);
    assert!(!err.contains("every="), "{err}");
}

#[test]
fn a_failed_write_leaves_nothing() {
    let small = Small::new("");
    let model = small.at("m.json");
    assert_eq!(small.cli("train", &["--model", &model]).0, OK);
    let nowhere = small.at("missing/scores.parquet");
    let (code, _, err) = small.cli("score", &["--model", &model, "--output", &nowhere]);
    assert_eq!((code, err.starts_with("error[write]")), (DATA, true), "{err}");
    let strange = small.at("scores.xls");
    let (code, _, _) = small.cli("score", &["--model", &model, "--output", &strange]);
    assert_eq!((code, Path::new(&strange).exists()), (USAGE, false));
    fs::create_dir(small.at("folder.csv")).unwrap();
    let (code, _, err) = small.cli("score", &["--model", &model, "--output", &small.at("folder.csv")]);
    assert_eq!((code, err.contains("the path is a folder")), (DATA, true), "{err}");
    fs::remove_dir(small.at("folder.csv")).unwrap();
    assert_eq!(small.names(), ["leadlens.toml", "leads.csv", "m.json", "stages.csv", "visits.csv"]);
}

#[test]
fn an_existing_output_needs_overwrite() {
    let small = Small::new("");
    let model = small.at("m.json");
    assert_eq!(small.cli("train", &["--model", &model]).0, OK);
    let first = fs::read(&model).unwrap();
    fs::write(&model, "mine").unwrap();
    let (code, _, err) = small.cli("train", &["--model", &model]);
    assert_eq!((code, err.contains("--model: ")), (USAGE, true), "{err}");
    assert!(err.contains("exists; pass --overwrite to replace it"), "{err}");
    assert_eq!(fs::read(&model).unwrap(), b"mine");
    assert_eq!(small.cli("train", &["--model", &model, "--overwrite"]).0, OK);
    assert_eq!(fs::read(&model).unwrap(), first);
    for command in ["check", "funnel", "report"] {
        let file = small.at(if command == "report" { "page.html" } else { "result.csv" });
        fs::write(&file, "mine").unwrap();
        let model: &[&str] = if command == "report" { &["--model", &model] } else { &[] };
        let run = |more: &[&str]| small.cli(command, &[model, &["--output", &file], more].concat());
        assert_eq!((run(&[]).0, fs::read(&file).unwrap()), (USAGE, b"mine".to_vec()), "{command}");
        assert_eq!((run(&["--overwrite"]).0, fs::read(&file).unwrap() == b"mine"), (OK, false), "{command}");
    }
}

#[cfg(unix)]
#[test]
fn an_input_is_never_written_over() {
    let small = Small::new("");
    let model = small.at("m.json");
    assert_eq!(small.cli("train", &["--model", &model]).0, OK);
    let before = fs::read(small.at("leads.csv")).unwrap();
    std::os::unix::fs::symlink(small.at("leads.csv"), small.at("link.csv")).unwrap();
    fs::hard_link(small.at("leads.csv"), small.at("hard.csv")).unwrap();
    let around = small.folder.path().join("../").join(small.folder.path().file_name().unwrap()).join("leads.csv");
    for name in
        ["leads.csv", "link.csv", "hard.csv"].map(|n| small.at(n)).iter().map(String::as_str).chain(around.to_str())
    {
        for command in ["score", "funnel"] {
            let model: &[&str] = if command == "score" { &["--model", &model] } else { &[] };
            let (code, _, err) = small.cli(command, &[model, &["--output", name, "--overwrite"]].concat());
            assert_eq!((code, err.contains("is the input table 'leads.csv'")), (USAGE, true), "{name}: {err}");
        }
    }
    let (code, _, err) = small.cli("train", &["--overwrite", "--model", &small.at("leadlens.toml")]);
    assert_eq!((code, err.contains("is the configuration")), (USAGE, true), "{err}");
    assert_eq!(fs::read(small.at("leads.csv")).unwrap(), before);
    // A file that would be a part of a table of many files when it is read again.
    let config = fs::read_to_string(small.at("leadlens.toml")).unwrap().replace("visits.csv", "vis*.csv");
    fs::write(small.at("leadlens.toml"), config).unwrap();
    let (code, _, err) = small.cli("funnel", &["--output", &small.at("vistas.csv")]);
    assert_eq!((code, err.contains("a file of the input table 'vis*.csv'")), (USAGE, true), "{err}");
}

#[cfg(unix)]
#[test]
fn outputs_follow_links_and_may_have_any_name() {
    use std::os::unix::ffi::OsStringExt;
    let small = Small::new("");
    fs::create_dir(small.at("there")).unwrap();
    fs::write(small.at("there/real.csv"), "old").unwrap();
    std::os::unix::fs::symlink(small.at("there/real.csv"), small.at("link.csv")).unwrap();
    assert_eq!(small.cli("funnel", &["--output", &small.at("link.csv"), "--overwrite"]).0, OK);
    assert!(fs::symlink_metadata(small.at("link.csv")).unwrap().is_symlink());
    assert!(fs::read_to_string(small.at("there/real.csv")).unwrap().starts_with("step,"));
    std::os::unix::fs::symlink(small.at("there/nothing.csv"), small.at("lost.csv")).unwrap();
    assert_eq!(small.cli("funnel", &["--output", &small.at("lost.csv")]).0, DATA);
    // A device is written to, not replaced.
    assert_eq!(small.cli("funnel", &["--output", "/dev/null"]).0, OK);
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
    let mut name = b"caf\xe9.json".to_vec();
    name.splice(0..0, small.at("").into_bytes());
    let name = OsString::from_vec(name);
    let arguments =
        ["funnel".into(), "--config".into(), small.at("leadlens.toml").into(), "--output".into(), name.clone()];
    let (code, _, err) = cli(&arguments);
    assert_eq!((code, Path::new(&name).exists()), (OK, true), "{err}");
    let model = Path::new(&small.at("")).join(OsString::from_vec(b"m\xff.json".to_vec()));
    let train: [OsString; 7] = ["train", "--config", &small.at("leadlens.toml"), "--format", "json", "--model"]
        .map(OsString::from)
        .into_iter()
        .chain([model.clone().into()])
        .collect::<Vec<_>>()
        .try_into()
        .unwrap();
    let (code, _, err) = cli(&train);
    assert_eq!((code, model.exists()), (OK, true), "{err}");
}

#[test]
fn paths_in_the_configuration_are_relative_to_it() {
    let small = Small::new("[score]\noutput = \"scores.csv\"\n\n[report]\noutput = \"page.html\"\n");
    assert_eq!(small.cli("train", &[]).0, OK);
    assert_eq!(small.cli("score", &["--allow-extrapolation"]).0, OK);
    let (code, _, err) = small.cli("report", &[]);
    assert_eq!(code, OK, "{err}");
    assert_eq!(
        small.names(),
        ["leadlens.toml", "leads.csv", "model.json", "page.html", "scores.csv", "stages.csv", "visits.csv"]
    );
}

#[test]
fn quarantined_rows_are_warned_of_and_refused() {
    let small = Small::new("");
    let rows = |bad: usize| {
        let row = |i: usize| format!("l{},{},visit,ads\n", i % 40, if i < bad { "soon" } else { "2024-01-15" });
        let text: String = (0..100).map(row).collect();
        fs::write(small.at("visits.csv"), format!("lead,at,kind,channel\n{text}")).unwrap();
    };
    rows(30);
    let (code, _, err) = small.cli("train", &[]);
    assert_eq!(code, OK, "{err}");
    assert!(
        err.starts_with("warning: table 'visits.csv' as events: 30 of 100 rows (30.0 %) are quarantined:"),
        "{err}"
    );
    rows(90);
    for command in ["train", "score", "funnel"] {
        let (code, out, err) =
            small.cli(command, &["--overwrite"].iter().filter(|_| command != "funnel").copied().collect::<Vec<_>>());
        assert_eq!((code, out.as_str()), (DATA, ""), "{command}");
        assert!(err.contains("'visits.csv'") && err.contains("90 of 100") && err.contains("--max-bad"), "{err}");
    }
    let (code, _, err) = small.cli("funnel", &["--max-bad", "0.95"]);
    assert_eq!((code, err.starts_with("warning: ")), (OK, true), "{err}");
    // What is wrong is seen all the same.
    let (code, out, _) = small.cli("check", &[]);
    assert_eq!((code, out.contains("90 quarantined: unparsable time")), (DATA, true), "{out}");
    let config = fs::read_to_string(small.at("leadlens.toml")).unwrap();
    fs::write(small.at("leadlens.toml"), format!("max_bad = 1.0\n{config}")).unwrap();
    assert_eq!(small.cli("check", &[]).0, OK);
    let (code, _, err) = small.cli("check", &["--max-bad", "50"]);
    assert_eq!((code, err.contains("--max-bad: must be a share from 0 to 1")), (USAGE, true), "{err}");
}

#[test]
fn a_stopped_task_writes_nothing() {
    let small = Small::new("");
    let task = Task::new();
    task.stop();
    let config = small.at("leadlens.toml");
    for command in ["train", "funnel", "check"] {
        let output = if command == "train" { "--model" } else { "--output" };
        let file = small.at("out.json");
        let (code, out, _) = with_task(&[command, "--config", &config, output, &file], &task);
        assert_eq!((code, out.as_str()), (INTERRUPTED, ""), "{command}");
    }
    assert_eq!(small.names(), FILES);
}

/// A reader that has enough after some bytes.
struct Pipe(usize);

impl std::io::Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0 == 0 {
            return Err(std::io::ErrorKind::BrokenPipe.into());
        }
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let small = Small::new("");
    let config = small.at("leadlens.toml");
    for arguments in [vec!["leadlens", "check", "--config", &config], vec!["leadlens", "completions", "bash"]] {
        let mut err = Vec::new();
        let code = run(arguments.iter().map(OsString::from), &Task::new(), &mut Pipe(5), &mut err);
        assert_eq!((code, String::from_utf8(err).unwrap().as_str()), (OK, ""));
    }
}

#[test]
fn shells_complete_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let (code, out, _) = cli(&["completions", shell]);
        assert_eq!(code, OK);
        for command in ["stage-funnel", "time-to", "attribution", "max-bad"] {
            assert!(out.contains(command), "{shell}: {command}");
        }
    }
    assert_eq!(cli(&["completions", "cmd"]).0, USAGE);
}

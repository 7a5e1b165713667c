//! Breakdowns, conditions and warnings on the command line.

use std::fs;

use leadlens::cli::{OK, USAGE};
use serde_json::Value;

use super::Small;

#[test]
fn analyses_break_down_by_fields_and_bins() {
    let small = Small::new("");
    let groups = |command: &str, more: &[&str]| -> Vec<String> {
        let (code, out, err) = small.cli(command, &[&["--format", "csv"], more].concat());
        assert_eq!(code, OK, "{command}: {err}");
        let header: Vec<&str> = out.lines().next().unwrap().split(',').collect();
        let place = header.iter().position(|h| *h == "group").unwrap();
        let mut names: Vec<String> =
            out.lines().skip(1).map(|line| line.split(',').nth(place).unwrap().to_owned()).collect();
        names.sort();
        names.dedup();
        names
    };
    for command in ["funnel", "stage-funnel", "time-to"] {
        assert_eq!(groups(command, &["--by", "region"]), ["(all)", "north", "south"], "{command}");
        let both = groups(command, &["--by", "region", "--by", "size:1"]);
        assert_eq!(both, ["(all)", "north × < 1", "north × >= 1", "south × < 1", "south × >= 1"], "{command}");
        assert_eq!(groups(command, &["--by", "size:1,region"]).len(), 5, "{command}");
    }
    assert_eq!(groups("barriers", &["--by", "region,size:1", "--min-support", "1"]).len(), 4);
    assert_eq!(
        groups("funnel", &["--steps", "visit,open", "--by", "channel", "--attribution", "last"]),
        ["(all)", "ads", "mail"]
    );
}

#[test]
fn analyses_take_conditions_on_leads() {
    let small = Small::new("");
    let spec = |command: &str, more: &[&str]| -> Value {
        let (code, out, err) = small.cli(command, &[&["--format", "json"], more].concat());
        assert_eq!(code, OK, "{command}: {err}");
        serde_json::from_str(&out).unwrap()
    };
    let first = |more: &[&str]| spec("funnel", more)["steps"][0]["leads"].as_u64().unwrap();
    assert_eq!(first(&["--where", "region=north"]), 20);
    assert_eq!(first(&["--where", "region = north|south"]), 40);
    assert_eq!(first(&["--where", "region!=north", "--where", "size>=1"]), 13);
    assert_eq!(first(&["--where", "size>=1", "--where", "size<2"]), 13);
    assert_eq!(first(&["--where", "region=(missing)"]), 0);
    for command in ["stage-funnel", "time-to", "drivers", "paths", "attribution"] {
        let found = spec(command, &["--where", "region=north"]);
        let spec = if command == "drivers" { &found["spec"]["funnel"] } else { &found["spec"] };
        assert_eq!(spec["where"]["region"], "north", "{command}");
    }
    let (code, _, err) = small.cli("funnel", &["--where", "region"]);
    assert_eq!(
        (code, err.starts_with("error[invalid_option]: --where: 'region' has no operator")),
        (USAGE, true),
        "{err}"
    );
    let (code, _, err) = small.cli("funnel", &["--where", "regin=north"]);
    assert_eq!((code, err.contains("did you mean 'region'?")), (USAGE, true), "{err}");
    let (code, _, err) = small.cli("funnel", &["--where", "region=norht"]);
    assert_eq!((code, err.contains("did you mean 'north'?")), (USAGE, true), "{err}");
}

#[test]
fn fields_that_look_like_leaks_are_warned_of_on_stderr() {
    let small = Small::new("");
    // Numbers with decimal commas, which are texts.
    let leads = fs::read_to_string(small.at("leads.csv")).unwrap();
    let priced = leads.lines().enumerate().map(|(i, line)| match i {
        0 => format!("{line},price\n"),
        i => format!("{line},\"{},5\"\n", i % 8),
    });
    fs::write(small.at("leads.csv"), priced.collect::<String>()).unwrap();
    let model = small.at("m.json");
    for format in ["text", "json", "csv"] {
        let flags = ["--model", &model, "--overwrite", "--format", format];
        let (code, _, err) = small.cli("train", &flags);
        assert_eq!((code, err.contains("warning: column 'price'")), (OK, true), "{err}");
    }
    for command in ["evaluate", "report"] {
        let (code, _, err) = small.cli(command, &["--model", &model]);
        assert_eq!((code, err.contains("warning: column 'price'")), (OK, true), "{command}: {err}");
    }
    let page = fs::read_to_string(small.at("report.html")).unwrap();
    for title in ["Funnel", "Drivers of drop-off", "Pipeline", "Time to convert", "Paths", "Attribution"] {
        assert!(page.contains(&format!("<h2>{title}</h2>")), "{title}");
    }
}

//! A task that is stopped ends every analysis, also in the parts that follow the pass over the journeys.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at the first surprise")]

mod common;

use std::sync::Arc;

use common::{DAY, LOST, MAIL, OPEN, VISIT, WON, event, journeys};
use leadlens::analyses::attribution::AttributionSpec;
use leadlens::analyses::drivers::{BarriersSpec, DriversSpec};
use leadlens::analyses::funnel::FunnelSpec;
use leadlens::analyses::paths::PathsSpec;
use leadlens::analyses::stage_funnel::StageFunnelSpec;
use leadlens::analyses::time_to::TimeToSpec;
use leadlens::query::By;
use leadlens::schema::FeatureSet;
use leadlens::{Error, Journeys, Result, Task};

fn data() -> Arc<Journeys> {
    let mut all = Vec::new();
    for lead in 0..60u32 {
        let day = |n: i64| (i64::from(lead % 7) + n) * DAY;
        all.push(common::Happening { channel: Some(lead % 3), ..event(lead, day(1), VISIT) });
        all.push(common::Happening { channel: Some((lead + 1) % 3), ..event(lead, day(2), MAIL) });
        all.push(event(lead, day(3), OPEN));
        all.push(event(lead, day(4), if lead % 2 == 0 { WON } else { LOST }));
    }
    journeys(&[0; 60], &all, 100 * DAY, "UTC")
}

fn stopped() -> Task {
    let task = Task::new();
    task.stop();
    task
}

fn funnel() -> FunnelSpec {
    serde_json::from_str(r#"{"steps": ["created", "visit", "won"]}"#).unwrap()
}

type Run<'a> = (&'a str, Box<dyn Fn(&Task) -> Result<()> + 'a>);

#[test]
fn every_analysis_ends() {
    let j = data();
    let by_kind = FunnelSpec { by: Some(By::from("channel")), ..funnel() };
    let runs: Vec<Run<'_>> = vec![
        ("funnel", Box::new(|t| j.funnel(&funnel(), t).map(drop))),
        ("funnel_leads", Box::new(|t| j.funnel_leads(&funnel(), t).map(drop))),
        ("drivers", Box::new(|t| j.drivers(&DriversSpec { funnel: funnel(), ..DriversSpec::default() }, t).map(drop))),
        ("barriers", {
            let spec = BarriersSpec { funnel: by_kind, min_support: Some(1), ..BarriersSpec::default() };
            Box::new(move |t| data().barriers(&spec, t).map(drop))
        }),
        ("stage_funnel", Box::new(|t| j.stage_funnel(&StageFunnelSpec::default(), t).map(drop))),
        ("time_to", Box::new(|t| j.time_to(&TimeToSpec::default(), t).map(drop))),
        ("paths", Box::new(|t| j.paths(&PathsSpec::default(), t).map(drop))),
        ("attribution", Box::new(|t| j.attribution(&AttributionSpec::default(), t).map(drop))),
        ("snapshot", {
            let spec = serde_json::from_str(r#"{"every": "7d", "horizon": "10d"}"#).unwrap();
            Box::new(move |t| data().snapshot(&spec, None, FeatureSet::default(), t).map(drop))
        }),
    ];
    for (name, run) in runs {
        assert!(run(&Task::new()).is_ok(), "{name}");
        assert_eq!(run(&stopped()), Err(Error::Interrupted), "{name}");
    }
}

#[test]
fn what_follows_a_pass_ends_too() {
    let j = data();
    let run = Task::new();
    let times = |spec: &str| j.time_to_tally(&serde_json::from_str(spec).unwrap(), &run).unwrap();
    // Gray's test of groups, and the log-rank test.
    let mut grouped = Vec::new();
    for how in ["event", "censored"] {
        let spec = format!(r#"{{"by": "half", "competing_as": "{how}"}}"#);
        let mut with_field = common::parts(&data());
        let codes = (0..60).map(|lead| lead % 2).collect();
        with_field.leads.fields.push(leadlens::journeys::Field {
            name: "half".into(),
            column: leadlens::schema::Column::Category { codes, levels: ["a".to_owned(), "b".to_owned()].into() },
            asked: false,
        });
        grouped.push(Journeys::from(with_field).time_to_tally(&serde_json::from_str(&spec).unwrap(), &run).unwrap());
    }
    for tally in grouped {
        assert!(tally.clone().finish(&run).unwrap().test.is_some());
        assert_eq!(tally.finish(&stopped()), Err(Error::Interrupted));
    }
    assert!(times("{}").finish(&run).is_ok());
    let paths = j.paths_tally(&PathsSpec::default(), &run).unwrap();
    assert!(paths.clone().finish(&run).is_ok());
    assert_eq!(paths.finish(&stopped()), Err(Error::Interrupted));
    let spec: AttributionSpec = serde_json::from_str(r#"{"methods": ["markov", "linear"], "bootstrap": 2}"#).unwrap();
    let credit = j.attribution_tally(&spec, &run).unwrap();
    assert!(credit.clone().finish(&run).is_ok());
    assert_eq!(credit.finish(&stopped()), Err(Error::Interrupted));
}

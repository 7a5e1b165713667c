//! Stages of one instant mean the same in every analysis, whatever the order of their rows.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at the first surprise")]

mod common;

use common::{DAY, Draw, Happening, LOST, OPEN, VISIT, WON, event, journeys_ranked, kinds};
use leadlens::analyses::stage_funnel::StageFunnelSpec;
use leadlens::analyses::time_to::TimeToSpec;
use leadlens::journeys::{Journeys, Ranks, StageOrder};
use leadlens::schema::{FeatureSet, SnapshotSpec};
use leadlens::{Span, Task, Timestamp};
use proptest::prelude::*;
use std::sync::Arc;

/// Two leads with two deals each, observed for ten days.
fn journeys(happenings: &[Happening]) -> Arc<Journeys> {
    let names = |list: &[&str]| -> Vec<String> { list.iter().map(|s| (*s).to_owned()).collect() };
    let (pipeline, won, lost) = (names(&["open", "won"]), names(&["won"]), names(&["lost"]));
    let ranks = Ranks { pipeline: &pipeline, won: &won, lost: &lost };
    journeys_ranked(&[0, 0], happenings, 10 * DAY, "UTC", ranks.classes(StageOrder::Pipeline, &kinds()))
}

/// Leads at risk at the end of a day.
fn at_risk(j: &Arc<Journeys>, day: i64) -> Vec<u32> {
    let spec = SnapshotSpec { as_of: Some(Timestamp(day * DAY).into()), ..SnapshotSpec::default() };
    let snapshot = j.snapshot(&spec, None, FeatureSet::default(), &Task::new());
    snapshot.map_or_else(|_| Vec::new(), |s| s.rows.iter().map(|r| r.lead).collect())
}

/// All that three analyses say.
fn told(j: &Arc<Journeys>) -> String {
    let task = Task::new();
    let days: Vec<Vec<u32>> = (1..=10).map(|day| at_risk(j, day)).collect();
    let labels = SnapshotSpec { after: Some(Span::days(3)), horizon: Some(Span::days(4)), ..SnapshotSpec::default() };
    let labels = j.snapshot(&labels, None, FeatureSet::default(), &task).map(|s| (s.label.clone(), s.counts.clone()));
    let time_to = j.time_to(&TimeToSpec::default(), &task).map(|t| t.groups);
    let stages = j.stage_funnel(&StageFunnelSpec::default(), &task).map(|f| f.all);
    format!("{days:?} {labels:?} {time_to:?} {stages:?}")
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let kind = prop::sample::select(vec![OPEN, OPEN, WON, LOST, LOST, VISIT]);
    let one = (0u32..2, 1i64..5, kind, prop::option::of(0u32..2));
    let happening = |(lead, day, kind, deal): (u32, i64, u32, Option<u32>)| Happening {
        deal: deal.filter(|_| kind != VISIT).map(|d| 2 * lead + d),
        ..event(lead, day * DAY, kind)
    };
    prop::collection::vec(one.prop_map(happening), 1..9)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]
    /// The order of rows says nothing.
    #[test]
    fn shuffled_rows_say_the_same(all in happenings(), seed in 0u64..1_000_000) {
        let mut shuffled = all.clone();
        let mut draw = Draw(seed);
        for i in (1..shuffled.len()).rev() {
            shuffled.swap(i, draw.below(i as u64 + 1) as usize);
        }
        prop_assert_eq!(told(&journeys(&all)), told(&journeys(&shuffled)));
    }

    /// Who is open at the end is so in a snapshot, in the time to a win, and in the stage funnel.
    #[test]
    fn analyses_agree_on_who_is_open(all in happenings()) {
        let j = journeys(&all);
        let open = at_risk(&j, 10).len() as u64;
        let time_to = j.time_to(&TimeToSpec::default(), &Task::new()).unwrap();
        prop_assert_eq!(time_to.groups[0].censored, open);
        let pipeline = vec!["created".to_owned(), "open".to_owned(), "won".to_owned()];
        let spec = StageFunnelSpec { pipeline, ..StageFunnelSpec::default() };
        let stages = j.stage_funnel(&spec, &Task::new()).unwrap().all;
        prop_assert_eq!(stages.stages.iter().map(|s| s.open).sum::<u64>(), open);
        prop_assert_eq!(stages.velocity.won, time_to.groups[0].events);
        prop_assert_eq!(stages.velocity.lost, time_to.groups[0].competing);
    }
}

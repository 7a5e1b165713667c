//! Models in a service: pairs of another model, files written at the same time, numbers that overflow.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at the first surprise"
)]

mod common;

use common::{DAY, VISIT, WON, event, journeys};
use leadlens::fit::{TrainOptions, train};
use leadlens::journeys::Field;
use leadlens::schema::{Column, FeatureSet, SnapshotSpec};
use leadlens::score::{Cell, ColumnScorer};
use leadlens::{Error, Event, Journeys, LeadModel, Pushed, Span, Task, Timestamp};
use std::sync::Arc;

fn model(c: f64) -> LeadModel {
    let events: Vec<_> = (0..300u32)
        .flat_map(|lead| {
            let visit = (lead % 3 > 0).then(|| event(lead, i64::from(lead % 7) * DAY, VISIT));
            let won = (lead % 4 == 0 || lead % 11 == 1).then(|| event(lead, 12 * DAY, WON));
            visit.into_iter().chain(won)
        })
        .collect();
    let mut j = common::parts(&journeys(&vec![0; 300], &events, 100 * DAY, "UTC"));
    j.leads.fields.push(Field {
        name: "staff".into(),
        asked: true,
        column: Column::Number((0..300).map(|i| f64::from(i % 50)).collect()),
    });
    let spec = SnapshotSpec { after: Some(Span::days(10)), horizon: Some(Span::days(20)), ..SnapshotSpec::default() };
    let s = Arc::new(Journeys::from(j)).snapshot(&spec, None, FeatureSet::default(), &Task::new()).unwrap();
    let mut options = TrainOptions::default();
    options.logistic.c = Some(c);
    train(&s, &options, &Task::new()).unwrap()
}

#[test]
fn a_lead_or_scratch_of_another_model_is_refused() {
    let (old, new) = (model(1.0), model(0.01));
    let now = Timestamp(11 * DAY);
    let visit = Event { at: DAY, kind: "web:visit", ..Event::default() };
    let mut lead = old.lead("a", Timestamp(0));
    let mut scratch = old.scratch();
    old.set_number(&mut lead, "staff", 7.0).unwrap();
    let before = old.score(&lead, now, &mut scratch).unwrap();
    let refused = |what: &str, result: Result<(), Error>| match result {
        Err(Error::InvalidOption { option, problem }) => {
            assert_eq!(option, what);
            assert!(problem.contains("another model"), "{problem}");
        }
        other => panic!("{other:?}"),
    };
    refused("lead", new.push(&mut lead, visit).map(drop));
    refused("lead", new.stage(&mut lead, "won", now).map(drop));
    refused("lead", new.set_number(&mut lead, "staff", 1.0));
    refused("lead", new.score(&lead, now, &mut new.scratch()).map(drop));
    let fresh = new.lead("a", Timestamp(0));
    refused("scratch", new.score(&fresh, now, &mut scratch).map(drop));
    // Nothing was changed, and the same model read from its file is the same model.
    let again = LeadModel::from_json(&old.to_json().unwrap()).unwrap();
    assert_eq!(again.score(&lead, now, &mut again.scratch()).unwrap(), before);
    assert_ne!(again.stage(&mut lead, "nowhere", now).unwrap(), Pushed::Used);
}

#[test]
fn numbers_that_overflow_are_an_error() {
    let model = model(1.0);
    let mut lead = model.lead("a", Timestamp(0));
    model.set_number(&mut lead, "staff", 1.7e308).unwrap();
    let place = model.terms().iter().position(|t| t.feature.to_string() == "staff").unwrap();
    let mut data = model.data().clone();
    data.terms[place].coefficients[0] = 1e3;
    let steep = LeadModel::new(data).unwrap();
    let mut lead = steep.lead("a", Timestamp(0));
    steep.set_number(&mut lead, "staff", 1.7e308).unwrap();
    let failed = |e: Error| assert!(e.to_string().contains("'staff' overflows"), "{e}");
    failed(steep.score(&lead, Timestamp(11 * DAY), &mut steep.scratch()).unwrap_err());
    let cells: Vec<Cell<'_>> =
        (0..steep.terms().len()).map(|i| Cell::Number(if i == place { 1.7e308 } else { 0.0 })).collect();
    let numbers: Vec<Cell<'_>> = steep
        .terms()
        .iter()
        .zip(&cells)
        .map(
            |(t, c)| {
                if matches!(t.encoder, leadlens::encoding::Encoder::Number { .. }) { *c } else { Cell::Text(None) }
            },
        )
        .collect();
    failed(steep.score_row(&numbers, &mut Vec::new()).unwrap_err());
    let columns: Vec<Column> = numbers
        .iter()
        .map(|c| match c {
            Cell::Number(x) => Column::Number(vec![*x]),
            Cell::Text(_) => Column::Category { codes: vec![leadlens::schema::NONE], levels: Arc::from(Vec::new()) },
        })
        .collect();
    failed(ColumnScorer::new(&steep, &columns).unwrap().row(0, &mut Vec::new()).unwrap_err());
}

#[test]
fn writers_at_the_same_time_leave_one_whole_model() {
    let (a, b) = (model(1.0), model(0.01));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.json");
    a.save(&path).unwrap();
    std::thread::scope(|scope| {
        for model in [&a, &b, &a, &b] {
            let path = &path;
            scope.spawn(move || (0..20).for_each(|_| model.save(path).unwrap()));
        }
        for _ in 0..200 {
            let read = LeadModel::from_path(&path).unwrap();
            assert!(read == a || read == b);
        }
    });
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
    // Where the file cannot be replaced nothing is left either.
    let taken = folder.path().join("folder");
    std::fs::create_dir(&taken).unwrap();
    assert!(matches!(a.save(&taken), Err(Error::Write { .. })));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}

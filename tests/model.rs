//! From snapshot to model and scores: every route gives the same bits.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at the first surprise"
)]

mod common;

use common::{CALL, DAY, Happening, MAIL, OPEN, VISIT, WON, event, journeys, kinds};
use leadlens::fit::{TrainOptions, train};
use leadlens::journeys::Field;
use leadlens::schema::{Column, FeatureSet, SnapshotSpec};
use leadlens::score::ColumnScorer;
use leadlens::{Event, Journeys, LeadModel, Pushed, Snapshot, Span, Task, Timestamp};
use std::sync::Arc;

/// 400 leads; those with many visits and from industry "a" win more often.
fn world() -> (Arc<Journeys>, Vec<Happening>) {
    let mut state = 7u64;
    let mut draw = |n: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    let mut all = Vec::new();
    let mut industry = Vec::new();
    for lead in 0..400u32 {
        let visits = draw(6);
        let trade = draw(3) as u32;
        industry.push(if draw(20) == 0 { leadlens::schema::NONE } else { trade });
        for _ in 0..visits {
            let mut h = event(lead, draw(20) as i64 * DAY / 2, if draw(3) == 0 { MAIL } else { VISIT });
            h.channel = (draw(4) > 0).then(|| draw(3) as u32);
            h.value = (draw(5) > 0).then(|| draw(9) as f64 / 3.0);
            all.push(h);
        }
        if draw(3) == 0 {
            all.push(event(lead, draw(9) as i64 * DAY + 5, CALL));
        }
        if draw(4) == 0 {
            all.push(event(lead, draw(9) as i64 * DAY, OPEN));
        }
        if draw(10) < visits + u64::from(trade == 0) {
            all.push(event(lead, (12 + draw(15) as i64) * DAY, WON));
        }
    }
    let mut j = common::parts(&journeys(&vec![0; 400], &all, 100 * DAY, "Europe/Berlin"));
    let levels: Arc<[String]> = ["a", "b", "c"].map(String::from).into();
    j.leads.fields.push(Field {
        name: "industry".into(),
        asked: true,
        column: Column::Category { codes: industry, levels },
    });
    j.leads.fields.push(Field {
        name: "staff".into(),
        asked: true,
        column: Column::Number((0..400).map(|i| if i % 9 == 0 { f64::NAN } else { f64::from(i % 50) }).collect()),
    });
    (Arc::new(j.into()), all)
}

fn snapshot(j: &Arc<Journeys>) -> Snapshot {
    let spec = SnapshotSpec { after: Some(Span::days(11)), horizon: Some(Span::days(20)), ..SnapshotSpec::default() };
    j.snapshot(&spec, None, FeatureSet::default(), &Task::new()).unwrap()
}

fn scores(model: &LeadModel, s: &Snapshot) -> Vec<(u64, Vec<u64>)> {
    let columns = model.columns(s, &Task::new()).unwrap();
    let scorer = ColumnScorer::new(model, &columns).unwrap();
    let mut contributions = Vec::new();
    (0..s.len())
        .map(|i| {
            let scored = scorer.row(i, &mut contributions).unwrap();
            (scored.log_odds.to_bits(), contributions.iter().map(|c| c.to_bits()).collect())
        })
        .collect()
}

#[test]
fn contributions_add_up_and_files_round_trip() {
    let (j, _) = world();
    let s = snapshot(&j);
    let model = train(&s, &TrainOptions::default(), &Task::new()).unwrap();
    let columns = model.columns(&s, &Task::new()).unwrap();
    let scorer = ColumnScorer::new(&model, &columns).unwrap();
    let mut contributions = Vec::new();
    for row in 0..s.len() {
        let scored = scorer.row(row, &mut contributions).unwrap();
        let sum = contributions.iter().fold(model.base(), |a, c| a + c);
        assert_eq!(sum.to_bits(), scored.log_odds.to_bits());
        let parts: f64 = scored.parts.iter().sum();
        assert!((model.base() + parts - scored.log_odds).abs() < 1e-12);
        assert!((0.0..=100.0).contains(&scored.score));
    }
    // The weighted mean of every contribution is zero: the base is the average row.
    for term in 0..model.terms().len() {
        let mean: f64 = (0..s.len())
            .map(|row| {
                scorer.row(row, &mut contributions).unwrap();
                contributions[term]
            })
            .sum::<f64>()
            / s.len() as f64;
        assert!(mean.abs() < 1e-12, "{}: {mean}", model.terms()[term].feature);
    }
    let again = LeadModel::from_json(&model.to_json().unwrap()).unwrap();
    assert_eq!(again, model);
    assert_eq!(scores(&again, &s), scores(&model, &s));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.json");
    model.save(&path).unwrap();
    assert_eq!(LeadModel::from_path(&path).unwrap(), model);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left beside the model");
}

#[test]
fn one_lead_at_a_time_has_the_bits_of_batch_scoring() {
    let (j, all) = world();
    let s = snapshot(&j);
    let model = train(&s, &TrainOptions::default(), &Task::new()).unwrap();
    let batch = scores(&model, &s);
    let names = kinds();
    let mut scratch = model.scratch();
    for (row, r) in s.rows.iter().enumerate() {
        let mut lead = model.lead(j.leads().ids.get(r.lead), Timestamp(0));
        // Stages are pushed last, late events out of order: the time line sorts itself.
        let mut own: Vec<&Happening> = all.iter().filter(|h| h.lead == r.lead && h.kind < OPEN).collect();
        own.sort_by_key(|h| h.at);
        for h in own {
            let channel = h.channel.map(|c| j.channels().get(c));
            let values = [("pages", h.value.unwrap_or(f64::NAN))];
            let event = Event { at: h.at, kind: &names[h.kind as usize].plain, channel, values: &values, id: None };
            assert_eq!(model.push(&mut lead, event).unwrap(), Pushed::Used);
        }
        for h in all.iter().filter(|h| h.lead == r.lead && h.kind >= OPEN) {
            assert_eq!(model.stage(&mut lead, &names[h.kind as usize].plain, Timestamp(h.at)).unwrap(), Pushed::Used);
        }
        for field in &j.leads().fields {
            match &field.column {
                Column::Number(v) if !v[r.lead as usize].is_nan() => {
                    model.set_number(&mut lead, &field.name, v[r.lead as usize]).unwrap();
                }
                Column::Category { codes, levels } if codes[r.lead as usize] != leadlens::schema::NONE => {
                    model.set_text(&mut lead, &field.name, &levels[codes[r.lead as usize] as usize]).unwrap();
                }
                _ => {}
            }
        }
        let scored = model.score(&lead, Timestamp(r.cutoff), &mut scratch).unwrap();
        assert_eq!(scored.log_odds.to_bits(), batch[row].0, "lead {}", lead.id());
        assert_eq!(scratch.contributions.iter().map(|c| c.to_bits()).collect::<Vec<_>>(), batch[row].1);
    }
}

#[test]
fn live_leads_define_duplicates_and_unknown_kinds() {
    let (j, _) = world();
    let model = train(&snapshot(&j), &TrainOptions::default(), &Task::new()).unwrap();
    let mut lead = model.lead("x", Timestamp(0));
    let event = Event { at: 5, kind: "visit", id: Some("e1"), ..Event::default() };
    assert_eq!(model.push(&mut lead, event).unwrap(), Pushed::Used);
    assert_eq!(model.push(&mut lead, event).unwrap(), Pushed::Duplicate);
    assert_eq!(model.push(&mut lead, Event { kind: "fax", ..event }).unwrap(), Pushed::UnknownKind);
    assert_eq!(model.stage(&mut lead, "nowhere", Timestamp(1)).unwrap(), Pushed::UnknownKind);
    assert_eq!(
        model.set_text(&mut lead, "industri", "a").unwrap_err().to_string(),
        "unknown field 'industri'; did you mean 'industry'?"
    );
    assert_eq!(model.set_number(&mut lead, "industry", 1.0).unwrap_err().kind(), "invalid_option");
    assert_eq!(model.set_number(&mut lead, "staff", f64::INFINITY).unwrap_err().kind(), "non_finite");
    assert_eq!(model.score(&lead, Timestamp(-1), &mut model.scratch()).unwrap_err().kind(), "invalid_option");
    // A level never seen in training is scored as (other) or as nothing, never an error.
    model.set_text(&mut lead, "industry", "never seen").unwrap();
    assert!(model.score(&lead, Timestamp(11 * DAY), &mut model.scratch()).unwrap().probability.is_finite());
}

#[test]
fn texts_of_live_leads_mean_what_they_mean_in_tables() {
    let (j, _) = world();
    let model = train(&snapshot(&j), &TrainOptions::default(), &Task::new()).unwrap();
    let score = |kind: &str, channel: Option<&str>, industry: &str, ids: [Option<&str>; 3]| {
        let mut lead = model.lead("x", Timestamp(0));
        model.set_text(&mut lead, "industry", industry).unwrap();
        let pushed = ids.map(|id| {
            let event = Event { at: 5, kind, channel, id, ..Event::default() };
            model.push(&mut lead, event).unwrap()
        });
        (pushed, model.score(&lead, Timestamp(11 * DAY), &mut model.scratch()).unwrap().log_odds.to_bits())
    };
    let plain = score("visit", Some("c1"), "a", [None; 3]);
    assert_eq!(plain.0, [Pushed::Used; 3]);
    // Blanks around a text do not count, and an event whose id is empty has none.
    assert_eq!(score(" visit ", Some(" c1\t"), " a\n", [Some(""), Some(" "), None]), plain);
    for ids in [["e1", " e1", "e1 "], ["7", "7.0", " 7"], ["True", "true", "TRUE"]] {
        assert_eq!(
            score("visit", None, "a", ids.map(Some)).0,
            [Pushed::Used, Pushed::Duplicate, Pushed::Duplicate],
            "{ids:?}"
        );
    }
    assert_eq!(score("visit", None, "a", ["007", "7", "7.5"].map(Some)).0, [Pushed::Used; 3]);
    // No channel, and no field.
    assert_eq!(score("visit", Some("  "), " ", [None; 3]).1, score("visit", None, "", [None; 3]).1);
    for kind in ["", "  "] {
        assert_eq!(score(kind, None, "a", [None; 3]).0, [Pushed::UnknownKind; 3]);
    }
}

#[test]
fn bits_do_not_depend_on_threads_or_on_the_order_of_tables() {
    let (j, _) = world();
    let fit = || train(&snapshot(&j), &TrainOptions::default(), &Task::new()).unwrap().to_json().unwrap();
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap().install(fit);
    let three = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap().install(fit);
    assert_eq!(one, three);
}

#[test]
fn training_refuses_what_it_cannot_learn_from() {
    let kind = |s: &Snapshot, o: &TrainOptions| train(s, o, &Task::new()).unwrap_err().kind();
    let (j, _) = world();
    let unlabelled = j
        .snapshot(
            &SnapshotSpec { after: Some(Span::days(11)), ..SnapshotSpec::default() },
            None,
            FeatureSet::default(),
            &Task::new(),
        )
        .unwrap();
    assert_eq!(kind(&unlabelled, &TrainOptions::default()), "invalid_option");
    let s = snapshot(&j);
    assert_eq!(kind(&s.take(&[]), &TrainOptions::default()), "no_rows");
    assert_eq!(kind(&s, &TrainOptions { min_leads: 1000, ..TrainOptions::default() }), "too_few");
    let negatives: Vec<usize> = (0..s.len()).filter(|i| !s.label.as_ref().unwrap()[*i]).collect();
    assert_eq!(kind(&s.take(&negatives), &TrainOptions::default()), "one_class");
}

#[test]
fn damaged_files_are_refused() {
    let (j, _) = world();
    let text = train(&snapshot(&j), &TrainOptions::default(), &Task::new()).unwrap().to_json().unwrap();
    let kind = |t: &str| LeadModel::from_json(t).unwrap_err().kind();
    assert_eq!(kind(""), "model_format");
    assert_eq!(kind(&text[..text.len() / 2]), "model_format");
    assert_eq!(kind("{}"), "model_format");
    assert_eq!(kind(&text.replace("\"format_version\": 1", "\"format_version\": 2")), "model_version");
    assert_eq!(kind(&text.replace("\"intercept\"", "\"intersept\"")), "model_format");
    assert_eq!(kind(&text.replace("\"daily_cap\": 20", "\"daily_cap\": 20, \"extra\": 1")), "model_format");
    assert_eq!(kind(&text.replacen("\"coefficients\": [", "\"coefficients\": [0.5,", 1)), "model_format");
    assert_eq!(LeadModel::from_path("/nowhere/model.json").unwrap_err().kind(), "read");
}

//! Scoring one lead at a time inside a service: default features only.
//!
//! `cargo run --example score_service -- model.json`, with a model of `leadlens train` on the bundled data.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is an example")]

use leadlens::score::strongest;
use leadlens::{Event, LeadModel, Pushed, Timestamp};

fn main() -> leadlens::Result<()> {
    let path = std::env::args().nth(1).unwrap_or_else(|| "model.json".to_owned());
    let model = LeadModel::from_path(path)?;
    // One per thread, kept: scoring allocates nothing once it is warm.
    let mut scratch = model.scratch();

    let mut lead = model.lead("lead_000042", "2024-01-05".parse()?);
    model.set_text(&mut lead, "lead_source", "inbound_marketing")?;
    for (at, kind) in [("2024-01-20T10:00:00Z", "pricing_page"), ("2024-01-22T09:30:00Z", "demo_page")] {
        let at: Timestamp = at.parse()?;
        let event = Event { at: at.0, kind, values: &[("page_views", 4.0)], id: Some(kind), ..Event::default() };
        match model.push(&mut lead, event)? {
            Pushed::Used => {}
            dropped => eprintln!("{kind}: {dropped:?}"),
        }
    }
    model.stage(&mut lead, "sql", "2024-01-25T12:00:00Z".parse()?)?;

    let scored = model.score(&lead, "2024-02-05".parse()?, &mut scratch)?;
    println!(
        "{}: {:.1} %, grade {}",
        lead.id(),
        100.0 * scored.probability,
        model.grade(scored.score, scored.probability)
    );
    for term in strongest(&scratch.contributions, 5) {
        let name = model.terms().get(term).map(|t| t.feature.to_string()).unwrap_or_default();
        let contribution = scratch.contributions.get(term).copied().unwrap_or(0.0);
        println!("  {contribution:+.3}  {name}");
    }
    Ok(())
}

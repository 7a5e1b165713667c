//! The value at stake with a lead: the amounts of its open deals.

use std::collections::BTreeMap;

use super::Journeys;

/// Amount of the deals of `lead` that are open just before `t`, each at its last known amount; `None` if no open deal has one.
/// Without deals, the lead's stages are one.
#[must_use]
pub fn open_amounts(journeys: &Journeys, lead: u32, t: i64) -> Option<f64> {
    let timeline = &journeys.timeline;
    let closing = |stage: u32| {
        let kind = journeys.kinds.get(stage as usize);
        kind.is_some_and(|k| journeys.won.iter().chain(&journeys.lost).any(|name| k.is_called(name)))
    };
    // By deal: whether it is open, and its amount.
    let mut deals: BTreeMap<u32, (bool, Option<f64>)> = BTreeMap::new();
    for entry in timeline.stage_range(lead) {
        let Some(position) = timeline.stages.position.get(entry).map(|p| *p as usize) else { break };
        if timeline.at.get(position).is_none_or(|at| *at >= t) {
            break;
        }
        let deal = deals.entry(timeline.stages.deal.get(entry)).or_default();
        deal.0 = !closing(timeline.kind.get(position));
        if let Some(amount) = journeys.known_amount(entry, t) {
            deal.1 = Some(amount);
        }
    }
    let mut amounts: Vec<f64> = deals.into_values().filter_map(|(open, amount)| amount.filter(|_| open)).collect();
    // The sum has the same bits for any order of deals.
    amounts.sort_by(f64::total_cmp);
    (!amounts.is_empty()).then(|| crate::math::sum(&amounts))
}

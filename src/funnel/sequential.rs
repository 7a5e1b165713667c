//! The sequential funnel: steps in order, other events between them allowed, within a window from step 1.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::design::{Column, NONE};
use crate::error::{Error, Result};
use crate::journeys::Journeys;
use crate::math::{Interval, wilson};
use crate::task::Task;
use crate::time::Span;

/// A funnel as asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FunnelSpec {
    /// Event kinds or stages, first to last; `created` as the first step means every lead.
    pub steps: Vec<String>,
    /// Time from step 1 within which the last step must happen (inclusive); `None` for no limit.
    pub window: Option<Span>,
    /// A lead field or `channel` (that of the lead's first entry; from `created`, the first channel after it) to break down by.
    pub by: Option<String>,
}

/// One step of a funnel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FunnelStep {
    /// Event kind or stage.
    pub step: String,
    /// Leads that got this far.
    pub leads: u64,
    /// Share of the leads of step 1.
    pub of_first: f64,
    /// Wilson's 95 % interval of that share.
    pub of_first_interval: Interval,
    /// Share of the leads of the step before.
    pub of_previous: f64,
    /// Wilson's 95 % interval of that share.
    pub of_previous_interval: Interval,
}

/// The funnel of one value of the breakdown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FunnelGroup {
    /// The value; `(missing)` where leads have none.
    pub value: String,
    /// Its steps.
    pub steps: Vec<FunnelStep>,
}

/// How many leads got how far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Funnel {
    /// What was asked for.
    pub spec: FunnelSpec,
    /// All leads.
    pub steps: Vec<FunnelStep>,
    /// One funnel per value of the breakdown; most leads first.
    pub groups: Vec<FunnelGroup>,
    /// Leads that entered, but whose window was not over at the end of observation; they are left out.
    pub immature: u64,
    /// Leads that never entered.
    pub never_entered: u64,
}

/// The most steps a funnel has.
const MAX_STEPS: usize = 64;

/// How far a lead got, and the channel of its first entry.
struct Depth {
    level: usize,
    channel: u32,
    immature: bool,
}

impl Journeys {
    /// Counts how far leads get along `spec.steps`.
    ///
    /// A lead reaches step k if events of steps 1 … k follow one another, each a different event, and the last
    /// is at most the window after the first. Any entry into step 1 may start the chain; the best chain counts.
    /// Entries whose window is not over at the end of observation are ignored.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] without steps or with more than 64, [`Error::UnknownName`] for a step or field
    /// the data does not have, [`Error::Interrupted`].
    pub fn funnel(&self, spec: &FunnelSpec, task: &Task) -> Result<Funnel> {
        if spec.steps.is_empty() || spec.steps.len() > MAX_STEPS {
            return Err(Error::option("steps", format!("give 1 to {MAX_STEPS} steps, not {}", spec.steps.len())));
        }
        if let Some(w) = spec.window {
            w.positive("window")?;
        }
        let from_creation =
            spec.steps.first().is_some_and(|s| s == "created" && self.codes_known(std::slice::from_ref(s)).is_empty());
        let mut masks = vec![0u64; self.kinds.len()];
        for (k, step) in spec.steps.iter().enumerate().skip(usize::from(from_creation)) {
            for code in self.codes_of("step", std::slice::from_ref(step))? {
                if let Some(mask) = masks.get_mut(code as usize) {
                    *mask |= 1 << k;
                }
            }
        }
        let breakdown = self.breakdown(spec)?;
        let leads: Vec<u32> = (0..self.leads.len() as u32).collect();
        task.begin("walking the funnel", leads.len());
        let depths: Vec<Depth> = leads
            .par_chunks(8192)
            .map(|chunk| {
                task.check()?;
                task.advance(chunk.len());
                Ok(chunk.iter().map(|lead| self.depth(*lead, spec, &masks, from_creation)).collect::<Vec<_>>())
            })
            .collect::<Result<Vec<_>>>()?
            .into_iter()
            .flatten()
            .collect();

        let n = spec.steps.len();
        let mut all = vec![0u64; n];
        let mut by_value: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
        let (mut immature, mut never_entered) = (0, 0);
        for (lead, depth) in depths.iter().enumerate() {
            if depth.level == 0 {
                immature += u64::from(depth.immature);
                never_entered += u64::from(!depth.immature);
                continue;
            }
            let add = |counts: &mut Vec<u64>| counts.iter_mut().take(depth.level).for_each(|c| *c += 1);
            add(&mut all);
            if let Some(breakdown) = &breakdown {
                let value = match breakdown {
                    Breakdown::Channel => depth.channel,
                    Breakdown::Field { codes, .. } => codes.get(lead).copied().unwrap_or(NONE),
                };
                add(by_value.entry(value).or_insert_with(|| vec![0; n]));
            }
        }
        let name = |value: u32| match &breakdown {
            _ if value == NONE => crate::design::MISSING.to_owned(),
            Some(Breakdown::Channel) => self.channels.get(value).to_owned(),
            Some(Breakdown::Field { levels, .. }) => levels.get(value as usize).cloned().unwrap_or_default(),
            None => String::new(),
        };
        let mut groups: Vec<FunnelGroup> = by_value
            .iter()
            .map(|(value, counts)| FunnelGroup { value: name(*value), steps: steps_of(&spec.steps, counts) })
            .collect();
        let entered = |g: &FunnelGroup| g.steps.first().map_or(0, |s| s.leads);
        groups.sort_by(|a, b| entered(b).cmp(&entered(a)).then_with(|| a.value.cmp(&b.value)));
        Ok(Funnel { spec: spec.clone(), steps: steps_of(&spec.steps, &all), groups, immature, never_entered })
    }

    fn breakdown(&self, spec: &FunnelSpec) -> Result<Option<Breakdown>> {
        let Some(by) = &spec.by else { return Ok(None) };
        if let Some(field) = self.leads.field(by) {
            return match &field.column {
                Column::Category { codes, levels } => {
                    Ok(Some(Breakdown::Field { codes: codes.clone(), levels: levels.to_vec() }))
                }
                Column::Number(values) => {
                    // Numbers with few distinct values are as good as texts.
                    let distinct: BTreeSet<u64> = values.iter().filter(|v| !v.is_nan()).map(|v| v.to_bits()).collect();
                    if distinct.len() > 50 {
                        return Err(Error::option(
                            "by",
                            format!(
                                "'{by}' is a number with {} different values; break down by a text field",
                                distinct.len()
                            ),
                        ));
                    }
                    let bits: Vec<u64> = distinct.into_iter().collect();
                    let code = |v: &f64| bits.binary_search(&v.to_bits()).map_or(NONE, |i| i as u32);
                    Ok(Some(Breakdown::Field {
                        codes: values.iter().map(code).collect(),
                        levels: bits.iter().map(|b| f64::from_bits(*b).to_string()).collect(),
                    }))
                }
                Column::Time(_) => Err(Error::option("by", format!("'{by}' is a date; break down by a text field"))),
            };
        }
        if by == "channel" {
            return Ok(Some(Breakdown::Channel));
        }
        Err(Error::unknown("field", by, self.leads.fields.iter().map(|f| f.name.as_str()).chain(["channel"])))
    }

    fn depth(&self, lead: u32, spec: &FunnelSpec, masks: &[u64], from_creation: bool) -> Depth {
        let n = spec.steps.len();
        let window = spec.window.map(Span::as_micros);
        let matures =
            |start: i64| window.is_none_or(|w| start.checked_add(w).is_some_and(|end| end < self.observed_until));
        // Per step, the start of the chain that reached it and started last: it has the most time left.
        let mut starts: [Option<i64>; MAX_STEPS] = [None; MAX_STEPS];
        let mut depth = Depth { level: 0, channel: NONE, immature: false };
        if from_creation {
            let created = self.leads.created_at(lead);
            if created == crate::time::NO_TIME || !matures(created) {
                depth.immature = created != crate::time::NO_TIME;
                return depth;
            }
            starts[0] = Some(created);
            depth.level = 1;
        }
        let timeline = &self.timeline;
        for i in timeline.range(lead) {
            let Some(at) = timeline.at.get(i).copied() else { break };
            if at >= self.observed_until {
                break;
            }
            // Steps follow the creation they start from.
            if from_creation && starts.first().copied().flatten().is_some_and(|created| at < created) {
                continue;
            }
            if from_creation && depth.channel == NONE {
                depth.channel = timeline.channel.as_ref().map_or(NONE, |c| c.get(i));
            }
            let mask = masks.get(timeline.kind.get(i) as usize).copied().unwrap_or(0);
            if mask == 0 {
                continue;
            }
            // From the last step to the first, so that one event serves one step of a chain only.
            for k in (0..n).rev().filter(|k| mask & (1 << k) != 0) {
                if k == 0 {
                    if matures(at) {
                        if starts[0].is_none() {
                            depth.channel = timeline.channel.as_ref().map_or(NONE, |c| c.get(i));
                        }
                        starts[0] = Some(at);
                        depth.level = depth.level.max(1);
                    } else {
                        depth.immature = true;
                    }
                    continue;
                }
                let Some(start) = starts.get(k - 1).copied().flatten() else { continue };
                if window.is_none_or(|w| at - start <= w)
                    && let Some(slot) = starts.get_mut(k)
                {
                    *slot = Some(slot.map_or(start, |s| s.max(start)));
                    depth.level = depth.level.max(k + 1);
                }
            }
            if depth.level == n {
                break;
            }
        }
        depth
    }
}

enum Breakdown {
    Channel,
    Field { codes: Vec<u32>, levels: Vec<String> },
}

fn steps_of(names: &[String], counts: &[u64]) -> Vec<FunnelStep> {
    let first = counts.first().copied().unwrap_or(0);
    let mut previous = first;
    names
        .iter()
        .zip(counts)
        .map(|(step, leads)| {
            let share = |of: u64| if of == 0 { f64::NAN } else { *leads as f64 / of as f64 };
            let row = FunnelStep {
                step: step.clone(),
                leads: *leads,
                of_first: share(first),
                of_first_interval: wilson(*leads, first, 0.95),
                of_previous: share(previous),
                of_previous_interval: wilson(*leads, previous, 0.95),
            };
            previous = *leads;
            row
        })
        .collect()
}

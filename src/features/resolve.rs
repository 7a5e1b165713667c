//! A set of features resolved against the data.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{Error, Result};
use crate::journeys::Codes;
use crate::schema::{Column, Feature, FeatureSet, Kind, NONE, Selector, Side, ValueOp, like};
use crate::snapshot::Snapshot;
use crate::time::Span;

impl FeatureSet {
    /// The features for `snapshot`: those whose events, channels, stages or fields its rows can see.
    ///
    /// # Errors
    /// [`Error::UnknownName`] if `only` names a field, kind or value that the data does not have, or `without` a feature
    /// that there is not; [`Error::InvalidOption`] for windows and half-lives of no length.
    pub fn resolve(&self, snapshot: &Snapshot) -> Result<Vec<Feature>> {
        let journeys = &snapshot.journeys;
        let spans =
            [("windows", &self.windows), ("kind_windows", &self.kind_windows), ("half_lives", &self.half_lives)];
        for (option, span) in spans.iter().flat_map(|(option, spans)| spans.iter().map(move |span| (option, span))) {
            span.positive(option)?;
        }
        let mut features = if self.only.is_empty() { self.catalogue(snapshot) } else { self.only.clone() };
        // Two windows can be one, such as 7d and 1w.
        let mut seen = BTreeSet::new();
        features.retain(|f| seen.insert(f.to_string()));
        let names: Vec<String> = features.iter().map(ToString::to_string).collect();
        let mut left_out = vec![false; names.len()];
        for entry in &self.without {
            // An exact name in any spelling, such as `count( visit )`.
            let spelled = entry.parse::<Feature>().map(|f| like(&f.to_string(), &names)).unwrap_or_default();
            let chosen = if spelled.contains(&true) { spelled } else { like(entry, &names) };
            if !chosen.contains(&true) {
                return Err(Error::unknown("feature in without=", entry, names.iter().map(String::as_str)));
            }
            left_out.iter_mut().zip(chosen).for_each(|(out, chosen)| *out |= chosen);
        }
        let mut out = left_out.into_iter();
        features.retain(|_| !out.next().unwrap_or(false));
        for feature in &features {
            match feature {
                Feature::Field(name) | Feature::DaysSinceField(name)
                    if !journeys.leads.field_names().any(|k| k == name) =>
                {
                    return Err(Feature::unknown_field(name, journeys.leads.field_names()));
                }
                Feature::Value(_, _, value, _) if !journeys.value_names.contains(value) => {
                    return Err(Error::unknown("value", value, journeys.value_names.iter().map(String::as_str)));
                }
                _ => {}
            }
            if let Some(selector) = feature.selector()
                && !self.only.is_empty()
                && !journeys.kinds.iter().any(|k| selector.chooses(k))
            {
                if journeys.kinds.is_empty() {
                    let why = format!("'{feature}' needs events, and the journeys have none");
                    return Err(Error::NoRows { what: "features", why });
                }
                let known: Vec<String> = journeys.kinds.iter().map(Kind::name).collect();
                return Err(Error::unknown("event kind", &selector.to_string(), known.iter().map(String::as_str)));
            }
        }
        Ok(features)
    }

    fn catalogue(&self, snapshot: &Snapshot) -> Vec<Feature> {
        let journeys = &snapshot.journeys;
        let seen = SeenNames::of(snapshot);
        let mut features = Vec::new();
        if self.fields {
            for field in &journeys.leads.fields {
                features.push(field_feature(&field.name, &field.column));
            }
            for history in &journeys.leads.histories {
                features.push(field_feature(&history.name, &history.values));
            }
        }
        let kinds: Vec<(usize, &Kind)> = journeys
            .kinds
            .iter()
            .enumerate()
            .filter(|(code, k)| {
                seen.leads.contains_key(&(*code as u32)) && !k.stage && (self.sales || k.side != Side::Sales)
            })
            .collect();
        // Overall selections; one that chooses the same kinds as an earlier one is left out.
        let mut sources: Vec<&str> = kinds.iter().map(|(_, k)| k.source.as_str()).collect();
        sources.dedup();
        let mut overall: Vec<(Selector, Vec<usize>)> = Vec::new();
        let candidates =
            [Selector::All, Selector::Side(Side::Sales), Selector::Side(Side::Buyer), Selector::Side(Side::Marketing)]
                .into_iter()
                .chain(sources.iter().map(|s| Selector::Source((*s).to_owned())));
        for selector in candidates {
            let chosen: Vec<usize> = kinds.iter().filter(|(_, k)| selector.chooses(k)).map(|(c, _)| *c).collect();
            if !chosen.is_empty() && !overall.iter().any(|(_, c)| *c == chosen) {
                overall.push((selector, chosen));
            }
        }
        for (selector, _) in &overall {
            features.extend(self.counting(selector, &self.windows));
            features.push(Feature::DaysSinceFirst(selector.clone()));
            features.push(Feature::ActiveDays(selector.clone(), None));
            features.extend(self.windows.get(1).map(|w| Feature::ActiveDays(selector.clone(), Some(*w))));
            features.push(Feature::Momentum(selector.clone()));
        }
        if self.per_kind {
            let mut ranked: Vec<(usize, String)> = kinds
                .iter()
                .filter(|(c, _)| !overall.iter().any(|(_, chosen)| chosen.as_slice() == [*c]))
                .map(|(c, k)| (seen.leads.get(&(*c as u32)).copied().unwrap_or(0), k.name()))
                .collect();
            ranked.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
            ranked.truncate(self.max_kinds);
            ranked.sort_by(|a, b| a.1.cmp(&b.1));
            for (_, name) in ranked {
                features.extend(self.counting(&Selector::Kind(name), &self.kind_windows));
            }
        }
        for (number, value) in journeys.value_names.iter().enumerate() {
            for source in sources.iter().filter(|s| seen.values.contains(&(number, (**s).to_owned()))) {
                // A source of one kind reads `sum(session.page_views)`.
                let mut of_source = kinds.iter().filter(|(_, k)| k.source == **source);
                let of = match (of_source.next(), of_source.next()) {
                    (Some((_, only)), None) => Selector::Kind(only.name()),
                    _ => Selector::Source((*source).to_owned()),
                };
                for op in [ValueOp::Sum, ValueOp::Max, ValueOp::Last] {
                    features.push(Feature::Value(op, of.clone(), value.clone(), None));
                }
                features.extend(
                    self.windows.get(1).map(|w| Feature::Value(ValueOp::Sum, of.clone(), value.clone(), Some(*w))),
                );
            }
        }
        if seen.channels {
            features.extend([Feature::DistinctChannels(Selector::All), Feature::FirstChannel, Feature::LastChannel]);
        }
        if self.sales && seen.stages {
            features.extend([Feature::Stage, Feature::DaysInStage]);
        }
        if seen.ages {
            features.push(Feature::AgeDays);
        }
        features
    }

    fn counting(&self, of: &Selector, windows: &[Span]) -> Vec<Feature> {
        let mut features = vec![Feature::Count(of.clone(), None)];
        features.extend(windows.iter().map(|w| Feature::Count(of.clone(), Some(*w))));
        features.push(Feature::DaysSinceLast(of.clone()));
        features.extend(self.half_lives.iter().map(|h| Feature::Decayed(of.clone(), *h)));
        features
    }
}

fn field_feature(name: &str, column: &Column) -> Feature {
    match column {
        Column::Time(_) => Feature::DaysSinceField(name.to_owned()),
        _ => Feature::Field(name.to_owned()),
    }
}

/// What the rows of a snapshot can see; features of what lies after every cutoff would all be empty.
#[derive(Default)]
struct SeenNames {
    /// Leads with an event of a kind.
    leads: BTreeMap<u32, usize>,
    values: BTreeSet<(usize, String)>,
    channels: bool,
    stages: bool,
    ages: bool,
}

impl SeenNames {
    fn of(snapshot: &Snapshot) -> Self {
        let journeys = &snapshot.journeys;
        let timeline = &journeys.timeline;
        let mut seen = Self::default();
        let mut age = None;
        let mut last_lead: Vec<Option<u32>> = vec![None; journeys.kinds.len()];
        // Whether a value of a kind was seen, so names are looked up once.
        let mut known = vec![false; journeys.kinds.len() * journeys.value_names.len()];
        let mut rows = snapshot.rows.iter().enumerate().peekable();
        while let Some((i, row)) = rows.next() {
            let this = snapshot.age_days(i);
            seen.ages |= !this.is_nan() && age.is_some_and(|a| a != this);
            age = Some(this);
            // Only the last row of a lead, which sees most.
            if rows.peek().is_some_and(|(_, next)| next.lead == row.lead) {
                continue;
            }
            for e in timeline.range(row.lead) {
                if timeline.at.get(e).is_none_or(|at| *at >= row.cutoff) {
                    break;
                }
                let code = timeline.kind.get(e);
                if let Some(last) = last_lead.get_mut(code as usize)
                    && last.replace(row.lead) != Some(row.lead)
                {
                    *seen.leads.entry(code).or_default() += 1;
                }
                let Some(kind) = journeys.kinds.get(code as usize) else { continue };
                seen.stages |= kind.stage;
                let has_channel = |c: &Codes| c.get(e) != NONE;
                seen.channels |=
                    !kind.stage && kind.side != Side::Sales && timeline.channel.as_ref().is_some_and(has_channel);
                for (number, values) in timeline.values.iter().enumerate() {
                    let place = code as usize * journeys.value_names.len() + number;
                    if let Some(known) = known.get_mut(place).filter(|k| !**k)
                        && values.get(e).is_some_and(|v| !v.is_nan())
                    {
                        *known = true;
                        seen.values.insert((number, kind.source.clone()));
                    }
                }
            }
        }
        seen
    }
}

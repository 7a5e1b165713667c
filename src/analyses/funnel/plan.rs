//! A funnel made ready for one data set: names become codes, steps become bits, orders of steps become states.

use crate::encoding::MISSING;
use crate::error::{Error, Result};
use crate::journeys::{Codes, DayMoment, Journeys, Measure};
use crate::query::{By, Groups, Matcher, Population, no_channels};
use crate::schema::{ALL, NONE, Step, shown};
use crate::time::{NO_TIME, Span};

use super::spec::{Compat, Entry, Exclusion, FunnelSpec, Mode, Order, StepAttribution};

/// The most steps a funnel has, and the most exclusions.
pub(super) const MAX_STEPS: usize = 32;
/// The most steps that may be optional: each doubles the number of ways through.
const MAX_OPTIONAL: usize = 5;

/// Where the value of a breakdown, or of a property held constant, is found.
#[derive(Debug)]
pub(super) enum ValueOf {
    /// The lead's field.
    Lead(Groups),
    /// The event's channel.
    Channel,
    /// The event's property of this number.
    Prop(usize),
}

/// A way through the steps so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct StepState {
    /// Steps done, as bits.
    pub(super) done: u32,
    /// The last of them.
    pub(super) last: usize,
    /// The state before; the state itself for the first.
    pub(super) from: usize,
}

/// An exclusion: hits attempts whose last step is in `after..before`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    pub(super) after: usize,
    pub(super) before: usize,
    pub(super) removes: bool,
}

/// A funnel made ready.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own, none excludes another")]
pub(super) struct FunnelPlan<'a> {
    pub(super) journeys: &'a Journeys,
    pub(super) steps: usize,
    /// Steps in the bits below, exclusions from bit 32 on.
    pub(super) matcher: Matcher<'a>,
    pub(super) hits: Vec<Hit>,
    /// Whether step 1 is the lead's creation.
    pub(super) from_creation: bool,
    /// Longest time from step 1 to the last step: the window, or the sum of the steps' own.
    pub(super) longest: Option<i64>,
    pub(super) window: Option<i64>,
    pub(super) within: Vec<Option<i64>>,
    /// Whether a step has a time of its own.
    pub(super) has_step_times: bool,
    pub(super) order: Order,
    pub(super) entry: Entry,
    /// Ways through the steps; in the order of their last step.
    pub(super) states: Vec<StepState>,
    /// First state of each step, and one past the end.
    pub(super) of_step: Vec<usize>,
    /// Index of the last step that is not optional.
    pub(super) goal: usize,
    pub(super) hold: Option<ValueOf>,
    pub(super) by: Option<ValueOf>,
    /// Leads that count.
    pub(super) population: Population,
    /// The account of each lead, if accounts are declared; the lead itself where it can count more than once.
    clusters: Option<Vec<u64>>,
    pub(super) attribution: StepAttribution,
    /// Modes of `windowFunnel`, if its rules are followed.
    pub(super) clickhouse: Option<Vec<Mode>>,
    pub(super) times: bool,
    pub(super) measure: Measure<'a>,
    /// Whether a step is known to the day only.
    pub(super) days: bool,
}

impl FunnelPlan<'_> {
    /// Whether the fast path gives the same answer as the walk over chains. Every field is named, so that whoever adds one
    /// has to decide.
    pub(super) fn is_plain(&self) -> bool {
        let Self {
            journeys,
            steps,
            matcher,
            hits,
            from_creation,
            within,
            order,
            entry,
            states,
            hold,
            clickhouse,
            times,
            days,
            // Both ways obey these.
            longest: _,
            window: _,
            has_step_times: _,
            of_step: _,
            goal: _,
            by: _,
            population: _,
            clusters: _,
            attribution: _,
            measure: _,
        } = self;
        *order == Order::Sequential
            && *entry == Entry::Best
            && states.len() == *steps
            && within.iter().all(Option::is_none)
            && hits.is_empty()
            && hold.is_none()
            && !times
            && matcher.by_kind_only()
            && clickhouse.is_none()
            && !days
            // Of other entries several can be too early.
            && (*from_creation || journeys.outcomes_from == NO_TIME)
            && matches!(journeys.timeline.kind, Codes::U8(_))
    }

    /// Whether counted units depend on each other: leads of an account, or attempts of a lead.
    pub(super) fn has_clusters(&self) -> bool {
        self.clusters.is_some()
    }

    /// Number of the cluster of `lead`, if there are clusters.
    pub(super) fn cluster(&self, lead: u32) -> Option<u64> {
        self.clusters.as_ref().and_then(|clusters| clusters.get(lead as usize)).copied()
    }
}

impl<'a> FunnelPlan<'a> {
    /// # Errors
    /// [`Error::InvalidOption`] for options that do not go together, [`Error::UnknownName`] for names that the data does
    /// not have.
    pub(super) fn new(journeys: &'a Journeys, spec: &FunnelSpec) -> Result<Self> {
        check(spec)?;
        let from_creation = match spec.steps.first() {
            // Another system's rules know events only.
            Some(first) if spec.compat.is_some() => is_creation_alone(first, journeys),
            Some(first) => journeys.is_creation("steps", first)?,
            None => false,
        };
        let mut plan = Self {
            journeys,
            steps: spec.steps.len(),
            matcher: Matcher::new(journeys),
            hits: Vec::new(),
            from_creation,
            longest: longest(spec),
            window: spec.window.map(Span::as_micros),
            within: spec.steps.iter().map(|s| s.within.map(Span::as_micros)).collect(),
            has_step_times: spec.steps.iter().any(|s| s.within.is_some()),
            order: spec.order,
            entry: spec.entry,
            states: Vec::new(),
            of_step: Vec::new(),
            goal: spec.steps.iter().rposition(|s| !s.optional).unwrap_or(0),
            hold: spec.hold.as_deref().map(|h| value_of(journeys, "hold", h, &[])).transpose()?,
            by: spec.by.as_ref().map(|by| by_of(journeys, by)).transpose()?,
            population: journeys.population(&spec.filter)?,
            clusters: clusters(journeys, spec),
            attribution: spec.attribution,
            clickhouse: spec.compat.map(|Compat::ClickHouse| spec.modes.clone()),
            times: spec.times,
            measure: journeys.measure(),
            days: false,
        };
        let of_events = matches!(plan.by, Some(ValueOf::Channel | ValueOf::Prop(_)));
        if spec.attribution != StepAttribution::First && !of_events {
            let problem = "applies only if by= is a property of events or 'channel'";
            return Err(Error::option("attribution", problem));
        }
        if spec.compat.is_some() && from_creation {
            return Err(Error::option("compat", "windowFunnel counts events only; 'created' is not an event"));
        }
        if from_creation && spec.hold.is_some() && spec.entry == Entry::Totals {
            let problem = "entry='totals' cannot be combined with hold= if the first step is 'created'; use entry='best' or 'first'";
            return Err(Error::option("hold", problem));
        }
        if spec.compat.is_some() && of_events {
            return Err(Error::option(
                "by",
                "windowFunnel returns only a level and cannot be broken down by a property of events; use a lead field",
            ));
        }
        for (k, step) in spec.steps.iter().enumerate().skip(usize::from(from_creation)) {
            plan.matcher.add(step, 1 << k)?;
        }
        for (k, e) in spec.exclude.iter().enumerate() {
            plan.matcher.add(e.event.plain("exclude")?, 1 << (MAX_STEPS + k))?;
            plan.hits.push(hit(e, &spec.steps)?);
        }
        let has_days = |kind: &u32| plan.matcher.kind_bits.get(*kind as usize).is_some_and(|bits| *bits != 0);
        plan.days = from_creation && journeys.days.created.any() || journeys.days.kinds.iter().any(has_days);
        plan.ways(&spec.steps);
        Ok(plan)
    }

    /// Lists the ways through the steps: after step i may come step j if all between are optional.
    fn ways(&mut self, steps: &[Step]) {
        for (j, _) in steps.iter().enumerate() {
            self.of_step.push(self.states.len());
            if j == 0 {
                self.states.push(StepState { done: 1, last: 0, from: 0 });
                continue;
            }
            for from in 0..self.states.len() {
                let Some(s) = self.states.get(from).copied() else { continue };
                if steps.iter().take(j).skip(s.last + 1).all(|between| between.optional) {
                    self.states.push(StepState { done: s.done | 1 << j, last: j, from });
                }
            }
        }
        self.of_step.push(self.states.len());
    }

    /// Whether an attempt that starts at `start` is observed to its end.
    pub(super) fn matures(&self, start: DayMoment) -> bool {
        let over = |w: i64| self.measure.over(start, w, self.days);
        self.longest.is_none_or(|w| over(w).is_some_and(|end| end <= self.journeys.observed_until))
    }

    /// Whether only the day of the event at `i` is known.
    pub(super) fn is_day(&self, i: usize) -> bool {
        self.days && self.journeys.moment(i).is_some_and(|moment| moment.day)
    }

    /// Time between two events.
    #[inline]
    pub(super) fn between(&self, from: DayMoment, to: DayMoment) -> i64 {
        if self.days { self.measure.between(from, to) } else { to.at - from.at }
    }

    /// Whether outcomes were recorded when an attempt starts at `start`; another system's rules do not ask.
    pub(super) fn is_recorded(&self, start: i64) -> bool {
        self.clickhouse.is_some() || self.journeys.records_outcomes_of(start)
    }

    /// Code of the value that the event at `i` has.
    pub(super) fn value_at(&self, of: &ValueOf, i: usize) -> u32 {
        let timeline = &self.journeys.timeline;
        match of {
            ValueOf::Lead(_) => NONE,
            ValueOf::Channel => timeline.channel.as_ref().map_or(NONE, |c| c.get(i)),
            ValueOf::Prop(p) => timeline.props.get(*p).map_or(NONE, |c| c.get(i)),
        }
    }

    /// Name of a value of the breakdown.
    pub(super) fn name_of(&self, value: u32) -> String {
        if value == NONE {
            return MISSING.to_owned();
        }
        match &self.by {
            Some(ValueOf::Lead(groups)) => groups.name(value),
            Some(ValueOf::Channel) => shown(self.journeys.channels.get(value), &[ALL, MISSING]),
            Some(ValueOf::Prop(p)) => self
                .journeys
                .props
                .get(*p)
                .map_or_else(String::new, |(_, texts)| shown(texts.get(value), &[ALL, MISSING])),
            None => String::new(),
        }
    }
}

/// The account of each lead where accounts are declared, else the lead where it can count more than once: attempts of one
/// lead, and values of which it has several, are not independent.
fn clusters(journeys: &Journeys, spec: &FunnelSpec) -> Option<Vec<u64>> {
    let several = || spec.entry == Entry::Totals || spec.attribution == StepAttribution::All;
    journeys.leads.clusters().or_else(|| several().then(|| journeys.leads.cluster_keys()))
}

/// Whether a step is the creation of leads, and no event is called so.
fn is_creation_alone(step: &Step, journeys: &Journeys) -> bool {
    journeys.is_creation("steps", &Step { event: true, ..step.clone() }).unwrap_or(false)
}

fn check(spec: &FunnelSpec) -> Result<()> {
    let n = spec.steps.len();
    if n == 0 || n > MAX_STEPS {
        return Err(Error::option("steps", format!("must have 1 to {MAX_STEPS} steps, not {n}")));
    }
    if spec.exclude.len() > MAX_STEPS {
        return Err(Error::option(
            "exclude",
            format!("must have at most {MAX_STEPS} exclusions, not {}", spec.exclude.len()),
        ));
    }
    if let Some(w) = spec.window {
        w.positive("window")?;
    }
    let optional = spec.steps.iter().filter(|s| s.optional).count();
    if spec.steps.first().is_some_and(|s| s.optional) {
        return Err(Error::option("steps", "the first step is the entry and cannot be optional"));
    }
    if optional > MAX_OPTIONAL {
        return Err(Error::option("steps", format!("at most {MAX_OPTIONAL} steps can be optional, not {optional}")));
    }
    for step in &spec.steps {
        if let Some(w) = step.within {
            w.positive("within")?;
        }
    }
    let timed = spec.steps.iter().any(|s| s.within.is_some());
    if spec.steps.first().is_some_and(|s| s.within.is_some()) {
        return Err(Error::option("within", "the first step has no previous step; set within= on a later one"));
    }
    if let StepAttribution::Step(k) = spec.attribution
        && k > n
    {
        return Err(Error::option("attribution", format!("step {k} does not exist; the funnel has {n} steps")));
    }
    if spec.hold.is_some() && spec.attribution == StepAttribution::All {
        return Err(Error::option(
            "hold",
            "hold= cannot be combined with attribution='all', which already holds the breakdown's property constant",
        ));
    }
    if spec.order == Order::Any && (optional > 0 || timed || !spec.exclude.is_empty()) {
        return Err(Error::option(
            "order",
            "'any' cannot be combined with optional steps, within= or exclude=, which need an order of steps",
        ));
    }
    if spec.compat.is_none() && !spec.modes.is_empty() {
        return Err(Error::option("modes", "windowFunnel modes need compat=\"clickhouse\""));
    }
    if spec.compat.is_some() {
        let plain = FunnelSpec {
            steps: spec.steps.clone(),
            window: spec.window,
            compat: spec.compat,
            modes: spec.modes.clone(),
            times: spec.times,
            by: spec.by.clone(),
            filter: spec.filter.clone(),
            ..FunnelSpec::default()
        };
        if plain != *spec || optional > 0 || timed {
            return Err(Error::option(
                "compat",
                "windowFunnel supports only steps, window=, modes=, and by= and where= of lead fields",
            ));
        }
        if spec.window.is_none() {
            return Err(Error::option("window", "windowFunnel needs a window"));
        }
        if spec.modes.contains(&Mode::AllowReentry) && !spec.modes.contains(&Mode::StrictOrder) {
            return Err(Error::option("modes", "allow_reentry needs strict_order"));
        }
    }
    Ok(())
}

/// Between which steps an exclusion hits.
fn hit(e: &Exclusion, steps: &[Step]) -> Result<Hit> {
    let after = e.after.as_ref().map_or(Ok(0), |s| s.position(steps))?;
    let before = e.before.as_ref().map_or(Ok(steps.len() - 1), |s| s.position(steps))?;
    if after >= before {
        let problem = format!(
            "'{}' must lie between a step and a later one, not between steps {} and {}",
            e.event.name,
            after + 1,
            before + 1
        );
        return Err(Error::option("exclude", problem));
    }
    Ok(Hit { after, before, removes: e.removes })
}

/// The longest a chain can take: the window, or the sum of the times within steps, whichever is shorter.
fn longest(spec: &FunnelSpec) -> Option<i64> {
    let within: Option<i64> = spec.steps.iter().skip(1).map(|s| s.within.map(Span::as_micros)).sum();
    let sum = within.filter(|_| spec.steps.len() > 1);
    match (spec.window.map(Span::as_micros), sum) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// A breakdown by lead fields, or by one property of events.
fn by_of(journeys: &Journeys, by: &By) -> Result<ValueOf> {
    let lead_field = |name: &str| journeys.field_at_creation(name).is_some();
    match by.fields() {
        [one] if !lead_field(one.name()) => {
            let fields: Vec<&str> = journeys.leads.field_names().collect();
            value_of(journeys, "by", one.name(), &fields)
        }
        fields => {
            let is_property = |name: &str| name == "channel" || journeys.props.iter().any(|(n, _)| n == name);
            if let Some(f) = fields.iter().find(|f| !lead_field(f.name()) && is_property(f.name())) {
                let problem = "is a property of events and cannot be combined with other fields";
                return Err(Error::option("by", format!("'{}' {problem}", f.name())));
            }
            journeys.groups("by", by).map(ValueOf::Lead)
        }
    }
}

/// A property of events; `fields` are names of lead fields that would do as well.
fn value_of(journeys: &Journeys, option: &'static str, name: &str, fields: &[&str]) -> Result<ValueOf> {
    if let Some(p) = journeys.props.iter().position(|(n, _)| n == name) {
        return Ok(ValueOf::Prop(p));
    }
    let has_channels = !journeys.channels.is_empty();
    if name == "channel" && has_channels {
        return Ok(ValueOf::Channel);
    }
    if name == "channel" && journeys.leads.field(name).is_none() {
        return Err(no_channels(journeys, option, ""));
    }
    let props = journeys.props.iter().map(|(n, _)| n.as_str()).chain(has_channels.then_some("channel"));
    if !fields.is_empty() || option == "by" {
        return Err(Error::unknown("field or property", name, fields.iter().copied().chain(props)));
    }
    let props: Vec<&str> = props.collect();
    if journeys.leads.field(name).is_some() || props.is_empty() {
        let have = if props.is_empty() {
            "and the events have none".to_owned()
        } else {
            format!("such as '{}'", props.join("', '"))
        };
        return Err(Error::option(option, format!("'{name}' is not a property of events, {have}")));
    }
    Err(Error::unknown("property", name, props))
}

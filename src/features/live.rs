//! One lead at a time, for services: events are pushed as they come, and a score has the same bits as batch
//! scoring of the same rows.

use std::collections::HashSet;

use super::batch::{RowView, Run, Working};
use super::cells::Sheet;
use super::plan::{FeaturePlan, JourneyView};
use crate::error::{Error, Result};
use crate::journeys::{CodeSlice, StringTable};
use crate::model::{Fingerprint, LeadModel};
use crate::schema::{Feature, NONE, canonical_id, canonical_text};
use crate::score::{Cell, Scored};
use crate::time::{DAY, Timestamp};

/// An event to push.
#[derive(Debug, Clone, Copy, Default)]
pub struct Event<'a> {
    /// UTC microseconds.
    pub at: i64,
    /// Kind, as in [`crate::schema::Kind::name`]. An event without one is dropped, as in tables.
    pub kind: &'a str,
    /// Channel of the event.
    pub channel: Option<&'a str>,
    /// Values by name.
    pub values: &'a [(&'a str, f64)],
    /// Id of the event; a second event with the same id is dropped. An empty one is none.
    pub id: Option<&'a str>,
}

/// What became of a pushed event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// It counts.
    Used,
    /// An event with its id was pushed before; it was dropped.
    Duplicate,
    /// The model was trained without events of this kind, or it has none; it was dropped.
    UnknownKind,
}

#[derive(Debug, Clone)]
enum FieldValue {
    Number(f64),
    Text(String),
    Time(i64),
}

/// A lead with its history, made by [`LeadModel::lead`].
#[derive(Debug, Clone)]
pub struct LiveLead {
    /// The model that its codes are of.
    model: Fingerprint,
    id: String,
    created: i64,
    at: Vec<i64>,
    kind: Vec<u32>,
    channel: Vec<u32>,
    values: Vec<Vec<f64>>,
    channels: StringTable,
    /// Source and id of events.
    seen: HashSet<(String, String)>,
    fields: Vec<(String, FieldValue)>,
}

impl JourneyView for &LiveLead {
    fn at(&self) -> &[i64] {
        &self.at
    }
    fn kind(&self, i: usize) -> u32 {
        self.kind.get(i).copied().unwrap_or(NONE)
    }
    fn kinds(&self) -> CodeSlice<'_> {
        CodeSlice::U32(&self.kind)
    }
    fn channels(&self) -> CodeSlice<'_> {
        CodeSlice::U32(&self.channel)
    }
    fn channel(&self, i: usize) -> u32 {
        self.channel.get(i).copied().unwrap_or(NONE)
    }
    fn value(&self, value: usize) -> &[f64] {
        self.values.get(value).map_or(&[], Vec::as_slice)
    }
}

/// The cells of one lead.
struct OneRow<'a> {
    numbers: &'a mut [f64],
    codes: &'a mut [u32],
}

impl Sheet for OneRow<'_> {
    fn numbers(&mut self, feature: usize, cells: &[f64]) {
        self.numbers.iter_mut().skip(feature).zip(cells).for_each(|(own, cell)| *own = *cell);
    }

    fn codes(&mut self, feature: usize, cells: &[u32]) {
        self.codes.iter_mut().skip(feature).zip(cells).for_each(|(own, cell)| *own = *cell);
    }
}

/// Working memory for [`LeadModel::score`]; make one per thread and model, and keep it.
#[derive(Debug, Clone)]
pub struct Scratch {
    model: Fingerprint,
    plan: FeaturePlan,
    working: Working,
    /// One per feature; which of the two counts is the feature's.
    numbers: Vec<f64>,
    codes: Vec<u32>,
    /// Contribution of each term to the log-odds, in the order of [`LeadModel::terms`], then of each interaction.
    pub contributions: Vec<f64>,
}

impl LeadModel {
    /// An empty lead.
    #[must_use]
    pub fn lead(&self, id: &str, created: Timestamp) -> LiveLead {
        LiveLead {
            model: self.fingerprint(),
            id: id.to_owned(),
            created: created.0,
            at: Vec::new(),
            kind: Vec::new(),
            channel: Vec::new(),
            values: vec![Vec::new(); self.data().values.len()],
            channels: StringTable::new(),
            seen: HashSet::new(),
            fields: Vec::new(),
        }
    }

    /// Working memory for scoring with this model.
    #[must_use]
    pub fn scratch(&self) -> Scratch {
        let d = self.data();
        let plan =
            FeaturePlan::new(&self.features(), &d.kinds, |k| Some(k.clone()), &d.values, d.daily_cap, &d.calendar_zone);
        let (numbers, codes) = (vec![f64::NAN; plan.ops.len()], vec![NONE; plan.ops.len()]);
        Scratch {
            model: self.fingerprint(),
            plan,
            working: Working::default(),
            numbers,
            codes,
            contributions: Vec::new(),
        }
    }

    /// Scores `lead` as of `now`: events before it are visible. Allocates nothing once `scratch` is warm.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if `now` is before the lead's creation, if lead or scratch were made for another model, or if
    /// a contribution overflows.
    pub fn score(&self, lead: &LiveLead, now: Timestamp, scratch: &mut Scratch) -> Result<Scored> {
        self.fingerprint().check(lead.model, "lead")?;
        self.fingerprint().check(scratch.model, "scratch")?;
        if now.0 < lead.created {
            return Err(Error::option("now", format!("{now} is before the creation of lead '{}'", lead.id)));
        }
        let Scratch { plan, working, numbers, codes, contributions, .. } = scratch;
        let row = RowView { created: lead.created, cutoff: now.0, events: lead.at.len(), known: 0 };
        let run = Run { journey: lead, rows: 1 };
        plan.tile(&[row], &[run], working, &mut OneRow { numbers, codes });
        let cell = |i: usize| match (self.terms().get(i), numbers.get(i), codes.get(i)) {
            (Some(term), Some(number), Some(code)) => match term.feature {
                Feature::Field(_) | Feature::DaysSinceField(_) => lead.field(&term.feature, now.0),
                Feature::Stage => Cell::Text(self.data().kinds.get(*code as usize).map(|k| k.plain.as_str())),
                Feature::FirstChannel | Feature::LastChannel => {
                    Cell::Text((*code != NONE).then(|| lead.channels.get(*code)))
                }
                _ => Cell::Number(*number),
            },
            _ => Cell::Text(None),
        };
        self.score_cells(cell, contributions)
    }

    /// Adds an event to `lead`. A late one (older than the last) is inserted in order, after events of the same instant.
    ///
    /// # Errors
    /// [`Error::NonFinite`] if a value is infinite, [`Error::InvalidOption`] if the lead was made for another model.
    pub fn push(&self, lead: &mut LiveLead, event: Event<'_>) -> Result<Pushed> {
        self.fingerprint().check(lead.model, "lead")?;
        // Texts mean what they mean in tables: see `canonical_text`.
        let Some(kind) = self.event_kind(&canonical_text(event.kind)) else { return Ok(Pushed::UnknownKind) };
        Timestamp(event.at).checked("event.at")?;
        if event.values.iter().any(|(_, v)| v.is_infinite()) {
            return Err(Error::NonFinite { what: format!("values of an event '{}'", event.kind), count: 1 });
        }
        if let Some(id) = event.id.map(canonical_id).filter(|id| !id.is_empty())
            && !lead.seen.insert((
                self.data().kinds.get(kind as usize).map_or_else(String::new, |k| k.source.clone()),
                id.to_owned(),
            ))
        {
            return Ok(Pushed::Duplicate);
        }
        let channel = event.channel.map(canonical_text).filter(|channel| !channel.is_empty());
        let channel = channel.map_or(NONE, |channel| lead.channels.intern(&channel));
        let value = |name: &String| event.values.iter().find(|(n, _)| n == name).map_or(f64::NAN, |(_, v)| *v);
        let values: Vec<f64> = self.data().values.iter().map(value).collect();
        lead.insert(event.at, kind, channel, &values);
        Ok(Pushed::Used)
    }

    /// Adds the entry of a stage.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if the lead was made for another model.
    pub fn stage(&self, lead: &mut LiveLead, stage: &str, at: Timestamp) -> Result<Pushed> {
        self.fingerprint().check(lead.model, "lead")?;
        Ok(match self.stage_kind(&canonical_text(stage)) {
            Some(kind) => {
                let none = vec![f64::NAN; self.data().values.len()];
                lead.insert(at.0, kind, NONE, &none);
                Pushed::Used
            }
            None => Pushed::UnknownKind,
        })
    }

    /// Sets a field to a text; an empty one means no value.
    ///
    /// # Errors
    /// [`Error::UnknownName`] if the model has no such field, [`Error::InvalidOption`] if it is a number there, or if the lead was
    /// made for another model.
    pub fn set_text(&self, lead: &mut LiveLead, field: &str, text: &str) -> Result<()> {
        self.check_field(lead, field, "text", |t| matches!(t.encoder, crate::encoding::Encoder::Category { .. }))?;
        match canonical_text(text).as_ref() {
            "" => lead.fields.retain(|f| f.0 != field),
            text => lead.put(field, FieldValue::Text(text.to_owned())),
        }
        Ok(())
    }

    /// Sets a field to a number.
    ///
    /// # Errors
    /// As [`LeadModel::set_text`]; [`Error::NonFinite`] if it is infinite.
    pub fn set_number(&self, lead: &mut LiveLead, field: &str, number: f64) -> Result<()> {
        if number.is_infinite() {
            return Err(Error::NonFinite { what: format!("field '{field}'"), count: 1 });
        }
        self.check_field(lead, field, "number", |t| {
            matches!(t.encoder, crate::encoding::Encoder::Number { .. }) && matches!(t.feature, Feature::Field(_))
        })?;
        lead.put(field, FieldValue::Number(number));
        Ok(())
    }

    /// Sets a date field.
    ///
    /// # Errors
    /// As [`LeadModel::set_text`].
    pub fn set_time(&self, lead: &mut LiveLead, field: &str, at: Timestamp) -> Result<()> {
        self.check_field(lead, field, "time", |t| matches!(t.feature, Feature::DaysSinceField(_)))?;
        lead.put(field, FieldValue::Time(at.0));
        Ok(())
    }

    fn check_field(
        &self,
        lead: &LiveLead,
        field: &str,
        given: &str,
        fits: impl Fn(&crate::model::Term) -> bool,
    ) -> Result<()> {
        self.fingerprint().check(lead.model, "lead")?;
        let name = |t: &crate::model::Term| match &t.feature {
            Feature::Field(n) | Feature::DaysSinceField(n) => Some(n.clone()),
            _ => None,
        };
        match self.terms().iter().find(|t| name(t).as_deref() == Some(field)) {
            None => {
                let known: Vec<String> = self.terms().iter().filter_map(name).collect();
                Err(Error::unknown("field", field, known.iter().map(String::as_str)))
            }
            Some(t) if !fits(t) => Err(Error::option("field", format!("'{field}' is not a {given} in this model"))),
            Some(_) => Ok(()),
        }
    }
}

impl LiveLead {
    /// Id of the lead.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    fn insert(&mut self, at: i64, kind: u32, channel: u32, values: &[f64]) {
        let place = self.at.partition_point(|t| *t <= at);
        self.at.insert(place, at);
        self.kind.insert(place, kind);
        self.channel.insert(place, channel);
        for (column, v) in self.values.iter_mut().zip(values) {
            column.insert(place, *v);
        }
    }

    fn put(&mut self, field: &str, value: FieldValue) {
        match self.fields.iter_mut().find(|f| f.0 == field) {
            Some(f) => f.1 = value,
            None => self.fields.push((field.to_owned(), value)),
        }
    }

    fn field(&self, feature: &Feature, now: i64) -> Cell<'_> {
        let (Feature::Field(name) | Feature::DaysSinceField(name)) = feature else { return Cell::Text(None) };
        match self.fields.iter().find(|f| f.0 == *name) {
            Some((_, FieldValue::Number(x))) => Cell::Number(*x),
            Some((_, FieldValue::Text(t))) => Cell::Text(Some(t)),
            Some((_, FieldValue::Time(t))) if *t <= now => Cell::Number((now - t) as f64 / DAY as f64),
            _ => Cell::Text(None),
        }
    }
}

//! Stages that mean won or lost but have no time.

use std::collections::{HashMap, HashSet};

use super::entries::StageEntry;
use crate::config::{StagesSpec, Undated};
use crate::counted::counted;
use crate::error::{Error, Result};
use crate::frames::dictionaries::Dictionaries;
use crate::journeys::{Rows, TableCheck};
use crate::time::NO_TIME;

/// Rows of one table whose stage is reached at a time that other rows say.
#[derive(Debug)]
pub(in crate::frames) struct UndatedRows {
    rule: Undated,
    /// Position of the audit of its table.
    audit: usize,
    /// Numbers of the rows in the table.
    numbers: Vec<u32>,
    lead: Vec<u32>,
    order: Vec<u32>,
    /// Which values of order columns that is of.
    ordered: Option<u32>,
    kind: Vec<u32>,
    deal: Vec<u32>,
    amount: Vec<f64>,
    /// Hashes of ids.
    ids: Vec<Option<u128>>,
    pub(in crate::frames) props: Vec<(usize, Vec<u32>)>,
}

/// Last time of each lead's deal, and the stages it has then.
pub(in crate::frames) type LastTimes = HashMap<(u32, u32), (i64, Vec<u32>)>;

/// Adds the times of rows to the last of their deals.
pub(in crate::frames) fn note_times(rows: &Rows, last: &mut LastTimes) {
    let Some((deals, _)) = &rows.stage else { return };
    for (((lead, deal), at), kind) in rows.lead.iter().zip(deals).zip(&rows.at).zip(&rows.kind) {
        note_time(last, (*lead, *deal), *at, *kind);
    }
}

/// Adds the time of a stage to the last of its deal.
pub(in crate::frames) fn note_time(last: &mut LastTimes, deal: (u32, u32), at: i64, kind: u32) {
    let (known, kinds) = last.entry(deal).or_insert_with(|| (at, Vec::with_capacity(1)));
    if at > *known {
        *known = at;
        kinds.clear();
    }
    if at == *known && !kinds.contains(&kind) {
        kinds.push(kind);
    }
}

impl UndatedRows {
    pub(in crate::frames) fn new(rule: Undated) -> Self {
        Self {
            rule,
            audit: 0,
            numbers: Vec::new(),
            lead: Vec::new(),
            order: Vec::new(),
            ordered: None,
            kind: Vec::new(),
            deal: Vec::new(),
            amount: Vec::new(),
            ids: Vec::new(),
            props: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, lead: u32, entry: &StageEntry) {
        self.numbers.push(entry.row);
        self.lead.push(lead);
        self.order.push(entry.order);
        self.kind.push(entry.kind);
        self.deal.push(entry.deal);
        self.amount.push(entry.amount);
        self.ids.push(entry.id);
    }

    pub(in crate::frames) fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// Numbers of the rows in the table.
    pub(in crate::frames) fn rows(&self) -> &[u32] {
        &self.numbers
    }

    /// Says which audit counts the rows.
    pub(in crate::frames) fn counted_by(mut self, audit: usize) -> Self {
        self.audit = audit;
        self
    }

    /// Says which values of order columns the rows have.
    pub(in crate::frames) fn ordered_by(mut self, ordered: Option<u32>) -> Self {
        self.ordered = ordered;
        self
    }

    /// The rows, if there are any.
    ///
    /// # Errors
    /// [`Error::Schema`] if the table is to be refused for them.
    pub(in crate::frames) fn checked(self, spec: &StagesSpec, audit: &TableCheck) -> Result<Option<Self>> {
        if self.is_empty() {
            return Ok(None);
        }
        if self.rule == Undated::Error {
            let column = match &spec.at {
                crate::config::At::Column(column) => Some(column.as_str()),
                crate::config::At::Columns(_) => None,
            };
            // A row of several leads is one row.
            let rows: HashSet<u32> = self.numbers.iter().copied().collect();
            let problem = format!(
                "{} won or lost without a time; fill in the times, or set undated=\"drop\", \"last\" or \"end\"",
                counted(rows.len(), "row is", "rows are")
            );
            return Err(Error::schema(&audit.table, column, problem));
        }
        Ok(Some(self))
    }

    /// The rows with their times. Rows of deals without any time are left out and counted. Rows dated by a day are
    /// known to the day.
    pub(in crate::frames) fn dated(
        self,
        last: &LastTimes,
        until: i64,
        dict: &mut Dictionaries,
        audits: &mut [TableCheck],
    ) -> Rows {
        let mut days = HashMap::new();
        let times: Vec<Option<i64>> = match self.rule {
            Undated::End => vec![(until != NO_TIME).then(|| until - 1); self.lead.len()],
            _ => {
                let deals = self.lead.iter().zip(&self.deal).zip(&self.kind);
                let time = deals.map(|((lead, deal), kind)| {
                    let (at, kinds) = last.get(&(*lead, *deal))?;
                    let date = dict.days.dates.get(at).filter(|_| kinds.iter().any(|k| dict.days.kinds.contains(k)));
                    days.extend(date.map(|date| ((*kind, *at), *date)));
                    Some(*at)
                });
                time.collect()
            }
        };
        for (kind, at) in self.kind.iter().zip(&times) {
            if let Some(at) = at {
                dict.saw(*kind, *at, days.get(&(*kind, *at)).copied());
            }
        }
        self.count(&times, dict, audits);
        let keep: Vec<bool> = times.iter().map(Option::is_some).collect();
        let mut rows = Rows {
            at: times.into_iter().map(|at| at.unwrap_or(NO_TIME)).collect(),
            channel: vec![crate::schema::NONE; self.lead.len()],
            lead: self.lead,
            order: self.order,
            ordered: self.ordered,
            kind: self.kind,
            props: self.props,
            stage: Some((self.deal, self.amount)),
            ..Rows::default()
        };
        rows.retain(&keep);
        rows
    }

    /// Counts what became of the rows: a row of several leads is one, left out if it has a time for none of them.
    fn count(&self, times: &[Option<i64>], dict: &mut Dictionaries, audits: &mut [TableCheck]) {
        let Some(audit) = audits.get_mut(self.audit) else { return };
        let dated = match self.rule {
            Undated::End => "won or lost without a time; dated just before the end of observation",
            _ => "won or lost without a time; dated like the last row of the deal",
        };
        let each: Vec<(u32, Option<i64>, Option<u128>)> =
            self.numbers.iter().zip(times).zip(&self.ids).map(|((row, at), id)| (*row, *at, *id)).collect();
        for leads in each.chunk_by(|a, b| a.0 == b.0) {
            let missing = leads.iter().filter(|(_, at, _)| at.is_none()).count();
            if missing < leads.len() {
                audit.note(dated, 1);
                audit.note("missing time for one of several leads; left out for that lead", missing);
                continue;
            }
            audit.used = audit.used.saturating_sub(1);
            for (row, _, id) in leads.iter().take(1) {
                let why = "won or lost without a time, as are all other rows of the deal";
                audit.quarantine(why, *row as usize, String::new);
                // It may be delivered again, with a time.
                id.iter().for_each(|id| {
                    dict.event_ids.remove(id);
                });
            }
        }
    }
}

//! Stages that mean won or lost but have no time.

use std::collections::HashMap;

use super::config::{StagesSpec, Undated};
use crate::error::{Error, Result};
use crate::journeys::{Rows, TableAudit};
use crate::time::NO_TIME;

/// Rows of one table whose stage is reached at a time that other rows say.
#[derive(Debug)]
pub(super) struct UndatedRows {
    rule: Undated,
    table: String,
    /// Numbers of the rows in the table.
    numbers: Vec<u32>,
    lead: Vec<u32>,
    order: Vec<u32>,
    kind: Vec<u32>,
    deal: Vec<u32>,
    amount: Vec<f64>,
    pub(super) props: Vec<(usize, Vec<u32>)>,
}

/// Last time of each lead's deal.
pub(super) type LastTimes = HashMap<(u32, u32), i64>;

/// Adds the times of rows to the last of their deals.
pub(super) fn note_times(rows: &Rows, last: &mut LastTimes) {
    let Some((deals, _)) = &rows.stage else { return };
    for ((lead, deal), at) in rows.lead.iter().zip(deals).zip(&rows.at) {
        let known = last.entry((*lead, *deal)).or_insert(*at);
        *known = (*known).max(*at);
    }
}

impl UndatedRows {
    pub(super) fn new(table: &str, rule: Undated) -> Self {
        Self {
            rule,
            table: table.to_owned(),
            numbers: Vec::new(),
            lead: Vec::new(),
            order: Vec::new(),
            kind: Vec::new(),
            deal: Vec::new(),
            amount: Vec::new(),
            props: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, row: usize, lead: u32, order: u32, kind: u32, deal: u32, amount: f64) {
        self.numbers.push(row as u32);
        self.lead.push(lead);
        self.order.push(order);
        self.kind.push(kind);
        self.deal.push(deal);
        self.amount.push(amount);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// Numbers of the rows in the table.
    pub(super) fn rows(&self) -> &[u32] {
        &self.numbers
    }

    /// The rows, if there are any.
    ///
    /// # Errors
    /// [`Error::Schema`] if the table is to be refused for them.
    pub(super) fn checked(self, spec: &StagesSpec, audit: &mut TableAudit) -> Result<Option<Self>> {
        let n = self.numbers.len();
        if n == 0 {
            return Ok(None);
        }
        match self.rule {
            Undated::Error => {
                let column = match &spec.at {
                    super::config::At::Column(column) => Some(column.as_str()),
                    super::config::At::Columns(_) => None,
                };
                let problem = format!(
                    "{n} rows are won or lost without a time; set undated=\"drop\", \"last\" or \"end\", or complete them"
                );
                return Err(Error::schema(&audit.table, column, problem));
            }
            Undated::Last => audit.note("won or lost without a time: dated as the last row of their deal", n),
            Undated::End => audit.note("won or lost without a time: dated just before the end of observation", n),
            Undated::Drop => {}
        }
        Ok(Some(self))
    }

    /// The rows with their times. Those of deals without any time are left out, and counted.
    pub(super) fn dated(self, last: &LastTimes, until: i64, audits: &mut [TableAudit]) -> Rows {
        let time = |(lead, deal): (&u32, &u32)| match self.rule {
            Undated::End => (until != NO_TIME).then(|| until - 1),
            _ => last.get(&(*lead, *deal)).copied(),
        };
        let times: Vec<Option<i64>> = self.lead.iter().zip(&self.deal).map(time).collect();
        let audit = audits.iter_mut().find(|a| a.role == "stages" && a.table == self.table);
        if let Some(audit) = audit {
            for (row, _) in self.numbers.iter().zip(&times).filter(|(_, at)| at.is_none()) {
                audit.used = audit.used.saturating_sub(1);
                audit.quarantine(
                    "won or lost without a time, and no other row of the deal has one",
                    *row as usize,
                    String::new,
                );
            }
        }
        let keep: Vec<bool> = times.iter().map(Option::is_some).collect();
        let mut rows = Rows {
            at: times.into_iter().map(|at| at.unwrap_or(NO_TIME)).collect(),
            channel: vec![crate::design::NONE; self.lead.len()],
            lead: self.lead,
            order: self.order,
            kind: self.kind,
            props: self.props,
            stage: Some((self.deal, self.amount)),
            ..Rows::default()
        };
        rows.retain(&keep);
        rows
    }
}

//! Entries of stages.

use crate::journeys::Rows;

/// A row that says which deal entered which stage.
#[derive(Debug, Clone, Copy)]
pub(super) struct StageEntry {
    pub(super) row: u32,
    pub(super) order: u32,
    pub(super) kind: u32,
    pub(super) deal: u32,
    pub(super) amount: f64,
    /// Hash of the row's id.
    pub(super) id: Option<u128>,
}

/// Entries with a time: one per row and lead.
#[derive(Default)]
pub(super) struct Entries {
    pub(super) rows: Rows,
    pub(super) deals: Vec<u32>,
    pub(super) amounts: Vec<f64>,
    /// Row of each entry in the table.
    pub(super) used: Vec<u32>,
}

impl Entries {
    pub(super) fn push(&mut self, lead: u32, at: i64, entry: &StageEntry) {
        self.rows.lead.push(lead);
        self.rows.at.push(at);
        self.rows.order.push(entry.order);
        self.rows.kind.push(entry.kind);
        self.deals.push(entry.deal);
        self.amounts.push(entry.amount);
        self.used.push(entry.row);
    }
}

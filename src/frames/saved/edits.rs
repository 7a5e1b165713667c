//! Edits of stage entries of saved journeys.

use polars::prelude::*;

use super::open::Reader;
use super::save::Writer;
use crate::error::Result;
use crate::journeys::{Edits, StageLog};
use crate::schema::NONE;

const FILE: &str = "edits.arrow";

impl Writer<'_> {
    pub(super) fn edits(&mut self, edits: &Edits) -> Result<()> {
        let mut columns = vec![
            Column::new("entry".into(), &edits.entry),
            Column::new("after".into(), &edits.after),
            Column::new("at".into(), &edits.at),
            Column::new("amount".into(), &edits.amount),
        ];
        if edits.order.iter().any(|code| *code != NONE) {
            columns.push(Column::new("order".into(), &edits.order));
        }
        columns.extend(edits.props.iter().map(|(p, codes)| Column::new(format!("prop{p}").into(), codes)));
        self.file(FILE, columns)
    }
}

impl Reader {
    /// The edits of the entries of `log`, of journeys with so many properties.
    pub(super) fn edits(&self, log: &StageLog, props: usize) -> Result<Edits> {
        let table = self.frame(FILE)?;
        let mut edits = Edits {
            entry: self.numbers::<UInt32Type>(FILE, &table, "entry")?,
            after: self.numbers::<UInt32Type>(FILE, &table, "after")?,
            at: self.numbers::<Int64Type>(FILE, &table, "at")?,
            amount: self.numbers::<Float64Type>(FILE, &table, "amount")?,
            order: vec![NONE; table.height()],
            props: Vec::new(),
        };
        if table.get_column_index("order").is_some() {
            edits.order = self.numbers::<UInt32Type>(FILE, &table, "order")?;
        }
        for prop in 0..props {
            let name = format!("prop{prop}");
            if table.get_column_index(&name).is_some() {
                edits.props.push((prop, self.numbers::<UInt32Type>(FILE, &table, &name)?));
            }
        }
        let known = |entry: &u32| (*entry as usize) < log.position.len();
        if !edits.entry.is_sorted() || !edits.entry.iter().chain(&edits.after).all(known) {
            return Err(self.damaged(FILE, "an edit belongs to none of the stage entries"));
        }
        Ok(edits)
    }
}

//! Leads of saved journeys.

use polars::prelude::*;

use super::Meta;
use super::open::{Reader, SavedTexts};
use crate::error::Result;
use crate::journeys::{Field, FieldHistory, Leads, StringTable};

impl Reader {
    pub(super) fn leads(&self, meta: &Meta, dictionaries: &mut SavedTexts) -> Result<Leads> {
        const FILE: &str = "leads.arrow";
        let table = self.frame(FILE)?;
        let has = |name: &str| table.get_column_index(name).is_some();
        let mut coded = |name: &str| -> Result<Option<(Vec<u32>, StringTable)>> {
            if !has(name) {
                return Ok(None);
            }
            Ok(Some((self.numbers::<UInt32Type>(FILE, &table, name)?, dictionaries.texts(name))))
        };
        let (account, owner) = (coded("account")?, coded("owner")?);
        let outcome = if has("outcome") {
            let column = table.column("outcome").map_err(|e| self.damaged(FILE, e))?;
            Some(column.bool().map_err(|e| self.damaged(FILE, e))?.iter().collect())
        } else {
            None
        };
        let mut leads = Leads {
            ids: StringTable::of_distinct(self.texts(&table, FILE, "id")?.into_iter()),
            created: self.numbers::<Int64Type>(FILE, &table, "created")?,
            source_row: self.numbers::<UInt32Type>(FILE, &table, "source_row")?,
            order: has("order").then(|| self.numbers::<UInt32Type>(FILE, &table, "order")).transpose()?,
            account,
            owner,
            outcome,
            zones: meta.field_zones.clone(),
            withheld: meta.withheld.clone(),
            normalize: meta.normalize,
            ..Leads::default()
        };
        for (i, field) in meta.fields.iter().enumerate() {
            let column = self.values(FILE, &table, &format!("field{i}"), dictionaries)?;
            let made = Field { name: field.name.clone(), column, asked: field.asked };
            if field.hidden { leads.hidden.push(made) } else { leads.fields.push(made) }
        }
        for (i, name) in meta.histories.iter().enumerate() {
            let file = format!("history{i}.arrow");
            let table = self.frame(&file)?;
            let starts = format!("history{i}_offsets.arrow");
            let offsets = self.offsets(&starts, &self.frame(&starts)?, "start", leads.len(), table.height())?;
            leads.histories.push(FieldHistory {
                name: name.clone(),
                offsets: offsets.to_vec(),
                valid_from: self.numbers::<Int64Type>(&file, &table, "valid_from")?,
                valid_to: self.numbers::<Int64Type>(&file, &table, "valid_to")?,
                values: self.values(&file, &table, &format!("history{i}"), dictionaries)?,
            });
        }
        Ok(leads)
    }
}

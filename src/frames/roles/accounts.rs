//! The table of accounts: its fields become fields of their leads.

use std::collections::HashMap;

use crate::config::{AccountsSpec, DayMeans};
use crate::error::{Error, Result};
use crate::frames::columns::field::FieldReader;
use crate::frames::columns::order::order_ranks;
use crate::frames::columns::text::TextColumn;
use crate::frames::columns::time::TimeReader;
use crate::frames::files::catalog::Tables;
use crate::journeys::{Field, Leads, StringTable as Ids, TableCheck, normalized};
use crate::schema::NONE;
use crate::time::Zone;

/// Reads the accounts and adds their fields to the leads; fields in `include`, as `account.field`, are not withheld.
pub(in crate::frames) fn join_accounts(
    spec: &AccountsSpec,
    include: &[String],
    leads: &mut Leads,
    tables: &mut Tables,
    zone: &Zone,
) -> Result<TableCheck> {
    let table = tables.get(&spec.table)?;
    let mut audit = TableCheck::new(&table.name, "accounts", table.rows());
    audit.remarks.extend(table.remarks.iter().cloned());
    let normalize = spec.common.normalize.or(leads.normalize);
    // Two forms of one id are one account.
    if normalize.is_some()
        && let Some((codes, accounts)) = leads.account.take()
    {
        let mut own = Ids::new();
        let form = |id| normalized(id, normalize).map_or(NONE, |id| own.intern(&id));
        let places: Vec<u32> = accounts.iter().map(form).collect();
        let codes = codes.iter().map(|code| places.get(*code as usize).copied().unwrap_or(NONE)).collect();
        leads.account = Some((codes, own));
    }
    let Some((codes, accounts)) = &leads.account else {
        return Err(Error::schema(
            &table.name,
            None,
            "a table of accounts needs the account of each lead; set Leads(account=…)",
        ));
    };
    let keep = crate::frames::columns::where_clause::keep(&table, &spec.common, zone)?;
    let times = TimeReader { table: &table, common: &spec.common, zone, day: DayMeans::Start };
    let order = spec.common.order.as_ref();
    let ranks = order.map(|column| order_ranks(&times, column)).transpose()?;
    let rank = |row: u32| ranks.as_ref().and_then(|r| r.get(row as usize)).copied().unwrap_or(0);
    let by = order.map(|column| format!(" by '{column}'")).unwrap_or_default();
    let again = format!("duplicate account id; the first row{by} was kept");
    let mut row_of: HashMap<String, u32> = HashMap::new();
    let ids = TextColumn::ids(&table, &spec.id, &spec.common.nulls)?;
    ids.each(|row, text| {
        if keep.get(row) != Some(&true) {
            audit.filtered += 1;
            return;
        }
        let id = text.and_then(|id| normalized(id, normalize));
        match id.as_deref() {
            None => audit.quarantine(ids.no_id(row, "null account id"), row, || ids.at(row)),
            Some(id) => match row_of.get_mut(id) {
                Some(kept) => {
                    let (new, old) = (rank(row as u32), rank(*kept));
                    // A row whose place in the order is not known is kept only if all are like that.
                    let is_first = new != 0 && (old == 0 || new < old);
                    let other = if is_first { std::mem::replace(kept, row as u32) } else { row as u32 };
                    audit.quarantine(&again, other as usize, || id.to_owned());
                }
                None => {
                    audit.used += 1;
                    row_of.insert(id.to_owned(), row as u32);
                }
            },
        }
    });
    let by_account: Vec<u32> = accounts.iter().map(|id| row_of.get(id).copied().unwrap_or(NONE)).collect();
    let rows: Vec<u32> = codes.iter().map(|a| by_account.get(*a as usize).copied().unwrap_or(NONE)).collect();
    let unmatched = codes.iter().zip(&rows).filter(|(a, r)| **a != NONE && **r == NONE).count();
    audit.note("leads with an account that is not in this table", unmatched);
    audit.looked_up("accounts of leads", (unmatched, codes.iter().filter(|code| **code != NONE).count()));
    let names =
        spec.fields.clone().unwrap_or_else(|| table.field_names().into_iter().filter(|n| *n != spec.id).collect());
    let (common, asked) = (&spec.common, spec.fields.is_some());
    let reader = FieldReader { table: &table, common, zone, categories: &spec.categories, asked };
    let own_zone = reader.common.own_zone()?;
    let mut fields = Vec::new();
    for name in names {
        let column = reader.column(&name, &mut audit)?.take(&rows);
        if column.missing() < column.len() {
            let name = format!("account.{name}");
            leads.zones.extend(own_zone.clone().map(|zone| (name.clone(), zone)));
            fields.push(Field { asked: asked || include.contains(&name), name, column });
        }
    }
    leads.fields.extend(fields);
    Ok(audit)
}

//! Rows of all tables of events and stages, added to the index.

use super::events::EventsReader;
use super::reading::Reading;
use super::stages::read_stages;
use super::stages::undated::{LastTimes, UndatedRows, note_times};
use crate::config::{Common, EventsSpec, StagesSpec, Undated, place_of, within};
use crate::error::Result;
use crate::frames::columns::order::add_orders;
use crate::frames::dictionaries::Dictionaries;
use crate::frames::extent::{Ends, Extent, TableRole, starts};
use crate::frames::files::catalog::Tables;
use crate::journeys::{IndexBuilder, StageOrder, TableCheck};
use crate::time::Zone;

/// Facts about the tables that were read.
#[derive(Default)]
pub(in crate::frames) struct RowsReading {
    pub(in crate::frames) audits: Vec<TableCheck>,
    pub(in crate::frames) ends: Ends,
    undated: Vec<UndatedRows>,
    /// Last times of deals.
    pub(in crate::frames) last: LastTimes,
}

/// What orders stages of one instant, given what tables say.
pub(in crate::frames) fn stage_order(events: &[EventsSpec], stages: &[StagesSpec]) -> StageOrder {
    let shared = |s: &StagesSpec| events.iter().any(|e| e.table == s.table && e.common.order == s.common.order);
    let ordered = || stages.iter().filter(|s| s.common.order.is_some());
    if ordered().next().is_none() {
        StageOrder::Pipeline
    } else if ordered().all(shared) && ordered().count() == stages.len() {
        StageOrder::Shared
    } else {
        StageOrder::Column
    }
}

impl RowsReading {
    /// Reads the rows of all tables of events and stages.
    pub(in crate::frames) fn roles(
        &mut self,
        (events, stages): (&[EventsSpec], &[StagesSpec]),
        reading: &Reading<'_>,
        dict: &mut Dictionaries,
        tables: &mut Tables,
        index: &mut IndexBuilder,
    ) -> Result<()> {
        let Reading { zone, task, .. } = *reading;
        task.begin("reading tables", events.len() + stages.len());
        let alone = events.len() + stages.len() == 1 && index.is_empty();
        let reader = EventsReader { reading, alone };
        for (i, spec) in events.iter().enumerate() {
            task.check()?;
            let read = reader.read(spec, dict, tables, index);
            let place = place_of("events", i, events.len());
            let (audit, extent) = read.map_err(|e| within::<EventsSpec>(e, &place))?;
            self.saw(TableRole::Events, &spec.common, &audit, &spec.table, extent, zone)?;
            self.audits.push(audit);
            task.advance(1);
        }
        let dates_by_last = stages.iter().any(|s| s.undated == Undated::Last);
        for (i, spec) in stages.iter().enumerate() {
            task.check()?;
            let read = read_stages(spec, reading, dict, tables);
            let read = read.map_err(|e| within::<StagesSpec>(e, &place_of("stages", i, stages.len())))?;
            self.saw(TableRole::Stages, &spec.common, &read.audit, &spec.table, read.extent, zone)?;
            let column = spec.common.order.as_deref();
            let ordered = read.orders.map(|values| add_orders(index, values, &read.audit.table, column)).transpose()?;
            for mut rows in read.rows {
                rows.ordered = ordered;
                if dates_by_last {
                    note_times(&rows, &mut self.last);
                }
                index.push_rows(&rows)?;
            }
            self.undated.extend(read.undated.map(|rows| rows.counted_by(self.audits.len()).ordered_by(ordered)));
            self.audits.push(read.audit);
            task.advance(1);
        }
        Ok(())
    }

    /// Notes how far a table goes; `zone` is that of the journeys.
    ///
    /// # Errors
    /// [`crate::Error::InvalidOption`] for an unknown zone of the table.
    pub(in crate::frames) fn saw(
        &mut self,
        role: TableRole,
        common: &Common,
        audit: &TableCheck,
        key: &str,
        extent: Extent,
        zone: &Zone,
    ) -> Result<()> {
        let own = common.timezone.as_ref().map(|name| Zone::new(name)).transpose()?;
        let days = starts(common, role) && !audit.days.is_empty();
        self.ends.add(role, key, &audit.table, extent, days.then_some(own.as_ref().unwrap_or(zone)));
        Ok(())
    }

    /// Adds the rows that have no time of their own.
    pub(in crate::frames) fn add_undated(
        &mut self,
        until: i64,
        dict: &mut Dictionaries,
        index: &mut IndexBuilder,
    ) -> Result<()> {
        for undated in std::mem::take(&mut self.undated) {
            index.push_rows(&undated.dated(&self.last, until, dict, &mut self.audits))?;
        }
        Ok(())
    }
}

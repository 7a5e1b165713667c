//! What only a whole column of times can say of how it is read: its format, and whether it has days or points in time.

use polars::prelude::*;
use rayon::prelude::*;

use super::{Decided, TimeReader, micros, to_time_unit};
use crate::error::{Error, Result};
use crate::frames::columns::text::TextColumn;
use crate::frames::files::table::Table;
use crate::time::{DAY, Decimal, Detected, Detector, Grain, Grains, TimeFormat, TimeUnit as EpochUnit, glance, grain};

/// What the texts of a part of a column show.
#[derive(Default)]
struct SeenForms {
    detector: Detector,
    grains: Grains,
    /// Whether all are numbers other than dates.
    epochs: bool,
    example: Option<String>,
}

impl TimeReader<'_> {
    /// Looks at all parts of `column` for what decides how it is read; at no more of them than needed.
    ///
    /// # Errors
    /// [`Error::Schema`] if the column is missing, or has texts whose order of day and month is not decided or that are
    /// numbers without a unit.
    pub(in crate::frames) fn decide<P: Sync>(
        &self,
        column: &str,
        parts: &[P],
        read: impl Fn(&P) -> Result<Table> + Sync,
    ) -> Result<Decided> {
        let mut decided = Decided::default();
        let stated = self.common.time_format.clone().map(TimeFormat::Pattern);
        match self.table.dtype(column)? {
            DataType::Datetime(unit, None) => {
                decided.midnights = self.all_midnights(column, unit, parts, read)?;
            }
            DataType::String | DataType::Categorical(..) | DataType::Enum(..) if self.common.unit.is_none() => {
                let seen = self.look(column, stated.as_ref(), parts, read)?;
                decided.midnights = seen.grains.midnights_are_days();
                decided.format = Some(match stated {
                    Some(format) => format,
                    None => self.format(column, &seen, &mut decided.remarks)?,
                });
            }
            // Numbers such as 20240105.
            t if t.is_primitive_numeric() && stated.is_some() => {
                decided.midnights = self.look(column, stated.as_ref(), parts, read)?.grains.midnights_are_days();
                decided.format = stated;
            }
            t if (t.is_primitive_numeric() || t.is_decimal()) && self.common.unit.is_none() => {
                let first = parts.first().map(read).transpose()?;
                let texts = first.map(|first| TextColumn::as_written(&first, column, &[])).transpose()?;
                let example = texts.and_then(|texts| texts.collect().into_iter().flatten().next());
                return Err(self.no_unit(column, example.as_deref()));
            }
            _ => {}
        }
        Ok(decided)
    }

    /// Numbers without a unit: names the one they seem to have.
    pub(super) fn no_unit(&self, column: &str, example: Option<&str>) -> Error {
        let likely = example.and_then(Decimal::parse).and_then(EpochUnit::likely);
        let is_date = |e: &str| grain(e, &TimeFormat::Iso) == Some(Grain::Day);
        let hint = match (example, likely) {
            (Some(example), Some(unit)) => format!("; {example} looks like unit='{}'", unit.name()),
            (Some(example), None) if is_date(example) => {
                format!("; {example} looks like time_format='%Y%m%d'")
            }
            _ => String::new(),
        };
        self.bad(column, format!("numeric times need unit='s', 'ms', 'us' or 'ns'{hint}"))
    }

    fn all_midnights<P>(
        &self,
        column: &str,
        unit: TimeUnit,
        parts: &[P],
        read: impl Fn(&P) -> Result<Table>,
    ) -> Result<bool> {
        let mut grains = Grains::default();
        for part in parts {
            let physical = read(part)?.column(column)?.to_physical_repr().into_owned();
            let ticks = physical.i64().map_err(|e| self.bad(column, e.to_string()))?;
            for t in ticks.iter().flatten().filter_map(|t| micros(t, unit)) {
                grains.add(if t % DAY == 0 { Grain::Midnight(t) } else { Grain::Time });
                if grains.has_times() {
                    return Ok(false);
                }
            }
        }
        Ok(grains.midnights_are_days())
    }

    fn look<P: Sync>(
        &self,
        column: &str,
        stated: Option<&TimeFormat>,
        parts: &[P],
        read: impl Fn(&P) -> Result<Table> + Sync,
    ) -> Result<SeenForms> {
        let look = |part: &P| {
            let mut seen = SeenForms { epochs: true, ..SeenForms::default() };
            let texts = TextColumn::as_written(&read(part)?, column, &self.common.nulls)?;
            let (epochs, example) = (&mut seen.epochs, &mut seen.example);
            let look = |text: &str| {
                *epochs = *epochs && text.len() != 8 && Decimal::parse(text).is_some();
                example.get_or_insert_with(|| text.to_owned());
                match stated {
                    Some(format) => (None, grain(text, format)),
                    None => {
                        let (looks, grain) = glance(text);
                        (Some(looks), grain)
                    }
                }
            };
            let (detector, grains) = (&mut seen.detector, &mut seen.grains);
            texts.each_read(look, |_, shown| {
                let Some((looks, grain)) = shown else { return };
                looks.into_iter().for_each(|looks| detector.add(looks));
                grain.into_iter().for_each(|grain| grains.add(grain));
            });
            Ok(seen)
        };
        let parts: Vec<SeenForms> = parts.par_iter().map(look).collect::<Result<_>>()?;
        let mut all = SeenForms { epochs: true, ..SeenForms::default() };
        for part in parts {
            all.detector.merge(part.detector);
            all.grains.merge(part.grains);
            all.epochs &= part.epochs;
            all.example = all.example.or(part.example);
        }
        Ok(all)
    }

    /// The format of a column of texts without a stated one.
    fn format(&self, column: &str, seen: &SeenForms, remarks: &mut Vec<String>) -> Result<TimeFormat> {
        if seen.epochs && seen.example.is_some() {
            return Err(self.no_unit(column, seen.example.as_deref()));
        }
        match seen.detector.decide() {
            Detected::Format(format) => {
                if format != TimeFormat::Iso {
                    let name = format.name();
                    remarks.push(format!("'{column}' is read as {name}, the only order that fits all values"));
                }
                Ok(format)
            }
            Detected::Empty => Ok(TimeFormat::Iso),
            Detected::Ambiguous => {
                let example = seen.example.as_deref().unwrap_or_default();
                Err(self.bad(
                    column,
                    format!(
                        "'{example}' can be day-month or month-day, and the other values do not decide; set time_format='%d-%m-%Y …' or '%m-%d-%Y …'"
                    ),
                ))
            }
            Detected::Contradictory => {
                Err(self.bad(column, "some values can only be day-month, others only month-day; set time_format="))
            }
        }
    }

    /// Refuses a column of which the stated unit is plainly not the right one.
    pub(super) fn check_unit(&self, column: &str, epochs: &super::column::Epochs) -> Result<()> {
        let (Some(stated), Some(likely)) = (self.common.unit, epochs.likely_unit()) else { return Ok(()) };
        let ahead = stated.place() < likely.place();
        let where_to = if ahead { "thousands of years ahead" } else { "in 1970" };
        Err(self.bad(
            column,
            format!(
                "with unit='{}' all values ({}) lie {where_to}; set unit='{}'",
                stated.name(),
                epochs.seen,
                likely.name()
            ),
        ))
    }

    /// What to say of points in time that some other program read with the wrong unit.
    pub(super) fn doubtful_unit(&self, column: &str, epochs: &super::column::Epochs) -> Option<String> {
        let DataType::Datetime(unit, _) = self.table.dtype(column).ok()? else { return None };
        let (stated, likely) = (to_time_unit(unit), epochs.likely_unit()?);
        Some(format!(
            "all values of '{column}' lie near 1970 or thousands of years ahead; epoch numbers in {} were probably converted as {}",
            likely.name(),
            stated.name()
        ))
    }
}

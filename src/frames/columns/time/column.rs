//! A column of times that is read, and what its cells were like.

use std::collections::BTreeMap;

use crate::time::{Decimal, NO_TIME, TimeUnit, in_range, is_expected};

/// A time cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::frames) enum TimeCell {
    /// No value.
    Null,
    /// UTC microseconds.
    At(i64),
    /// A value that cannot be read as a time, and why.
    Bad(&'static str),
}

/// A time cell as it is read.
#[derive(Debug, Clone, Copy)]
pub(super) enum ReadCell {
    /// Nothing, a point in time, or no time.
    Time(TimeCell),
    /// A calendar day: the instant that stands for it, and the day, days since 1970.
    Day(i64, i64),
}

impl From<TimeCell> for ReadCell {
    fn from(cell: TimeCell) -> Self {
        Self::Time(cell)
    }
}

/// Which values of a column are calendar days.
#[derive(Debug, Clone, Default)]
pub(in crate::frames) struct DayCells {
    /// The instants that stand for days, and the days, days since 1970.
    pub(in crate::frames) dates: BTreeMap<i64, i64>,
    /// Whether some value is a point in time.
    pub(in crate::frames) has_times: bool,
    /// Of a column of both: which rows are days.
    rows: Vec<bool>,
}

impl DayCells {
    /// Whether some value is a day.
    pub(in crate::frames) fn has_days(&self) -> bool {
        !self.dates.is_empty()
    }

    /// Whether the value of `row` is a day.
    pub(in crate::frames) fn is_day(&self, row: usize) -> bool {
        if self.rows.is_empty() { self.has_days() } else { self.rows.get(row) == Some(&true) }
    }

    fn is_mixed(&self) -> bool {
        self.has_times && self.has_days()
    }

    /// Adds the value of a row after `before` others.
    fn push(&mut self, day: Option<(i64, i64)>, before: usize) {
        let (had_days, mixed) = (self.has_days(), self.is_mixed());
        match day {
            // Rows of one day often follow each other.
            Some((at, date)) if self.dates.last_key_value() != Some((&at, &date)) => {
                self.dates.insert(at, date);
            }
            Some(_) => {}
            None => self.has_times = true,
        }
        if !mixed && self.is_mixed() {
            self.rows = vec![had_days; before];
        }
        if self.is_mixed() {
            self.rows.push(day.is_some());
        }
    }

    /// Adds what other rows of the column are, but not which of them are days.
    pub(in crate::frames) fn merge(&mut self, mut later: Self) {
        self.has_times |= later.has_times;
        self.dates.append(&mut later.dates);
    }

    /// Appends a later part of `later_len` rows to these `len` rows.
    fn append(&mut self, mut later: Self, len: usize, later_len: usize) {
        let mixed = self.has_times || later.has_times;
        if mixed && (self.has_days() || later.has_days()) {
            let all = |cells: &mut Self, len: usize| {
                if cells.rows.is_empty() { vec![cells.has_days(); len] } else { std::mem::take(&mut cells.rows) }
            };
            let mut rows = all(self, len);
            rows.append(&mut all(&mut later, later_len));
            self.rows = rows;
        }
        self.has_times |= later.has_times;
        self.dates.append(&mut later.dates);
    }
}

/// A column of times, read; 8 bytes a row.
pub(in crate::frames) struct TimeColumn {
    /// UTC microseconds; numbers below the earliest time are [`NO_TIME`], then the places in `reasons`.
    packed: Vec<i64>,
    reasons: Vec<&'static str>,
    /// What its cells were like.
    pub(in crate::frames) tally: Tally,
    /// Which of its values are calendar days, not points in time.
    pub(in crate::frames) days: DayCells,
}

/// What the cells of a column of times were like.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::frames) struct Tally {
    pub(super) readable: usize,
    pub(super) unreadable: usize,
    /// Why the first unreadable one is so.
    pub(super) reason: Option<&'static str>,
    /// Values that are calendar days.
    pub(in crate::frames) days: usize,
    /// Texts of points in time without and with an offset.
    pub(super) naive: usize,
    pub(super) offsets: usize,
    pub(super) epochs: Epochs,
}

/// What the numbers of a column of epoch numbers were like.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Epochs {
    /// Numbers other than 0.
    pub(super) seen: usize,
    /// Values in plausible years under the stated unit.
    pub(super) expected: usize,
    /// Values in plausible years under each unit, in the order of [`TimeUnit::ALL`].
    pub(super) other: [usize; 4],
    /// Floats that are too large to hold every whole number.
    pub(super) inexact: usize,
}

impl Epochs {
    /// Adds a number and the time it was read as.
    pub(super) fn add(&mut self, number: Decimal, read: Option<i64>) {
        if number.is_zero() {
            return;
        }
        self.seen += 1;
        if read.is_some_and(is_expected) {
            self.expected += 1;
        } else if let Some(slot) = TimeUnit::likely(number).and_then(|unit| self.other.get_mut(unit.place())) {
            *slot += 1;
        }
    }

    fn merge(&mut self, later: Self) {
        self.seen += later.seen;
        self.expected += later.expected;
        self.inexact += later.inexact;
        self.other.iter_mut().zip(later.other).for_each(|(own, other)| *own += other);
    }

    /// The unit that the numbers have, if it is plainly not the stated one: that would put the whole column into 1970, or
    /// thousands of years ahead.
    pub(super) fn likely_unit(&self) -> Option<TimeUnit> {
        let (unit, n) = TimeUnit::ALL.into_iter().zip(self.other).max_by_key(|(_, n)| *n)?;
        (self.expected == 0 && n > 0 && 10 * n >= 9 * self.seen).then_some(unit)
    }
}

impl Tally {
    /// Adds that of a later part of the column.
    pub(in crate::frames) fn merge(&mut self, later: Self) {
        self.readable += later.readable;
        self.unreadable += later.unreadable;
        self.reason = self.reason.or(later.reason);
        self.days += later.days;
        self.naive += later.naive;
        self.offsets += later.offsets;
        self.epochs.merge(later.epochs);
    }
}

impl TimeColumn {
    /// Makes "no value" of the cell of `row` if it `is_null`.
    pub(super) fn forget(&mut self, row: usize, is_null: bool) {
        let Some(cell) = self.packed.get_mut(row).filter(|_| is_null) else { return };
        if in_range(*cell) {
            self.tally.readable -= 1;
        } else if *cell != NO_TIME {
            self.tally.unreadable -= 1;
        }
        *cell = NO_TIME;
    }

    fn empty(rows: usize) -> Self {
        Self {
            packed: Vec::with_capacity(rows),
            reasons: Vec::new(),
            tally: Tally::default(),
            days: DayCells::default(),
        }
    }

    /// Times that are all readable.
    pub(super) fn of_times(times: &[i64]) -> Self {
        let tally = Tally { readable: times.len(), ..Tally::default() };
        let days = DayCells { has_times: !times.is_empty(), ..DayCells::default() };
        Self { packed: times.to_vec(), tally, days, ..Self::empty(0) }
    }

    pub(super) fn of<C: Into<ReadCell>>(cells: impl Iterator<Item = C>, rows: usize) -> Self {
        let mut column = Self::empty(rows);
        for cell in cells {
            let (cell, day) = match cell.into() {
                ReadCell::Day(at, date) => (TimeCell::At(at), Some((at, date))),
                ReadCell::Time(cell) => (cell, None),
            };
            let packed = column.pack(cell);
            if in_range(packed) {
                column.days.push(day, column.packed.len());
                column.tally.days += usize::from(day.is_some());
            } else if !column.days.rows.is_empty() {
                column.days.rows.push(false);
            }
            column.tally.readable += usize::from(in_range(packed));
            column.tally.unreadable += usize::from(!in_range(packed) && packed != NO_TIME);
            column.packed.push(packed);
        }
        column.tally.reason = column.reasons.first().copied();
        column
    }

    fn pack(&mut self, cell: TimeCell) -> i64 {
        match cell {
            TimeCell::Null => NO_TIME,
            TimeCell::At(t) if in_range(t) => t,
            TimeCell::At(_) => self.bad("outside the years 1000 to 9999"),
            TimeCell::Bad(why) => self.bad(why),
        }
    }

    fn bad(&mut self, why: &'static str) -> i64 {
        let place = self.reasons.iter().position(|r| *r == why).unwrap_or_else(|| {
            self.reasons.push(why);
            self.reasons.len() - 1
        });
        NO_TIME + 1 + place as i64
    }

    /// Parts of one column, as a whole of `rows` rows.
    pub(super) fn concat(parts: Vec<Self>, rows: usize) -> Self {
        let mut whole = Self::empty(rows);
        for mut part in parts {
            whole.days.append(std::mem::take(&mut part.days), whole.packed.len(), part.packed.len());
            if part.reasons.is_empty() {
                whole.packed.extend_from_slice(&part.packed);
            } else {
                part.cells().for_each(|cell| {
                    let packed = whole.pack(cell);
                    whole.packed.push(packed);
                });
            }
            whole.tally.merge(part.tally);
        }
        whole
    }

    /// True if every cell is a time.
    pub(in crate::frames) fn all_readable(&self) -> bool {
        self.tally.readable == self.packed.len()
    }

    /// The times of a column of which all cells are.
    pub(in crate::frames) fn into_times(self) -> Vec<i64> {
        self.packed
    }

    /// The cell of `row`; null past the end.
    pub(in crate::frames) fn cell(&self, row: usize) -> TimeCell {
        match self.packed.get(row).copied() {
            None | Some(NO_TIME) => TimeCell::Null,
            Some(t) if in_range(t) => TimeCell::At(t),
            Some(t) => TimeCell::Bad(self.reasons.get((t - NO_TIME - 1) as usize).copied().unwrap_or("")),
        }
    }

    /// All cells.
    pub(in crate::frames) fn cells(&self) -> impl Iterator<Item = TimeCell> + '_ {
        (0..self.packed.len()).map(|row| self.cell(row))
    }
}

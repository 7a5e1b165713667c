//! Whether the values of a column of times are whole days or points in time. A date without a time of day is a day. What a
//! midnight is belongs to the column: an event at midnight in a column of times, or beside dates, is an event at midnight.

/// What one value of a column of times shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grain {
    /// A calendar day without a time of day.
    Day,
    /// The first instant of a day, which is given by any number of its own.
    Midnight(i64),
    /// A time of day, or one with an offset.
    Time,
}

/// What the values of a column of times show together.
#[derive(Debug, Clone, Copy, Default)]
pub struct Grains {
    days: usize,
    times: usize,
    midnight: Option<i64>,
    midnights_differ: bool,
}

impl Grains {
    /// Adds what a value shows.
    pub fn add(&mut self, grain: Grain) {
        match grain {
            Grain::Day => self.days += 1,
            Grain::Time => self.times += 1,
            Grain::Midnight(day) => {
                self.midnights_differ |= self.midnight.is_some_and(|known| known != day);
                self.midnight = Some(day);
            }
        }
    }

    /// Adds what another part of the column shows.
    pub fn merge(&mut self, other: Self) {
        self.days += other.days;
        self.times += other.times;
        self.midnights_differ |= other.midnights_differ;
        if let Some(day) = other.midnight {
            self.add(Grain::Midnight(day));
        }
    }

    /// True if one value has a time of day, which decides for the column.
    #[must_use]
    pub fn has_times(&self) -> bool {
        self.times > 0
    }

    /// True if the midnights of the column are days: it has only midnights, of at least two days. One midnight
    /// alone may as well be a time.
    #[must_use]
    pub fn midnights_are_days(&self) -> bool {
        self.times == 0 && self.days == 0 && self.midnights_differ
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn are_days(grains: &[Grain]) -> bool {
        // In one part, and in two.
        let one = |grains: &[Grain]| {
            let mut all = Grains::default();
            grains.iter().for_each(|g| all.add(*g));
            all
        };
        let whole = one(grains).midnights_are_days();
        for cut in 0..=grains.len() {
            let mut parts = one(&grains[..cut]);
            parts.merge(one(&grains[cut..]));
            assert_eq!(parts.midnights_are_days(), whole, "{grains:?} {cut}");
        }
        whole
    }

    #[test]
    fn the_column_decides() {
        assert!(are_days(&[Grain::Midnight(1), Grain::Midnight(1), Grain::Midnight(2)]));
        // Beside dates, midnights were written as times.
        assert!(!are_days(&[Grain::Day, Grain::Midnight(1), Grain::Midnight(2)]));
        assert!(!are_days(&[Grain::Midnight(1), Grain::Midnight(1)]));
        assert!(!are_days(&[Grain::Midnight(1), Grain::Midnight(2), Grain::Time]));
        assert!(!are_days(&[]));
    }
}

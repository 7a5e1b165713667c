//! Calendar periods: day, week, month, quarter, year, in a zone.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{DAY, Zone};

/// A calendar period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Period {
    /// A day.
    Day,
    /// A week; it starts on Monday.
    Week,
    /// A month.
    Month,
    /// A quarter of a year.
    Quarter,
    /// A year.
    Year,
}

/// 1970-01-05 was a Monday.
const MONDAY: i64 = 4;

impl Period {
    /// Local day number (0 is 1970-01-01) on which the period of the instant `utc` starts.
    ///
    /// ```
    /// use leadlens::{DAY, Timestamp, Zone, time::Period};
    /// let t: Timestamp = "2024-05-17T10:00:00Z".parse()?;
    /// let start = Period::Quarter.start_day(&Zone::utc(), t.0);
    /// assert_eq!(Timestamp(start * DAY).to_string(), "2024-04-01T00:00:00Z");
    /// # Ok::<(), leadlens::Error>(())
    /// ```
    #[must_use]
    pub fn start_day(self, zone: &Zone, utc: i64) -> i64 {
        let day = zone.day(utc);
        match self {
            Self::Day => day,
            Self::Week => MONDAY + (day - MONDAY).div_euclid(7) * 7,
            Self::Month | Self::Quarter | Self::Year => {
                let Some(date) = date_of(day) else { return day };
                let month = match self {
                    Self::Month => date.month(),
                    Self::Quarter => (date.month() - 1) / 3 * 3 + 1,
                    _ => 1,
                };
                Self::first_day(date.year(), month).unwrap_or(day)
            }
        }
    }

    /// Local day number on which the period after the one that starts on `start` starts.
    #[must_use]
    pub fn next_day(self, start: i64) -> i64 {
        let months = match self {
            Self::Day => return start + 1,
            Self::Week => return start + 7,
            Self::Month => 1,
            Self::Quarter => 3,
            Self::Year => 12,
        };
        let Some(date) = date_of(start) else { return start + 31 };
        let later = i32::from(date.month()) - 1 + months;
        let year = date.year() + (later / 12) as i16;
        Self::first_day(year, (later % 12 + 1) as i8).unwrap_or(start + 31)
    }

    /// Local day number of the first day of a month (1 to 12).
    #[must_use]
    pub fn first_day(year: i16, month: i8) -> Option<i64> {
        let midnight = Date::new(year, month, 1).ok()?.to_datetime(jiff::civil::Time::midnight());
        let instant = jiff::tz::Offset::UTC.to_timestamp(midnight).ok()?;
        Some(instant.as_microsecond().div_euclid(DAY))
    }
}

fn date_of(day: i64) -> Option<Date> {
    let reading = jiff::Timestamp::from_microsecond(day.checked_mul(DAY)?).ok()?;
    Some(jiff::tz::Offset::UTC.to_datetime(reading).date())
}

#[cfg(test)]
mod tests {
    use super::super::Timestamp;
    use super::*;

    #[test]
    fn starts_and_ends() {
        let start = |period: Period, zone: &str, t: &str| {
            let utc = t.parse::<Timestamp>().unwrap().0;
            let day = period.start_day(&Zone::new(zone).unwrap(), utc);
            (Timestamp(day * DAY).to_string()[..10].to_owned(), period.next_day(day) - day)
        };
        assert_eq!(start(Period::Week, "UTC", "2024-03-03T23:59:59Z"), ("2024-02-26".into(), 7));
        assert_eq!(start(Period::Month, "UTC", "2024-02-29T12:00:00Z"), ("2024-02-01".into(), 29));
        assert_eq!(start(Period::Month, "Europe/Berlin", "2024-02-29T23:30:00Z"), ("2024-03-01".into(), 31));
        assert_eq!(start(Period::Quarter, "UTC", "2023-12-31T00:00:00Z"), ("2023-10-01".into(), 92));
        assert_eq!(start(Period::Year, "UTC", "1969-07-01T00:00:00Z"), ("1969-01-01".into(), 365));
    }
}

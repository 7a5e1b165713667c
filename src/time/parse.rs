//! Reading texts as instants: ISO 8601, day-month-year orders, a stated strptime pattern, or epoch numbers.
//!
//! A column of texts is read by one format. [`detect`] finds it from all values; an order of day and month
//! that the values do not decide is reported as ambiguous, never guessed.

use serde::{Deserialize, Serialize};

use super::grain::Grain;
use super::{DAY, Zone};

/// How a text column of times is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimeFormat {
    /// `YYYY-MM-DD`, optionally a time of day and an offset or `Z`; also `YYYY/MM/DD` and `YYYYMMDD`.
    Iso,
    /// Day, month, year.
    DayMonthYear,
    /// Month, day, year.
    MonthDayYear,
    /// A strptime pattern.
    Pattern(String),
}

impl TimeFormat {
    /// The name shown to users.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Iso => "ISO 8601",
            Self::DayMonthYear => "day-month-year",
            Self::MonthDayYear => "month-day-year",
            Self::Pattern(p) => p,
        }
    }
}

/// Whether a time names a whole day or an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Resolution {
    /// A calendar day.
    Day,
    /// A point in time.
    Instant,
}

/// A parsed time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instant {
    /// UTC microseconds; of a day, its first microsecond in the zone.
    pub micros: i64,
    /// Day or instant.
    pub resolution: Resolution,
    /// True if the text had its own offset.
    pub offset: bool,
}

/// What a [`Detector`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detected {
    /// One format reads the column.
    Format(TimeFormat),
    /// Day and month could be either way round in every value.
    Ambiguous,
    /// Day first and month first each fit some values only.
    Contradictory,
    /// The value is missing.
    Empty,
}

/// Order of the parts of a date, as its text shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextShape {
    /// No date.
    Unreadable,
    /// The year is first.
    YearFirst,
    /// The day can only be first.
    DayFirst,
    /// The month can only be first.
    MonthFirst,
    /// Day and month could be either way round.
    Either,
    /// Day and month are the same number.
    Agree,
}

impl TextShape {
    fn of(fields: Option<&Fields>) -> Self {
        match fields {
            None => Self::Unreadable,
            Some(f) if f.year_first => Self::YearFirst,
            Some(f) if f.a > 12 && f.b <= 12 => Self::DayFirst,
            Some(f) if f.b > 12 && f.a <= 12 => Self::MonthFirst,
            Some(f) if f.a == f.b => Self::Agree,
            Some(_) => Self::Either,
        }
    }
}

/// What a text shows before the format of its column is known: the order of its parts, and whether it is a whole day.
#[must_use]
pub fn glance(text: &str) -> (TextShape, Option<Grain>) {
    let fields = split(text.trim());
    let grain = fields.as_ref().map(|fields| match fields.time {
        None => Grain::Day,
        Some((0, None)) => {
            Grain::Midnight((i64::from(fields.year) << 16) + (i64::from(fields.a) << 8) + i64::from(fields.b))
        }
        Some(_) => Grain::Time,
    });
    (TextShape::of(fields.as_ref()), grain)
}

/// As [`glance`], of a text with a stated format.
#[must_use]
pub fn grain(text: &str, format: &TimeFormat) -> Option<Grain> {
    let read = parse(text, format, &Zone::utc()).ok()?;
    Some(match read.resolution {
        Resolution::Day => Grain::Day,
        Resolution::Instant if !read.offset && read.micros % DAY == 0 => Grain::Midnight(read.micros / DAY),
        Resolution::Instant => Grain::Time,
    })
}

/// Finds the format of a column from its values. Values that no format reads are left to be quarantined.
#[derive(Debug, Clone, Copy, Default)]
pub struct Detector {
    any: bool,
    iso: usize,
    day_first: usize,
    month_first: usize,
    either: usize,
    agree: usize,
}

impl Detector {
    /// Looks at a value.
    pub fn see(&mut self, value: &str) {
        self.add(glance(value).0);
    }

    /// Adds what a value looks like.
    pub fn add(&mut self, looks: TextShape) {
        self.any = true;
        match looks {
            TextShape::Unreadable => {}
            TextShape::YearFirst => self.iso += 1,
            TextShape::DayFirst => self.day_first += 1,
            TextShape::MonthFirst => self.month_first += 1,
            TextShape::Either => self.either += 1,
            TextShape::Agree => self.agree += 1,
        }
    }

    /// Adds what another has seen.
    pub fn merge(&mut self, other: Self) {
        self.any |= other.any;
        self.iso += other.iso;
        self.day_first += other.day_first;
        self.month_first += other.month_first;
        self.either += other.either;
        self.agree += other.agree;
    }

    /// The format of all values seen.
    #[must_use]
    pub fn decide(&self) -> Detected {
        match (self.iso, self.day_first, self.month_first, self.either) {
            _ if !self.any => Detected::Empty,
            // Where day and month are the same number, both readings agree.
            (0, 0, 0, 0) if self.agree > 0 => Detected::Format(TimeFormat::DayMonthYear),
            (n, d, m, e) if n >= d + m + e => Detected::Format(TimeFormat::Iso),
            (_, 1.., 1.., _) => Detected::Contradictory,
            (_, 1.., 0, _) => Detected::Format(TimeFormat::DayMonthYear),
            (_, 0, 1.., _) => Detected::Format(TimeFormat::MonthDayYear),
            (_, 0, 0, _) => Detected::Ambiguous,
        }
    }
}

/// The format of a column of `values`.
#[must_use]
pub fn detect<'a>(values: impl IntoIterator<Item = &'a str>) -> Detected {
    let mut detector = Detector::default();
    values.into_iter().for_each(|v| detector.see(v));
    detector.decide()
}

/// Reads one text.
///
/// # Errors
/// A short reason, for the quarantine list.
pub fn parse(text: &str, format: &TimeFormat, zone: &Zone) -> Result<Instant, &'static str> {
    let text = text.trim();
    if let TimeFormat::Pattern(pattern) = format {
        return parse_pattern(text, pattern, zone);
    }
    let fields = split(text).ok_or("not a date or time")?;
    let (day, month) = match (format, fields.year_first) {
        (TimeFormat::Iso, true) | (TimeFormat::MonthDayYear, false) => (fields.b, fields.a),
        (TimeFormat::DayMonthYear, false) => (fields.a, fields.b),
        _ => return Err("format differs from the rest of the column"),
    };
    let date = jiff::civil::Date::new(fields.year, month, day).map_err(|_| "invalid calendar date")?;
    let days = i64::from(date.since(jiff::civil::date(1970, 1, 1)).map_err(|_| "date out of range")?.get_days());
    let Some((time_of_day, offset)) = fields.time else {
        let micros = zone.day_start(days).ok_or("date out of range")?;
        return Ok(Instant { micros, resolution: Resolution::Day, offset: false });
    };
    let local = days.checked_mul(DAY).and_then(|d| d.checked_add(time_of_day)).ok_or("date out of range")?;
    let micros = match offset {
        Some(seconds) => local - i64::from(seconds) * 1_000_000,
        None => zone.to_utc(local).ok_or("date out of range")?,
    };
    Ok(Instant { micros, resolution: Resolution::Instant, offset: offset.is_some() })
}

fn parse_pattern(text: &str, pattern: &str, zone: &Zone) -> Result<Instant, &'static str> {
    let parsed = jiff::fmt::strtime::parse(pattern, text).map_err(|_| "does not match time_format=")?;
    // With an offset or an epoch number (%s) the text is an instant by itself; a zone in it is the zone to read it in.
    let own_zone = parsed.iana_time_zone().map(Zone::new).transpose().map_err(|_| "unknown time zone")?;
    let zone = own_zone.as_ref().unwrap_or(zone);
    let instant = if own_zone.is_some() { None } else { parsed.to_timestamp().ok() };
    if let Some(t) = instant {
        return Ok(Instant { micros: t.as_microsecond(), resolution: Resolution::Instant, offset: true });
    }
    let (wall, resolution) = match parsed.to_datetime() {
        Ok(wall) if parsed.hour().is_some() => (wall, Resolution::Instant),
        _ => (parsed.to_date().map_err(|_| "invalid calendar date")?.at(0, 0, 0, 0), Resolution::Day),
    };
    let local = jiff::tz::Offset::UTC.to_timestamp(wall).map_err(|_| "date out of range")?.as_microsecond();
    let micros = zone.to_utc(local).ok_or("date out of range")?;
    Ok(Instant { micros, resolution, offset: false })
}

struct Fields {
    year: i16,
    /// Month if `year_first`, else the first number of the text.
    a: i8,
    /// Day if `year_first`, else the second number.
    b: i8,
    year_first: bool,
    /// Microseconds into the day, and the offset in seconds.
    time: Option<(i64, Option<i32>)>,
}

/// Splits a text into date numbers and time of day; `None` if it has another shape.
fn split(text: &str) -> Option<Fields> {
    let mut cursor = Cursor { rest: text.as_bytes() };
    let first = cursor.number(8)?;
    let (year, a, b, year_first);
    if first.digits == 8 {
        year = first.value / 10_000;
        (a, b, year_first) = (first.value / 100 % 100, first.value % 100, true);
    } else {
        let separator = cursor.one_of(b"-/.")?;
        let second = cursor.number(2)?;
        if cursor.one_of(&[separator]) != Some(separator) {
            return None;
        }
        let third = cursor.number(4)?;
        if first.digits == 4 && third.digits <= 2 {
            (year, a, b, year_first) = (first.value, second.value, third.value, true);
        } else if first.digits <= 2 && third.digits == 4 {
            (year, a, b, year_first) = (third.value, first.value, second.value, false);
        } else {
            return None; // two-digit years need a stated format
        }
    }
    let time = if cursor.rest.is_empty() { None } else { Some(cursor.time()?) };
    Some(Fields {
        year: i16::try_from(year).ok()?,
        a: i8::try_from(a).ok()?,
        b: i8::try_from(b).ok()?,
        year_first,
        time,
    })
}

struct Number {
    value: i64,
    digits: usize,
}

struct Cursor<'a> {
    rest: &'a [u8],
}

impl Cursor<'_> {
    fn number(&mut self, most: usize) -> Option<Number> {
        let digits = self.rest.iter().take(most).take_while(|b| b.is_ascii_digit()).count();
        let (head, tail) = self.rest.split_at_checked(digits)?;
        self.rest = tail;
        let value = head.iter().fold(0, |v, b| v * 10 + i64::from(b - b'0'));
        (digits > 0).then_some(Number { value, digits })
    }

    fn one_of(&mut self, allowed: &[u8]) -> Option<u8> {
        let (first, tail) = self.rest.split_first()?;
        allowed.contains(first).then(|| {
            self.rest = tail;
            *first
        })
    }

    /// `[T ]HH:MM[:SS[.fff]][ AM|PM][Z|±HH[:]MM]`
    fn time(&mut self) -> Option<(i64, Option<i32>)> {
        self.one_of(b"T t")?;
        let mut hour = self.number(2)?.value;
        self.one_of(b":")?;
        let minute = self.number(2).filter(|n| n.digits == 2)?.value;
        let (mut second, mut micros) = (0, 0);
        if self.one_of(b":").is_some() {
            second = self.number(2).filter(|n| n.digits == 2)?.value;
            if self.one_of(b".,").is_some() {
                let digits = self.rest.iter().take_while(|b| b.is_ascii_digit()).count();
                let (head, tail) = self.rest.split_at_checked(digits)?;
                if digits == 0 {
                    return None;
                }
                self.rest = tail;
                // Anything finer than a microsecond is cut off.
                micros = head
                    .iter()
                    .copied()
                    .chain(std::iter::repeat(b'0'))
                    .take(6)
                    .fold(0, |v, b| v * 10 + i64::from(b - b'0'));
            }
        }
        let trimmed = self.rest.trim_ascii();
        if trimmed.len() == 2 && trimmed.get(1).is_some_and(|b| b.eq_ignore_ascii_case(&b'm')) {
            if !(1..=12).contains(&hour) {
                return None;
            }
            hour = match trimmed.first()?.to_ascii_lowercase() {
                b'a' => hour % 12,
                b'p' => hour % 12 + 12,
                _ => return None,
            };
            self.rest = &[];
        }
        // 24:00 is the end of the day in ISO 8601; second 60 is read as the next minute.
        let end_of_day = hour == 24 && minute == 0 && second == 0 && micros == 0;
        if (hour > 23 && !end_of_day) || minute > 59 || second > 60 {
            return None;
        }
        let offset = self.offset()?;
        Some((((hour * 60 + minute) * 60 + second) * 1_000_000 + micros, offset))
    }

    /// `None` if the rest is not an offset, `Some(None)` if the text ends here.
    #[allow(clippy::option_option, reason = "private; `?` needs the outer one")]
    fn offset(&mut self) -> Option<Option<i32>> {
        self.rest = self.rest.trim_ascii();
        if self.rest.is_empty() {
            return Some(None);
        }
        if matches!(self.rest, b"Z" | b"z" | b"UTC" | b"GMT") {
            return Some(Some(0));
        }
        let sign = if self.one_of(b"+-")? == b'+' { 1 } else { -1 };
        let hours = self.number(2).filter(|n| n.digits == 2)?.value;
        self.one_of(b":");
        let minutes = if self.rest.is_empty() { 0 } else { self.number(2).filter(|n| n.digits == 2)?.value };
        if hours > 23 || minutes > 59 || !self.rest.is_empty() {
            return None;
        }
        i32::try_from(hours * 3600 + minutes * 60).ok().map(|s| Some(sign * s))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Timestamp;
    use super::*;

    fn iso(text: &str) -> Result<Instant, &'static str> {
        parse(text, &TimeFormat::Iso, &Zone::utc())
    }

    #[test]
    fn iso_forms() {
        for (text, want) in [
            ("2011-10-01T00:38:44.546+02:00", "2011-09-30T22:38:44.546Z"),
            ("2018-02-26 19:58:54", "2018-02-26T19:58:54Z"),
            ("2024-01-05 07:00", "2024-01-05T07:00:00Z"),
            ("20240105", "2024-01-05T00:00:00Z"),
            ("2024-01-05T24:00:00Z", "2024-01-06T00:00:00Z"),
            ("2024-01-05T10:00:00-0330", "2024-01-05T13:30:00Z"),
            ("2024-01-05T10:00:00.1234567Z", "2024-01-05T10:00:00.123456Z"),
        ] {
            assert_eq!(Timestamp(iso(text).unwrap().micros).to_string(), want, "{text}");
        }
        for bad in [
            "",
            "n/a",
            "2024-13-01",
            "2024-02-30",
            "2024-01-05T25:00",
            "2024-01-05T10:00:00 Berlin",
            "24-01-05",
            "2024-01-05T",
        ] {
            assert!(iso(bad).is_err(), "{bad}");
        }
        assert_eq!(iso("2024-01-05").unwrap().resolution, Resolution::Day);
    }

    #[test]
    fn day_month_order_is_decided_or_refused() {
        assert_eq!(detect(["26-02-2018 19:58", "01-02-2018 10:00"]), Detected::Format(TimeFormat::DayMonthYear));
        assert_eq!(detect(["2/26/2018", "1/2/2018"]), Detected::Format(TimeFormat::MonthDayYear));
        assert_eq!(detect(["01-02-2018 10:00", "03-04-2018 10:00"]), Detected::Ambiguous);
        assert_eq!(detect(["26-02-2018", "02-26-2018"]), Detected::Contradictory);
        assert_eq!(detect(["05/05/2024 10:00"]), Detected::Format(TimeFormat::DayMonthYear));
        assert_eq!(detect(["2018-02-26", "x"]), Detected::Format(TimeFormat::Iso));
        assert_eq!(detect([]), Detected::Empty);
        let t = parse("26-02-2018 07:58 PM", &TimeFormat::DayMonthYear, &Zone::utc()).unwrap();
        assert_eq!(Timestamp(t.micros).to_string(), "2018-02-26T19:58:00Z");
    }

    #[test]
    fn stated_patterns() {
        let p = TimeFormat::Pattern("%d.%m.%y %H:%M".into());
        let t = parse("05.01.24 07:30", &p, &Zone::new("Europe/Berlin").unwrap()).unwrap();
        assert_eq!(Timestamp(t.micros).to_string(), "2024-01-05T06:30:00Z");
        let d = parse("05.01.24", &TimeFormat::Pattern("%d.%m.%y".into()), &Zone::utc()).unwrap();
        assert_eq!(d.resolution, Resolution::Day);
        let epoch = parse("1704067200", &TimeFormat::Pattern("%s".into()), &Zone::utc()).unwrap();
        assert_eq!(Timestamp(epoch.micros).to_string(), "2024-01-01T00:00:00Z");
        assert!(parse("5 Jan", &p, &Zone::utc()).is_err());
    }
}

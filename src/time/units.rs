//! The unit of time columns, its markers and its range.

/// Microseconds of one day.
pub const DAY: i64 = 86_400_000_000;

/// The value that stands for "no time" in columns of UTC microseconds.
pub const NO_TIME: i64 = i64::MIN;

/// Years 1000 to 9999: times outside are sentinels or slips, and within them differences cannot overflow.
const EARLIEST: i64 = -30_610_224_000_000_000;
const LATEST: i64 = 253_402_300_799_999_999;

/// True if `micros` lies in the years 1000 to 9999.
#[must_use]
pub fn in_range(micros: i64) -> bool {
    (EARLIEST..=LATEST).contains(&micros)
}

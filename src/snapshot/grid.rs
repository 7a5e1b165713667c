//! Calendar grids of cutoffs.

use crate::time::{DAY, Span, Zone};

/// The first Monday, 1970-01-05, as a day number.
const MONDAY: i64 = 4;

/// Grid of cutoffs in `[low, high]`. Spans of whole days step local midnights; weeks start on Monday.
pub(super) fn calendar_grid(zone: &Zone, span: Span, low: i64, high: i64) -> Vec<i64> {
    let step = span.as_micros();
    let mut grid = Vec::new();
    if step % DAY == 0 {
        let days = step / DAY;
        let mut day = MONDAY + (zone.day(low) - MONDAY).div_euclid(days) * days;
        while let Some(t) = zone.day_start(day) {
            if t > high {
                break;
            }
            if t >= low {
                grid.push(t);
            }
            day += days;
        }
    } else {
        // Steps of less than a day are counted on the local clock too.
        let mut local = zone.to_local(low).div_euclid(step) * step;
        while let Some(t) = zone.to_utc(local) {
            if t > high {
                break;
            }
            if t >= low {
                grid.push(t);
            }
            local += step;
        }
    }
    // A local time that does not exist is moved to the next one that does.
    grid.dedup();
    grid
}

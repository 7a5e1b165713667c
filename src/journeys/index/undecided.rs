//! The order of stage rows of one instant that neither a column nor the pipeline decides: by what they say, so that it
//! does not depend on the order of rows or tables.

use std::collections::HashMap;

use super::orders::Ranking;
use super::rows::Rows;
use crate::schema::NONE;

/// The deal and the amount of a stage row.
pub(super) fn deal_and_amount(rows: &Rows, i: usize) -> (u32, f64) {
    let (deal, amount) = rows.stage.as_ref().map_or((None, None), |(deals, amounts)| (deals.get(i), amounts.get(i)));
    (deal.copied().unwrap_or(NONE), amount.copied().unwrap_or(f64::NAN))
}

/// Lead, time, rank among equal times, table, row.
pub(super) type EditPlace = (u32, i64, u64, u32, u32);

/// Orders rows of one lead, instant and rank: wins come last, then the stage of a deal with the largest amount, and of
/// the rows of one stage of a deal the one with the largest amount. So the last amount that is known is the largest.
/// Stages of equal amounts are in order of their names.
pub(super) fn decide(places: &mut [EditPlace], tables: &[Rows], ranking: &Ranking) {
    let of = |place: &EditPlace| {
        let (table, row) = (tables.get(place.3 as usize), place.4 as usize);
        let kind = table.and_then(|rows| rows.kind.get(row)).copied().unwrap_or(NONE);
        let (deal, amount) = table.map_or((NONE, f64::NAN), |rows| deal_and_amount(rows, row));
        (deal, kind, ascending(amount))
    };
    let mut largest: HashMap<(u32, u32), i64> = HashMap::new();
    for place in &*places {
        let (deal, kind, amount) = of(place);
        let known = largest.entry((deal, kind)).or_insert(amount);
        *known = amount.max(*known);
    }
    places.sort_by_cached_key(|place| {
        let (deal, kind, amount) = of(place);
        let (wins, name) = ranking.last_resort(kind);
        (wins, largest.get(&(deal, kind)).copied(), name, deal, amount, place.3, place.4)
    });
}

/// A number that is as large as an amount among those of others; no amount is the smallest.
fn ascending(amount: f64) -> i64 {
    if amount.is_nan() {
        return i64::MIN;
    }
    // Both zeros are one.
    let bits = (amount + 0.0).to_bits() as i64;
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_ascend_from_none() {
        let amounts = [f64::NAN, f64::NEG_INFINITY, -2.0, -1.0, -0.0, 1e-300, 2.0, f64::INFINITY];
        assert!(amounts.map(ascending).is_sorted_by(|a, b| a < b));
        assert_eq!(ascending(-0.0), ascending(0.0));
    }
}

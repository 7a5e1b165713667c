//! Events of many leads as one list: of which each one is.
//!
//! Loops over the ten events of a lead end where nobody can guess, which costs as much as their work. Passes that are
//! to run at the speed of memory walk the events of some leads, a tile, as one list, with the row of each beside it.

/// Most rows of a tile.
pub(crate) const ROWS: usize = 64;
/// Events that a row's number is written to at once.
const STRIDE: usize = 16;

/// Writes the row of each event to `row`: 0 for as many as the first of `events` says, and so on, for up to [`ROWS`].
pub(crate) fn number_rows(events: impl Iterator<Item = usize> + Clone, row: &mut Vec<u8>) {
    let total: usize = events.clone().sum();
    // Written by strides, the last of which reaches beyond its row.
    row.resize(total + STRIDE, 0);
    let mut start = 0;
    for (events, number) in events.zip(0u8..) {
        for stride in (start..start + events).step_by(STRIDE) {
            if let Some(slots) = row.get_mut(stride..stride + STRIDE) {
                slots.fill(number);
            }
        }
        start += events;
    }
    row.truncate(total);
}

#[cfg(test)]
mod tests {
    #[test]
    fn each_event_has_its_row() {
        let mut row = vec![7; 100];
        for events in [vec![], vec![0], vec![1, 0, 40, 16, 0, 3], vec![17; 64]] {
            super::number_rows(events.iter().copied(), &mut row);
            let plain: Vec<u8> = events.iter().zip(0u8..).flat_map(|(n, r)| std::iter::repeat_n(r, *n)).collect();
            assert_eq!(row, plain);
        }
    }
}

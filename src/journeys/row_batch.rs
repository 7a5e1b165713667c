//! Events of many leads as one list, with the row of each event.
//!
//! Loops over the ten events of a lead end unpredictably, and the misprediction costs as much as their work. Passes that are
//! to run at memory speed walk the events of a tile of leads as one list, with the row of each event in an array.

/// Most rows of a tile.
pub(crate) const ROWS: usize = 64;
/// Events that a row's number is written to at once.
const STRIDE: usize = 16;

/// Writes the row of each event to `row`, for up to [`ROWS`] rows, of which each ends where the next starts.
pub(crate) fn number_rows(start: usize, ends: &[usize], row: &mut Vec<u8>) {
    let total = ends.last().map_or(0, |end| end - start);
    // Written by strides, the last of which reaches beyond its row.
    row.resize(total + STRIDE, 0);
    let mut next = 0;
    for (end, number) in ends.iter().zip(0u8..) {
        let end = end - start;
        for stride in (next..end).step_by(STRIDE) {
            if let Some(slots) = row.get_mut(stride..stride + STRIDE) {
                slots.fill(number);
            }
        }
        next = end;
    }
    row.truncate(total);
}

#[cfg(test)]
mod tests {
    #[test]
    fn each_event_has_its_row() {
        let mut row = vec![7; 100];
        for events in [vec![], vec![0], vec![1, 0, 40, 16, 0, 3], vec![17; 64]] {
            let ends: Vec<usize> = events
                .iter()
                .scan(100, |end, n| {
                    *end += n;
                    Some(*end)
                })
                .collect();
            super::number_rows(100, &ends, &mut row);
            let plain: Vec<u8> = events.iter().zip(0u8..).flat_map(|(n, r)| std::iter::repeat_n(r, *n)).collect();
            assert_eq!(row, plain);
        }
    }
}

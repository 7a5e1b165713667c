//! Whether a lead is open at a time.

use std::collections::BTreeSet;

use super::index::Timeline;
use crate::design::NONE;
use crate::time::NO_TIME;

/// Standing of a lead just before a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It, or one of its deals, is open.
    Open,
    /// Closed; the last closing was a win.
    Won,
    /// Closed; the last closing was a loss.
    Lost,
}

/// Status of `lead` from the stage entries before `t`.
///
/// A deal is open unless its last stage is won or lost. A lead with deals is open if one of them is, or if
/// an own stage that is not final came after the last closing (recycled). A lead without deals follows its
/// own stages.
#[must_use]
pub fn status_before(timeline: &Timeline, lead: u32, t: i64, won: &BTreeSet<u32>, lost: &BTreeSet<u32>) -> Status {
    // (deal, closed) of every deal seen so far; leads have few deals.
    let mut deals: Vec<(u32, bool)> = Vec::new();
    let mut own: Option<(bool, usize)> = None;
    let mut last_close: Option<(usize, Status)> = None;
    let log = &timeline.stages;
    for entry in timeline.stage_range(lead) {
        let Some(position) = log.position.get(entry).map(|p| *p as usize) else { break };
        if timeline.at.get(position).copied().unwrap_or(NO_TIME) >= t {
            break;
        }
        let stage = timeline.kind.get(position);
        let closing = if won.contains(&stage) {
            Some(Status::Won)
        } else if lost.contains(&stage) {
            Some(Status::Lost)
        } else {
            None
        };
        if let Some(status) = closing {
            last_close = Some((entry, status));
        }
        let deal = log.deal.get(entry);
        if deal == NONE {
            own = Some((closing.is_some(), entry));
        } else if let Some(known) = deals.iter_mut().find(|d| d.0 == deal) {
            known.1 = closing.is_some();
        } else {
            deals.push((deal, closing.is_some()));
        }
    }
    let Some((closed_at, closed_as)) = last_close else { return Status::Open };
    let open = if deals.is_empty() {
        own.is_none_or(|(closed, _)| !closed)
    } else {
        deals.iter().any(|d| !d.1) || own.is_some_and(|(closed, entry)| !closed && entry > closed_at)
    };
    if open { Status::Open } else { closed_as }
}

#[cfg(test)]
mod tests {
    use super::super::index::{Rows, Sizes, build};
    use super::*;
    use crate::task::Task;

    const WON: u32 = 0;
    const LOST: u32 = 1;
    const STEP: u32 = 2;

    /// Entries (stage, deal) at times 0, 1, 2, …
    fn status(entries: &[(u32, u32)], t: i64) -> Status {
        let n = entries.len();
        let rows = Rows {
            lead: vec![0; n],
            at: (0..n as i64).collect(),
            order: (0..n as u32).collect(),
            kind: entries.iter().map(|e| e.0).collect(),
            stage: Some((entries.iter().map(|e| e.1).collect(), vec![f64::NAN; n])),
            ..Rows::default()
        };
        let sizes = Sizes { leads: 1, kinds: 3, deals: 3, channels: 0 };
        let timeline = build(&[rows], sizes, 0, 0, &Task::new()).unwrap();
        status_before(&timeline, 0, t, &[WON].into(), &[LOST].into())
    }

    #[test]
    fn own_stages() {
        assert_eq!(status(&[], 9), Status::Open);
        assert_eq!(status(&[(STEP, NONE), (LOST, NONE)], 1), Status::Open);
        assert_eq!(status(&[(STEP, NONE), (LOST, NONE)], 2), Status::Lost);
        assert_eq!(status(&[(LOST, NONE), (STEP, NONE)], 2), Status::Open);
        assert_eq!(status(&[(LOST, NONE), (WON, NONE)], 2), Status::Won);
    }

    #[test]
    fn deals() {
        // One deal lost, another open; then both closed; then re-opened.
        assert_eq!(status(&[(STEP, 0), (STEP, 1), (LOST, 0)], 9), Status::Open);
        assert_eq!(status(&[(STEP, 0), (LOST, 0)], 9), Status::Lost);
        assert_eq!(status(&[(STEP, 0), (LOST, 0), (STEP, 0)], 9), Status::Open);
        // A stage of the lead before its deal closed does not keep it open; one after it does.
        assert_eq!(status(&[(STEP, NONE), (STEP, 0), (LOST, 0)], 9), Status::Lost);
        assert_eq!(status(&[(STEP, 0), (LOST, 0), (STEP, NONE)], 9), Status::Open);
    }
}

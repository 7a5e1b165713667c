//! Whether a lead is open at a time.

use std::collections::{BTreeSet, HashMap};

use super::index::Timeline;
use crate::schema::NONE;
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

/// Writes to `log` the status of `lead` after each of its stage entries, in order of time; before the first it is open.
///
/// A deal is open unless its last stage is won or lost. A lead with deals is open if one of them is, or if an own
/// stage that is not final came after the last closing (recycled). A lead without deals follows its own stages.
pub fn status_log(
    timeline: &Timeline,
    lead: u32,
    won: &BTreeSet<u32>,
    lost: &BTreeSet<u32>,
    log: &mut Vec<(i64, Status)>,
) {
    log.clear();
    if timeline.stage_range(lead).is_empty() {
        return;
    }
    let mut deals: HashMap<u32, bool> = HashMap::new();
    let mut open_deals = 0usize;
    // Whether the lead's last own stage is final, and whether it came after the last closing.
    let mut own: Option<(bool, bool)> = None;
    let mut closed_as = None;
    // When and of which deal the last win was.
    let mut last_win = None;
    for entry in timeline.stage_range(lead) {
        let Some(position) = timeline.stages.position.get(entry).map(|p| *p as usize) else { break };
        let stage = timeline.kind.get(position);
        let closing = if won.contains(&stage) {
            Some(Status::Won)
        } else if lost.contains(&stage) {
            Some(Status::Lost)
        } else {
            None
        };
        let deal = timeline.stages.deal.get(entry);
        let at = timeline.at.get(position).copied().unwrap_or(NO_TIME);
        if closing == Some(Status::Won) {
            last_win = Some((at, deal));
        }
        if closing.is_some() {
            // Of two deals that close at one instant the one that is won decides, whichever row came first.
            let beside_win = last_win.is_some_and(|(t, d)| t == at && d != deal);
            closed_as = if beside_win { Some(Status::Won) } else { closing };
            own = own.map(|(last, _)| (last, false));
        }
        if deal == NONE {
            own = Some((closing.is_some(), closing.is_none()));
        } else {
            let was_open = deals.insert(deal, closing.is_none());
            open_deals += usize::from(closing.is_none());
            open_deals -= usize::from(was_open == Some(true));
        }
        let open = match closed_as {
            None => true,
            Some(_) if deals.is_empty() => own.is_none_or(|(last, _)| !last),
            Some(_) => open_deals > 0 || own.is_some_and(|(last, after)| !last && after),
        };
        log.push((at, if open { Status::Open } else { closed_as.unwrap_or(Status::Open) }));
    }
}

/// When a lead that is lost just before `t` became so, from its log.
#[must_use]
pub fn lost_since(log: &[(i64, Status)], t: i64) -> Option<i64> {
    let known = log.partition_point(|(at, _)| *at < t);
    let lost = log.get(..known)?.iter().rev().take_while(|(_, status)| *status == Status::Lost);
    lost.last().map(|(at, _)| *at)
}

/// Status just before `t`, from the log of a lead.
#[must_use]
pub fn status_before(log: &[(i64, Status)], t: i64) -> Status {
    let known = log.partition_point(|(at, _)| *at < t);
    known.checked_sub(1).and_then(|i| log.get(i)).map_or(Status::Open, |(_, status)| *status)
}

#[cfg(test)]
mod tests {
    use super::super::index::{Rows, Sizes, build};
    use super::*;
    use crate::progress::Task;

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
        let sizes = Sizes { leads: 1, kinds: 3, deals: 3, ..Sizes::default() };
        let timeline = build(vec![rows], &sizes, &Task::new()).unwrap();
        let mut log = Vec::new();
        status_log(&timeline, 0, &[WON].into(), &[LOST].into(), &mut log);
        status_before(&log, t)
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

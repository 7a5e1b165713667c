//! The timeline of a lead as text.

use super::width::aligned_text;
use crate::journeys::TimelineEntry;
use crate::time::{NO_TIME, Timestamp};

/// One line per entry: time, kind, source, and channel, deal and amount if present.
#[must_use]
pub fn timeline_text(entries: &[TimelineEntry]) -> String {
    if entries.is_empty() {
        return "no entries".to_owned();
    }
    let time = |e: &TimelineEntry| if e.at == NO_TIME { String::new() } else { Timestamp(e.at).to_string() };
    let columns: [(&str, Vec<String>); 6] = [
        ("at", entries.iter().map(time).collect()),
        ("what", entries.iter().map(|e| e.what.clone()).collect()),
        ("source", entries.iter().map(|e| e.source.clone()).collect()),
        ("channel", entries.iter().map(|e| e.channel.clone().unwrap_or_default()).collect()),
        ("deal", entries.iter().map(|e| e.deal.clone().unwrap_or_default()).collect()),
        ("amount", entries.iter().map(|e| e.amount.map_or_else(String::new, |a| a.to_string())).collect()),
    ];
    let columns: Vec<_> = columns.into_iter().filter(|(_, cells)| cells.iter().any(|c| !c.is_empty())).collect();
    let header: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let row = |i: usize| columns.iter().map(|(_, cells)| cells.get(i).cloned().unwrap_or_default()).collect();
    let rows: Vec<Vec<String>> = (0..entries.len()).map(row).collect();
    aligned_text(&header, &rows, |column| header.get(column) != Some(&"amount"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(at: i64, what: &str, channel: Option<&str>, amount: Option<f64>) -> TimelineEntry {
        let channel = channel.map(ToOwned::to_owned);
        TimelineEntry { at, what: what.into(), source: "web".into(), channel, deal: None, amount }
    }

    #[test]
    fn columns_stay_aligned_under_wide_characters() {
        let text = timeline_text(&[entry(0, "資料請求", Some("メール"), None), entry(1, "won", None, Some(1250.5))]);
        assert_eq!(
            text,
            "at                           what      source  channel  amount\n\
             1970-01-01T00:00:00Z         資料請求  web     メール\n\
             1970-01-01T00:00:00.000001Z  won       web              1250.5"
        );
    }

    #[test]
    fn empty_columns_are_left_out() {
        assert_eq!(timeline_text(&[entry(NO_TIME, "created", None, None)]), "what     source\ncreated  web");
        assert_eq!(timeline_text(&[]), "no entries");
    }
}

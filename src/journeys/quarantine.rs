//! The limit on quarantined rows of a table.

use super::check::{Check, TableCheck};
use crate::counted::counted;
use crate::error::{Error, Result, Violation};

/// Default limit on the share of quarantined rows in batch jobs.
const HALF: f64 = 0.5;

/// Smaller tables are refused only if a share was stated.
const FEW_ROWS: usize = 20;

/// The limit on the share of quarantined rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MaxBad {
    /// No limit.
    Unlimited,
    /// More than half, in tables of at least 20 rows.
    Half,
    /// More than this.
    Stated(f64),
}

impl Check {
    /// Refuses tables with too large a share of quarantined rows. Rows that `where` filters out do not count.
    ///
    /// # Errors
    /// [`Error::Schema`] naming each table, its reasons and counts; [`Error::InvalidOption`] for a share outside 0 to 1.
    pub fn check_quarantined(&self, max_bad: MaxBad) -> Result<()> {
        let (limit, fewest) = match max_bad {
            MaxBad::Unlimited => return Ok(()),
            MaxBad::Half => (HALF, FEW_ROWS),
            MaxBad::Stated(share) if (0.0..=1.0).contains(&share) => (share, 0),
            MaxBad::Stated(share) => {
                return Err(Error::option("max_bad", format!("must be a share from 0 to 1, not {share}")));
            }
        };
        let violations: Vec<Violation> = self
            .tables
            .iter()
            .filter(|t| t.unfiltered() >= fewest)
            .filter(|t| t.left_out() as f64 > limit * t.unfiltered() as f64)
            .map(|t| Violation {
                table: t.table.clone(),
                column: None,
                problem: format!(
                    "as {}, {}; the limit is {} % (pass max_bad= to accept more)",
                    t.role,
                    t.quarantined_text(),
                    100.0 * limit
                ),
            })
            .collect();
        if violations.is_empty() { Ok(()) } else { Err(Error::Schema { violations }) }
    }

    /// A line for each table with quarantined rows.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let bad = self.tables.iter().filter(|t| t.left_out() > 0);
        bad.map(|t| format!("table '{}' as {}: {}", t.table, t.role, t.quarantined_text())).collect()
    }
}

impl TableCheck {
    /// Rows that pass `where`.
    fn unfiltered(&self) -> usize {
        self.rows.saturating_sub(self.filtered)
    }

    /// Number of quarantined rows and the reasons, most frequent first.
    fn quarantined_text(&self) -> String {
        let (bad, rows) = (self.left_out(), self.unfiltered());
        let mut reasons: Vec<(&String, usize)> = self.quarantined.iter().map(|(why, q)| (why, q.rows)).collect();
        reasons.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        let reasons: Vec<String> = reasons.into_iter().map(|(why, n)| format!("{n} {why}")).collect();
        let share = 100.0 * bad as f64 / rows.max(1) as f64;
        let are = if bad == 1 { "is" } else { "are" };
        format!("{bad} of {} ({share:.1} %) {are} quarantined: {}", counted(rows, "row", "rows"), reasons.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn audit(rows: usize, bad: usize, filtered: usize) -> Check {
        let mut table = TableCheck::new("visits.csv", "events", rows);
        table.filtered = filtered;
        (0..bad).for_each(|row| table.quarantine("null time", row, String::new));
        table.used = rows - bad - filtered;
        Check { tables: vec![table], ..Check::default() }
    }

    #[test]
    fn the_share_is_of_rows_that_are_not_filtered() {
        assert_eq!(audit(100, 50, 0).check_quarantined(MaxBad::Half), Ok(()));
        let error = audit(100, 51, 0).check_quarantined(MaxBad::Half).unwrap_err().to_string();
        assert!(error.contains("'visits.csv'") && error.contains("51 of 100 rows (51.0 %)"), "{error}");
        assert!(error.contains("51 null time") && error.contains("max_bad="), "{error}");
        assert!(audit(100, 40, 30).check_quarantined(MaxBad::Half).is_err());
        assert_eq!(audit(100, 40, 20).check_quarantined(MaxBad::Half), Ok(()));
    }

    #[test]
    fn few_rows_are_judged_by_a_stated_share_only() {
        assert_eq!(audit(19, 19, 0).check_quarantined(MaxBad::Half), Ok(()));
        assert!(audit(20, 20, 0).check_quarantined(MaxBad::Half).is_err());
        assert!(audit(3, 1, 0).check_quarantined(MaxBad::Stated(0.0)).is_err());
        assert_eq!(audit(3, 3, 0).check_quarantined(MaxBad::Stated(1.0)), Ok(()));
        assert_eq!(audit(0, 0, 0).check_quarantined(MaxBad::Stated(0.0)), Ok(()));
        for share in [-0.1, 1.1, f64::NAN, 50.0] {
            assert!(matches!(
                audit(3, 0, 0).check_quarantined(MaxBad::Stated(share)),
                Err(Error::InvalidOption { .. })
            ));
        }
    }

    #[test]
    fn every_quarantined_row_is_warned_of() {
        assert!(audit(1000, 0, 900).warnings().is_empty());
        let warnings = audit(1000, 1, 0).warnings();
        assert_eq!(warnings, ["table 'visits.csv' as events: 1 of 1000 rows (0.1 %) is quarantined: 1 null time"]);
    }
}

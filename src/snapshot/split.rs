//! Splits of a snapshot into a training and a test part, and forward folds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::censoring::Candidates;
use super::counts::SnapshotCounts;
use super::row::Row;
use super::rows::{Snapshot, Split, SplitBy};
use crate::counted::counted;
use crate::error::{Error, Result};
use crate::journeys::Journeys;
use crate::math::drawn;
use crate::progress::Stop;
use crate::schema::Maturity;
use crate::time::{NO_TIME, Span, Timestamp};

/// Training rows, and later rows for validation.
#[derive(Debug, Clone, PartialEq)]
pub struct ForwardFold {
    /// Rows whose outcome was known before the others.
    pub train: Vec<usize>,
    /// Rows of one period.
    pub test: Vec<usize>,
    /// Weight of each row of the snapshot in this fold, if it is not the row's own.
    pub weight: Option<Vec<f64>>,
}

impl Snapshot {
    /// Splits the rows; `test` is the share of the test side, in (0, 1).
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if `test` is out of range, [`Error::NoRows`] if a side would be empty,
    /// [`Error::Interrupted`].
    pub fn split(&self, test: f64, by: SplitBy, seed: u64) -> Result<(Self, Self)> {
        if !(test > 0.0 && test < 1.0) {
            return Err(Error::option("test", format!("must be between 0 and 1, not {test}")));
        }
        let leads = &self.journeys.leads;
        match by {
            SplitBy::Time => self.split_in_time(test),
            SplitBy::Order => self.draw(test, by, |lead| (u64::from(self.rank(lead)), u64::from(lead))),
            SplitBy::Group => self.draw(test, by, |lead| {
                let group = leads.group(lead);
                let id = match &leads.account {
                    Some((_, names)) if group < 1 << 32 => names.get(group as u32),
                    _ => leads.ids.get(lead),
                };
                (drawn(id, seed), group)
            }),
            SplitBy::Random => self.draw(test, by, |lead| (drawn(leads.ids.get(lead), seed), u64::from(lead))),
        }
    }

    /// The latest cutoffs are the test.
    fn split_in_time(&self, test: f64) -> Result<(Self, Self)> {
        let (n, stop) = (self.rows.len(), Stop::here());
        let mut cutoffs: Vec<i64> = self.rows.iter().map(|r| r.cutoff).collect();
        cutoffs.sort_unstable();
        stop.check()?;
        if cutoffs.first() == Some(&NO_TIME) {
            return Err(Error::option(
                "by",
                "'time' needs the creation times of leads; use by='order', 'group' or 'random'",
            ));
        }
        let start = cutoffs.get(((1.0 - test) * n as f64).floor() as usize).copied().unwrap_or(i64::MAX);
        let (train, tested) = if let Some(candidates) = &self.candidates {
            // Each side has weights of its own: what the training side knows ends where the test begins.
            let later = candidates.filter(|r| r.cutoff >= start, 0, &stop)?;
            let end = candidates.end().unwrap_or(start);
            let earlier = candidates.filter(|r| r.cutoff < start, end - start, &stop)?;
            (self.resolved(earlier, &stop)?, self.resolved(later, &stop)?)
        } else {
            let ends = |i: &usize| self.window_end(*i).is_none_or(|end| end <= start);
            let before = |i: &usize| self.rows.get(*i).is_some_and(|r| r.cutoff < start);
            let train: Vec<usize> = (0..n).filter(before).filter(ends).collect();
            let tested: Vec<usize> = (0..n).filter(|i| !before(i)).collect();
            stop.check()?;
            let train = self.take(&train);
            stop.check()?;
            (train, self.take(&tested))
        };
        let (in_gap, remark) = match &self.candidates {
            Some(_) => (0, "the test cutoffs are later; training uses no outcomes after the first of them"),
            None => (n - train.len() - tested.len(), "the test cutoffs are later, with a gap of one label window"),
        };
        sides(
            train,
            tested,
            n,
            &Split {
                by: SplitBy::Time,
                test: false,
                boundary: Some(Timestamp(start)),
                in_gap,
                shared_accounts: 0,
                remark: remark.to_owned(),
            },
        )
    }

    /// The candidates that are resolved, as a snapshot.
    fn resolved(&self, candidates: Candidates, stop: &Stop) -> Result<Self> {
        let mut part = self.take(&[]);
        (part.counts.immature, part.counts.unobserved_ages) = (0, 0);
        let resolved = candidates.resolve(&mut part.counts, stop)?;
        (part.rows, part.weight, part.label) = (resolved.rows, resolved.weight, Some(resolved.label));
        part.candidates = Some(Arc::new(candidates));
        part.recount();
        Ok(part)
    }

    /// Up to `k` folds forward in time: each is judged on the rows of one period, and trained on those whose label window
    /// ended before it. Periods are of equal numbers of rows, after a first one that is only trained on. Without times,
    /// but split by order, the order of the leads stands for time; else empty.
    ///
    /// With `maturity = "ipcw"` a fold is trained on what was known at the start of its period, with weights of that time,
    /// and judged with weights of its period. Periods in which too few rows are observed for the whole window are left out.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub fn forward_folds(&self, k: usize) -> Result<Vec<ForwardFold>> {
        let (n, stop) = (self.rows.len(), Stop::here());
        let timed = self.rows.iter().all(|r| r.cutoff != NO_TIME);
        let ordered = self.split.as_ref().is_some_and(|s| s.by == SplitBy::Order);
        if !timed && !ordered {
            return Ok(Vec::new());
        }
        let at = |i: usize| match self.rows.get(i) {
            Some(r) if timed => r.cutoff,
            Some(r) => i64::from(self.rank(r.lead)),
            None => i64::MIN,
        };
        let mut sorted: Vec<i64> = (0..n).map(at).collect();
        sorted.sort_unstable();
        let mut starts: Vec<i64> = (1..=k).filter_map(|f| sorted.get(f * n / (k + 1)).copied()).collect();
        starts.dedup();
        if self.spec.maturity == Maturity::Ipcw {
            return self.weighted_folds(&starts, &stop);
        }
        let ended = |i: usize, start: i64| !timed || self.window_end(i).is_none_or(|end| end <= start);
        let mut folds = Vec::with_capacity(starts.len());
        for (f, start) in starts.iter().enumerate() {
            stop.check()?;
            let end = starts.get(f + 1).copied().unwrap_or(i64::MAX);
            let train: Vec<usize> = (0..n).filter(|i| ended(*i, *start) && at(*i) < *start).collect();
            stop.check()?;
            let test: Vec<usize> = (0..n).filter(|i| (*start..end).contains(&at(*i))).collect();
            if !train.is_empty() && !test.is_empty() {
                folds.push(ForwardFold { train, test, weight: None });
            }
        }
        Ok(folds)
    }

    /// Folds of rows with weights for censoring; periods begin at `starts`.
    fn weighted_folds(&self, starts: &[i64], stop: &Stop) -> Result<Vec<ForwardFold>> {
        let Some((candidates, observed_until)) = self.candidates.as_ref().and_then(|c| Some((c, c.end()?))) else {
            return Ok(Vec::new());
        };
        let mut folds = Vec::with_capacity(starts.len());
        for (f, start) in starts.iter().enumerate() {
            let end = starts.get(f + 1).copied().unwrap_or(i64::MAX);
            let mut weight = vec![0.0; self.rows.len()];
            let earlier = candidates.filter(|r| r.cutoff < *start, observed_until - start, stop)?;
            let train = self.weighted_side(&earlier, &mut weight, stop)?;
            let own = candidates.filter(|r| (*start..end).contains(&r.cutoff), 0, stop)?;
            let test = self.weighted_side(&own, &mut weight, stop)?;
            if let (Some(train), Some(test)) = (train, test) {
                folds.push(ForwardFold { train, test, weight: Some(weight) });
            }
        }
        Ok(folds)
    }

    /// Positions of the rows among `candidates` that are resolved, whose weights are written to `weight`; `None` if there
    /// are none, or too few are observed for the whole window.
    fn weighted_side(&self, candidates: &Candidates, weight: &mut [f64], stop: &Stop) -> Result<Option<Vec<usize>>> {
        let resolved = match candidates.resolve(&mut SnapshotCounts::default(), stop) {
            Err(Error::Interrupted) => return Err(Error::Interrupted),
            Err(_) => return Ok(None),
            Ok(resolved) => resolved,
        };
        // Both are in order of lead, then cutoff.
        let key = |row: &Row| (row.lead, row.cutoff);
        let mut own = (0..).zip(&self.rows).peekable();
        let mut positions = Vec::with_capacity(resolved.rows.len());
        for (row, value) in resolved.rows.iter().zip(&resolved.weight) {
            while own.next_if(|(_, r)| key(r) < key(row)).is_some() {}
            if let Some((place, _)) = own.next_if(|(_, r)| key(r) == key(row))
                && let Some(slot) = weight.get_mut(place)
            {
                *slot = *value;
                positions.push(place);
            }
        }
        stop.check()?;
        Ok((!positions.is_empty()).then_some(positions))
    }

    /// Place of a lead in the order of the table.
    fn rank(&self, lead: u32) -> u32 {
        let leads = &self.journeys.leads;
        leads.order.as_ref().unwrap_or(&leads.source_row).get(lead as usize).copied().unwrap_or(0)
    }

    /// End of the label window of row `i`.
    fn window_end(&self, i: usize) -> Option<i64> {
        let row = self.rows.get(i)?;
        let span = |s: Option<Span>| s.map(Span::as_micros);
        match (span(self.spec.horizon), span(self.spec.by_age)) {
            (Some(h), _) => Some(row.cutoff.saturating_add(h)),
            (None, Some(age)) => Some(self.journeys.leads.created_at(row.lead).saturating_add(age)),
            (None, None) => None,
        }
    }

    /// The time up to which it uses outcomes: the end of the last label window, or of observation if windows reach beyond;
    /// `None` without times.
    #[must_use]
    pub fn outcomes_until(&self) -> Option<i64> {
        let last = (0..self.rows.len()).filter_map(|i| self.window_end(i)).max()?;
        let end = self.candidates.as_ref().and_then(|all| all.end());
        Some(end.map_or(last, |end| end.min(last)))
    }

    /// Assigns the units with the highest keys to the test set until it has the share `test` of all rows.
    fn draw(&self, test: f64, by: SplitBy, key: impl Fn(u32) -> (u64, u64)) -> Result<(Self, Self)> {
        let mut units: BTreeMap<(u64, u64), usize> = BTreeMap::new();
        // Rows of a lead are together.
        let same_lead = |a: &Row, b: &Row| a.lead == b.lead;
        let mut keys = Vec::with_capacity(self.rows.len());
        for rows in self.rows.chunk_by(same_lead) {
            let Some(first) = rows.first() else { continue };
            let key = key(first.lead);
            *units.entry(key).or_default() += rows.len();
            keys.resize(keys.len() + rows.len(), key);
        }
        let wanted = (test * self.rows.len() as f64).round() as usize;
        let mut got = 0;
        let mut first_test = None;
        for (k, rows) in units.iter().rev() {
            if got >= wanted {
                break;
            }
            got += rows;
            first_test = Some(*k);
        }
        let is_test = |lead: u32| first_test.is_some_and(|first| key(lead) >= first);
        let stop = Stop::here();
        let side = |test: bool| -> Result<Self> {
            stop.check()?;
            let on_test = |i: &usize| first_test.zip(keys.get(*i)).is_some_and(|(first, key)| *key >= first);
            let on_it = |i: &usize| on_test(i) == test;
            let mut part = self.take(&(0..self.rows.len()).filter(on_it).collect::<Vec<usize>>());
            if let Some(all) = &self.candidates {
                let mut last = None;
                let mut on_it = |row: &Row| match last {
                    Some((lead, on_it)) if lead == row.lead => on_it,
                    _ => last.insert((row.lead, is_test(row.lead) == test)).1,
                };
                part.candidates = Some(Arc::new(all.filter(&mut on_it, 0, &stop)?));
            }
            Ok(part)
        };
        let (train, tested) = (side(false)?, side(true)?);
        let what = match by {
            SplitBy::Order => "the test leads are the last in the table; row order stands for time",
            SplitBy::Group if self.journeys.leads.account.is_none() => {
                "leads are not split; both sets cover the same period, which hides drift"
            }
            SplitBy::Group => "accounts are not split; both sets cover the same period, which hides drift",
            SplitBy::Random | SplitBy::Time => {
                "leads are split at random; both sets cover the same period, which hides drift and makes estimates optimistic"
            }
        };
        let accounts = |part: &Self| -> BTreeSet<u64> {
            let leads = part.rows.chunk_by(same_lead).filter_map(<[Row]>::first);
            leads.map(|row| self.journeys.leads.group(row.lead)).collect()
        };
        let shared = match self.journeys.leads.account {
            Some(_) => accounts(&train).intersection(&accounts(&tested)).count(),
            None => 0,
        };
        let remark = match shared {
            0 => what.to_owned(),
            n => format!(
                "{what}; {} leads in both sets, which makes estimates optimistic; use by='group'",
                counted(n, "account has", "accounts have")
            ),
        };
        let split = Split { by, test: false, boundary: None, in_gap: 0, shared_accounts: shared, remark };
        sides(train, tested, self.rows.len(), &split)
    }
}

/// Both sets with their split recorded.
fn sides(mut train: Snapshot, mut tested: Snapshot, rows: usize, split: &Split) -> Result<(Snapshot, Snapshot)> {
    if train.is_empty() || tested.is_empty() {
        let side = if train.is_empty() { "training" } else { "test" };
        let gap = match split.in_gap {
            0 => String::new(),
            n => format!(
                " ({n} of them {} a label window that reaches into the test period)",
                if n == 1 { "has" } else { "have" }
            ),
        };
        let remedy = match split.by {
            SplitBy::Time => "set another share, or by='group'",
            _ => "set another share",
        };
        let why = format!("the {side} set of {}{gap} would be empty; {remedy}", counted(rows, "row", "rows"));
        return Err(Error::NoRows { what: "split", why });
    }
    train.split = Some(split.clone());
    tested.split = Some(Split { test: true, ..split.clone() });
    Ok((train, tested))
}

impl Journeys {
    /// 48 bits of a hash of the id of a lead.
    #[must_use]
    pub fn lead_hash(&self, lead: u32) -> u64 {
        drawn(self.leads.ids.get(lead), LEADS) >> 16
    }
}

/// Seed of hashes of leads.
const LEADS: u64 = 0x1ead;

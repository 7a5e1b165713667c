//! Passes over all journeys: fold lead by lead and join the parts in order.

use std::ops::Range;

use rayon::prelude::*;

use super::Journeys;
use crate::error::Result;
use crate::progress::Task;

/// Events per part of a pass. Parts are cut from the data alone, so results do not depend on the number of threads.
const EVENTS: usize = 1 << 16;
/// Leads per part at most, for leads with few events.
const LEADS: u32 = 1 << 14;

impl Journeys {
    /// Numbers of all leads, cut into parts of about equal work; a lead with very many events is a part of its own.
    fn parts(&self) -> Vec<Range<u32>> {
        let (mut parts, leads, ends) =
            (Vec::new(), self.leads.len() as u32, self.timeline.offsets.get(1..).unwrap_or(&[]));
        let (mut start, mut first_event) = (0u32, 0usize);
        while start < leads {
            let most = ends.get(start as usize..).unwrap_or(&[]);
            let most = most.get(..LEADS as usize).unwrap_or(most);
            let fit = most.partition_point(|end| end - first_event < EVENTS);
            let end = (start + fit as u32 + 1).min(start + LEADS).min(leads);
            parts.push(start..end);
            (start, first_event) = (end, most.get((end - start - 1) as usize).copied().unwrap_or(first_event));
        }
        parts
    }

    /// Folds every lead into an accumulator and joins the accumulators in a fixed binary tree.
    ///
    /// `visit` gets the accumulator and a lead's number; `join` puts the later accumulator behind the earlier one.
    ///
    /// # Errors
    /// [`crate::Error::Interrupted`], and what `visit` returns.
    pub fn fold<A: Send>(
        &self,
        label: &'static str,
        task: &Task,
        new: impl Fn() -> A + Sync,
        visit: impl Fn(&mut A, u32) -> Result<()> + Sync,
        join: impl Fn(A, A) -> A + Sync,
    ) -> Result<A> {
        let visit_all = |state: &mut A, mut leads: Range<u32>| {
            leads.try_for_each(|lead| {
                if lead.is_multiple_of(256) {
                    task.check()?;
                }
                visit(state, lead)
            })
        };
        self.fold_parts(label, task, new, visit_all, join)
    }

    /// As [`Journeys::fold`]; `visit` gets the numbers of the leads of a part at once.
    ///
    /// # Errors
    /// As [`Journeys::fold`].
    pub fn fold_parts<A: Send>(
        &self,
        label: &'static str,
        task: &Task,
        new: impl Fn() -> A + Sync,
        visit: impl Fn(&mut A, Range<u32>) -> Result<()> + Sync,
        join: impl Fn(A, A) -> A + Sync,
    ) -> Result<A> {
        task.begin(label, self.leads.len());
        let mut done: Vec<A> = self
            .parts()
            .into_par_iter()
            .map(|part| {
                task.check()?;
                let mut state = new();
                let len = part.len();
                visit(&mut state, part)?;
                task.advance(len);
                Ok(state)
            })
            .collect::<Result<_>>()?;
        while done.len() > 1 {
            if let Err(stopped) = task.check() {
                // Large accumulators take time to free.
                done.into_par_iter().for_each(drop);
                return Err(stopped);
            }
            let mut rest = done.into_iter();
            let pairs: Vec<(A, Option<A>)> = std::iter::from_fn(|| Some((rest.next()?, rest.next()))).collect();
            let join = |(earlier, later)| match later {
                Some(later) => join(earlier, later),
                None => earlier,
            };
            done = pairs.into_par_iter().map(join).collect();
        }
        task.check()?;
        Ok(done.pop().unwrap_or_else(new))
    }
}

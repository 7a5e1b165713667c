//! Fits of several folds that share their passes over the rows.
//!
//! Each fold runs its solver on a thread of its own. Where it needs loss and gradient at a point it asks here and waits;
//! once all folds that are still running have asked, one pass serves them all. A pass over rows costs mostly their
//! reading, so that five folds take little longer than one; and no fold needs a copy of its rows.

use std::sync::{Condvar, Mutex, MutexGuard};

use super::matrix::{FoldFound, FoldQuery, FoldRole, Matrix, Observed};
use crate::error::{Error, Result};

/// The meeting point of the folds of one matrix.
pub(super) struct SharedPasses<'a> {
    x: &'a Matrix<'a>,
    observed: Observed<'a>,
    roles: &'a [Vec<FoldRole>],
    weights: &'a [Option<Vec<f64>>],
    state: Mutex<FoldState>,
    answered: Condvar,
}

struct FoldState {
    running: usize,
    /// A pass has panicked, and no fold waits for another one.
    failed: bool,
    asked: Vec<Option<Vec<f64>>>,
    answers: Vec<Option<Result<FoldFound>>>,
}

impl std::fmt::Debug for SharedPasses<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedPasses").field("folds", &self.roles.len()).finish_non_exhaustive()
    }
}

impl<'a> SharedPasses<'a> {
    pub(super) fn new(
        x: &'a Matrix<'a>,
        observed: Observed<'a>,
        roles: &'a [Vec<FoldRole>],
        weights: &'a [Option<Vec<f64>>],
    ) -> Self {
        let none = || (0..roles.len()).map(|_| None);
        let state = FoldState {
            running: roles.len(),
            failed: false,
            asked: none().collect(),
            answers: (0..roles.len()).map(|_| None).collect(),
        };
        Self { x, observed, roles, weights, state: Mutex::new(state), answered: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, FoldState> {
        // A fold that panicked leaves its question or none; both are whole.
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Loss and gradient of a fold at a point; waits for the other folds.
    ///
    /// # Errors
    /// [`Error::Interrupted`] once the task of the thread that makes the pass is stopped, or the pass has panicked.
    pub(super) fn ask(&self, fold: usize, beta: &[f64]) -> Result<FoldFound> {
        let mut state = self.lock();
        if let Some(slot) = state.asked.get_mut(fold) {
            *slot = Some(beta.to_vec());
        }
        self.answer_if_all_asked(&mut state);
        loop {
            if let Some(found) = state.answers.get_mut(fold).and_then(Option::take) {
                return found;
            }
            if state.failed {
                // The fold that panicked says why.
                return Err(Error::Interrupted);
            }
            state = self.answered.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
    }

    /// Runs a fold; the others do not wait for it any longer once it has ended, whichever way.
    pub(super) fn run<T>(&self, fold: usize, work: impl FnOnce() -> T) -> T {
        struct Leave<'a, 'b>(&'a SharedPasses<'b>, usize);
        impl Drop for Leave<'_, '_> {
            fn drop(&mut self) {
                let mut state = self.0.lock();
                state.running = state.running.saturating_sub(1);
                if let Some(asked) = state.asked.get_mut(self.1) {
                    *asked = None;
                }
                self.0.answer_if_all_asked(&mut state);
                self.0.answered.notify_all();
            }
        }
        let _leave = Leave(self, fold);
        work()
    }

    fn answer_if_all_asked(&self, state: &mut FoldState) {
        let asking: Vec<(usize, Vec<f64>)> =
            state.asked.iter().enumerate().filter_map(|(fold, beta)| Some((fold, beta.clone()?))).collect();
        if asking.is_empty() || asking.len() < state.running || state.failed {
            return;
        }
        let weight = |fold: usize| self.weights.get(fold).and_then(Option::as_deref);
        let asked: Vec<FoldQuery<'_>> = asking
            .iter()
            .filter_map(|(fold, beta)| Some(FoldQuery { roles: self.roles.get(*fold)?, weight: weight(*fold), beta }))
            .collect();
        // True until the pass has come back.
        state.failed = true;
        let found: Vec<Result<FoldFound>> = match self.x.pass_folds(&self.observed, &asked) {
            Ok(found) => found.into_iter().map(Ok).collect(),
            Err(e) => asked.iter().map(|_| Err(e.clone())).collect(),
        };
        state.failed = false;
        state.asked.iter_mut().for_each(|a| *a = None);
        for ((fold, _), found) in asking.iter().zip(found) {
            if let Some(slot) = state.answers.get_mut(*fold) {
                *slot = Some(found);
            }
        }
        self.answered.notify_all();
    }
}

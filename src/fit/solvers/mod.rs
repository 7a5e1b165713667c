//! Minimisers of the penalised log-loss, and the linear algebra below them.

pub(super) mod branches;
pub(super) mod centre;
pub(super) mod cholesky;
pub(super) mod conjugate_gradient;
pub(super) mod firth;
pub(super) mod held;
pub(super) mod jeffreys;
#[cfg(feature = "linfa")]
pub(super) mod linfa;
pub(super) mod newton;
pub(super) mod objective;
pub(super) mod proximal;
pub(super) mod solution;

pub use solution::Solution;

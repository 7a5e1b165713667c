//! Funnels: how many leads get how far.

mod sequential;

pub use sequential::{Funnel, FunnelGroup, FunnelSpec, FunnelStep};

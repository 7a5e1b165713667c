//! Rules: shares of one conversion by the place of a touch in its path.

use super::paths::Path;
use super::spec::{Method, Weights};
use crate::error::Result;
use crate::math::exp2;
use crate::time::{DAY, Span};

/// A rule made ready.
#[derive(Debug, Clone)]
pub(super) enum Rule {
    Milestones(Weights),
    LastNonDirect(Vec<bool>),
    Decay(Span),
}

impl Rule {
    /// The rule of a method; `None` for methods without one.
    pub(super) fn of(method: &Method, half_life: Span, direct: &[bool]) -> Result<Option<Self>> {
        let w = |first, lead, opportunity, last, middle| {
            Self::Milestones(Weights { first, lead, opportunity, last, middle })
        };
        Ok(Some(match method {
            Method::First => w(1.0, 0.0, 0.0, 0.0, 0.0),
            Method::Last => w(0.0, 0.0, 0.0, 1.0, 0.0),
            Method::Linear => w(0.0, 0.0, 0.0, 0.0, 1.0),
            Method::Position => w(0.4, 0.0, 0.0, 0.4, 0.2),
            Method::UShaped => w(0.4, 0.4, 0.0, 0.0, 0.2),
            Method::WShaped => w(0.3, 0.3, 0.3, 0.0, 0.1),
            Method::FullPath => w(0.225, 0.225, 0.225, 0.225, 0.1),
            Method::Custom(rule) => Self::Milestones(rule.weights.checked(&rule.name)?),
            Method::LastNonDirect => Self::LastNonDirect(direct.to_vec()),
            Method::TimeDecay => Self::Decay(half_life),
            Method::Markov(_) | Method::Shapley | Method::ShapleyExact => return Ok(None),
        }))
    }

    /// Writes the share of each touch of a path to `shares`; they add up to 1.
    pub(super) fn share(&self, path: &Path<'_>, shares: &mut Vec<f64>) {
        shares.clear();
        shares.resize(path.touches.len(), 0.0);
        let Some(last) = path.touches.len().checked_sub(1) else { return };
        match self {
            Self::LastNonDirect(direct) => {
                let is_direct = |c: u32| direct.get(c as usize).copied().unwrap_or(false);
                let chosen = path.touches.iter().rposition(|t| !is_direct(t.channel)).unwrap_or(last);
                if let Some(s) = shares.get_mut(chosen) {
                    *s = 1.0;
                }
            }
            Self::Decay(half_life) => {
                let half = half_life.as_days();
                // From the youngest touch on, so the largest weight is 1 and none vanishes in all.
                let youngest = path.touches.iter().map(|t| t.at).max().unwrap_or(path.end);
                for (s, t) in shares.iter_mut().zip(path.touches) {
                    *s = exp2(-((youngest - t.at) as f64 / DAY as f64) / half);
                }
                let total: f64 = shares.iter().sum();
                shares.iter_mut().for_each(|s| *s /= total);
            }
            Self::Milestones(w) => milestones(w, path, last, shares),
        }
    }
}

/// Milestones that a path lacks give their share to what there is, in proportion; so does the middle if there is none.
/// A touch that is two milestones gets both shares.
fn milestones(w: &Weights, path: &Path<'_>, last: usize, shares: &mut [f64]) {
    let places = [
        (w.first, Some(0)),
        (w.lead, path.milestones.lead),
        (w.opportunity, path.milestones.opportunity),
        (w.last, Some(last)),
    ];
    let mut given = 0.0;
    for (weight, place) in places {
        if weight > 0.0
            && let Some(s) = place.and_then(|p| shares.get_mut(p))
        {
            *s += weight;
            given += weight;
        }
    }
    let others = shares.iter().filter(|s| **s == 0.0).count();
    if others > 0 && w.middle > 0.0 {
        let each = w.middle / others as f64;
        shares.iter_mut().filter(|s| **s == 0.0).for_each(|s| *s = each);
        given += w.middle;
    }
    if given > 0.0 {
        shares.iter_mut().for_each(|s| *s /= given);
    } else {
        // The path has none of the rule's milestones, and the rule gives other touches no share.
        shares.fill(1.0 / (last + 1) as f64);
    }
}

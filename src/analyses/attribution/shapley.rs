//! Shapley values by the exact sets of channels that paths have.
//!
//! With v(S) the conversions of paths whose channels all lie in S, the Shapley value of a channel is the sum over paths
//! that contain it of conversions / number of their channels: linear credit on unique channels, never negative. With
//! v(S) the conversions of paths whose channels are exactly S it can be negative, and adds up to v of all channels only.
//! (L. S. Shapley, "A value for n-person games", 1953.)

use std::collections::BTreeMap;

/// Conversions and value of the paths of each set of channels, ascending.
pub(super) type Sets = BTreeMap<Vec<u32>, (u64, f64)>;

/// Shapley values of v(S) = worth of exactly S, among `players`: conversions and value of each.
pub(super) fn exact(sets: &Sets, players: &[u32], channels: usize) -> (Vec<f64>, Vec<f64>) {
    let n = players.len();
    // Weight of a set of s among n: s!(n − s − 1)!/n!.
    let weight = |s: usize| {
        let mut w = 1.0 / n as f64;
        // 1/n · 1/C(n − 1, s)
        for i in 0..s {
            w *= (i + 1) as f64 / (n - 1 - i) as f64;
        }
        w
    };
    let (mut conversions, mut values) = (vec![0.0; channels], vec![0.0; channels]);
    for (set, (count, value)) in sets {
        let inside = weight(set.len() - 1);
        let outside = if set.len() < n { weight(set.len()) } else { 0.0 };
        for c in players {
            let factor = if set.binary_search(c).is_ok() { inside } else { -outside };
            if let (Some(a), Some(b)) = (conversions.get_mut(*c as usize), values.get_mut(*c as usize)) {
                *a += factor * *count as f64;
                *b += factor * value;
            }
        }
    }
    (conversions, values)
}

//! What channels are called in results, and which of them a pattern means.

use crate::encoding::MISSING;
use crate::error::{Error, Result};
use crate::schema::{like, shown};

/// Name of the row of conversions without a touch.
pub(super) const UNATTRIBUTED: &str = "(unattributed)";

/// How a channel is called in results.
pub(super) fn channel_name(name: &str) -> String {
    shown(name, &[UNATTRIBUTED, MISSING])
}

/// Which channels some patterns mean: as results call them, as the data does, or by wildcards, which mean channels of the
/// data only. The last flag is that of touches without a channel, if there can be any.
pub(super) fn channels_like(patterns: &[String], names: &[String], has_missing: bool) -> Result<Vec<bool>> {
    let mut chosen = vec![false; names.len() + usize::from(has_missing)];
    for pattern in patterns {
        if has_missing && pattern == MISSING {
            chosen.iter_mut().skip(names.len()).for_each(|flag| *flag = true);
            continue;
        }
        let exact: Vec<bool> = names.iter().map(|name| channel_name(name) == *pattern).collect();
        let flags = if exact.contains(&true) { exact } else { like(pattern, names) };
        if !flags.contains(&true) {
            return Err(Error::unknown("channel", pattern, names.iter().map(String::as_str)));
        }
        chosen.iter_mut().zip(flags).for_each(|(chosen, flag)| *chosen |= flag);
    }
    Ok(chosen)
}

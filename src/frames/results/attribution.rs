//! Attributions as tables.

use polars::prelude::*;

use crate::analyses::attribution::{Attribution, Credit, Range, UnitCost};
use crate::error::Result;
use crate::frames::results::columns::{counts, frame, numbers, optional, texts};

/// Credits, long: by method and channel.
///
/// # Errors
/// As [`super::terms_frame`].
pub fn attribution_frame(a: &Attribution) -> Result<DataFrame> {
    let rows: Vec<(&str, &Credit)> =
        a.methods.iter().flat_map(|m| m.credits.iter().map(|c| (m.method.as_str(), c))).collect();
    let column = |name: &str, get: fn(&Credit) -> f64| numbers(name, rows.iter().map(|r| get(r.1)).collect());
    let bound = |name: &str, get: fn(&Credit) -> Option<Range>, end: fn(Range) -> f64| {
        optional(name, rows.iter().map(|r| get(r.1).map(end)))
    };
    let value_range: fn(&Credit) -> Option<Range> = if a.valued > 0 { |c| c.value_range } else { |_| None };
    let mut columns = vec![
        texts("method", rows.iter().map(|r| r.0.to_owned())),
        texts("channel", rows.iter().map(|r| r.1.channel.clone())),
        counts("touches", rows.iter().map(|r| r.1.touches as usize)),
        counts("paths", rows.iter().map(|r| r.1.paths as usize)),
        column("conversions", |c| c.conversions),
        optional("value", rows.iter().map(|r| Some(r.1.value).filter(|_| a.valued > 0))),
        column("share", |c| c.share),
        optional("removal_effect", rows.iter().map(|r| r.1.removal_effect)),
    ];
    if a.spec.bootstrap > 0 {
        columns.extend([
            bound("conversions_low", |c| c.conversions_range, |r| r.low),
            bound("conversions_high", |c| c.conversions_range, |r| r.high),
            bound("value_low", value_range, |r| r.low),
            bound("value_high", value_range, |r| r.high),
        ]);
    }
    frame(columns)
}

/// Unit costs: by channel in all, or by channel and period. Without a known value there is none, and no return.
///
/// # Errors
/// As [`super::terms_frame`].
pub fn unit_cost_frame(a: &Attribution, rows: &[UnitCost], by_period: bool) -> Result<DataFrame> {
    let column = |name: &str, get: fn(&UnitCost) -> f64| numbers(name, rows.iter().map(get).collect());
    let valued = a.valued > 0;
    let ratio = |name: &str, get: fn(&UnitCost) -> Option<f64>| optional(name, rows.iter().map(get));
    let mut columns = vec![texts("channel", rows.iter().map(|r| r.channel.clone()))];
    if by_period {
        let days: Int32Chunked = rows.iter().map(|r| r.day.map(|d| d as i32)).collect();
        columns.push(days.with_name("period".into()).into_date().into_series().into_column());
    }
    columns.extend([
        ratio("spend", |r| r.spend),
        counts("leads", rows.iter().map(|r| r.leads as usize)),
        counts("qualified", rows.iter().map(|r| r.qualified as usize)),
        column("conversions", |r| r.conversions),
        optional("value", rows.iter().map(|r| valued.then_some(r.value))),
        ratio("cost_per_lead", UnitCost::per_lead),
        ratio("cost_per_qualified", UnitCost::per_qualified),
        ratio("cost_per_conversion", UnitCost::per_conversion),
        optional("return_on_spend", rows.iter().map(|r| r.return_on_spend().filter(|_| valued))),
    ]);
    frame(columns)
}

//! Times to an event as tables.

use polars::prelude::*;

use crate::analyses::time_to::{TimeTo, TimeToGroup};
use crate::error::Result;
use crate::frames::results::columns::{counts, frame, numbers, optional, texts};
use crate::math::Interval;
use crate::survival::{ParametricFit, Plateau};

/// One row per group: leads, ends, share at the end, quantiles and mean time in days.
///
/// # Errors
/// As [`super::terms_frame`].
pub fn time_to_frame(t: &TimeTo) -> Result<DataFrame> {
    let g = &t.groups;
    let count = |name: &str, get: fn(&TimeToGroup) -> u64| counts(name, g.iter().map(|x| get(x) as usize));
    let column = |name: &str, get: fn(&TimeToGroup) -> f64| numbers(name, g.iter().map(get).collect());
    let quantile = |name: &str, q: usize, part: usize| {
        optional(name, g.iter().map(|x| x.quantiles.get(q).and_then(|(_, ages)| ages.get(part).copied().flatten())))
    };
    frame(vec![
        texts("group", g.iter().map(|x| x.value.clone())),
        count("leads", |x| x.leads),
        count("events", |x| x.events),
        count("competing", |x| x.competing),
        count("censored", |x| x.censored),
        column("days", |x| x.last.days),
        column("incidence", |x| x.last.incidence),
        optional("incidence_low", g.iter().map(|x| Some(x.last.interval.low))),
        optional("incidence_high", g.iter().map(|x| Some(x.last.interval.high))),
        quantile("quarter_days", 0, 0),
        quantile("median_days", 1, 0),
        quantile("median_days_low", 1, 1),
        quantile("median_days_high", 1, 2),
        quantile("three_quarters_days", 2, 0),
        optional("restricted_until", g.iter().map(|x| x.restricted_mean.map(|m| m.until))),
        optional("restricted_mean", g.iter().map(|x| x.restricted_mean.map(|m| m.mean))),
        optional("restricted_mean_standard_error", g.iter().map(|x| x.restricted_mean.map(|m| m.standard_error))),
    ])
}

/// Shares at the ages asked for, long.
///
/// # Errors
/// As [`super::terms_frame`].
pub fn time_to_ages_frame(t: &TimeTo) -> Result<DataFrame> {
    let rows: Vec<_> = t.groups.iter().flat_map(|g| g.at.iter().map(|a| (g.value.clone(), *a))).collect();
    frame(vec![
        texts("group", rows.iter().map(|r| r.0.clone())),
        numbers("days", rows.iter().map(|r| r.1.days).collect()),
        numbers("incidence", rows.iter().map(|r| r.1.incidence).collect()),
        optional("incidence_low", rows.iter().map(|r| Some(r.1.interval.low))),
        optional("incidence_high", rows.iter().map(|r| Some(r.1.interval.high))),
        counts("at_risk", rows.iter().map(|r| r.1.at_risk as usize)),
    ])
}

/// One row per group: the share that will ever have the event, or why it is not identified.
///
/// # Errors
/// As [`super::terms_frame`].
pub fn time_to_ceilings_frame(t: &TimeTo) -> Result<DataFrame> {
    let rows: Vec<_> = t.groups.iter().filter_map(|g| Some((g.value.clone(), g.ceiling.as_ref()?))).collect();
    let fit = |name: &str, get: fn(&ParametricFit) -> f64| {
        optional(name, rows.iter().map(|(_, c)| c.fit.as_ref().map(|(fit, _)| get(fit))))
    };
    let plateau =
        |name: &str, get: fn(&Plateau) -> f64| optional(name, rows.iter().map(|(_, c)| c.plateau.as_ref().map(get)));
    let end = |name: &str, get: fn(&Interval) -> f64| {
        optional(name, rows.iter().map(|(_, c)| c.fit.as_ref().map(|(_, interval)| get(interval))))
    };
    frame(vec![
        texts("group", rows.iter().map(|r| r.0.clone())),
        texts("family", rows.iter().map(|r| r.1.family.to_string())),
        Column::new("identified".into(), rows.iter().map(|r| r.1.fit.is_some()).collect::<Vec<bool>>()),
        fit("share", |f| f.share),
        end("low", |i| i.low),
        end("high", |i| i.high),
        fit("competing_share", |f| f.competing.map_or(f64::NAN, |(share, _)| share)),
        fit("mu", |f| f.times.mu),
        fit("sigma", |f| f.times.sigma),
        fit("q", |f| f.times.q),
        fit("log_likelihood", |f| f.log_likelihood),
        plateau("last_event_days", |p| p.last_event),
        plateau("longest_days", |p| p.longest),
        plateau("alpha", |p| p.chance),
        texts("why_not", rows.iter().map(|r| r.1.why_not.clone())),
    ])
}

/// Curves, long: one row per group and age at which something ends.
///
/// # Errors
/// As [`super::terms_frame`].
pub fn time_to_curves_frame(t: &TimeTo) -> Result<DataFrame> {
    let names = t.groups.iter().flat_map(|g| std::iter::repeat_n(g.value.clone(), g.curve.time.len()));
    let column = |name: &str, get: fn(&TimeToGroup) -> &[f64]| {
        numbers(name, t.groups.iter().flat_map(|g| get(g).iter().copied()).collect())
    };
    let bound = |name: &str, get: fn(&TimeToGroup) -> &[f64]| {
        optional(name, t.groups.iter().flat_map(|g| get(g).iter().copied().map(Some)))
    };
    let count = |name: &str, get: fn(&TimeToGroup) -> &[u64]| {
        counts(name, t.groups.iter().flat_map(|g| get(g).iter().map(|n| *n as usize)))
    };
    frame(vec![
        texts("group", names),
        column("days", |g| &g.curve.time),
        count("at_risk", |g| &g.curve.at_risk),
        count("events", |g| &g.curve.events),
        count("competing", |g| &g.curve.competing),
        count("censored", |g| &g.curve.censored),
        column("incidence", |g| &g.curve.incidence),
        column("standard_error", |g| &g.curve.standard_error),
        bound("low", |g| &g.curve.low),
        bound("high", |g| &g.curve.high),
        column("competing_incidence", |g| &g.curve.competing_incidence),
    ])
}

//! Paths as tables.

use polars::prelude::*;

use crate::analyses::paths::{Paths, Transition};
use crate::error::Result;
use crate::frames::results::columns::{counts, frame, numbers, optional, texts};
use crate::schema::way;

/// Table of transitions, one row per pair of places.
///
/// # Errors
/// As [`super::terms_frame`].
pub fn transitions_frame(p: &Paths) -> Result<DataFrame> {
    let t = &p.transitions;
    let time = |name: &str, get: fn(&Transition) -> f64| optional(name, t.iter().map(|x| Some(get(x))));
    frame(vec![
        texts("from", t.iter().map(|x| x.from.clone())),
        texts("to", t.iter().map(|x| x.to.clone())),
        counts("count", t.iter().map(|x| x.count as usize)),
        numbers("probability", t.iter().map(|x| x.probability).collect()),
        time("median_days", |x| x.time.median),
        time("p90_days", |x| x.time.p90),
    ])
}

/// Ways to the end.
///
/// # Errors
/// As [`super::terms_frame`].
pub fn ways_frame(p: &Paths) -> Result<DataFrame> {
    let w = &p.ways;
    let total = |i: usize| w.get(i).map_or(0, |x| x.won + x.lost + x.open);
    frame(vec![
        texts("path", w.iter().map(|x| way(&x.path))),
        counts("paths", (0..w.len()).map(|i| total(i) as usize)),
        counts("won", w.iter().map(|x| x.won as usize)),
        counts("lost", w.iter().map(|x| x.lost as usize)),
        counts("open", w.iter().map(|x| x.open as usize)),
        numbers("share", (0..w.len()).map(|i| total(i) as f64 / p.paths as f64).collect()),
        numbers("won_share", w.iter().enumerate().map(|(i, x)| x.won as f64 / total(i) as f64).collect()),
    ])
}

/// Where paths are step by step.
///
/// # Errors
/// As [`super::terms_frame`].
pub fn steps_frame(p: &Paths) -> Result<DataFrame> {
    let s = &p.steps;
    frame(vec![
        counts("step", s.iter().map(|x| x.step)),
        texts("place", s.iter().map(|x| x.place.clone())),
        counts("count", s.iter().map(|x| x.count as usize)),
        numbers("share", s.iter().map(|x| x.share).collect()),
    ])
}

/// Table of loops, one row per pair of places.
///
/// # Errors
/// As [`super::terms_frame`].
pub fn loops_frame(p: &Paths) -> Result<DataFrame> {
    let l = &p.loops;
    frame(vec![
        texts("loop", l.iter().map(|x| way(&x.places))),
        counts("count", l.iter().map(|x| x.count as usize)),
        counts("paths", l.iter().map(|x| x.paths as usize)),
        counts("won", l.iter().map(|x| x.won as usize)),
        numbers("won_share", l.iter().map(|x| x.won as f64 / x.paths as f64).collect()),
    ])
}

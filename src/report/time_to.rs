//! Times to an event as plain text.

use super::body::{Body, Show, TextTable};
use super::numbers::{duration, percent, rounded};
use super::options::options_line;
use super::text::by_name;
use crate::analyses::time_to::{AtAge, TimeTo, TimeToGroup};

fn days(x: Option<f64>) -> String {
    duration(x.unwrap_or(f64::NAN))
}

fn share(a: &AtAge) -> String {
    if a.interval.low.is_nan() {
        return percent(a.incidence);
    }
    format!("{} ({} to {})", percent(a.incidence), percent(a.interval.low), percent(a.interval.high))
}

/// One row per group: its share at each age.
fn wide(t: &TimeTo, name: &str) -> TextTable {
    let ages: Vec<String> =
        t.groups.first().map_or_else(Vec::new, |g| g.at.iter().map(|a| format!("{:.0} d", a.days)).collect());
    let header: Vec<&str> = [name].into_iter().chain(ages.iter().map(String::as_str)).collect();
    let row = |g: &TimeToGroup| [g.value.clone()].into_iter().chain(g.at.iter().map(share)).collect();
    TextTable::new(&header, t.groups.iter().map(row).collect())
}

/// The share of a group that will eventually have the event, where a curve was fitted.
fn ceiling_line(g: &TimeToGroup) -> Option<String> {
    let ceiling = g.ceiling.as_ref()?;
    Some(match &ceiling.fit {
        Some((fit, interval)) => format!(
            "{}: {} will eventually have the event ({} to {}), by a {} curve",
            g.value,
            percent(fit.share),
            percent(interval.low),
            percent(interval.high),
            ceiling.family
        ),
        None => {
            format!("{}: the share that will eventually have the event is not identified: {}", g.value, ceiling.why_not)
        }
    })
}

impl Show for TimeTo {
    const TITLE: &'static str = "Time to convert";

    fn body(&self) -> Body {
        let t = self;
        let target = if t.spec.target.is_empty() { "won".to_owned() } else { t.spec.target.join(", ") };
        let start = t.spec.start.as_deref().unwrap_or("creation");
        let how = if t.competes { "Aalen–Johansen cumulative incidence" } else { "one minus Kaplan–Meier" };
        let mut body = Body::new(format!("Time from {start} to {target}{}: {how}", t.spec.filter.suffix()));
        body.lines(options_line(&t.spec, &["target", "start", "by", "where", "at"]));
        let rows: Vec<Vec<String>> = t
            .groups
            .iter()
            .map(|g| {
                let quantile = |q: usize| g.quantiles.get(q).and_then(|(_, ages)| ages.first().copied().flatten());
                vec![
                    g.value.clone(),
                    g.leads.to_string(),
                    g.events.to_string(),
                    g.competing.to_string(),
                    g.censored.to_string(),
                    if g.last.days.is_nan() {
                        share(&g.last)
                    } else {
                        format!("{} by {:.0} d", share(&g.last), g.last.days)
                    },
                    days(quantile(0)),
                    days(quantile(1)),
                    days(g.restricted_mean.map(|m| m.mean)),
                ]
            })
            .collect();
        let name = &by_name(t.spec.by.as_ref());
        let until = t.groups.iter().find_map(|g| g.restricted_mean).map(|m| m.until);
        let mean = until.map_or_else(|| "mean".to_owned(), |until| format!("mean up to {until:.0} d"));
        body.table(&[name, "leads", "events", "competing", "open", "final share", "25 % by", "50 % by", &mean], rows);
        let ages: Vec<Vec<String>> = t
            .groups
            .iter()
            .flat_map(|g| {
                g.at.iter().map(|a| vec![g.value.clone(), format!("{:.0} d", a.days), share(a), a.at_risk.to_string()])
            })
            .collect();
        if !ages.is_empty() {
            body.gap();
            let title = format!("share by age ({} interval)", percent(t.spec.confidence));
            let tall = TextTable::new(&[name, "age", &title, "at risk"], ages);
            body.groups(wide(t, name).titled(title), vec![(String::new(), tall)]);
        }
        body.lines(t.groups.iter().filter_map(ceiling_line));
        if let Some(test) = &t.test {
            let p = if test.p_value < 0.0001 {
                "p < 0.0001".to_owned()
            } else {
                format!("p = {}", rounded(test.p_value, 4))
            };
            let statistic = match test.permutations {
                0 => format!("χ² {}, df {}", rounded(test.statistic, 3), test.degrees),
                _ => format!("statistic {}", rounded(test.statistic, 3)),
            };
            body.line(format!("{} test of the groups: {statistic}, {p}", test.test));
        }
        for (n, why) in [
            (t.no_start, "start missing or after observed_until"),
            (t.ended_before, "had the event or closed before their start"),
        ] {
            if n > 0 {
                body.line(format!("{n} left out: {why}"));
            }
        }
        if t.event_after_competing > 0 {
            body.line(format!(
                "{} had the event after a competing event; the competing event counts",
                t.event_after_competing
            ));
        }
        body.remarks(&t.remarks);
        body
    }
}

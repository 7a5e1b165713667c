//! Attributions as plain text.

use std::collections::{HashMap, HashSet};

use super::body::{Body, Show};
use super::numbers::{MISSING, amount, percent, rounded, with_interval};
use super::options::options_line;
use crate::analyses::attribution::{Attribution, Credit, UnitCost};
use crate::counted::counted;

impl Show for Attribution {
    const TITLE: &'static str = "Attribution";

    fn body(&self) -> Body {
        let a = self;
        let mut body = Body::new(format!(
            "Attribution by {}{}: {}{}, {} that did not convert",
            a.spec.by,
            a.spec.filter.suffix(),
            counted(a.conversions, "conversion", "conversions"),
            if a.valued > 0 { format!(" worth {}", amount(a.value)) } else { String::new() },
            counted(a.null_paths, "path", "paths")
        ));
        body.lines(options_line(&a.spec, &["by", "where", "methods"]));
        let (mut channels, mut known): (Vec<&str>, HashSet<&str>) = (Vec::new(), HashSet::new());
        for c in a.methods.iter().flat_map(|m| &m.credits) {
            if known.insert(&c.channel) {
                channels.push(&c.channel);
            }
        }
        let credits: Vec<HashMap<&str, &Credit>> =
            a.methods.iter().map(|m| m.credits.iter().map(|c| (c.channel.as_str(), c)).collect()).collect();
        let mut header = vec![a.spec.by.as_str()];
        header.extend(a.methods.iter().map(|m| m.method.as_str()));
        let row = |channel: &&str| {
            let mut cells = vec![(*channel).to_owned()];
            for credits in &credits {
                cells.push(credits.get(channel).map_or_else(String::new, |c| match c.conversions_range {
                    Some(r) => with_interval(Some(c.conversions), Some(r.low), Some(r.high), |x| rounded(x, 1)),
                    None => format!("{} ({})", rounded(c.conversions, 1), percent(c.share)),
                }));
            }
            cells
        };
        body.table(&header, channels.iter().map(row).collect());
        for m in &a.methods {
            if let Some(chance) = m.chance {
                body.line(format!("{}: {} of paths convert", m.method, percent(chance)));
            }
        }
        if let Some(costs) = &a.costs {
            body.gap();
            let money = |x: Option<f64>| x.map_or_else(|| MISSING.to_owned(), amount);
            let row = |c: &UnitCost| {
                vec![
                    c.channel.clone(),
                    money(c.spend),
                    c.leads.to_string(),
                    money(c.per_lead()),
                    money(c.per_qualified()),
                    rounded(c.conversions, 1),
                    money(c.per_conversion()),
                    money(c.return_on_spend().filter(|_| a.valued > 0)),
                ]
            };
            let qualified = costs.qualified.as_ref().map_or_else(|| "per qualified".to_owned(), |q| format!("per {q}"));
            body.captioned(
                "Costs",
                &[
                    a.spec.by.as_str(),
                    "spend",
                    "leads",
                    "per lead",
                    &qualified,
                    "conversions",
                    "per conversion",
                    "return",
                ],
                costs.total.iter().map(row).collect(),
            );
            body.line(format!(
                "credit by {}, in the period of the touch",
                a.methods.first().map_or("", |m| m.method.as_str())
            ));
            if !costs.unmatched_channels.is_empty() {
                let names = costs.unmatched_channels.join(", ");
                body.line(format!("{} spent on channels without touches: {names}", amount(costs.unmatched)));
            }
        }
        body.remarks(&a.remarks);
        body
    }
}

//! `--by` and `--where`: the breakdown of results, and the leads that count.

use std::collections::BTreeMap;

use clap::Args;

use crate::error::{Error, Result};
use crate::journeys::Journeys;
use crate::query::{By, ByBins, ByField, Where};
use crate::schema::Condition;

/// Which leads count.
#[derive(Debug, Clone, Args)]
pub(super) struct LeadFlags {
    /// Only leads whose field meets the condition, such as 'country=DE', 'country=DE|FR', 'employees>=50', 'source!=web' or
    /// 'owner=(missing)'. Can be repeated; all conditions must hold.
    #[arg(id = "where", long, value_name = "CONDITION")]
    conditions: Vec<String>,
}

/// The breakdown of a result.
#[derive(Debug, Args)]
pub(super) struct ByFlags {
    /// Field to break down by. EDGES, separated by commas, are bin edges of a number, /BINS is the number of bins. Can be
    /// repeated, or list several fields separated by commas.
    #[arg(long, value_name = "FIELD[:EDGES|/BINS]")]
    by: Vec<String>,
}

/// Operators of conditions, longer ones first.
const SIGNS: [&str; 7] = [">=", "<=", "!=", "==", ">", "<", "="];
/// A value that is missing.
const MISSING: &str = "(missing)";

impl LeadFlags {
    /// Refuses a text that is not a condition, before the fields of the data are known.
    pub(super) fn check(&self) -> Result<()> {
        match self.conditions.iter().find(|c| !SIGNS.iter().any(|sign| c.contains(sign))) {
            Some(condition) => Err(Error::option(
                "where",
                format!(
                    "'{condition}' has no operator; write FIELD=VALUE, with one of the operators {}",
                    SIGNS.join(" ")
                ),
            )),
            None => Ok(()),
        }
    }

    /// Replaces the conditions of the project file.
    pub(super) fn apply(&self, filter: &mut Where, journeys: &Journeys) -> Result<()> {
        if self.conditions.is_empty() {
            return Ok(());
        }
        let mut all: BTreeMap<String, Vec<Condition>> = BTreeMap::new();
        for text in &self.conditions {
            let (field, condition) = condition(text, journeys)?;
            all.entry(field).or_default().push(condition);
        }
        let one = |mut conditions: Vec<Condition>| match (conditions.len(), conditions.pop()) {
            (1, Some(only)) => only,
            (_, last) => Condition::All { all: conditions.into_iter().chain(last).collect() },
        };
        *filter = Where(all.into_iter().map(|(field, conditions)| (field, one(conditions))).collect());
        Ok(())
    }
}

/// The field of a condition, and the condition. The name of a field may contain an operator.
fn condition(text: &str, journeys: &Journeys) -> Result<(String, Condition)> {
    let sign_of = |rest: &str| SIGNS.iter().copied().find(|sign| rest.trim_start().starts_with(sign));
    let named =
        journeys.leads.field_names().filter(|name| text.strip_prefix(name).is_some_and(|r| sign_of(r).is_some()));
    let field = match named.max_by_key(|name| name.len()) {
        Some(name) => name,
        None => text.split(['>', '<', '!', '=']).next().unwrap_or(text).trim(),
    };
    let rest = text.strip_prefix(field).unwrap_or(text).trim_start();
    let Some(sign) = sign_of(rest) else {
        return Err(Error::option(
            "where",
            format!("'{text}' is not of the form FIELD=VALUE; the operators are {}", SIGNS.join(" ")),
        ));
    };
    let value = rest.strip_prefix(sign).unwrap_or(rest).trim();
    let equal = |value: &str| match value {
        MISSING => Condition::IsNull { null: true },
        value => Condition::Text(value.to_owned()),
    };
    let condition = match sign {
        "=" | "==" => match value.split('|').map(|v| equal(v.trim())).collect::<Vec<_>>() {
            many if many.len() > 1 => Condition::Any(many),
            _ => equal(value),
        },
        "!=" => match (value, value.contains('|')) {
            (MISSING, _) => Condition::IsNull { null: false },
            (_, true) => {
                Condition::Not { not: Box::new(Condition::Any(value.split('|').map(|v| equal(v.trim())).collect())) }
            }
            _ => Condition::Text(format!("!= {value}")),
        },
        sign => Condition::Text(format!("{sign} {value}")),
    };
    Ok((field.to_owned(), condition))
}

impl ByFlags {
    /// Replaces the fields of the project file.
    pub(super) fn apply(&self, by: &mut Option<By>, journeys: &Journeys) {
        let is_known = |name: &str| {
            journeys.leads.field_names().any(|f| f == name) || journeys.props.iter().any(|(p, _)| p == name)
        };
        let mut fields: Vec<ByField> = self.by.iter().flat_map(|text| by_fields(text, &is_known)).collect();
        match (fields.len(), fields.pop()) {
            (0, _) | (_, None) => {}
            (1, Some(only)) => *by = Some(By::One(only)),
            (_, Some(last)) => *by = Some(By::Several(fields.into_iter().chain([last]).collect())),
        }
    }
}

/// The fields in one value of `--by`. Names of fields are never split.
fn by_fields(text: &str, is_known: &impl Fn(&str) -> bool) -> Vec<ByField> {
    if is_known(text) {
        return vec![ByField::Name(text.to_owned())];
    }
    let mut fields: Vec<ByField> = Vec::new();
    for part in text.split(',').map(str::trim) {
        // A number belongs to the edges of the previous field.
        if let (Some(ByField::Bins(bins)), Ok(edge)) = (fields.last_mut(), part.parse::<f64>())
            && !bins.edges.is_empty()
            && !is_known(part)
        {
            bins.edges.push(edge);
        } else {
            fields.push(by_field(part, is_known));
        }
    }
    fields
}

fn by_field(text: &str, is_known: &impl Fn(&str) -> bool) -> ByField {
    let bins =
        |field: &str, bins: usize, edges: Vec<f64>| ByField::Bins(ByBins { field: field.to_owned(), bins, edges });
    if is_known(text) {
        return ByField::Name(text.to_owned());
    }
    if let Some((field, edge)) = text.rsplit_once(':').and_then(|(f, e)| Some((f, e.trim().parse().ok()?))) {
        return bins(field, ByBins::DEFAULT, vec![edge]);
    }
    if let Some((field, number)) = text.rsplit_once('/').and_then(|(f, n)| Some((f, n.trim().parse().ok()?))) {
        return bins(field, number, Vec::new());
    }
    ByField::Name(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_edges_and_numbers_of_bins() {
        let of = |text: &str| serde_json::to_string(&by_fields(text, &|name| name == "a:1" || name == "x,y")).unwrap();
        assert_eq!(of("country"), r#"["country"]"#);
        assert_eq!(of("size:10,50,250"), r#"[{"field":"size","bins":4,"edges":[10.0,50.0,250.0]}]"#);
        assert_eq!(
            of("country, size:10,50,owner,age/3"),
            r#"["country",{"field":"size","bins":4,"edges":[10.0,50.0]},"owner",{"field":"age","bins":3,"edges":[]}]"#
        );
        assert_eq!(of("a:1"), r#"["a:1"]"#);
        assert_eq!(of("x,y"), r#"["x,y"]"#);
        assert_eq!(of("utm:source"), r#"["utm:source"]"#);
        assert_eq!(of("balance:-5.5"), r#"[{"field":"balance","bins":4,"edges":[-5.5]}]"#);
    }
}

//! Names of the data beside those that results give themselves.

/// What results call all leads together.
pub(crate) const ALL: &str = "(all)";

/// A name of the data: in quotes if it is one of the names that a result gives its `own` rows.
pub(crate) fn shown(name: &str, own: &[&str]) -> String {
    if own.contains(&name) { format!("'{name}'") } else { name.to_owned() }
}

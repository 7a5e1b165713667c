//! Names from the data, distinguished from the names that results add.

/// What results call all leads together.
pub(crate) const ALL: &str = "(all)";

/// A name of the data: in quotes if it is one of the names that a result gives its `own` rows, or such a name in quotes,
/// so that no two names are shown alike.
pub(crate) fn shown(name: &str, own: &[&str]) -> String {
    let mut inner = name;
    while let Some(unquoted) = inner.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        inner = unquoted;
    }
    if own.contains(&inner) { format!("'{name}'") } else { name.to_owned() }
}

/// Names one after the other as one text. A name with `>` or `"` is in quotes (JSON), so no two ways have one text.
#[cfg(feature = "frames")]
pub(crate) fn way(names: &[String]) -> String {
    let name = |name: &String| {
        if name.contains(['>', '"']) { serde_json::Value::from(name.as_str()).to_string() } else { name.clone() }
    };
    names.iter().map(name).collect::<Vec<_>>().join(" > ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_names_are_shown_alike() {
        let names = ["(all)", "'(all)'", "''(all)''", "all", "'", "''", "'all'", "(all)'"];
        let shown: std::collections::BTreeSet<String> = names.iter().map(|name| shown(name, &[ALL])).collect();
        assert_eq!(shown.len(), names.len());
        assert!(!shown.contains(ALL));
    }

    #[test]
    #[cfg(feature = "frames")]
    fn no_two_ways_have_one_text() {
        let ways: [&[&str]; 7] =
            [&["a", "b"], &["a > b"], &["a >", "b"], &["\"a\"", "b"], &["\"a", "b\""], &["\"a > b\""], &["a", "b", ""]];
        let texts = ways.iter().map(|names| way(&names.iter().map(ToString::to_string).collect::<Vec<_>>()));
        assert_eq!(texts.collect::<std::collections::BTreeSet<String>>().len(), ways.len());
    }
}

//! What pandas writes beside a table: which columns are its index, that is, no data.

use serde_json::Value;

/// The index columns that the metadata of a table names (its key is `pandas`).
#[must_use]
pub fn index_columns(metadata: &str) -> Vec<String> {
    let Ok(value) = serde_json::from_str::<Value>(metadata) else { return Vec::new() };
    let names = value.get("index_columns").and_then(Value::as_array).into_iter().flatten();
    names.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Whether pandas gave this name to an index without one.
pub(super) fn is_index_name(name: &str) -> bool {
    let number = name.strip_prefix("__index_level_").and_then(|rest| rest.strip_suffix("__"));
    number.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

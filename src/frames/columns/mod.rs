//! Columns of a table as values: texts, times, numbers, order, conditions.

pub(super) mod dictionary;
pub(super) mod field;
pub(super) mod order;
pub(super) mod text;
pub(super) mod time;
pub(super) mod where_clause;

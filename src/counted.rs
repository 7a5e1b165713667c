//! Counts with their nouns, for messages.

use std::fmt::Display;

/// A count with its words: "1 row is", "2 rows are".
#[must_use]
pub(crate) fn counted<N: Copy + Display + PartialEq + From<u8>>(n: N, one: &str, more: &str) -> String {
    format!("{n} {}", if n == N::from(1) { one } else { more })
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn one_is_not_many() {
        assert_eq!(counted(0_usize, "row is", "rows are"), "0 rows are");
        assert_eq!(counted(1_u64, "row is", "rows are"), "1 row is");
        assert_eq!(counted(2_i64, "row is", "rows are"), "2 rows are");
    }
}

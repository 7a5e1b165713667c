//! The words of a column's name.

/// The words of a name in any spelling, in lower case: `["sql", "date"]` of "SQLDate", "sql_date" and "SQL date".
pub(crate) fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut lower_before = false;
    let following = name.chars().skip(1).map(Some).chain([None]);
    for (c, next) in name.chars().zip(following) {
        // An upper-case letter starts a word after a lower-case one, and after an acronym if a lower-case one follows: MQLDate.
        let starts = c.is_uppercase() && (lower_before || next.is_some_and(char::is_lowercase));
        if !c.is_alphanumeric() || starts {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        lower_before = c.is_lowercase();
    }
    words.retain(|w| !w.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_split_where_its_spelling_starts_a_word() {
        assert_eq!(words_of("convertedWithin_90-days"), ["converted", "within", "90", "days"]);
        for spelling in ["SQLDate", "sql_date", "SQL date", "sqlDate", "SQL.DATE"] {
            assert_eq!(words_of(spelling), ["sql", "date"], "{spelling}");
        }
        assert!(words_of("__ -").is_empty());
    }
}

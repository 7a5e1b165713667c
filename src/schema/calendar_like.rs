//! Calendar fields, whose interactions learn single dates that do not recur.

use super::column::Column;
use super::feature::Feature;

/// Last words of names of calendar fields.
const WORDS: [&str; 16] = [
    "day",
    "dow",
    "doy",
    "weekday",
    "dayofweek",
    "month",
    "mon",
    "week",
    "weeknumber",
    "quarter",
    "qtr",
    "year",
    "hour",
    "date",
    "season",
    "fortnight",
];
/// Words before them with which a field is a quantity, or a date of the lead's own.
const OTHERWISE: [&str; 12] =
    ["per", "since", "of", "last", "birth", "born", "founded", "founding", "foundation", "established", "total", "avg"];

/// Whether a lead field is a part of the calendar: by its name (`month`, `day_of_week`, `signupMonth`), or since its levels
/// are months or weekdays.
#[must_use]
pub fn is_calendar_like(feature: &Feature, column: &Column) -> bool {
    let Feature::Field(name) = feature else { return false };
    named(name)
        || matches!(column, Column::Category { levels, .. } if levels.len() > 2 && levels.iter().all(|l| is_name(l)))
}

fn named(name: &str) -> bool {
    let words = words(name);
    let Some((last, before)) = words.split_last() else { return false };
    // Of a longer name `of` is part of day_of_week.
    let day_of = before.last().is_some_and(|w| w == "of") && before.iter().any(|w| WORDS.contains(&w.as_str()));
    let otherwise = before.iter().any(|w| OTHERWISE.contains(&w.as_str()) && !(w == "of" && day_of));
    WORDS.contains(&last.as_str()) && !otherwise
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Whether a text is one of some names in English, written out or short.
fn is_one_of(text: &str, names: &[&str]) -> bool {
    let text = text.trim().trim_end_matches('.').to_lowercase();
    let is_start = |long: &&str| long.starts_with(&text) || (text == "sept" && *long == "september");
    text.len() >= 3 && names.iter().any(is_start)
}

/// Whether a text is a month in English, written out or short.
pub(crate) fn is_month(text: &str) -> bool {
    is_one_of(text, &MONTHS)
}

/// A month or weekday in English, written out or short.
fn is_name(level: &str) -> bool {
    is_month(level) || is_one_of(level, &WEEKDAYS)
}

/// The words of a name, in lower case: split at punctuation, and where an upper-case letter follows a lower-case one.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (small && c.is_uppercase()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
        small = c.is_lowercase() || c.is_numeric();
    }
    words.retain(|w| !w.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_calendar_and_others() {
        for name in ["month", "Day", "day_of_week", "dayOfWeek", "signupMonth", "created week", "contact-hour", "year"]
        {
            assert!(named(name), "{name}");
        }
        for name in
            ["visits_per_month", "days", "birth_year", "founded year", "birthday", "Monday ltd", "pages_last_week", ""]
        {
            assert!(!named(name), "{name}");
        }
    }

    #[test]
    fn levels_that_are_months() {
        let of = |levels: &[&str]| Column::Category {
            codes: vec![0],
            levels: levels.iter().map(|l| (*l).to_owned()).collect::<std::sync::Arc<[String]>>(),
        };
        let field = Feature::Field("m".into());
        assert!(is_calendar_like(&field, &of(&["jan", "feb", "mar", "sept"])));
        assert!(is_calendar_like(&field, &of(&["Monday", "Tues", "Wed."])));
        assert!(!is_calendar_like(&field, &of(&["mar", "marketing", "jan"])));
        assert!(!is_calendar_like(&field, &of(&["a", "b", "c"])));
    }
}

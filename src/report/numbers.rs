//! Numbers as readers see them: a missing number is a dash, an infinite one `∞`.

/// A missing number.
pub(super) const MISSING: &str = "–";

/// The text of a number that has no digits.
fn without_digits(x: f64) -> Option<String> {
    match x {
        x if x.is_nan() => Some(MISSING.to_owned()),
        f64::INFINITY => Some("∞".to_owned()),
        f64::NEG_INFINITY => Some("−∞".to_owned()),
        _ => None,
    }
}

/// A number with a fixed number of decimals.
pub(super) fn rounded(x: f64, decimals: usize) -> String {
    without_digits(x).unwrap_or_else(|| format!("{x:.decimals$}"))
}

/// A number with its sign and a fixed number of decimals.
pub(super) fn signed(x: f64, decimals: usize) -> String {
    without_digits(x).unwrap_or_else(|| format!("{x:+.decimals$}"))
}

/// A number in scientific notation with one decimal.
pub(super) fn scientific(x: f64) -> String {
    without_digits(x).unwrap_or_else(|| format!("{x:.1e}"))
}

/// Both ends of an interval, each formatted by `end`; one dash if an end is missing.
pub(super) fn interval(low: Option<f64>, high: Option<f64>, end: impl Fn(f64) -> String) -> String {
    match (low.filter(|x| !x.is_nan()), high.filter(|x| !x.is_nan())) {
        (Some(low), Some(high)) => format!("{} to {}", end(low), end(high)),
        _ => MISSING.to_owned(),
    }
}

/// A value and in parentheses its interval, if it has one.
pub(super) fn with_interval(
    value: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    end: impl Fn(f64) -> String,
) -> String {
    let shown = end(value.unwrap_or(f64::NAN));
    match interval(low, high, end) {
        missing if missing == MISSING => shown,
        interval => format!("{shown} ({interval})"),
    }
}

/// A sum of money: whole from 1,000 on, with two decimals below.
pub(super) fn amount(x: f64) -> String {
    rounded(x, if x.abs() >= 1000.0 { 0 } else { 2 })
}

/// A share as a percentage.
pub(super) fn percent(x: f64) -> String {
    without_digits(x).unwrap_or_else(|| format!("{:.1} %", 100.0 * x))
}

/// A duration in days, in a readable unit.
pub(super) fn duration(days: f64) -> String {
    let (size, hours, minutes) = (days.abs(), days * 24.0, days * 1440.0);
    if let Some(text) = without_digits(days) {
        text
    } else if size >= 1.0 {
        format!("{days:.1} d")
    } else if size * 24.0 >= 1.0 {
        format!("{hours:.1} h")
    } else if size * 1440.0 >= 1.0 {
        format!("{minutes:.1} min")
    } else {
        format!("{:.0} s", minutes * 60.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_without_digits_are_dashes_and_infinities() {
        let writers: [fn(f64) -> String; 6] =
            [percent, duration, amount, scientific, |x| rounded(x, 2), |x| signed(x, 2)];
        for write in writers {
            assert_eq!([write(f64::NAN), write(f64::INFINITY), write(f64::NEG_INFINITY)], ["–", "∞", "−∞"]);
            assert!(write(0.25).contains(|c: char| c.is_ascii_digit()));
        }
    }

    #[test]
    fn an_interval_without_an_end_is_a_dash() {
        let two = |x: f64| rounded(x, 2);
        assert_eq!(interval(Some(0.1), Some(f64::INFINITY), two), "0.10 to ∞");
        assert_eq!(interval(Some(f64::NAN), Some(1.0), two), "–");
        assert_eq!(with_interval(None, Some(0.1), None, two), "–");
        assert_eq!(with_interval(Some(0.5), Some(0.1), Some(0.9), two), "0.50 (0.10 to 0.90)");
    }
}

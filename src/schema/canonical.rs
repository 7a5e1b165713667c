//! The meaning of a cell, independent of its stored type: the canonical form of a text, and which texts are numbers.

use std::borrow::Cow;

/// The canonical form of a text from any file or type: kinds, channels, levels and all that is compared, except ids
/// ([`canonical_id`]).
///
/// Surrounding spaces are ignored. A number with a decimal mark or an exponent has one form ("1.50" and 1.5 are "1.5",
/// "2.00" is "2", "1e3" is "1000"). Codes stay as they are: "007", "00.5", "+49", "0e12", and numbers with an exponent
/// that floats do not represent exactly. A boolean is `true` or `false`, in any capitalisation.
#[must_use]
pub fn canonical_text(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    match text.as_bytes() {
        [b'0'..=b'9' | b'-' | b'.', _, ..] => canonical_number(text),
        _ => Cow::Borrowed(truth_word(text).unwrap_or(text)),
    }
}

/// The canonical form of an id: 7.0 is 7, but "1.10" is not 1.1 and "1e3" is not 1000, because distinct ids stay distinct.
#[must_use]
pub fn canonical_id(text: &str) -> &str {
    let text = text.trim();
    match text.as_bytes() {
        [b'0'..=b'9' | b'-', .., b'0'] => {}
        _ => return truth_word(text).unwrap_or(text),
    }
    let Some((whole, fraction)) = text.split_once('.') else { return text };
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let plain = !digits.is_empty()
        && digits.bytes().all(|b| b.is_ascii_digit())
        && (digits == "0" || !digits.starts_with('0'))
        && !fraction.is_empty()
        && fraction.bytes().all(|b| b == b'0');
    match (plain, digits) {
        (true, "0") => "0",
        (true, _) => whole,
        (false, _) => text,
    }
}

fn truth_word(text: &str) -> Option<&'static str> {
    match text.as_bytes() {
        [b't' | b'T', _, _, _] if text.eq_ignore_ascii_case("true") => Some("true"),
        [b'f' | b'F', _, _, _, _] if text.eq_ignore_ascii_case("false") => Some("false"),
        _ => None,
    }
}

fn canonical_number(text: &str) -> Cow<'_, str> {
    let marked = text.contains('.');
    let exponent = text.contains(['e', 'E']);
    if !marked && !exponent {
        return Cow::Borrowed(if text == "-0" { "0" } else { text });
    }
    match number_of(text) {
        // "0e12" is part of a hash rather than a number.
        Some(x) if exponent && (x == 0.0 || !is_exact(x)) => Cow::Borrowed(text),
        Some(x) if exponent => Cow::Owned(x.to_string()),
        Some(_) => shortest(text),
        None => Cow::Borrowed(text),
    }
}

/// A number with a decimal mark without zeros at its end, digit by digit: a float would change the last of many digits.
fn shortest(text: &str) -> Cow<'_, str> {
    let short = text.trim_end_matches('0').trim_end_matches('.');
    match short {
        "" | "-" | "-0" => Cow::Borrowed("0"),
        _ => match (short.strip_prefix('.'), short.strip_prefix("-.")) {
            (Some(fraction), _) => Cow::Owned(format!("0.{fraction}")),
            (_, Some(fraction)) => Cow::Owned(format!("-0.{fraction}")),
            (None, None) => Cow::Borrowed(short),
        },
    }
}

/// Decimal digits that a float always preserves.
const FLOAT_DIGITS: usize = 15;

/// The number in a text; `None` for other texts, and for codes that would change as a number: "007" would lose its zeros,
/// "+49 …" its sign, a number of more than 15 digits the last of them.
#[must_use]
pub fn number_of(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let all_digits = digits.bytes().all(|b| b.is_ascii_digit());
    let is_code = text.starts_with('+')
        || matches!(digits.as_bytes(), [b'0', b'0'..=b'9', ..])
        || all_digits && digits.len() > FLOAT_DIGITS;
    if is_code { None } else { text.parse().ok().filter(|x: &f64| x.is_finite()) }
}

/// True if floats represent every whole number of this size.
#[must_use]
pub fn is_exact(x: f64) -> bool {
    x.fract() != 0.0 || x.abs() < 1e15
}

/// True for a text of digits that starts with a zero, which is a code: as a number it would lose the zero.
#[must_use]
pub fn has_leading_zero(text: &str) -> bool {
    text.len() > 1 && text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_form() {
        for (text, form) in [
            ("7", "7"),
            ("7.0", "7"),
            ("7.00", "7"),
            ("-3.0", "-3"),
            ("007", "007"),
            ("007.0", "007.0"),
            ("7.5", "7.5"),
            ("a.0", "a.0"),
            ("7.", "7"),
            (" 7.0 ", "7"),
            ("-0.0", "0"),
            ("-0", "0"),
            ("0.10", "0.1"),
            ("-12.340", "-12.34"),
            (".50", "0.5"),
            ("-.5", "-0.5"),
            (".0", "0"),
            ("9007199254740993.0", "9007199254740993"),
            ("0.1234567890123456789010", "0.123456789012345678901"),
            ("1e3", "1000"),
            ("1.5E-02", "0.015"),
            ("2.50e+2", "250"),
            ("1e-05", "0.00001"),
            ("0e1234", "0e1234"),
            ("12345e67", "12345e67"),
            ("01e3", "01e3"),
            ("00.50", "00.50"),
            ("+1.50", "+1.50"),
            ("1.10.0", "1.10.0"),
            ("1.50 kg", "1.50 kg"),
            ("1,50", "1,50"),
            ("10.0.0.10", "10.0.0.10"),
            ("10", "10"),
            ("-", "-"),
            (".", "."),
            ("-.", "-."),
            ("e3", "e3"),
            ("TRUE", "true"),
            ("False", "false"),
            ("Truth", "Truth"),
            ("t", "t"),
            ("", ""),
        ] {
            assert_eq!(canonical_text(text), form, "{text}");
            assert_eq!(canonical_text(form), form, "{text}: the form of a form");
        }
    }

    #[test]
    fn ids_that_differ_stay_different() {
        for (text, form) in [
            ("7.0", "7"),
            (" 7.00 ", "7"),
            ("-0.0", "0"),
            ("007.0", "007.0"),
            ("1.10", "1.10"),
            ("1e3", "1e3"),
            (".5", ".5"),
            ("7.", "7."),
            ("True", "true"),
        ] {
            assert_eq!(canonical_id(text), form, "{text}");
        }
    }

    proptest::proptest! {
        /// A float and the texts that writers make of it have one form.
        #[test]
        fn however_a_float_is_written(x in proptest::num::f64::NORMAL, short in -99_999_999i32..99_999_999, digits in 0usize..6) {
            for x in [x, f64::from(short) / 10f64.powi(digits as i32)] {
                if x == 0.0 || !is_exact(x) || x.abs() < 1e-300 {
                    continue;
                }
                let form = x.to_string();
                for written in [form.clone(), format!("{x:e}"), format!("{x:?}")] {
                    proptest::prop_assert_eq!(canonical_text(&written), form.as_str());
                }
            }
            let (padded, bare) = (format!("{:.6}", f64::from(short) / 1000.0), (f64::from(short) / 1000.0).to_string());
            proptest::prop_assert_eq!(canonical_text(&padded), bare.as_str());
        }
    }

    #[test]
    fn codes_are_no_numbers() {
        for (text, number) in [
            ("12", Some(12.0)),
            ("-1.5e3", Some(-1500.0)),
            ("0", Some(0.0)),
            ("0.50", Some(0.5)),
            ("999999999999999", Some(999_999_999_999_999.0)),
        ] {
            assert_eq!(number_of(text), number, "{text}");
        }
        for code in ["007", "-01", "00.5", "+4915112345678", "1234567890123456", "inf", "NaN", "1,5", "", "true", "0x1"]
        {
            assert_eq!(number_of(code), None, "{code}");
        }
    }
}

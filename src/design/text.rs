//! What a cell means whatever it was stored as: the one form of a text, and which texts are numbers.

/// The one form of a text, whatever file or type it came from: ids, kinds, channels, levels and all that is compared.
///
/// Blanks around it do not count. A whole number written as a decimal fraction (7.0) is that number (7); "007" stays as it
/// is, and so does "1.10", which may be a version. A truth value is `true` or `false`, however it is capitalised.
#[must_use]
pub fn canonical_text(text: &str) -> &str {
    let text = text.trim();
    match text.as_bytes() {
        [b't' | b'T', _, _, _] if text.eq_ignore_ascii_case("true") => return "true",
        [b'f' | b'F', _, _, _, _] if text.eq_ignore_ascii_case("false") => return "false",
        [b'0'..=b'9' | b'-', .., b'0'] => {}
        _ => return text,
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

/// Digits that a float holds whatever they are.
const FLOAT_DIGITS: usize = 15;

/// The number that a text is; `None` if it is none, or a code that would lose something as a number: "007" its zeros,
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

/// True if whole numbers of this size can be told apart as floats.
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
            ("7.", "7."),
            (" 7.0 ", "7"),
            ("-0.0", "0"),
            ("1.10", "1.10"),
            ("1.10.0", "1.10.0"),
            ("10", "10"),
            ("-", "-"),
            ("TRUE", "true"),
            ("False", "false"),
            ("Truth", "Truth"),
            ("t", "t"),
            ("", ""),
        ] {
            assert_eq!(canonical_text(text), form);
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

//! Normalisation of ids.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// The normal form of ids, for comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Normalize {
    /// E-mail addresses, with an `@`: without spaces, in lower case.
    Email,
    /// Ids of Salesforce: ids of 15 characters get the three that make them case-insensitive, ids of 18 have the
    /// case that these three say.
    Salesforce,
}

/// What the digits of the three last characters of an id of Salesforce are.
const SUFFIX: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

impl Normalize {
    /// The normal form of an id; `None` for an id that stands for a missing one. Other texts stay as they are.
    ///
    /// ```
    /// use leadlens::Normalize;
    /// assert_eq!(Normalize::Email.apply(" Ann@Example.com ").as_deref(), Some("ann@example.com"));
    /// assert_eq!(Normalize::Salesforce.apply("00QA0000001aBcD").as_deref(), Some("00QA0000001aBcDMAU"));
    /// assert_eq!(Normalize::Salesforce.apply("000000000000000AAA"), None);
    /// ```
    #[must_use]
    pub fn apply(self, id: &str) -> Option<Cow<'_, str>> {
        match self {
            Self::Email if id.contains('@') => Some(Cow::Owned(email(id))),
            Self::Email => Some(Cow::Borrowed(id)),
            Self::Salesforce => match salesforce(id) {
                Some(id) if id.bytes().take(15).all(|b| b == b'0') => None,
                Some(id) => Some(Cow::Owned(id)),
                None => Some(Cow::Borrowed(id)),
            },
        }
    }
}

/// The normal form of an id, if it has one.
#[must_use]
pub fn normalized(id: &str, normalize: Option<Normalize>) -> Option<Cow<'_, str>> {
    normalize.map_or(Some(Cow::Borrowed(id)), |normalize| normalize.apply(id))
}

fn email(id: &str) -> String {
    let blank = |c: &char| c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}');
    id.chars().filter(|c| !blank(c)).collect::<String>().to_lowercase()
}

/// The 18 characters of an id of Salesforce; `None` if it is not one.
fn salesforce(id: &str) -> Option<String> {
    let bytes = id.trim().as_bytes();
    if !matches!(bytes.len(), 15 | 18) || !bytes.iter().all(u8::is_ascii_alphanumeric) {
        return None;
    }
    let (own, suffix) = bytes.split_at_checked(15)?;
    // Each character of the suffix says which of five are capital letters.
    let suffix_of = |own: &[u8]| -> Option<Vec<u8>> {
        let capitals = |five: &[u8]| five.iter().rev().fold(0, |n, b| 2 * n + usize::from(b.is_ascii_uppercase()));
        own.chunks(5).map(|five| SUFFIX.get(capitals(five)).copied()).collect()
    };
    let mut own = own.to_vec();
    if !suffix.is_empty() {
        // Spreadsheets and case-insensitive databases lose the case of the others.
        for (five, said) in own.chunks_mut(5).zip(suffix) {
            let said = SUFFIX.iter().position(|digit| *digit == said.to_ascii_uppercase())?;
            for (place, b) in five.iter_mut().enumerate() {
                *b = if said >> place & 1 == 1 { b.to_ascii_uppercase() } else { b.to_ascii_lowercase() };
            }
        }
        // Digits have no case, so the suffix would differ.
        if !suffix_of(&own)?.eq_ignore_ascii_case(suffix) {
            return None;
        }
        let mixed = bytes.iter().any(u8::is_ascii_lowercase) && bytes.iter().any(u8::is_ascii_uppercase);
        if mixed && !bytes.starts_with(&own) {
            return None;
        }
    }
    let suffix = suffix_of(&own)?;
    own.extend(suffix);
    String::from_utf8(own).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emails_have_no_case_and_no_blanks() {
        let email = |id| Normalize::Email.apply(id).map(Cow::into_owned);
        assert_eq!(email("\u{a0}Émile.B@X.COM\u{200b}").as_deref(), Some("émile.b@x.com"));
        assert_eq!(email("Not A Mail").as_deref(), Some("Not A Mail"));
    }

    #[test]
    fn ids_of_salesforce_have_one_form() {
        let form = |id| Normalize::Salesforce.apply(id).map(Cow::into_owned);
        let whole = form("0015000000Gv7qJ").unwrap();
        assert_eq!(whole, "0015000000Gv7qJAAR");
        for other in ["0015000000Gv7qJAAR", "0015000000gv7qjaar", "0015000000GV7QJAAR", " 0015000000Gv7qJAAR"] {
            assert_eq!(form(other).as_ref(), Some(&whole), "{other}");
        }
        // Two ids that differ in case are two.
        assert_ne!(form("0015000000Gv7qj").unwrap(), whole);
        // Other texts stay as they are.
        for other in ["0015000000Gv7qJAAA", "contact-1", "0015000000Gv7qJAA", "0015000000Gv7-J", ""] {
            assert_eq!(form(other).as_deref(), Some(other));
        }
        assert_eq!(form("000000000000000"), None);
        assert_eq!(form("000000000000000AAA"), None);
    }
}

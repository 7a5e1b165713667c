//! Texts with wildcards.

use super::condition::Value;

/// Whether `text` is like `pattern`: `*` stands for any characters, `?` for one.
///
/// ```
/// assert!(leadlens::schema::wildcard("email_*", "email_open"));
/// assert!(!leadlens::schema::wildcard("email_?", "email_open"));
/// ```
#[must_use]
pub fn wildcard(pattern: &str, text: &str) -> bool {
    let (mut p, mut t) = (pattern.chars(), text.chars());
    // Where to resume after the last star took one more character.
    let mut again: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let before_t = t.clone();
        match (p.next(), t.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                again = Some((p.clone(), before_t.clone()));
                t = before_t;
            }
            (Some('?'), Some(_)) => {}
            (Some(a), Some(b)) if a == b => {}
            _ => {
                let Some((after_star, mut rest)) = again.take() else { return false };
                if rest.next().is_none() {
                    return false;
                }
                (p, t) = (after_star.clone(), rest.clone());
                again = Some((after_star, rest));
            }
        }
    }
}

/// Which of `names` a pattern means: exact matches if any, else names that are the same value
/// ("7.0" is "7", "True" is "true") or are like it.
///
/// ```
/// assert_eq!(leadlens::schema::like("/p?x", &["/p?x", "/p/x"]), [true, false]);
/// assert_eq!(leadlens::schema::like("/p?y", &["/p/x", "/p/y"]), [false, true]);
/// assert_eq!(leadlens::schema::like("7.50", &["7.5", "07.5"]), [true, false]);
/// ```
#[must_use]
pub fn like<T: AsRef<str>>(pattern: &str, names: &[T]) -> Vec<bool> {
    let exact: Vec<bool> = names.iter().map(|name| name.as_ref() == pattern).collect();
    if exact.contains(&true) {
        return exact;
    }
    if is_pattern(pattern) {
        return names.iter().map(|name| wildcard(pattern, name.as_ref())).collect();
    }
    let value = Value::text(pattern);
    names.iter().map(|name| value.is(name.as_ref())).collect()
}

/// Position of the matching name: an exact match, else a name of the same value.
#[must_use]
pub fn named<T: AsRef<str>>(name: &str, names: &[T]) -> Option<usize> {
    let value = Value::text(name);
    let exact = names.iter().position(|own| own.as_ref() == name);
    exact.or_else(|| names.iter().position(|own| value.is(own.as_ref())))
}

/// Whether a text has a wildcard.
#[must_use]
pub fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plain(p: &[char], t: &[char]) -> bool {
        match (p.first(), t.first()) {
            (None, None) => true,
            (Some('*'), _) => plain(&p[1..], t) || (!t.is_empty() && plain(p, &t[1..])),
            (Some('?'), Some(_)) => plain(&p[1..], &t[1..]),
            (Some(a), Some(b)) if a == b => plain(&p[1..], &t[1..]),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn equals_the_plain_definition(p in "[ab*?]{0,7}", t in "[ab]{0,8}") {
            let chars = |s: &str| s.chars().collect::<Vec<_>>();
            prop_assert_eq!(wildcard(&p, &t), plain(&chars(&p), &chars(&t)));
        }
    }
}

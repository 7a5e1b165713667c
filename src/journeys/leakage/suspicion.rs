//! Fields that look like leaks or misread types: nothing is dropped for it, but analysts are warned.

use std::collections::HashMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::journeys::column_words::words_of;
use crate::journeys::leakage::withholding::{ENOUGH, separation};
use crate::schema::{Column, NONE, is_month, number_of};
use crate::time::{NO_TIME, TextShape, Timestamp, glance};

/// Fewest leads expected on the other side before their absence counts as evidence.
const EXPECTED: f64 = 20.0;
/// AUC of a single column from which on it is suspect.
const SEPARATES: f64 = 0.85;
/// Bands of creation times within which open and closed leads are compared.
const BANDS: usize = 20;
/// Values judged one by one, the most frequent ones.
const MOST: usize = 20;

/// A suspicious property of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Suspicion {
    /// A value, or a missing one, occurs among open leads only.
    OpenOnly,
    /// The field is filled in, or empty, among closed leads only.
    ClosedOnly,
    /// The field separates won from other leads almost by itself.
    Separates,
    /// Whole numbers that are all different: an identifier.
    Numbered,
    /// Texts that are dates.
    Dates,
    /// Texts that are numbers.
    Numbers,
}

/// A field that an analyst should look at before a model is trusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suspect {
    /// The field.
    pub column: String,
    /// Its suspicious property.
    pub suspicion: Suspicion,
    /// Leads it is seen in.
    pub leads: usize,
    /// The evidence, with counts.
    pub evidence: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for Suspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column '{}' {}; {}", self.column, self.evidence, self.remedy)
    }
}

/// Which leads are closed, by band of creation time: recent leads are open whichever values their fields have.
#[derive(Debug)]
pub struct Closed {
    ended: Vec<bool>,
    band: Vec<u8>,
    /// Share of closed leads by band.
    share: Vec<f64>,
    count: usize,
}

impl Closed {
    /// `None` with fewer than 40 leads on either side.
    #[must_use]
    pub fn new(closed: Vec<bool>, created: &[i64]) -> Option<Self> {
        let count = closed.iter().filter(|c| **c).count();
        if count < ENOUGH || closed.len() - count < ENOUGH {
            return None;
        }
        let mut known: Vec<i64> = created.iter().copied().filter(|t| *t != NO_TIME).collect();
        known.sort_unstable();
        let cuts: Vec<i64> = (1..BANDS).filter_map(|i| known.get(i * known.len() / BANDS).copied()).collect();
        let band_of = |t: i64| if t == NO_TIME { BANDS } else { cuts.partition_point(|c| *c <= t) };
        let band: Vec<u8> = created.iter().map(|t| band_of(*t) as u8).collect();
        let mut counts = vec![(0usize, 0usize); BANDS + 1];
        for (band, closed) in band.iter().zip(&closed) {
            if let Some(n) = counts.get_mut(usize::from(*band)) {
                n.0 += 1;
                n.1 += usize::from(*closed);
            }
        }
        let share = counts.iter().map(|(all, closed)| *closed as f64 / (*all).max(1) as f64).collect();
        Some(Self { ended: closed, band, share, count })
    }

    /// Closed leads expected among the leads that `has` selects, if closing were unrelated to it.
    fn expected(&self, has: impl Fn(usize) -> bool) -> f64 {
        let share = |band: &u8| self.share.get(usize::from(*band)).copied().unwrap_or(0.0);
        self.band.iter().enumerate().filter(|(i, _)| has(*i)).map(|(_, band)| share(band)).sum()
    }

    fn open(&self) -> usize {
        self.ended.len() - self.count
    }
}

/// Suspicious properties of a field in use. `auc` is how well it separates by itself, where that is known.
#[must_use]
pub fn suspect(name: &str, column: &Column, closed: Option<&Closed>, won: &[bool], auc: Option<f64>) -> Vec<Suspect> {
    let mut found = Vec::new();
    let mut add = |suspicion, leads, evidence: String, remedy: String| {
        found.push(Suspect { column: name.to_owned(), suspicion, leads, evidence, remedy });
    };
    let plain = name.strip_prefix("account.").unwrap_or(name);
    let ignore = format!("ignore=['{plain}']");
    if let Some((suspicion, leads, evidence)) = closed.and_then(|closed| one_sided(column, closed)) {
        let remedy = format!("exclude it with {ignore} if it is filled in or changed when leads close");
        add(suspicion, leads, evidence, remedy);
    }
    let among_closed = closed.and_then(|closed| {
        let rows: Vec<u32> = (0u32..).zip(&closed.ended).filter(|(_, c)| **c).map(|(row, _)| row).collect();
        let won: Vec<bool> = rows.iter().filter_map(|r| won.get(*r as usize).copied()).collect();
        separation(&column.take(&rows), &won)
    });
    if let Some(auc) = auc.into_iter().chain(among_closed).reduce(f64::max).filter(|auc| *auc > SEPARATES) {
        let evidence = format!("separates won from other leads on its own (AUC {auc:.3})");
        let remedy = format!("exclude it with {ignore} if it is known only afterwards");
        add(Suspicion::Separates, column.len() - column.missing(), evidence, remedy);
    }
    if let Column::Number(values) = column
        && let Some(count) = numbered(name, values)
    {
        let evidence = format!("has {count} distinct integers and looks like an identifier or a running number");
        add(Suspicion::Numbered, count, evidence, format!("exclude it with {ignore}"));
    }
    found.extend(misread(name, column));
    found
}

/// Suspicious properties of the texts of a field, used or not.
#[must_use]
pub fn misread(name: &str, column: &Column) -> Option<Suspect> {
    let Column::Category { codes, levels } = column else { return None };
    let plain = name.strip_prefix("account.").unwrap_or(name);
    let mut counts = vec![0usize; levels.len()];
    for code in codes {
        if let Some(n) = counts.get_mut(*code as usize) {
            *n += 1;
        }
    }
    let known: usize = counts.iter().sum();
    let share = |is: fn(&str) -> bool| {
        let rows: usize = levels.iter().zip(&counts).filter(|(level, _)| is(level)).map(|(_, n)| n).sum();
        (rows > 20 && rows as f64 >= 0.9 * known as f64).then_some(rows)
    };
    if levels.len() < 5 {
        return None;
    }
    let example = levels.first().map_or("", String::as_str);
    let found = |suspicion, leads, what: &str, remedy: String| {
        let evidence = format!(
            "has {} distinct texts in {known} leads (first: '{example}'), which look like {what}",
            levels.len()
        );
        Some(Suspect { column: name.to_owned(), suspicion, leads, evidence, remedy })
    };
    if let Some(rows) = share(is_date) {
        let remedy = format!("convert them to times in the table, or exclude it with ignore=['{plain}']");
        return found(Suspicion::Dates, rows, "dates", remedy);
    }
    if let Some(rows) = share(is_marked_number) {
        let remedy = format!(
            "set decimal= and thousands= for the table, convert them to numbers, or exclude it with ignore=['{plain}']"
        );
        return found(Suspicion::Numbers, rows, "numbers read as text", remedy);
    }
    let rows = share(|text| number_of(text).is_some() || is_marked_number(text))?;
    // Texts that are numbers throughout may be codes; words among them are placeholders.
    let mut others = levels.iter().filter(|level| number_of(level).is_none() && !is_marked_number(level)).peekable();
    let other = others.peek().map(|other| other.as_str())?;
    if others.any(|other| other.bytes().any(|b| b.is_ascii_digit())) {
        return None;
    }
    let evidence = format!("has numbers in {rows} of {known} leads and text in the rest (first: '{other}')");
    let remedy = format!(
        "read the text as missing with nulls=['{other}'] to make it numeric, or exclude it with ignore=['{plain}']"
    );
    Some(Suspect { column: name.to_owned(), suspicion: Suspicion::Numbers, leads: rows, evidence, remedy })
}

/// The value with the most leads that occurs on one side only.
fn one_sided(column: &Column, closed: &Closed) -> Option<(Suspicion, usize, String)> {
    let frequent = frequent(column);
    let levels: &[String] = if let Column::Category { levels, .. } = column { levels } else { &frequent.0 };
    // Places: levels or frequent values, a missing value, any value.
    let (missing, known) = (levels.len(), levels.len() + 1);
    let place = |i: usize| match column {
        Column::Number(values) => {
            let value = values.get(i).filter(|x| !x.is_nan());
            value.map_or(missing, |x| frequent.1.get(&number_key(*x)).copied().unwrap_or(known))
        }
        Column::Time(values) => {
            let value = values.get(i).filter(|t| **t != NO_TIME);
            value.map_or(missing, |t| frequent.1.get(t).copied().unwrap_or(known))
        }
        Column::Category { codes, .. } => match codes.get(i) {
            Some(code) if *code != NONE => *code as usize,
            _ => missing,
        },
    };
    let mut counts = vec![(0usize, 0usize); known + 1];
    for (i, closed) in closed.ended.iter().enumerate() {
        let own = place(i);
        for place in [Some(own), (own < missing).then_some(known)].into_iter().flatten() {
            if let Some(n) = counts.get_mut(place) {
                if *closed { n.1 += 1 } else { n.0 += 1 }
            }
        }
    }
    let some_missing = counts.get(missing).is_some_and(|n| n.0 + n.1 > 0);
    // If no value is missing, being filled in is not informative.
    let one_side = |(at, n): &(usize, &(usize, usize))| {
        (n.0 == 0) != (n.1 == 0) && (n.0 + n.1) as f64 >= EXPECTED && (some_missing || *at != known)
    };
    let mut candidates: Vec<(usize, &(usize, usize))> = counts.iter().enumerate().filter(one_side).collect();
    candidates.sort_by_key(|(_, n)| std::cmp::Reverse(n.0 + n.1));
    candidates.into_iter().take(MOST).find_map(|(at, n)| {
        let count = n.0 + n.1;
        let has = |i: usize| place(i) == at || (at == known && place(i) < missing);
        let closed_expected = closed.expected(has);
        let open_only = n.1 == 0;
        // A level of closed leads only is common: a rep who has left, a product that is no longer sold.
        if !open_only && at < missing {
            return None;
        }
        let expected = if open_only { closed_expected } else { count as f64 - closed_expected };
        if expected < EXPECTED {
            return None;
        }
        let what = match levels.get(at) {
            Some(level) => format!("is '{level}'"),
            None if at == missing => "is missing".to_owned(),
            None => "is filled in".to_owned(),
        };
        let (own, side, others, other) = if open_only {
            (closed.open(), "open", closed.count, "closed")
        } else {
            (closed.count, "closed", closed.open(), "open")
        };
        let evidence = format!(
            "{what} for {count} of {own} {side} leads and for 0 of {others} {other} leads, where about {expected:.0} would be expected"
        );
        Some((if open_only { Suspicion::OpenOnly } else { Suspicion::ClosedOnly }, count, evidence))
    })
}

/// A number as a key: 0 and -0 are one.
fn number_key(x: f64) -> i64 {
    (x + 0.0).to_bits().cast_signed()
}

/// The numbers or times that are frequent enough to be judged one by one: 0 or -1, or 1900-01-01, may stand for "not yet".
fn frequent(column: &Column) -> (Vec<String>, HashMap<i64, usize>) {
    let mut counts: HashMap<i64, usize> = HashMap::new();
    match column {
        Column::Number(values) => {
            for x in values.iter().filter(|x| !x.is_nan()) {
                *counts.entry(number_key(*x)).or_default() += 1;
            }
        }
        Column::Time(values) => {
            for t in values.iter().filter(|t| **t != NO_TIME) {
                *counts.entry(*t).or_default() += 1;
            }
        }
        Column::Category { .. } => {}
    }
    let mut keys: Vec<i64> = counts.into_iter().filter(|(_, n)| *n as f64 >= EXPECTED).map(|(key, _)| key).collect();
    keys.sort_unstable();
    let shown = |key: &i64| match column {
        Column::Number(_) => f64::from_bits(key.cast_unsigned()).to_string(),
        _ => Timestamp(*key).to_string(),
    };
    (keys.iter().map(shown).collect(), keys.iter().enumerate().map(|(place, key)| (*key, place)).collect())
}

/// How many numbers there are, if they are whole, all different, and too dense for that to be chance.
fn numbered(name: &str, values: &[f64]) -> Option<usize> {
    let mut known: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
    if known.len() < ENOUGH || known.iter().any(|x| x.fract() != 0.0) {
        return None;
    }
    known.sort_by(f64::total_cmp);
    if known.windows(2).any(|w| w.first() == w.last()) {
        return None;
    }
    let span = known.last()? - known.first()? + 1.0;
    // Numbers drawn at random from their span are all different with a chance of about exp(−n²/2·span).
    let dense = (known.len() as f64).powi(2) / (2.0 * span) > 10.0;
    let named = words_of(name).iter().any(|w| ["id", "number", "no", "nr", "num", "key", "code"].contains(&w.as_str()));
    (dense || named).then_some(known.len())
}

/// Whether a text is a date of any usual kind: 2024-03-01, 1.3.2024, 03/01/24, 1 Mar 2024, March 1, 2024.
fn is_date(text: &str) -> bool {
    let text = text.trim();
    let separated = text.bytes().any(|b| !b.is_ascii_digit());
    if separated && glance(text).0 != TextShape::Unreadable {
        return true;
    }
    let parts: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|p| !p.is_empty()).collect();
    let short = |p: &&str| p.len() <= 2 && p.bytes().all(|b| b.is_ascii_digit());
    if let [a, b, c] = parts.as_slice()
        && [a, b, c].into_iter().all(short)
        && c.len() == 2
        && text.bytes().all(|b| b.is_ascii_digit() || b"/.-".contains(&b))
    {
        return true;
    }
    let number = |p: &&str| p.len() <= 4 && p.bytes().all(|b| b.is_ascii_digit());
    (2..=3).contains(&parts.len())
        && parts.iter().filter(|p| is_month(p)).count() == 1
        && parts.iter().filter(|p| number(p)).count() == parts.len() - 1
}

/// Whether a text is a number that Rust does not read as one: 1,5; 1.234,50; 1,234.50; 12 %; € 3.
pub(in crate::journeys) fn is_marked_number(text: &str) -> bool {
    let text = text.trim();
    let bare =
        text.trim_start_matches(['+', '-', '$', '€', '£', ' ']).trim_end_matches(['%', '€', '$', '£', ' ', '\u{a0}']);
    let digits = |c: char| c.is_ascii_digit();
    let marked = bare.len() < text.trim_start_matches(['+', '-']).len() || bare.contains(',');
    marked
        && bare.starts_with(digits)
        && bare.ends_with(digits)
        && bare.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | ' ' | '\'' | '\u{a0}' | '\u{202f}'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn texts(values: &[Option<&str>]) -> Column {
        let mut levels: Vec<String> = Vec::new();
        let code = |v: Option<&str>| {
            let Some(text) = v else { return NONE };
            levels.iter().position(|l| l == text).unwrap_or_else(|| {
                levels.push(text.to_owned());
                levels.len() - 1
            }) as u32
        };
        let codes = values.iter().copied().map(code).collect();
        Column::Category { codes, levels: Arc::from(levels) }
    }

    fn scattered(i: u32, of: u32) -> u32 {
        i.wrapping_mul(2_654_435_761).rotate_left(13).wrapping_mul(40_503) % of
    }

    #[test]
    fn values_of_open_leads_only() {
        let closed: Vec<bool> = (0..1000).map(|i| scattered(i, 10) < 7).collect();
        let sides = Closed::new(closed.clone(), &vec![NO_TIME; 1000]).unwrap();
        let value = |i: usize| if closed[i] || i.is_multiple_of(2) { Some("x") } else { None };
        let found = suspect("account", &texts(&(0..1000).map(value).collect::<Vec<_>>()), Some(&sides), &[], None);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].suspicion, Suspicion::OpenOnly);
        assert!(found[0].evidence.starts_with("is missing for "), "{}", found[0]);
        // The same of a number, and of a time, that stands for "not yet".
        let zero =
            |i: usize| if closed[i] || i.is_multiple_of(2) { f64::from(scattered(i as u32, 7)) + 1.0 } else { -0.0 };
        let found = suspect("close_value", &Column::Number((0..1000).map(zero).collect()), Some(&sides), &[], None);
        assert!(found[0].evidence.starts_with("is '0' for "), "{}", found[0]);
        let day = |i: usize| if closed[i] || i.is_multiple_of(2) { i as i64 + 1 } else { 0 };
        let found = suspect("closes", &Column::Time((0..1000).map(day).collect()), Some(&sides), &[], None);
        assert!(found[0].evidence.starts_with("is '1970-01-01"), "{}", found[0]);
        let any = |i: usize| f64::from(scattered(i as u32, 5));
        assert_eq!(suspect("seats", &Column::Number((0..1000).map(any).collect()), Some(&sides), &[], None), []);
        // The same of numbers; and a value that only closed leads have.
        let number = |i: usize| if closed[i] { 1.5 } else { f64::NAN };
        let found = suspect("paid", &Column::Number((0..1000).map(number).collect()), Some(&sides), &[], None);
        assert!(found.iter().any(|s| s.suspicion != Suspicion::Separates), "{found:?}");
        let any = texts(&(0..1000).map(|i| Some(["x", "y"][scattered(i, 2) as usize])).collect::<Vec<_>>());
        assert_eq!(suspect("industry", &any, Some(&sides), &[], None), []);
    }

    #[test]
    fn a_value_that_is_new_is_not_suspect() {
        // The last tenth is open, and has a source of its own.
        let (count, day) = (2000usize, 86_400_000_000i64);
        let created: Vec<i64> = (0..count).map(|i| i as i64 * day).collect();
        let sides = Closed::new((0..count).map(|i| i < 1800).collect(), &created).unwrap();
        let source = texts(&(0..count).map(|i| Some(if i < 1800 { "old" } else { "new" })).collect::<Vec<_>>());
        assert_eq!(suspect("source", &source, Some(&sides), &[], None), []);
    }

    #[test]
    fn running_numbers() {
        let numbers =
            |step: u32| Column::Number((0..500).map(|i| f64::from(579_533 + i * step + scattered(i, step))).collect());
        assert_eq!(suspect("Lead", &numbers(9), None, &[], None)[0].suspicion, Suspicion::Numbered);
        assert_eq!(suspect("revenue", &numbers(5000), None, &[], None), []);
        assert_eq!(suspect("crm_id", &numbers(5000), None, &[], None)[0].leads, 500);
        let twice = Column::Number((0..500).map(|i| f64::from(i / 2)).collect());
        assert_eq!(suspect("employees", &twice, None, &[], None), []);
    }

    #[test]
    fn texts_that_are_dates_or_numbers() {
        for date in ["2024-03-01", "1.3.2024", "03/01/24", "1 Mar 2024", "March 1, 2024", "15/03/2024 10:30"] {
            assert!(is_date(date), "{date}");
        }
        for other in ["20240301", "1.2.3", "10-50", "marketing 5", "may", "555-12-34567", "v1/2", "12 May Street 4 b"] {
            assert!(!is_date(other), "{other}");
        }
        for number in ["1,5", "-1.234,50", "1,234.50", "12 %", "€ 3", "1 234,5"] {
            assert!(is_marked_number(number), "{number}");
        }
        for other in ["1.5", "10-50", "1,000+", "007", "a,b", "1.2.3.4", "", "-", "$"] {
            assert!(!is_marked_number(other), "{other}");
        }
        let values: Vec<String> = (0..60).map(|i| format!("{},5", i % 12)).collect();
        let column = texts(&values.iter().map(|v| Some(v.as_str())).collect::<Vec<_>>());
        assert_eq!(misread("budget", &column).unwrap().suspicion, Suspicion::Numbers);
    }

    #[test]
    fn numbers_with_a_few_words_among_them() {
        let values = |other: &'static str| -> Vec<String> {
            (0..60).map(|i| if i % 20 == 7 { other.to_owned() } else { (i % 12).to_string() }).collect()
        };
        let found =
            |values: Vec<String>| misread("size", &texts(&values.iter().map(|v| Some(v.as_str())).collect::<Vec<_>>()));
        let said = found(values("TBD")).unwrap();
        assert_eq!(said.suspicion, Suspicion::Numbers);
        assert!(said.evidence.contains("57 of 60") && said.remedy.contains("nulls=['TBD']"), "{said}");
        // Codes, and texts that are numbers throughout.
        for other in ["00123", "A7", "5"] {
            assert!(found(values(other)).is_none(), "{other}");
        }
    }

    #[test]
    fn a_field_that_almost_separates() {
        let won: Vec<bool> = (0..400).map(|i| scattered(i, 4) == 0).collect();
        let noisy = |i: u32| {
            let high = won[i as usize] != (scattered(i + 1000, 10) == 0);
            f64::from(u32::from(high) * 100 + scattered(i + 5000, 100))
        };
        let column = Column::Number((0..400).map(noisy).collect());
        let auc = separation(&column, &won);
        assert!(auc.is_some_and(|a| a > 0.85 && a < 0.95), "{auc:?}");
        assert_eq!(suspect("score", &column, None, &won, auc)[0].suspicion, Suspicion::Separates);
    }
}

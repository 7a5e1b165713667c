//! Numeric columns that hold codes rather than quantities, such as zip codes.

use super::column_words::words_of;

/// Words anywhere in a column's name that mark its numbers as codes.
const CODE_WORDS: [&str; 22] = [
    "zip",
    "zipcode",
    "zip5",
    "postal",
    "postalcode",
    "postcode",
    "plz",
    "naics",
    "sic",
    "isic",
    "nace",
    "siren",
    "siret",
    "duns",
    "iban",
    "ssn",
    "guid",
    "uuid",
    "sku",
    "isbn",
    "gtin",
    "imei",
];
/// Words that do so as the last word.
const LAST_WORDS: [&str; 5] = ["id", "ids", "code", "codes", "identifier"];
/// Words that do so as the last word if most numbers have at least five digits: `mobile` may be a number of visits.
const PHONE_WORDS: [&str; 8] = ["phone", "telephone", "tel", "mobile", "cell", "fax", "whatsapp", "handy"];
/// Things that are numbered by codes: `account_number`, `invoice no`.
const NUMBERED: [&str; 20] = [
    "account",
    "case",
    "contact",
    "contract",
    "customer",
    "deal",
    "invoice",
    "lead",
    "member",
    "opportunity",
    "order",
    "phone",
    "prospect",
    "record",
    "ref",
    "reference",
    "registration",
    "serial",
    "tax",
    "ticket",
];
/// Words in the names of counts and measures, which are not codes.
const QUANTITY_WORDS: [&str; 62] = [
    "age",
    "amount",
    "area",
    "arr",
    "average",
    "avg",
    "balance",
    "budget",
    "calls",
    "clicks",
    "cost",
    "count",
    "counts",
    "credit",
    "days",
    "distance",
    "duration",
    "emails",
    "employees",
    "followers",
    "funding",
    "headcount",
    "height",
    "hours",
    "income",
    "length",
    "limit",
    "mean",
    "median",
    "minutes",
    "mrr",
    "n",
    "num",
    "opens",
    "pages",
    "percent",
    "population",
    "price",
    "qty",
    "quantity",
    "rank",
    "rate",
    "ratio",
    "revenue",
    "salary",
    "sales",
    "score",
    "seats",
    "seconds",
    "sessions",
    "share",
    "size",
    "spend",
    "sum",
    "time",
    "total",
    "traffic",
    "turnover",
    "users",
    "value",
    "views",
    "visits",
];

/// Fewest distinct numbers that are taken for identifiers.
const ENOUGH: usize = 50;

/// The word of a column's name that marks its numbers as codes.
#[must_use]
pub fn code_word(name: &str, values: &[f64]) -> Option<String> {
    let words = words_of(name);
    let is = |list: &[&str], word: &String| list.contains(&word.as_str());
    if words.iter().any(|w| is(&QUANTITY_WORDS, w)) || values.iter().any(|x| x.fract() != 0.0 && !x.is_nan()) {
        return None;
    }
    let long = || {
        let known = values.iter().filter(|x| !x.is_nan()).count();
        2 * values.iter().filter(|x| x.abs() >= 1e4).count() > known
    };
    let last = words.last()?;
    let numbered = matches!(last.as_str(), "number" | "no" | "nr") && words.iter().any(|w| is(&NUMBERED, w));
    let found = words.iter().find(|w| is(&CODE_WORDS, w));
    found.or_else(|| Some(last).filter(|w| is(&LAST_WORDS, w) || numbered || is(&PHONE_WORDS, w) && long())).cloned()
}

/// True if the numbers of a column are whole and all different, like lead numbers, and its name does not say
/// that they count or measure something.
#[must_use]
pub(super) fn are_serial_numbers(name: &str, values: &[f64]) -> bool {
    let mut known: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
    if known.len() < ENOUGH
        || known.iter().any(|x| x.fract() != 0.0)
        || words_of(name).iter().any(|w| QUANTITY_WORDS.contains(&w.as_str()))
    {
        return false;
    }
    known.sort_unstable_by(f64::total_cmp);
    known.windows(2).all(|pair| pair.first() != pair.last())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_codes() {
        let zips = [94_107.0, f64::NAN, 10_001.0];
        for code in
            ["zip", "BillingPostalCode", "owner_id", "OwnerId", "naics", "SIC Code", "Phone", "lead_number", "id"]
        {
            assert!(code_word(code, &zips).is_some(), "{code}");
        }
        for quantity in [
            "employees",
            "paid",
            "phone_calls",
            "zip_income",
            "number_of_orders",
            "valid",
            "grid",
            "order_count",
            "n_ids",
        ] {
            assert_eq!(code_word(quantity, &zips), None, "{quantity}");
        }
        // "mobile" and "share" also name visits from mobile devices and shares.
        assert_eq!(code_word("mobile", &[3.0, 0.0, 12.0]), None);
        assert_eq!(code_word("zip", &[0.5, 0.25]), None);
    }

    #[test]
    fn numbers_that_are_all_different() {
        let serial: Vec<f64> = (0..100).map(|i| f64::from(579_533 + i * 7919 % 100)).collect();
        assert!(are_serial_numbers("Prospect", &serial));
        assert!(!are_serial_numbers("annual_revenue", &serial));
        assert!(!are_serial_numbers("x", &serial[..20]));
        let twice: Vec<f64> = serial.iter().chain(&serial[..1]).copied().collect();
        assert!(!are_serial_numbers("x", &twice));
        let fractions: Vec<f64> = serial.iter().map(|x| x + 0.5).collect();
        assert!(!are_serial_numbers("x", &fractions));
    }
}

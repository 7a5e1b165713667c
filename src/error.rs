//! One error type for the whole library, with typed fields and a stable slug per variant.

use std::fmt;
use std::path::PathBuf;

use strsim::levenshtein;

use crate::counted::counted;

/// A `Result` whose error is [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// One thing wrong with an input table; [`Error::Schema`] lists all of them at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Name of the table as declared.
    pub table: String,
    /// Column at fault, if any.
    pub column: Option<String>,
    /// The problem, with counts and the remedy.
    pub problem: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.column {
            Some(column) => write!(f, "table '{}', column '{column}': {}", self.table, self.problem),
            None => write!(f, "table '{}': {}", self.table, self.problem),
        }
    }
}

fn stopped(gradient: f64, tolerance: f64) -> String {
    let reached = format!("gradient norm {gradient:.1e}, tolerance {tolerance:.1e}");
    if gradient > tolerance {
        return reached;
    }
    reached + ", but the coefficients still change; the classes may be nearly separated, or columns nearly collinear"
}

fn list(violations: &[Violation]) -> String {
    let lines: Vec<String> = violations.iter().map(ToString::to_string).collect();
    lines.join("\n  ")
}

/// All errors of the library, by family.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Input tables do not have the declared shape; every violation is listed.
    #[error("{} in the input tables:\n  {}", counted(violations.len(), "problem", "problems"), list(violations))]
    Schema {
        /// All violations found.
        violations: Vec<Violation>,
    },
    /// A file could not be read.
    #[error("cannot read '{}': {reason}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The reader's reason.
        reason: String,
        /// True if the file does not exist.
        missing: bool,
    },
    /// A file could not be written; nothing is left at the destination.
    #[error("cannot write '{}': {reason}", path.display())]
    Write {
        /// The destination.
        path: PathBuf,
        /// The system's reason.
        reason: String,
    },
    /// A configuration has an unknown key or a wrong value.
    #[error("configuration: {problem}")]
    Config {
        /// The problem, with the key and the nearest known one.
        problem: String,
    },
    /// An option has a value that is not allowed.
    #[error("{option}: {problem}")]
    InvalidOption {
        /// Name of the option.
        option: String,
        /// The problem and the allowed values.
        problem: String,
    },
    /// A name (of a stage, event kind, field or feature) that does not exist in the data.
    #[error("unknown {what} '{name}'{}", hint(nearest.as_deref(), known))]
    UnknownName {
        /// What kind of name it is.
        what: &'static str,
        /// The name asked for.
        name: String,
        /// The closest known name.
        nearest: Option<String>,
        /// Known names, the first few.
        known: Vec<String>,
    },
    /// Some tables hold timestamps in the future, so the end of observation cannot be derived.
    #[error(
        "table '{table}' has {} in the future (latest {latest}); set observed_until=, or filter planned rows with where=",
        counted(*rows, "timestamp", "timestamps")
    )]
    FutureDated {
        /// The table.
        table: String,
        /// Rows after now.
        rows: usize,
        /// Latest timestamp, ISO 8601.
        latest: String,
    },
    /// Rows are needed, and all are excluded or do not exist.
    #[error("{what}: {why}")]
    NoRows {
        /// The operation.
        what: &'static str,
        /// The reason, with counts.
        why: String,
    },
    /// The label has one class only.
    #[error(
        "the label has only one class: {} in {}; both classes are needed",
        counted(*positives, "positive", "positives"),
        counted(*rows, "row", "rows")
    )]
    OneClass {
        /// Number of rows.
        rows: usize,
        /// Positive rows.
        positives: usize,
    },
    /// Too few leads to fit a useful model.
    #[error(
        "{positives} converted and {} are below the minimum of {minimum} each; pass min_leads= to fit anyway",
        counted(*negatives, "other lead", "other leads")
    )]
    TooFew {
        /// Leads with a positive row.
        positives: usize,
        /// Leads without one.
        negatives: usize,
        /// The minimum asked for.
        minimum: usize,
    },
    /// A number in the data is NaN or infinite where it must be finite.
    #[error("{what} has {}", counted(*count, "value that is NaN or infinite", "values that are NaN or infinite"))]
    NonFinite {
        /// Which array.
        what: String,
        /// How many.
        count: usize,
    },
    /// Two arrays differ in length.
    #[error("{what} has length {got}, expected {expected}")]
    Length {
        /// Which array.
        what: String,
        /// Length expected.
        expected: usize,
        /// Length found.
        got: usize,
    },
    /// A metric is not defined on this data.
    #[error("{metric} is not defined: {why}")]
    Undefined {
        /// The metric.
        metric: &'static str,
        /// Why the metric is undefined.
        why: String,
    },
    /// Without a penalty, coefficients of constant or linearly dependent columns are not identified.
    #[error(
        "the coefficients are not identified: {}; drop the columns (collinear=\"drop\" does), or use a penalty (finite C)",
        columns.join("; ")
    )]
    Singular {
        /// A description of each column at fault.
        columns: Vec<String>,
    },
    /// Without a penalty, columns that separate the classes without error have no finite coefficients.
    #[error(
        "{} separation: {} separate{} the classes of {}, so the coefficients have no finite estimate; use a penalty (finite C) or Firth's correction (penalty=\"firth\")",
        if *complete { "complete" } else { "quasi-complete" },
        columns.iter().map(|c| format!("'{c}'")).collect::<Vec<_>>().join(", "),
        if columns.len() == 1 { "s" } else { "" },
        counted(*rows, "row", "rows")
    )]
    Separated {
        /// Whether all rows are separated.
        complete: bool,
        /// Number of separated rows.
        rows: usize,
        /// Columns that separate the classes together.
        columns: Vec<String>,
    },
    /// The solver stopped before the gradient was small enough.
    #[error("no convergence after {}: {}", counted(*iterations, "iteration", "iterations"), stopped(*gradient, *tolerance))]
    NotConverged {
        /// Iterations done.
        iterations: usize,
        /// Infinity norm of the mean gradient reached.
        gradient: f64,
        /// Tolerance asked for.
        tolerance: f64,
    },
    /// More leads than allowed lie outside the ages the model was trained on.
    #[error(
        "{outside} of {} {} outside the ages the model was trained on ({low:.1} to {high:.1} days); pass allow_extrapolation= to score them anyway",
        counted(*rows, "lead", "leads"),
        if *outside == 1 { "is" } else { "are" }
    )]
    OutOfRange {
        /// Rows outside.
        outside: usize,
        /// Rows to score.
        rows: usize,
        /// Youngest age trained on, days.
        low: f64,
        /// Oldest age trained on, days.
        high: f64,
    },
    /// A model file is of another kind, is damaged, or violates an invariant.
    #[error("invalid model file: {problem}")]
    ModelFormat {
        /// The problem.
        problem: String,
    },
    /// A model file was written by another format version.
    #[error(
        "model format version {found} is not supported (this library reads version {supported}); use the library version that wrote it"
    )]
    ModelVersion {
        /// Version in the file.
        found: u64,
        /// Version this library reads.
        supported: u64,
    },
    /// The work was interrupted by the caller.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// Stable identifier of the variant; it does not change between releases.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Schema { .. } => "schema",
            Self::Read { .. } => "read",
            Self::Write { .. } => "write",
            Self::Config { .. } => "config",
            Self::InvalidOption { .. } => "invalid_option",
            Self::UnknownName { .. } => "unknown_name",
            Self::FutureDated { .. } => "future_dated",
            Self::NoRows { .. } => "no_rows",
            Self::OneClass { .. } => "one_class",
            Self::TooFew { .. } => "too_few",
            Self::NonFinite { .. } => "non_finite",
            Self::Length { .. } => "length",
            Self::Undefined { .. } => "undefined",
            Self::Singular { .. } => "singular",
            Self::Separated { .. } => "separated",
            Self::NotConverged { .. } => "not_converged",
            Self::OutOfRange { .. } => "out_of_range",
            Self::ModelFormat { .. } => "model_format",
            Self::ModelVersion { .. } => "model_version",
            Self::Interrupted => "interrupted",
        }
    }

    /// An [`Error::InvalidOption`].
    pub fn option(option: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::InvalidOption { option: option.into(), problem: problem.into() }
    }

    /// The message in the words of an interface. Messages name options as `name=`, or `name=value`; `spell` writes them
    /// as the interface does.
    pub fn spelled(&self, spell: &dyn Fn(Mention<'_>) -> String) -> String {
        let advice = |text: &str| respell(text, &|name, has_value| spell(Mention::Advice { name, has_value }));
        match self {
            Self::InvalidOption { option, problem } => {
                format!("{}: {}", spell(Mention::AtFault(option)), advice(problem))
            }
            other => advice(&other.to_string()),
        }
    }

    /// An [`Error::UnknownName`] with the nearest of `known`.
    pub fn unknown<'a>(what: &'static str, name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let all: Vec<&str> = known.into_iter().collect();
        let known = all.iter().take(MOST_KNOWN + 1).map(|k| (*k).to_owned()).collect();
        Self::UnknownName { what, name: name.to_owned(), nearest: nearest(name, all), known }
    }

    /// A [`Error::Schema`] with one violation.
    pub fn schema(table: &str, column: Option<&str>, problem: impl Into<String>) -> Self {
        Self::Schema {
            violations: vec![Violation {
                table: table.to_owned(),
                column: column.map(ToOwned::to_owned),
                problem: problem.into(),
            }],
        }
    }
}

/// How a message mentions an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mention<'a> {
    /// It has the wrong value.
    AtFault(&'a str),
    /// It is the option to change.
    Advice {
        /// Its name.
        name: &'a str,
        /// Whether a value follows, which stays as it is.
        has_value: bool,
    },
}

/// Writes each `name=` in `text` with `spell(name, whether a value follows)`; quoted text is data.
fn respell(text: &str, spell: &dyn Fn(&str, bool) -> String) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut out = String::with_capacity(text.len());
    let mut quoted = false;
    let mut before = ' ';
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let word = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(word);
        let starts = !quoted && !is_word(before) && before != '-' && name.starts_with(|c: char| c.is_ascii_lowercase());
        if starts && let Some(value) = after.strip_prefix('=').filter(|v| !v.starts_with('=')) {
            // Values follow at once: `every='7d'`, `C=1`, not `, ` or ` explicitly`.
            let has_value = value.starts_with(|c: char| is_word(c) || "'\"[".contains(c));
            out += &spell(name, has_value);
            // A quoted value is data, even if it looks like an option.
            let end = value.strip_prefix('\'').and_then(|v| v.find('\'')).map_or(0, |end| end + 2);
            let (kept, later) = value.split_at_checked(end).unwrap_or((value, ""));
            out += kept;
            before = '=';
            rest = later;
            continue;
        }
        // An apostrophe inside a word is not a quote.
        let next = rest.chars().nth(1);
        if c == '\'' && (if quoted { !next.is_some_and(is_word) } else { !is_word(before) }) {
            quoted = !quoted;
        }
        let taken = if word > 0 { word } else { c.len_utf8() };
        let (kept, later) = rest.split_at(taken);
        out += kept;
        before = kept.chars().next_back().unwrap_or(' ');
        rest = later;
    }
    out
}

/// Largest number of known names that a message lists.
const MOST_KNOWN: usize = 8;

/// The suggestion for an unknown name.
fn hint(nearest: Option<&str>, known: &[String]) -> String {
    match nearest {
        Some(name) => format!("; did you mean '{name}'?"),
        None if known.is_empty() => String::new(),
        None => {
            let some: Vec<String> = known.iter().take(MOST_KNOWN).map(|k| format!("'{k}'")).collect();
            let more = if known.len() > MOST_KNOWN { " and more" } else { "" };
            format!("; known: {}{more}", some.join(", "))
        }
    }
}

/// The name in `known` with the smallest edit distance to `name`, if it is close enough to be a typo.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let limit = (name.chars().count() / 3).max(2);
    known
        .into_iter()
        .map(|k| (levenshtein(&name.to_lowercase(), &k.to_lowercase()), k))
        .filter(|(d, _)| *d <= limit)
        .min()
        .map(|(_, k)| k.to_owned())
}

/// Whether `name` differs from one in `known` by letter case, or by one character of at least five.
pub(crate) fn is_slip<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> bool {
    let limit = usize::from(name.chars().count() > 4);
    known.into_iter().any(|k| levenshtein(&name.to_lowercase(), &k.to_lowercase()) <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_in_messages_are_spelled_as_the_interface_does() {
        let flag = |name: &str, value: bool| format!("--{}{}", name.replace('_', "-"), if value { "=" } else { "!" });
        let say = |text: &str| respell(text, &flag);
        assert_eq!(say("say observed_until= explicitly"), "say --observed-until! explicitly");
        assert_eq!(say("a lead's 'a=b' (where=), b == c"), "a lead's 'a=b' (--where!), b == c");
        assert_eq!(
            say("give every='7d', after='30d' or cutoffs=table"),
            "give --every='7d', --after='30d' or --cutoffs=table"
        );
        assert_eq!(say("drop them (collinear=\"drop\" does)"), "drop them (--collinear=\"drop\" does)");
        assert_eq!(say("Größe=1, x=, é='ü=ü'"), "Größe=1, --x!, é='ü=ü'");
        assert_eq!(say(""), "");
    }

    #[test]
    fn nearest_finds_slips_only() {
        assert_eq!(nearest("lead_idd", ["lead_id", "created"]), Some("lead_id".into()));
        assert_eq!(nearest("zzzzzz", ["lead_id", "created"]), None);
        let message = |name: &str, known: &[&str]| Error::unknown("field", name, known.iter().copied()).to_string();
        assert_eq!(message("zzzzzz", &["a", "b"]), "unknown field 'zzzzzz'; known: 'a', 'b'");
        assert_eq!(message("zzzzzz", &["abcdefg"; 9]).matches("abcdefg").count(), MOST_KNOWN);
        assert_eq!(
            (message("ab", &["ab1"]), message("ab", &[])),
            ("unknown field 'ab'; did you mean 'ab1'?".into(), "unknown field 'ab'".into())
        );
    }
}

//! Columns of values, and the code of a missing value.

use std::sync::Arc;

use crate::time::NO_TIME;

/// Code of a missing value.
pub const NONE: u32 = u32::MAX;

/// One value per row of a table, with a fixed type.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// Numbers; NaN is missing.
    Number(Vec<f64>),
    /// Codes into levels; [`NONE`] is missing. Booleans have the levels `false` and `true`.
    Category {
        /// Code per row.
        codes: Vec<u32>,
        /// Text of each code.
        levels: Arc<[String]>,
    },
    /// UTC microseconds; [`NO_TIME`] is missing.
    Time(Vec<i64>),
}

impl Column {
    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Number(v) => v.len(),
            Self::Category { codes, .. } => codes.len(),
            Self::Time(v) => v.len(),
        }
    }

    /// True if it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Rows without a value.
    #[must_use]
    pub fn missing(&self) -> usize {
        match self {
            Self::Number(v) => v.iter().filter(|x| x.is_nan()).count(),
            Self::Category { codes, .. } => codes.iter().filter(|c| **c == NONE).count(),
            Self::Time(v) => v.iter().filter(|t| **t == NO_TIME).count(),
        }
    }

    /// The rows named by `rows`, in that order; a row out of range is missing.
    #[must_use]
    pub fn take(&self, rows: &[u32]) -> Self {
        match self {
            Self::Number(v) => {
                Self::Number(rows.iter().map(|r| v.get(*r as usize).copied().unwrap_or(f64::NAN)).collect())
            }
            Self::Category { codes, levels } => Self::Category {
                codes: rows.iter().map(|r| codes.get(*r as usize).copied().unwrap_or(NONE)).collect(),
                levels: Arc::clone(levels),
            },
            Self::Time(v) => Self::Time(rows.iter().map(|r| v.get(*r as usize).copied().unwrap_or(NO_TIME)).collect()),
        }
    }
}

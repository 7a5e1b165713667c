//! Exit codes, and the exit code of each error.

use crate::error::Error;

/// Exit code: success.
pub const OK: i32 = 0;
/// Exit code: wrong arguments or configuration.
pub const USAGE: i32 = 2;
/// Exit code: the data cannot be used.
pub const DATA: i32 = 3;
/// Exit code: the model cannot be fitted or used.
pub const MODEL: i32 = 4;
/// Exit code: a defect of leadlens or of a library it uses.
pub const INTERNAL: i32 = 70;
/// Exit code: stopped by SIGINT, or by the task.
pub const INTERRUPTED: i32 = 130;

/// The exit code of an error.
pub(super) fn exit_code(error: &Error) -> i32 {
    match error {
        Error::Config { .. } | Error::InvalidOption { .. } | Error::UnknownName { .. } => USAGE,
        Error::Schema { .. }
        | Error::Read { .. }
        | Error::Write { .. }
        | Error::FutureDated { .. }
        | Error::NoRows { .. }
        | Error::NonFinite { .. }
        | Error::Length { .. } => DATA,
        Error::OneClass { .. }
        | Error::TooFew { .. }
        | Error::Undefined { .. }
        | Error::Singular { .. }
        | Error::Separated { .. }
        | Error::NotConverged { .. }
        | Error::OutOfRange { .. }
        | Error::ModelFormat { .. }
        | Error::ModelVersion { .. } => MODEL,
        Error::Interrupted => INTERRUPTED,
    }
}

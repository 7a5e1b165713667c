//! The command line: `leadlens check | train | evaluate | score | funnel | demo`.

mod args;
mod commands;
mod progress;
mod project;

use std::any::Any;
use std::ffi::OsString;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use clap::Parser;

pub use project::Project;

use crate::error::Error;
use crate::task::Task;
use args::Arguments;

/// Exit code: all went well.
pub const OK: i32 = 0;
/// Exit code: wrong arguments or configuration.
pub const USAGE: i32 = 2;
/// Exit code: the data cannot be used.
pub const DATA: i32 = 3;
/// Exit code: the model cannot be fitted or used.
pub const MODEL: i32 = 4;
/// Exit code: a defect of leadlens or of a library it uses.
pub const INTERNAL: i32 = 70;
/// Exit code: stopped by Ctrl-C, as shells say it.
pub const INTERRUPTED: i32 = 130;

/// Runs a command line (the first argument is the program's name) and returns the exit code: 0 all went well,
/// 2 usage, 3 data, 4 model, 70 a defect, 130 stopped. Results go to `out`, errors and progress to `err`;
/// [`Task::stop`] stops it.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    task: &Task,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> i32 {
    let parsed = match Arguments::try_parse_from(arguments) {
        Ok(parsed) => parsed,
        Err(e) => {
            // Help and version are asked for; everything else is an error of usage.
            let wanted = !e.use_stderr();
            let written = if wanted { write!(out, "{e}") } else { write!(err, "{e}") };
            return if wanted && written.is_ok() { OK } else { USAGE };
        }
    };
    let _here = task.here();
    // A panic of a library must end the command, and say so.
    let ended = catch_unwind(AssertUnwindSafe(|| commands::run(&parsed, task, out)));
    match ended {
        Err(panic) => {
            let _ = writeln!(err, "error[internal]: {}; please report it", panic_text(&*panic));
            INTERNAL
        }
        Ok(Ok(())) => OK,
        Ok(Err(commands::Failed { error: e, reading })) => {
            // Nothing can be done if stderr is closed.
            let _ = writeln!(err, "error[{}]: {e}", e.kind());
            match (&e, reading) {
                // Which file could not be read says whose fault it is.
                (Error::Read { .. }, commands::Reading::Config) => USAGE,
                (Error::Read { .. }, commands::Reading::Model) => MODEL,
                _ => exit_code(&e),
            }
        }
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without a message")
}

fn exit_code(error: &Error) -> i32 {
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

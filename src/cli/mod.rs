//! The command line: `leadlens check | train | evaluate | score | funnel | … | demo`.

mod breakdown;
mod commands;
mod context;
mod exit_codes;
mod flags;
mod inputs;
mod interrupt;
mod output;
mod progress;
mod project;
mod sections;
mod settings;
mod training;
mod words;

use std::any::Any;
use std::ffi::OsString;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use clap::{CommandFactory, FromArgMatches};

pub use exit_codes::{DATA, INTERNAL, INTERRUPTED, MODEL, OK, USAGE};
pub use interrupt::{GRACE, leave};
pub use project::Project;
pub use sections::{
    AttributionSection, CrossValidated, ModelSection, Penalty, ReportSection, ScoreSection, SplitSection, Strength,
};

use crate::error::Error;
use crate::progress::Task;
use commands::Arguments;
use context::{Context, Failed, ProjectReading};
use words::Words;

/// Runs a command line on the streams of the process and returns the exit code. SIGINT and SIGTERM end it with 130 and
/// 143 within half a second, and partial files are removed.
pub fn program(arguments: impl IntoIterator<Item = OsString>) -> i32 {
    let task = Arc::new(Task::new());
    let caught = interrupt::watch(&task);
    match run(arguments, &task, &mut std::io::stdout(), &mut std::io::stderr()) {
        INTERRUPTED => caught.exit_code(),
        code => code,
    }
}

/// Runs a command line (the first argument is the program's name) and returns the exit code: 0 success,
/// 2 usage, 3 data, 4 model, 70 internal error, 130 stopped by [`Task::stop`]. Results go to `out`, errors and warnings to `err`.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    task: &Task,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> i32 {
    let mut command = Arguments::command();
    let parsed = command.try_get_matches_from_mut(arguments);
    let parsed = parsed.and_then(|matches| Ok((Arguments::from_arg_matches(&matches)?, matches)));
    let (arguments, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(e) => {
            // Help and version are requested output; everything else is a usage error.
            let wanted = !e.use_stderr();
            let written = if wanted { write!(out, "{e}") } else { write!(err, "{e}") };
            return if wanted && written.is_ok() { OK } else { USAGE };
        }
    };
    let words = Words::of(&command, &matches);
    let mut context = Context { out, err, task };
    let _here = task.here();
    let result = catch_unwind(AssertUnwindSafe(|| {
        commands::run(&arguments, &mut context)?;
        context.flush()
    }));
    // Nothing can be done if stderr is closed.
    match result {
        Ok(Ok(()) | Err(Failed { reading: ProjectReading::ClosedPipe, .. })) => OK,
        Ok(Err(mut failed)) => {
            // A failure of stopped work counts as stopped.
            if context.task.check().is_err() {
                failed.error = Error::Interrupted;
            }
            let _ = writeln!(context.err, "error[{}]: {}", failed.error.kind(), words.message(&failed.error));
            failed.exit_code()
        }
        Err(panic) => {
            let _ = writeln!(context.err, "error[internal]: {}; please report it", panic_text(&*panic));
            INTERNAL
        }
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("panic without a message")
}

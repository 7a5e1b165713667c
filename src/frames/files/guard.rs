//! Panics of the libraries that read files, as errors: a damaged file must never end the program that reads it.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use crate::error::Result;

use super::OpenFile;

thread_local! {
    /// Whether a panic of this thread is turned into an error, so nothing of it is printed.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Reads a part of `file`; a panic is an error that names the file.
pub(super) fn guarded<T>(file: &OpenFile, work: impl FnOnce() -> Result<T>) -> Result<T> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !GUARDED.get() {
                print(panic);
            }
        }));
    });
    let before = GUARDED.replace(true);
    let done = catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(before);
    done.unwrap_or_else(|panic| Err(file.failed(format!("the file is damaged ({})", message(&*panic)))))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.and_then(|t| t.lines().next()).unwrap_or("it cannot be decoded").to_owned()
}

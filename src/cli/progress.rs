//! A progress bar on stderr, if that is a terminal.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::error::Result;
use crate::progress::Task;

/// Ends the watcher however the work ends, by a panic too: a scope waits for its threads.
struct Release<'a>(&'a AtomicBool, &'a Thread);

impl Drop for Release<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
        self.1.unpark();
    }
}

/// Runs `work` and shows the progress of `task`; nothing is shown for work under half a second, or without a terminal.
///
/// Work that ended although it was to stop counts as stopped, so nothing is written afterwards.
pub(super) fn with_progress<T>(task: &Task, work: impl FnOnce(&Task) -> Result<T>) -> Result<T> {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watch = || {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}") {
                bar.set_style(style);
            }
            let mut waited = 0;
            while !done.load(Ordering::Relaxed) {
                std::thread::park_timeout(Duration::from_millis(100));
                waited += 1;
                let (label, done, total) = task.progress();
                if waited > 5 && !bar.is_hidden() && total > 0 {
                    bar.set_message(label);
                    bar.set_length(total);
                    bar.set_position(done.min(total));
                }
            }
            bar.finish_and_clear();
        };
        // The work is done even if no thread can show its progress.
        let watcher = std::thread::Builder::new().spawn_scoped(scope, watch);
        let _release = watcher.as_ref().ok().map(|watcher| Release(&done, watcher.thread()));
        let made = work(task)?;
        task.check()?;
        Ok(made)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "a panic is what is tested")]
    use super::*;

    #[test]
    fn a_panic_ends_the_watcher() {
        let ended = std::panic::catch_unwind(|| with_progress::<()>(&Task::new(), |_| panic!("broken")));
        assert!(ended.is_err());
    }
}

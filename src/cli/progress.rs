//! A progress bar on stderr, if that is a terminal.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::task::Task;

/// Runs `work` and shows its progress; nothing is shown for work under half a second, or without a terminal.
pub(super) fn with_progress<T>(work: impl FnOnce(&Task) -> T) -> T {
    let task = Task::new();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
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
        });
        let result = work(&task);
        done.store(true, Ordering::Relaxed);
        watcher.thread().unpark();
        result
    })
}

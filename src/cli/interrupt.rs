//! SIGINT and SIGTERM: the command stops, and partial files are removed.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use super::exit_codes::INTERRUPTED;
use crate::progress::Task;

/// The signal that asked the program to stop, if one did.
#[derive(Debug, Clone, Default)]
pub(super) struct Caught(Arc<AtomicI32>);

impl Caught {
    /// Exit code of a program that the signal ended, as shells write it: 130 for SIGINT, 143 for SIGTERM.
    pub(super) fn exit_code(&self) -> i32 {
        match self.0.load(Ordering::Relaxed) {
            0 => INTERRUPTED,
            signal => 128 + signal,
        }
    }
}

/// Stops `task` on the first SIGINT or SIGTERM. Work that does not stop within a fraction of a second is abandoned:
/// its unfinished files are removed, and the process ends.
#[cfg(unix)]
pub(super) fn watch(task: &Arc<Task>) -> Caught {
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    let caught = Caught::default();
    // Without a handler the signals keep their usual effect.
    if let Ok(mut signals) = Signals::new([SIGINT, SIGTERM]) {
        let (task, caught) = (Arc::clone(task), caught.clone());
        std::thread::spawn(move || {
            if let Some(signal) = signals.forever().next() {
                caught.0.store(signal, Ordering::Relaxed);
                task.stop();
                std::thread::sleep(GRACE);
                leave(128 + signal);
            }
        });
    }
    caught
}

/// Grace period of stopped work.
pub const GRACE: std::time::Duration = std::time::Duration::from_millis(350);

/// Ends the process during work and removes its unfinished files.
pub fn leave(code: i32) -> ! {
    super::output::abandon();
    #[cfg(unix)]
    signal_hook::low_level::exit(code);
    #[cfg(not(unix))]
    std::process::exit(code)
}

/// Signals keep their usual effect.
#[cfg(not(unix))]
pub(super) fn watch(_: &Arc<Task>) -> Caught {
    Caught::default()
}

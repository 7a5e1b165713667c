//! Work in a forked process.
//!
//! The threads of a pool stay with the process that started them: a child that hands them work never returns. A child of
//! a process that has worked before therefore works without pools, on threads that are the only worker of a pool of
//! their own; rayon and polars then run what they would share in sequence, with the same results.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, TryLockError};

use polars_async::executor::ALLOW_RAYON_THREADS;
use polars_core::runtime::{RAYON, THREAD_POOL};

/// The process whose pools these are, 0 before the first work.
static OWNER: AtomicU32 = AtomicU32::new(0);

/// Whether the pools belong to a process from which this one was forked; starts them if none did.
///
/// Called with the GIL, without which Python does not fork: no child is born while pools start.
pub(crate) fn forked() -> bool {
    let own = std::process::id();
    match OWNER.compare_exchange(0, own, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => {
            rayon::current_num_threads();
            std::sync::LazyLock::force(&THREAD_POOL);
            false
        }
        Err(owner) => owner != own,
    }
}

/// Makes the present thread, for as long as it lives, the only worker of a pool of its own.
pub(crate) fn work_alone() {
    if rayon::current_thread_index().is_none() {
        ALLOW_RAYON_THREADS.set(false);
        // The first use makes the pool.
        RAYON.with(|_| ());
    }
}

type Job = Box<dyn FnOnce() + Send>;

/// Threads that wait for work, and the process they belong to. A pool cannot be taken off its thread, so threads are
/// used again.
static IDLE: Mutex<(u32, Vec<SyncSender<Job>>)> = Mutex::new((0, Vec::new()));

fn take_idle() -> Option<SyncSender<Job>> {
    let mut idle = match IDLE.try_lock() {
        Ok(idle) => idle,
        Err(TryLockError::Poisoned(idle)) => idle.into_inner(),
        // Locked by a thread of the parent, perhaps, which will never unlock it here.
        Err(TryLockError::WouldBlock) => return None,
    };
    let own = std::process::id();
    if idle.0 != own {
        // These threads stayed in the parent. To drop their senders could wait for locks that they hold.
        std::mem::forget(std::mem::replace(&mut *idle, (own, Vec::new())));
    }
    idle.1.pop()
}

fn give_back(thread: SyncSender<Job>) {
    if let Ok(mut idle) = IDLE.try_lock() {
        idle.1.push(thread);
    }
}

fn start() -> std::io::Result<SyncSender<Job>> {
    let (sender, jobs) = sync_channel::<Job>(1);
    std::thread::Builder::new().spawn(move || {
        work_alone();
        while let Ok(job) = jobs.recv() {
            job();
        }
    })?;
    Ok(sender)
}

/// Waits for the job however the watcher ends.
struct Wait(Receiver<()>);

impl Drop for Wait {
    fn drop(&mut self) {
        // It ends without a message if the job panicked; then it has ended, too.
        let _ = self.0.recv();
    }
}

/// Runs `job` on a thread that works alone, and `watch` meanwhile on this one.
///
/// # Errors
/// The system has no thread left.
pub(crate) fn beside<R>(job: impl FnOnce() + Send, watch: impl FnOnce() -> R) -> std::io::Result<R> {
    let thread = match take_idle() {
        Some(thread) => thread,
        None => start()?,
    };
    let (ended, end) = sync_channel::<()>(1);
    let job: Box<dyn FnOnce() + Send + '_> = Box::new(move || {
        job();
        let _ = ended.send(());
    });
    // SAFETY: only the lifetime changes. `Wait` is dropped before this function returns or unwinds, and waits until the
    // job has run and been dropped, or was never taken: nothing that the job borrows is used after this call.
    let job = unsafe { std::mem::transmute::<Box<dyn FnOnce() + Send + '_>, Job>(job) };
    let watched = {
        let _wait = Wait(end);
        if thread.send(job).is_err() {
            return Err(std::io::Error::other("a worker thread ended"));
        }
        watch()
    };
    give_back(thread);
    Ok(watched)
}

//! Which process set tracing up.
//!
//! It exists because a process that forks takes the recorder along and leaves
//! the exporter's thread behind: the child must say so, and must never wait for
//! a thread that is not there.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

/// The process in which it was made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin {
    pid: u32,
}

impl Origin {
    pub(crate) fn here() -> Origin {
        Origin {
            pid: std::process::id(),
        }
    }

    /// Whether this is a child of it, by fork. The first to notice says so.
    pub(crate) fn is_left(self) -> bool {
        let is_left = std::process::id() != self.pid;
        if is_left {
            static HAS_SAID: AtomicBool = AtomicBool::new(false);
            if !HAS_SAID.swap(true, Ordering::Relaxed) {
                say_past_locks(
                    "this process was forked after tracing was set up, and the thread that sends \
                     spans is not in it: nothing is recorded here; fork first, then call init \
                     (said once)",
                );
            }
        }
        is_left
    }

    /// Locks; `None` in a child by fork where the lock is taken: by a thread that
    /// is not in it, and will never give it back.
    pub(crate) fn lock<T>(self, mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
        match mutex.try_lock() {
            Ok(locked) => Some(locked),
            Err(TryLockError::WouldBlock) if self.is_left() => None,
            Err(TryLockError::WouldBlock) => Some(lock(mutex)),
            Err(TryLockError::Poisoned(locked)) => Some(locked.into_inner()),
        }
    }
}

/// Locks also after a panic elsewhere: telemetry must not multiply panics.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

static IS_SILENT: AtomicBool = AtomicBool::new(false);

/// Says nothing from now on (`OTEL_LOG_LEVEL=none`).
pub(crate) fn be_silent() {
    IS_SILENT.store(true, Ordering::Relaxed);
}

/// One line on standard error. Never through `tracing` or `log`, which might end
/// up in what is exported.
pub(crate) fn say(what: &str) {
    write_to(io::stderr(), what);
}

fn write_to(mut out: impl Write, what: &str) {
    if !IS_SILENT.load(Ordering::Relaxed) {
        let line = format!("tracewell-instrument: {what}\n");
        // A closed standard error is no reason to fail.
        out.write_all(line.as_bytes()).unwrap_or_default();
    }
}

/// The same in a child by fork: standard error has a lock too.
#[cfg(unix)]
fn say_past_locks(what: &str) {
    use std::os::fd::AsFd as _;
    if let Ok(stderr) = io::stderr().as_fd().try_clone_to_owned() {
        write_to(std::fs::File::from(stderr), what);
    }
}

/// Nothing else forks.
#[cfg(not(unix))]
fn say_past_locks(what: &str) {
    say(what);
}

/// The same, the first time.
pub(crate) fn say_once(has_said: &AtomicBool, what: &str) {
    if !has_said.swap(true, Ordering::Relaxed) {
        say(&format!("{what} (said once)"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_elsewhere_is_no_reason_not_to_lock() {
        let poisoned = Mutex::new(7);
        let panics = || {
            let _locked = lock(&poisoned);
            panic!("on purpose");
        };
        std::thread::scope(|threads| threads.spawn(panics).join().unwrap_err());
        assert_eq!(Origin::here().lock(&poisoned).as_deref(), Some(&7));
    }
}

//! Which process set tracing up.
//!
//! It exists because a process that forks takes the recorder along and leaves
//! the exporter's thread behind: the child must say so, and must never wait for
//! a thread that is not there.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

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
            say_once(
                &HAS_SAID,
                "this process was forked after tracing was set up, and the thread that sends \
                 spans is not in it: nothing is recorded here; fork first, then call init",
            );
        }
        is_left
    }
}

static IS_SILENT: AtomicBool = AtomicBool::new(false);

/// Says nothing from now on (`OTEL_LOG_LEVEL=none`).
pub(crate) fn be_silent() {
    IS_SILENT.store(true, Ordering::Relaxed);
}

/// One line on standard error. Never through `tracing` or `log`, which might end
/// up in what is exported.
pub(crate) fn say(what: &str) {
    if !IS_SILENT.load(Ordering::Relaxed) {
        // A closed standard error is no reason to fail.
        writeln!(io::stderr(), "tracewell-instrument: {what}").unwrap_or_default();
    }
}

/// The same, the first time.
pub(crate) fn say_once(has_said: &AtomicBool, what: &str) {
    if !has_said.swap(true, Ordering::Relaxed) {
        say(&format!("{what} (said once)"));
    }
}

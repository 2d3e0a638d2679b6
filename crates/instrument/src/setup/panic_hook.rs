//! Sending what is finished when a thread panics.
//!
//! It exists because a panic may end the process without unwinding, and other
//! panic hooks may too. It must never hold up a panic when the backend is away,
//! nor a worker thread, which will go on, for long.

use super::guard::Running;
use crate::record::note_panic;
use std::panic::{self, PanicHookInfo};
use std::sync::OnceLock;
use std::time::Duration;

/// The longest that a panic waits which is likely to end the process.
const TIMEOUT: Duration = Duration::from_secs(2);
/// The longest that another one waits.
const WORKER_TIMEOUT: Duration = Duration::from_millis(500);

static RUNNING: OnceLock<Running> = OnceLock::new();

/// Flushes before the hook that is there now.
pub(super) fn install(running: Running) {
    if RUNNING.set(running).is_err() {
        return;
    }
    let previous = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        before_panic(info);
        previous(info);
    }));
}

/// What the panic hook of the set-up does: it keeps the message for the spans
/// that the panic will unwind, and sends what is finished, for at most 2 s on the
/// main thread and half a second on others, and not while the backend is away.
///
/// For panic hooks of your own that are set after [`init`](super::init()) and do
/// not call the one before them:
///
/// ```no_run
/// # fn main() -> Result<(), tracewell_instrument::SetupError> {
/// let _guard = tracewell_instrument::init()?;
/// std::panic::set_hook(Box::new(|info| {
///     tracewell_instrument::setup::before_panic(info);
///     eprintln!("{info}");
///     std::process::abort();
/// }));
/// # Ok(())
/// # }
/// ```
pub fn before_panic(info: &PanicHookInfo<'_>) {
    note_panic(info);
    let Some(running) = RUNNING.get() else { return };
    let ends_process = cfg!(panic = "abort") || std::thread::current().name() == Some("main");
    running.worker.flush_healthy(if ends_process {
        TIMEOUT
    } else {
        WORKER_TIMEOUT
    });
}

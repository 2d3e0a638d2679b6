//! Sending what is finished when a thread panics.
//!
//! It exists because a panic may end the process without unwinding, and other
//! panic hooks may too. It must never hold up a panic when the backend is away.

use super::guard::Running;
use crate::record::note_panic;
use std::panic;
use std::time::Duration;

/// The longest that a panic waits.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Flushes before the hook that is there now.
pub(super) fn install(running: Running) {
    let previous = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        note_panic(info);
        // The exporter's own thread cannot wait for itself, and a backend that
        // is away would make every panic slow. A panic is under way: there is
        // nobody to tell.
        running.worker.flush_healthy(TIMEOUT).unwrap_or_default();
        previous(info);
    }));
}

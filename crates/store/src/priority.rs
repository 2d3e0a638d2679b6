//! Work that can wait runs at lower priority than work that somebody waits for.
//!
//! Sealing keeps a core busy for a good part of a second. With every core in
//! use the system would let a request's thread, just woken, queue behind it.
//! Such a thread **must never** work under a lock that ingest takes: whoever
//! waits for the lock would wait at that priority too.

/// Weight 335 against 1,024: a quarter of a core under full load, so that
/// sealing gives way and still keeps up, and all of it when nobody asks.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 5;

/// Lowers the priority of the calling thread, for good.
#[cfg(target_os = "linux")]
pub(crate) fn lower_this_thread() {
    // On Linux niceness belongs to the thread, not to the process as elsewhere.
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::debug!(%error, "the priority of a background thread stays as it is");
    }
}

/// Elsewhere niceness belongs to the whole process: nothing is changed.
#[cfg(not(target_os = "linux"))]
pub(crate) fn lower_this_thread() {}

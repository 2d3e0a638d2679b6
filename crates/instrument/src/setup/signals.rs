//! Sending what is finished when SIGTERM or SIGINT ends the process.
//!
//! It exists for programs that do not handle these signals themselves. What the
//! signal does otherwise must stay: the process ends by it.

use super::guard::Running;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
use std::io;
use std::thread;
use std::time::Duration;

pub(super) fn install(running: Running, timeout: Duration) -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    let wait = move || {
        if let Some(signal) = signals.forever().next() {
            // The process ends: there is nobody to tell.
            running.worker.blocking(true, timeout).unwrap_or_default();
            if emulate_default_handler(signal).is_err() {
                std::process::exit(128 + signal);
            }
        }
    };
    thread::Builder::new()
        .name("tracewell-signal".to_owned())
        .spawn(wait)?;
    Ok(())
}

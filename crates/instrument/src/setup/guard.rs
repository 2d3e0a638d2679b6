//! What keeps a set-up alive, and ends it.
//!
//! It exists so that the last spans are sent whichever way `main` ends. It must
//! never wait longer than it was told, nor need a runtime.

#[cfg(feature = "otlp-logs")]
use crate::correlation::logs::{self, Logger};
use crate::export::{FlushError, WorkerHandle};
use crate::record::{Tracer, set_global};
use crate::statistics::Statistics;
use std::time::Duration;

/// Keeps the exporter running. Dropping it sends what is finished, within the
/// set-up's `shutdown_timeout`, and records nothing more.
///
/// The compiler warns where nothing holds it:
///
/// ```compile_fail
/// #![deny(unused_must_use)]
/// fn main() -> Result<(), tracewell_instrument::SetupError> {
///     tracewell_instrument::init()?;
///     Ok(())
/// }
/// ```
///
/// Of `let _ = tracewell_instrument::init()?`, which drops it at once, it warns
/// with `#![warn(let_underscore_drop)]`; the first span says so on standard error:
///
/// ```compile_fail
/// #![deny(let_underscore_drop)]
/// fn main() -> Result<(), tracewell_instrument::SetupError> {
///     let _ = tracewell_instrument::init()?;
///     Ok(())
/// }
/// ```
///
/// A process that forks sets tracing up after it: the thread that sends stays in
/// the parent, and the child says on standard error that it records nothing.
#[derive(Debug)]
#[must_use = "spans are exported until the guard is dropped: keep it in main with `let _guard = …`; `let _ = …` drops it at once"]
pub struct Guard {
    pub(super) running: Option<Running>,
    pub(super) shutdown_timeout: Duration,
}

#[derive(Debug, Clone)]
pub(super) struct Running {
    /// `None` where spans are not exported.
    pub(super) tracer: Option<Tracer>,
    /// `None` where log records are not exported.
    #[cfg(feature = "otlp-logs")]
    pub(super) logger: Option<Logger>,
    pub(super) worker: WorkerHandle,
}

impl Running {
    /// Makes it the process's; `false` if there is one.
    pub(super) fn set_global(&self) -> bool {
        let is_first = self.tracer.is_none_or(set_global);
        #[cfg(feature = "otlp-logs")]
        let is_first = self.logger.is_none_or(logs::set_global) && is_first;
        is_first
    }
}

impl Guard {
    /// What records; `None` where tracing is disabled.
    #[must_use]
    pub fn tracer(&self) -> Option<Tracer> {
        self.running.as_ref().and_then(|running| running.tracer)
    }

    /// What takes log records; `None` where they are not exported.
    #[cfg(feature = "otlp-logs")]
    #[must_use]
    pub fn logger(&self) -> Option<Logger> {
        self.running.as_ref().and_then(|running| running.logger)
    }

    /// What became of the log records so far.
    #[cfg(feature = "otlp-logs")]
    #[must_use]
    pub fn log_statistics(&self) -> Statistics {
        self.logger()
            .map(|logger| logger.statistics())
            .unwrap_or_default()
    }

    /// What became of the spans so far.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.tracer()
            .map(|tracer| tracer.statistics())
            .unwrap_or_default()
    }

    /// Sends what is finished, blocking this thread. In asynchronous code
    /// [`flush_async`](Guard::flush_async) is kinder.
    ///
    /// # Errors
    /// That the backend did not take it, or not within `timeout`.
    pub fn flush(&self, timeout: Duration) -> Result<(), FlushError> {
        match &self.running {
            Some(running) => running.worker.blocking(false, timeout),
            None => Ok(()),
        }
    }

    /// Sends what is finished. Works on any runtime.
    ///
    /// # Errors
    /// As [`flush`](Guard::flush).
    pub async fn flush_async(&self, timeout: Duration) -> Result<(), FlushError> {
        match &self.running {
            Some(running) => running.worker.waiting(false, timeout).await,
            None => Ok(()),
        }
    }

    /// Sends what is finished and records nothing more, blocking this thread.
    ///
    /// # Errors
    /// That the backend did not take it, or not within `timeout`; what it did
    /// not take is lost.
    pub fn shutdown(mut self, timeout: Duration) -> Result<(), FlushError> {
        match self.running.take() {
            Some(running) => running.worker.blocking(true, timeout),
            None => Ok(()),
        }
    }

    /// Sends what is finished and records nothing more. Works on any runtime.
    ///
    /// # Errors
    /// As [`shutdown`](Guard::shutdown).
    pub async fn shutdown_async(mut self, timeout: Duration) -> Result<(), FlushError> {
        match self.running.take() {
            Some(running) => running.worker.waiting(true, timeout).await,
            None => Ok(()),
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            // Said on standard error by the exporter, counted in statistics.
            running
                .worker
                .blocking(true, self.shutdown_timeout)
                .unwrap_or_default();
        }
    }
}

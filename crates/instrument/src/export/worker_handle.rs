//! The application's side of the exporter's thread.
//!
//! It exists so that flush and shutdown can be waited for with and without a
//! runtime. A wait must never outlast its timeout, whatever the backend does.

use std::sync::mpsc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

/// Why not all finished spans reached the backend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FlushError {
    /// It did not take them in time; after a flush they are still tried.
    #[error("the backend did not take the spans within {timeout:?}")]
    TimedOut {
        /// The time there was.
        timeout: Duration,
    },
    /// They were sent and not taken.
    #[error("{spans} spans were lost: {why}")]
    Failed {
        /// How many.
        spans: u64,
        /// The last reason.
        why: String,
    },
}

pub(super) type Reply = Box<dyn FnOnce(Result<(), FlushError>) + Send>;

/// What the application asks of the thread.
pub(super) struct Command {
    pub(super) is_shutdown: bool,
    pub(super) timeout: Duration,
    pub(super) deadline: Instant,
    pub(super) reply: Reply,
}

/// Asks the exporter's thread. Cloning makes another handle to the same thread.
#[derive(Debug, Clone)]
pub(crate) struct WorkerHandle {
    pub(super) commands: UnboundedSender<Command>,
}

/// How long beyond its timeout an answer may be under way.
const GRACE: Duration = Duration::from_millis(100);

impl WorkerHandle {
    fn ask(&self, is_shutdown: bool, timeout: Duration, reply: Reply) {
        let command = Command {
            is_shutdown,
            timeout,
            deadline: Instant::now() + timeout,
            reply,
        };
        if let Err(refused) = self.commands.send(command) {
            // The thread has shut down: nothing is left to flush.
            (refused.0.reply)(Ok(()));
        }
    }

    /// Blocks this thread, whatever runtime runs on it.
    pub(crate) fn blocking(&self, is_shutdown: bool, timeout: Duration) -> Result<(), FlushError> {
        let (sender, answer) = mpsc::sync_channel(1);
        // Nobody waits for an answer that comes too late.
        let reply = Box::new(move |result| sender.try_send(result).unwrap_or_default());
        self.ask(is_shutdown, timeout, reply);
        let answer = answer.recv_timeout(timeout + GRACE);
        answer.unwrap_or(Err(FlushError::TimedOut { timeout }))
    }

    /// Waits without blocking; needs no timer of the caller's runtime, as the
    /// exporter's thread answers in time.
    pub(crate) async fn waiting(
        &self,
        is_shutdown: bool,
        timeout: Duration,
    ) -> Result<(), FlushError> {
        let (sender, answer) = oneshot::channel();
        let reply = Box::new(move |result| sender.send(result).unwrap_or_default());
        self.ask(is_shutdown, timeout, reply);
        answer
            .await
            .unwrap_or(Err(FlushError::TimedOut { timeout }))
    }
}

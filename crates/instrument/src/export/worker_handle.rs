//! The application's side of the exporter's thread.
//!
//! It exists so that flush and shutdown can be waited for with and without a
//! runtime. A wait must never outlast its timeout, whatever the backend does.

use super::settings::A_YEAR;
use crate::process::Origin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

/// Why not everything that was finished reached the backend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FlushError {
    /// It was not taken in time; after a flush it is still tried.
    #[error("the backend did not take everything within {timeout:?}")]
    TimedOut {
        /// The time there was.
        timeout: Duration,
    },
    /// This process is a child by `fork` of the one that sends.
    #[error("the thread that sends is in the process that this one was forked from")]
    Forked,
    /// Spans were sent and not taken.
    #[error("{spans} spans were lost: {why}")]
    Failed {
        /// How many.
        spans: u64,
        /// The last reason.
        why: String,
    },
    /// Log records were sent and not taken, and no span was lost.
    #[error("{records} log records were lost: {why}")]
    LogsFailed {
        /// How many.
        records: u64,
        /// The last reason.
        why: String,
    },
}

impl FlushError {
    /// One error for both: the one about spans, with the other's words.
    fn and(self, other: FlushError) -> FlushError {
        match (self, other) {
            (FlushError::Forked, _) | (_, FlushError::Forked) => FlushError::Forked,
            (late @ FlushError::TimedOut { .. }, _) | (_, late @ FlushError::TimedOut { .. }) => {
                late
            }
            (FlushError::Failed { spans, why }, other)
            | (other, FlushError::Failed { spans, why }) => FlushError::Failed {
                spans,
                why: format!("{why}; {other}"),
            },
            (logs @ FlushError::LogsFailed { .. }, FlushError::LogsFailed { .. }) => logs,
        }
    }
}

pub(super) type Reply = Box<dyn FnOnce(Result<(), FlushError>) + Send>;

/// What the application asks of a lane.
pub(super) struct Command {
    pub(super) is_shutdown: bool,
    pub(super) timeout: Duration,
    pub(super) deadline: Instant,
    pub(super) reply: Reply,
}

/// The way to a lane.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) commands: UnboundedSender<Command>,
    pub(super) is_failing: &'static AtomicBool,
}

/// Asks the exporter's thread. Cloning makes another handle to the same thread.
#[derive(Debug, Clone)]
pub(crate) struct WorkerHandle {
    pub(super) lanes: Arc<[Lane]>,
    pub(super) thread: ThreadId,
    pub(super) origin: Origin,
}

/// How long beyond its timeout an answer may be under way.
const GRACE: Duration = Duration::from_millis(100);

impl Lane {
    fn ask(&self, is_shutdown: bool, timeout: Duration, reply: Reply) {
        let command = Command {
            is_shutdown,
            timeout,
            deadline: Instant::now() + timeout.min(A_YEAR),
            reply,
        };
        if let Err(refused) = self.commands.send(command) {
            // The lane has shut down: nothing is left to flush.
            (refused.0.reply)(Ok(()));
        }
    }
}

impl WorkerHandle {
    /// Blocks this thread, whatever runtime runs on it.
    pub(crate) fn blocking(&self, is_shutdown: bool, timeout: Duration) -> Result<(), FlushError> {
        self.ask_lanes(is_shutdown, timeout, |_| true)
    }

    /// Flushes where the last export succeeded, blocking this thread unless it
    /// is the exporter's own. A backend that did not take it in time counts as
    /// failing until it takes something: the next to ask does not wait.
    pub(crate) fn flush_healthy(&self, timeout: Duration) {
        if thread::current().id() == self.thread {
            return;
        }
        let is_healthy = |lane: &Lane| !lane.is_failing.load(Ordering::Relaxed);
        if let Err(FlushError::TimedOut { .. }) = self.ask_lanes(false, timeout, is_healthy) {
            for lane in &*self.lanes {
                lane.is_failing.store(true, Ordering::Relaxed);
            }
        }
    }

    fn ask_lanes(
        &self,
        is_shutdown: bool,
        timeout: Duration,
        is_asked: impl Fn(&Lane) -> bool,
    ) -> Result<(), FlushError> {
        if self.origin.is_left() {
            return Err(FlushError::Forked);
        }
        let latest = Instant::now() + timeout.min(A_YEAR) + GRACE;
        let (sender, answers) = mpsc::sync_channel(self.lanes.len());
        let mut asked = 0;
        for lane in self.lanes.iter().filter(|lane| is_asked(lane)) {
            let sender = sender.clone();
            // Nobody waits for an answer that comes too late.
            let reply = Box::new(move |result| sender.try_send(result).unwrap_or_default());
            lane.ask(is_shutdown, timeout, reply);
            asked += 1;
        }
        // So that a lane that panicked is not waited for.
        drop(sender);
        let answers = (0..asked).map(|_| {
            let left = latest.saturating_duration_since(Instant::now());
            let answer = answers.recv_timeout(left);
            answer.unwrap_or(Err(FlushError::TimedOut { timeout }))
        });
        answers.fold(Ok(()), both)
    }

    /// Waits without blocking; needs no timer of the caller's runtime, as the
    /// exporter's thread answers in time.
    pub(crate) async fn waiting(
        &self,
        is_shutdown: bool,
        timeout: Duration,
    ) -> Result<(), FlushError> {
        if self.origin.is_left() {
            return Err(FlushError::Forked);
        }
        let ask = |lane: &Lane| {
            let (sender, answer) = oneshot::channel();
            let reply = Box::new(move |result| sender.send(result).unwrap_or_default());
            lane.ask(is_shutdown, timeout, reply);
            answer
        };
        // All are asked before the first is waited for.
        let answers: Vec<_> = self.lanes.iter().map(ask).collect();
        let mut result = Ok(());
        for answer in answers {
            let answer = answer.await;
            result = both(
                result,
                answer.unwrap_or(Err(FlushError::TimedOut { timeout })),
            );
        }
        result
    }
}

fn both(one: Result<(), FlushError>, other: Result<(), FlushError>) -> Result<(), FlushError> {
    match (one, other) {
        (Err(one), Err(other)) => Err(one.and(other)),
        (one, other) => one.and(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_that_panic_only_the_first_waits_for_a_backend_that_is_away() {
        static IS_FAILING: AtomicBool = AtomicBool::new(false);
        let (commands, mut asked) = tokio::sync::mpsc::unbounded_channel();
        let lane = Lane {
            commands,
            is_failing: &IS_FAILING,
        };
        let exporter = thread::spawn(|| {});
        let handle = WorkerHandle {
            lanes: [lane].into(),
            thread: exporter.thread().id(),
            origin: Origin::here(),
        };
        for _ in 0..20 {
            handle.flush_healthy(Duration::ZERO);
        }
        assert_eq!(std::iter::from_fn(|| asked.try_recv().ok()).count(), 1);
        // Something was sent again.
        IS_FAILING.store(false, Ordering::Relaxed);
        handle.flush_healthy(Duration::ZERO);
        assert!(asked.try_recv().is_ok());
    }
}

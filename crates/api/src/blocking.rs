//! Queries run here, on threads that may wait for a disk.
//!
//! A query costs CPU and memory, so only so many run at a time, only so many
//! more may wait, and none outlives its time limit or its client by more than
//! the next look at its `cancelled` flag. **Async threads never touch the
//! store**; what runs here never touches a socket.

mod stream;
#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use http::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::{Instant, timeout, timeout_at};
use tracewell_model::StoreError;

use super::QueryState;
pub(crate) use stream::{QueryStream, StreamSender, stream_query};

/// How long a query may take to notice its flag and hand over what it has.
const CANCEL_GRACE: Duration = Duration::from_secs(1);

/// How much querying the process does at a time.
#[derive(Debug, Clone, Copy)]
pub struct QueryLimits {
    /// Queries that run at the same time.
    pub concurrent: usize,
    /// Queries that may wait for a place; more are refused at once.
    pub waiting: usize,
    /// The longest a query may wait and run.
    pub time: Duration,
}

impl Default for QueryLimits {
    /// Two queries a core, because a query waits for the disk half of the
    /// time; Grafana's own time limit is 30 s too.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            concurrent: 2 * cores,
            waiting: 32 * cores,
            time: Duration::from_secs(30),
        }
    }
}

/// The places in which queries run.
pub(crate) struct QueryPool {
    limits: QueryLimits,
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl QueryPool {
    pub(crate) fn new(limits: QueryLimits) -> Self {
        Self {
            limits,
            places: Arc::new(Semaphore::new(limits.concurrent)),
            waiting: AtomicUsize::new(0),
        }
    }

    pub(crate) fn limits(&self) -> QueryLimits {
        self.limits
    }

    /// Queries that run, and that wait.
    pub(crate) fn at_work(&self) -> (usize, usize) {
        let free = self.places.available_permits();
        let running = self.limits.concurrent.saturating_sub(free);
        (running, self.waiting.load(Ordering::Acquire))
    }

    /// Waits for a place until `deadline`.
    async fn place(&self, deadline: Instant) -> Result<OwnedSemaphorePermit, QueryError> {
        if let Ok(permit) = Arc::clone(&self.places).try_acquire_owned() {
            return Ok(permit);
        }
        let _counted = Waiting::new(&self.waiting, self.limits.waiting)?;
        match timeout_at(deadline, Arc::clone(&self.places).acquire_owned()).await {
            Ok(permit) => Ok(permit.expect("the semaphore is never closed")),
            Err(_) => Err(QueryError::TooBusy),
        }
    }
}

/// One query in the queue; leaves it when dropped, also with its client.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize, limit: usize) -> Result<Self, QueryError> {
        let waiting = Self(count);
        if count.fetch_add(1, Ordering::AcqRel) >= limit {
            return Err(QueryError::TooBusy);
        }
        Ok(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Why a query has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum QueryError {
    /// All places are taken and the queue is full, or no place came free in time.
    #[error("too many queries are running; try again later")]
    TooBusy,
    /// The time limit is over.
    #[error("the query took longer than {} s; narrow the time range or the conditions", .0.as_secs_f64())]
    TimedOut(Duration),
    /// The store has no answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A bug: the query panicked. The log has the details.
    #[error("the query failed inside the server; see its log")]
    Panicked,
}

impl QueryError {
    /// The HTTP status that says the same.
    pub(crate) fn http_status(&self) -> StatusCode {
        match self {
            Self::TooBusy
            | Self::Store(
                StoreError::Busy(_) | StoreError::Unavailable(_) | StoreError::ShuttingDown,
            ) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Store(StoreError::OverBudget(over)) if over.may_pass() => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::TimedOut(_) | Self::Store(StoreError::Cancelled) => StatusCode::GATEWAY_TIMEOUT,
            Self::Store(
                StoreError::TooLarge(_) | StoreError::OverBudget(_) | StoreError::Refused(_),
            ) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Store(StoreError::Damaged(_)) | Self::Panicked => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }

    /// The gRPC code that says the same.
    pub(crate) fn grpc_code(&self) -> tonic::Code {
        match self {
            Self::TooBusy
            | Self::Store(
                StoreError::Busy(_)
                | StoreError::TooLarge(_)
                | StoreError::OverBudget(_)
                | StoreError::Refused(_),
            ) => tonic::Code::ResourceExhausted,
            Self::Store(StoreError::Unavailable(_) | StoreError::ShuttingDown) => {
                tonic::Code::Unavailable
            }
            Self::TimedOut(_) => tonic::Code::DeadlineExceeded,
            Self::Store(StoreError::Cancelled) => tonic::Code::Cancelled,
            Self::Store(StoreError::Damaged(_)) | Self::Panicked => tonic::Code::Internal,
        }
    }
}

/// Sets the flag when whoever waits for the answer is gone.
struct CancelOnDrop(Arc<AtomicBool>);

impl CancelOnDrop {
    fn cancel(&self) {
        self.0.store(true, Ordering::Release);
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.cancel();
    }
}

/// Runs `work` on a thread of its own and waits for its result. `cancelled`
/// is set when the time is over or the returned future is dropped, as the HTTP
/// server does when the client goes away. A `work` that answers `Ok` although
/// it was cancelled gives a partial answer, which is handed out.
///
/// # Errors
/// No place for the query, no time left, or what `work` says.
pub(crate) async fn run_query<T, W>(state: &QueryState, work: W) -> Result<T, QueryError>
where
    T: Send + 'static,
    W: FnOnce(&AtomicBool) -> Result<T, StoreError> + Send + 'static,
{
    let limit = state.pool.limits.time;
    let deadline = Instant::now() + limit;
    let permit = state.pool.place(deadline).await?;
    let guard = CancelOnDrop(Arc::default());
    let cancelled = Arc::clone(&guard.0);
    let (answer, mut answered) = oneshot::channel();
    tokio::task::spawn_blocking(move || {
        let result = caught(|| work(&cancelled));
        // The place is free before anybody can ask for the next one.
        drop(permit);
        // Nobody may be there to hear it.
        let _unheard = answer.send(result).is_err();
    });
    if let Ok(result) = timeout_at(deadline, &mut answered).await {
        return result.unwrap_or(Err(QueryError::Panicked));
    }
    guard.cancel();
    match timeout(CANCEL_GRACE, answered).await {
        Ok(Ok(Ok(partial))) => Ok(partial),
        Ok(Ok(Err(error))) if error != QueryError::Store(StoreError::Cancelled) => Err(error),
        _ => Err(QueryError::TimedOut(limit)),
    }
}

/// Turns a panic of a query into an answer, so that one query fails and not
/// the connection; the panic hook has logged it.
fn caught<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, QueryError> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(QueryError::from),
        Err(_) => Err(QueryError::Panicked),
    }
}

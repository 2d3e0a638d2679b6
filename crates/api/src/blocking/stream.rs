//! Queries whose answer comes in pieces.

use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use tokio_stream::Stream;
use tracewell_model::StoreError;

use super::{CANCEL_GRACE, CancelOnDrop, QueryError, QueryState, caught};

/// Pieces made ahead of a client that reads slowly.
const PIECES_AHEAD: usize = 4;

/// The share of the time limit that is left when it is late: a fifth.
const LAST_SHARE: u32 = 5;

/// Where a running query puts the pieces of its answer.
pub(crate) struct StreamSender<T> {
    pieces: mpsc::Sender<T>,
    deadline: Instant,
    limit: Duration,
    runtime: Handle,
}

impl<T> StreamSender<T> {
    /// Hands out a piece, waiting for a slow reader. `Break` means that the
    /// reader is gone or the time is over: stop.
    pub(crate) fn send(&self, piece: T) -> ControlFlow<()> {
        let sent = timeout_at(self.deadline, self.pieces.send(piece));
        match self.runtime.block_on(sent) {
            Ok(Ok(())) => ControlFlow::Continue(()),
            Ok(Err(_)) | Err(_) => ControlFlow::Break(()),
        }
    }

    /// Hands out the last piece. It may come a moment after the time limit, so
    /// that a query that was cut short can say so in the answer.
    pub(crate) fn send_last(self, piece: T) -> ControlFlow<()> {
        self.with_grace().send(piece)
    }

    /// For the last pieces, as [`StreamSender::send_last`].
    pub(crate) fn with_grace(self) -> Self {
        Self {
            deadline: self.deadline.max(Instant::now()) + CANCEL_GRACE,
            ..self
        }
    }

    /// Is most of the time over, so that a query with more to do after looking
    /// should stop looking?
    pub(crate) fn is_late(&self) -> bool {
        self.deadline.saturating_duration_since(Instant::now()) < self.limit / LAST_SHARE
    }

    /// The error that says that the time is over.
    pub(crate) fn timed_out(&self) -> QueryError {
        QueryError::TimedOut(self.limit)
    }
}

/// The pieces of an answer; the last item is the error, if there is one.
/// Dropping it cancels the query.
pub(crate) struct QueryStream<T> {
    pieces: mpsc::Receiver<T>,
    failure: Arc<OnceLock<QueryError>>,
    is_over: bool,
    _guard: Arc<CancelOnDrop>,
}

impl<T> Stream for QueryStream<T> {
    type Item = Result<T, QueryError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        if let Some(piece) = ready!(self.pieces.poll_recv(context)) {
            return Poll::Ready(Some(Ok(piece)));
        }
        self.is_over = true;
        Poll::Ready(self.failure.get().cloned().map(Err))
    }
}

/// As [`super::run_query`], for an answer in pieces. Returns when the query
/// has a place. The time limit includes the reading by the client, so that a
/// client that stops reading does not keep the place. `work` that ends before
/// everything is sent MUST answer an error, or say in a last piece that
/// something is missing.
///
/// # Errors
/// No place for the query; later failures are the stream's last item.
pub(crate) async fn stream_query<T, W>(
    state: &QueryState,
    work: W,
) -> Result<QueryStream<T>, QueryError>
where
    T: Send + 'static,
    W: FnOnce(&AtomicBool, StreamSender<T>) -> Result<(), StoreError> + Send + 'static,
{
    let limit = state.pool.limits.time;
    let deadline = Instant::now() + limit;
    let permit = state.pool.place(deadline).await?;
    let guard = Arc::new(CancelOnDrop(Arc::default()));
    let (pieces, receiver) = mpsc::channel(PIECES_AHEAD);
    let failure = Arc::new(OnceLock::new());
    let timer = tokio::spawn({
        let guard = Arc::downgrade(&guard);
        async move {
            tokio::time::sleep_until(deadline).await;
            if let Some(guard) = guard.upgrade() {
                guard.cancel();
            }
        }
    });
    let (cancelled, outcome) = (Arc::clone(&guard.0), Arc::clone(&failure));
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        let sender = StreamSender {
            pieces,
            deadline,
            limit,
            runtime,
        };
        // Holds the channel open until the outcome is known: the reader looks
        // for it when the channel closes.
        let _open = sender.pieces.clone();
        let result = caught(|| work(&cancelled, sender));
        timer.abort();
        drop(permit);
        if let Err(error) = result {
            let is_late = Instant::now() >= deadline;
            outcome.get_or_init(|| match error {
                QueryError::Store(StoreError::Cancelled) if is_late => QueryError::TimedOut(limit),
                error => error,
            });
        }
    });
    Ok(QueryStream {
        pieces: receiver,
        failure,
        is_over: false,
        _guard: guard,
    })
}

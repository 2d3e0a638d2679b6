//! `GET /api/export`: every trace that matches, whole, newest first, as one
//! answer of any length.
//!
//! ```text
//! ?q=TRACEQL&from=&to=        as for the search; by default everything
//!
//! u32 big-endian length, TracesData (OTLP protobuf)    again and again
//! 0                                                     the end: all was sent
//! 0xffffffff, {"code", "message"}                       the end: it failed
//! ```
//!
//! A trace is one record, or several in a row when it is large. Traces are
//! handed out by the query crate page by page, so an answer holds up nothing
//! and costs no more memory the longer it is. It ends when the client leaves
//! or stops reading. Exports have places of their own: **they never take one
//! of a query, and a query never waits for them.**

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;
use tokio_stream::Stream;
use tracewell_model::batch::concat::BatchJoiner;
use tracewell_model::{RowSet, SpanBatch, StoreError, TraceStore};
use tracewell_query::search::{Detail, Search, SearchEvent, search};
use tracewell_query::{lower, traceql};
use tracewell_wire::otlp;

use super::QueryState;
use super::blocking::QueryError;
use super::error::{ApiError, to_json};
use super::params::Params;

/// Answers that are made at the same time; each has a thread and a trace or
/// two in memory.
const CONCURRENT_EXPORTS: usize = 2;

/// Traces between two looks for the newest that is left. A page holds ids
/// only; each costs about a hundred bytes.
const PAGE_TRACES: usize = 20_000;

/// Bytes that make a piece of the answer.
const PIECE_BYTES: usize = 256 << 10;

/// Pieces made ahead of a client that reads slowly.
const PIECES_AHEAD: usize = 2;

/// Memory of the spans that become one record.
const RECORD_MEMORY_BYTES: usize = 32 << 20;

/// A client that reads nothing for this long is gone.
const STALLED_AFTER: Duration = Duration::from_secs(60);

/// Says that a sentence follows instead of a record.
const FAILED: [u8; 4] = u32::MAX.to_be_bytes();

#[derive(Clone)]
struct ExportState {
    query: Arc<QueryState>,
    places: Arc<Semaphore>,
}

/// The route.
pub(super) fn router(query: &Arc<QueryState>) -> Router {
    Router::new()
        .route("/api/export", get(export))
        .with_state(ExportState {
            query: Arc::clone(query),
            places: Arc::new(Semaphore::new(CONCURRENT_EXPORTS)),
        })
}

async fn export(State(state): State<ExportState>, params: Params) -> Result<Response, ApiError> {
    let query = traceql::parse(params.text("q").unwrap_or("{}"))?;
    let wanted = Search {
        filter: lower::search(&query)?,
        range: params.open_range(state.query.clock.now_ns())?,
        limit: PAGE_TRACES,
        after: None,
        detail: Detail::Whole,
    };
    let place = Arc::clone(&state.places).try_acquire_owned();
    let place = place.map_err(|_| {
        ApiError::from(QueryError::TooBusy).with_hint(format!(
            "{CONCURRENT_EXPORTS} exports run already; wait for one to end"
        ))
    })?;
    let (sender, receiver) = mpsc::channel(PIECES_AHEAD);
    let cancelled = Arc::new(AtomicBool::new(false));
    let export = Export {
        store: Arc::clone(&state.query.store),
        wanted,
        cancelled: Arc::clone(&cancelled),
        pieces: Pieces {
            sender,
            runtime: Handle::current(),
            buffer: Vec::new(),
        },
        _place: place,
    };
    tokio::task::spawn_blocking(move || export.run());
    let headers = [
        (
            header::CONTENT_TYPE,
            "application/x-protobuf; delimited=u32be",
        ),
        (header::CACHE_CONTROL, "no-store, no-transform"),
    ];
    let answer = Answer {
        pieces: receiver,
        cancelled,
    };
    Ok((headers, Body::from_stream(answer)).into_response())
}

/// An answer that breaks off here: clients that do not know the records see
/// from it that something is missing.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the export failed")]
struct BrokenOff;

type Piece = Result<Bytes, BrokenOff>;

/// The body; dropped with the connection, it ends the export.
struct Answer {
    pieces: mpsc::Receiver<Piece>,
    cancelled: Arc<AtomicBool>,
}

impl Stream for Answer {
    type Item = Piece;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Piece>> {
        self.pieces.poll_recv(context)
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.cancelled.store(true, Ordering::Release);
    }
}

struct Export {
    store: Arc<dyn TraceStore>,
    wanted: Search,
    cancelled: Arc<AtomicBool>,
    pieces: Pieces,
    _place: OwnedSemaphorePermit,
}

impl Export {
    fn run(mut self) {
        let sent = catch_unwind(AssertUnwindSafe(|| self.send_all()));
        let failure = match sent {
            Ok(Ok(())) => return self.pieces.end(),
            Ok(Err(Ended::ReaderGone)) => return,
            Ok(Err(Ended::Failed(error))) => ApiError::from(QueryError::Store(error)),
            Ok(Err(Ended::Incomplete(reason))) => ApiError::incomplete(reason),
            Err(_) => ApiError::from(QueryError::Panicked),
        };
        tracing::warn!(message = %failure.message, "an export was cut short");
        self.pieces.fail(&failure);
    }

    /// Page after page, each from where the last one ended.
    /// What cannot be read is said at the end, when all that can be was sent.
    fn send_all(&mut self) -> Result<(), Ended> {
        let mut lacking = None;
        loop {
            let mut ended = None;
            let (pieces, cancelled) = (&mut self.pieces, &*self.cancelled);
            let outcome = search(&*self.store, &self.wanted, cancelled, &mut |event| {
                let SearchEvent::Trace(trace) = event else {
                    return ControlFlow::Continue(());
                };
                match pieces.trace(trace.batch) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(error) => {
                        ended = Some(error);
                        ControlFlow::Break(())
                    }
                }
            });
            if let Some(ended) = ended {
                return Err(ended);
            }
            let outcome = outcome.map_err(|error| match error {
                StoreError::Cancelled => Ended::ReaderGone,
                error => Ended::Failed(error),
            })?;
            lacking = outcome.partial.or(lacking);
            match outcome.cursor {
                None => return lacking.map_or(Ok(()), |why| Err(Ended::Incomplete(why))),
                after => self.wanted.after = after,
            }
        }
    }
}

enum Ended {
    ReaderGone,
    Failed(StoreError),
    Incomplete(String),
}

/// The answer as it is made.
struct Pieces {
    sender: mpsc::Sender<Piece>,
    runtime: Handle,
    buffer: Vec<u8>,
}

impl Pieces {
    fn trace(&mut self, batch: &SpanBatch) -> Result<(), Ended> {
        let parts = (batch.memory_bytes() / RECORD_MEMORY_BYTES + 1).min(batch.len());
        if parts <= 1 {
            return self.record(batch);
        }
        let rows = batch.len().div_ceil(parts);
        for begin in (0..batch.len()).step_by(rows) {
            let part = RowSet::from_fn(batch.len(), |row| (begin..begin + rows).contains(&row));
            let mut joiner = BatchJoiner::new();
            let joined = joiner.append_rows(batch, &part);
            joined.map_err(|error| Ended::Failed(StoreError::Damaged(error.to_string())))?;
            self.record(&joiner.finish())?;
        }
        Ok(())
    }

    fn record(&mut self, batch: &SpanBatch) -> Result<(), Ended> {
        let message = otlp::protobuf::encode(batch);
        let length = u32::try_from(message.len()).ok();
        let length = length.filter(|length| length.to_be_bytes() != FAILED);
        let length = length.ok_or(Ended::Incomplete("a span is larger than 4 GiB".to_owned()))?;
        self.buffer.extend_from_slice(&length.to_be_bytes());
        self.buffer.extend_from_slice(&message);
        if self.buffer.len() >= PIECE_BYTES {
            let piece = std::mem::take(&mut self.buffer);
            return self.send(Ok(piece.into()));
        }
        Ok(())
    }

    fn end(mut self) {
        self.buffer.extend_from_slice(&[0; 4]);
        let last = std::mem::take(&mut self.buffer);
        let _reader_gone = self.send(Ok(last.into())).is_err();
    }

    /// The reason reaches the client before the connection breaks off, if it
    /// reads at all.
    fn fail(mut self, error: &ApiError) {
        self.buffer.extend_from_slice(&FAILED);
        self.buffer.extend(to_json(error));
        let last = std::mem::take(&mut self.buffer);
        if self.send(Ok(last.into())).is_ok() {
            let _reader_gone = self.send(Err(BrokenOff)).is_err();
        }
    }

    fn send(&self, piece: Piece) -> Result<(), Ended> {
        let sent = timeout(STALLED_AFTER, self.sender.send(piece));
        match self.runtime.block_on(sent) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Ended::ReaderGone),
        }
    }
}

//! Large JSON answers, sent while they are made.
//!
//! Traces are written span by span as the search finds them, so that the
//! memory of an answer is bounded however many traces it has. The status is
//! decided by the first piece: a query that fails before it gets a proper error;
//! one that fails with part of its answer written must say so in the JSON.

use std::io;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use axum::body::Body;
use axum::http::HeaderValue;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header;
use http_body_util::StreamBody;
use hyper::body::Frame;
use serde::Serialize;
use tokio_stream::StreamExt;
use tracewell_model::StoreError;
use tracewell_model::store::ScanReport;

use super::indent::Indenter;
use crate::QueryState;
use crate::blocking::{QueryError, StreamSender, stream_query};
use crate::searched;

/// Bytes that make a piece.
const PIECE_BYTES: usize = 64 * 1024;

/// What a query sends to whoever answers the request.
enum Piece {
    Json(Bytes),
    /// All of a small answer.
    Whole(Bytes, ScanReport),
    /// After the last piece of a large one.
    End(ScanReport),
    NothingFound,
}

/// Whether there is an answer.
pub(crate) enum Outcome {
    /// It was written, after so much was looked at.
    Written(ScanReport),
    /// What was asked for is not there; nothing was written.
    NothingFound,
}

/// Writes an answer piece by piece.
pub(crate) struct JsonWriter {
    sender: StreamSender<Piece>,
    buffer: Vec<u8>,
    indenter: Option<Indenter>,
    has_sent: bool,
    is_broken: bool,
}

impl JsonWriter {
    /// Appends a value. What cannot be sent any more is dropped silently;
    /// [`JsonWriter::is_broken`] tells.
    pub(crate) fn value(&mut self, value: &(impl Serialize + ?Sized)) {
        // The only errors are those of `write`, which are remembered.
        self.is_broken |= serde_json::to_writer(&mut *self, value).is_err();
    }

    /// Appends JSON as it is.
    pub(crate) fn raw(&mut self, json: &[u8]) {
        self.is_broken |= io::Write::write_all(self, json).is_err();
    }

    /// Is the reader gone, or the time over?
    pub(crate) fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// The sentence for an answer that was cut short by `error`.
    pub(crate) fn cut_short(&self, error: StoreError) -> QueryError {
        match error {
            StoreError::Cancelled => self.sender.timed_out(),
            error => error.into(),
        }
    }

    fn finish(self, report: ScanReport) -> Result<(), StoreError> {
        if self.is_broken {
            return Err(StoreError::Cancelled);
        }
        let sender = self.sender.with_grace();
        let json = self.buffer.into();
        let flow = if !self.has_sent {
            sender.send(Piece::Whole(json, report))
        } else if sender.send(Piece::Json(json)).is_continue() {
            sender.send(Piece::End(report))
        } else {
            ControlFlow::Break(())
        };
        match flow {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(StoreError::Cancelled),
        }
    }
}

impl io::Write for JsonWriter {
    fn write(&mut self, json: &[u8]) -> io::Result<usize> {
        if self.is_broken {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        match &mut self.indenter {
            Some(indenter) => indenter.write(json, &mut self.buffer),
            None => self.buffer.extend_from_slice(json),
        }
        if self.buffer.len() >= PIECE_BYTES {
            let piece = std::mem::replace(&mut self.buffer, Vec::with_capacity(PIECE_BYTES));
            self.has_sent = true;
            if self.sender.send(Piece::Json(piece.into())).is_break() {
                self.is_broken = true;
                return Err(io::ErrorKind::BrokenPipe.into());
            }
        }
        Ok(json.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Answers with the JSON that `work` writes; `nothing_found` and `refused`
/// answer when there is none. A `work` that ends early because the writer is
/// broken may return whatever it likes.
pub(crate) async fn respond<W>(
    state: &QueryState,
    is_pretty: bool,
    work: W,
    nothing_found: impl FnOnce() -> Response,
    refused: impl FnOnce(&QueryError) -> Response,
) -> Response
where
    W: FnOnce(&AtomicBool, &mut JsonWriter) -> Result<Outcome, StoreError> + Send + 'static,
{
    let started = stream_query(state, move |cancelled, sender| {
        let mut writer = JsonWriter {
            sender,
            buffer: Vec::new(),
            indenter: is_pretty.then(Indenter::default),
            has_sent: false,
            is_broken: false,
        };
        match work(cancelled, &mut writer)? {
            Outcome::Written(report) => writer.finish(report),
            Outcome::NothingFound => {
                let _reader_gone = writer.sender.send_last(Piece::NothingFound).is_break();
                Ok(())
            }
        }
    });
    let mut pieces = match started.await {
        Ok(pieces) => pieces,
        Err(error) => return refused(&error),
    };
    let json = (
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    let first = match pieces.next().await {
        Some(Ok(Piece::Json(first))) => first,
        Some(Ok(Piece::Whole(whole, report))) => {
            return ([json], searched::fields(&report), Body::from(whole)).into_response();
        }
        Some(Ok(Piece::NothingFound)) => return nothing_found(),
        Some(Err(error)) => return refused(&error),
        Some(Ok(Piece::End(_))) | None => return refused(&QueryError::Panicked),
    };
    let rest = pieces.map(|piece| {
        piece.map(|piece| match piece {
            Piece::Json(json) | Piece::Whole(json, _) => Frame::data(json),
            Piece::End(report) => Frame::trailers(searched::fields(&report)),
            Piece::NothingFound => Frame::data(Bytes::new()),
        })
    });
    let first = tokio_stream::once(Ok(Frame::data(first)));
    let body = Body::new(StreamBody::new(first.chain(rest)));
    ([json, (header::TRAILER, searched::ANNOUNCED)], body).into_response()
}

//! Spans of records, joined into requests of a good size.
//!
//! A request is large enough to cost the server little per span and small
//! enough for any limit on requests. It never spans two files, so that a
//! refusal names where its spans stand.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc::Sender;
use tracewell_model::batch::concat::BatchJoiner;
use tracewell_model::{RowSet, SpanBatch};
use tracewell_wire::otlp;

use super::record::Place;

/// Memory of the spans of one request; encoded, they are smaller.
const REQUEST_BYTES: usize = 4 << 20;

/// Spans of one request at most.
const REQUEST_SPANS: usize = 8_192;

/// A request and where its spans come from.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) file: Arc<str>,
    /// The first record with spans in it.
    pub(super) place: Place,
    pub(super) spans: u64,
    /// `ExportTraceServiceRequest`.
    pub(super) body: Bytes,
}

/// Nobody sends requests any more.
#[derive(Debug)]
pub(super) struct Stopped;

/// Joins the spans of one file.
pub(super) struct Requests {
    file: Arc<str>,
    sender: Sender<Request>,
    joiner: BatchJoiner,
    memory_bytes: usize,
    place: Place,
}

impl Requests {
    pub(super) fn new(file: Arc<str>, sender: Sender<Request>) -> Self {
        Self {
            file,
            sender,
            joiner: BatchJoiner::new(),
            memory_bytes: 0,
            place: Place::default(),
        }
    }

    /// Adds the spans of a record; waits while enough is on its way.
    pub(super) fn add(&mut self, place: Place, batch: &SpanBatch) -> Result<(), Stopped> {
        if batch.is_empty() {
            return Ok(());
        }
        let parts = (batch.memory_bytes() / REQUEST_BYTES)
            .max(batch.len() / REQUEST_SPANS)
            .min(batch.len() - 1);
        let rows = batch.len().div_ceil(parts + 1);
        if parts == 0 {
            return self.add_part(place, batch);
        }
        for begin in (0..batch.len()).step_by(rows) {
            let part = RowSet::from_fn(batch.len(), |row| (begin..begin + rows).contains(&row));
            let mut joiner = BatchJoiner::new();
            if joiner.append_rows(batch, &part).is_ok() {
                self.add_part(place, &joiner.finish())?;
            }
        }
        Ok(())
    }

    fn add_part(&mut self, place: Place, batch: &SpanBatch) -> Result<(), Stopped> {
        let memory_bytes = batch.memory_bytes();
        let is_full = self.memory_bytes + memory_bytes > REQUEST_BYTES
            || self.joiner.len() + batch.len() > REQUEST_SPANS;
        if is_full || self.joiner.append(batch).is_err() {
            self.flush()?;
            self.place = place;
            let appended = self.joiner.append(batch);
            appended.expect("a part is far smaller than what a batch may hold");
        } else if self.memory_bytes == 0 {
            self.place = place;
        }
        self.memory_bytes += memory_bytes;
        Ok(())
    }

    /// Sends what was joined so far.
    pub(super) fn flush(&mut self) -> Result<(), Stopped> {
        let joiner = std::mem::take(&mut self.joiner);
        self.memory_bytes = 0;
        if joiner.is_empty() {
            return Ok(());
        }
        let batch = joiner.finish();
        let request = Request {
            file: Arc::clone(&self.file),
            place: self.place,
            spans: batch.len() as u64,
            body: otlp::protobuf::encode(&batch).into(),
        };
        self.sender.blocking_send(request).map_err(|_| Stopped)
    }
}

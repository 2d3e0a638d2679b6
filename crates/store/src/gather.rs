//! Traces being put together from live batches and blocks.
//!
//! One place knows how much memory that takes: every part is charged to the
//! account of queries **before** it is copied or decoded, so that a trace that
//! does not fit is refused while it is still small. **Nothing is read here.**

use tracewell_model::batch::concat::BatchJoiner;
use tracewell_model::store::{FoundTraces, MAX_TRACE_BYTES, ScanReport};
use tracewell_model::{QueryMemory, Reservation, RowSet, SpanBatch, StoreError, TraceId};

/// What a span needs at the very least, whatever its columns: ids and times.
const LEAST_SPAN_BYTES: usize = 64;

/// What a span is taken to need while it is decoded: pages, values, a batch.
const DECODED_SPAN_BYTES: usize = 768;

/// What so many spans are taken to need while they are decoded.
pub(crate) fn decoded_bytes(spans: usize) -> usize {
    spans.saturating_mul(DECODED_SPAN_BYTES)
}

/// The traces that were asked for, as far as they were found.
#[derive(Debug)]
pub(crate) struct Gathering<'a> {
    ids: &'a [TraceId],
    joiners: Vec<BatchJoiner>,
    memory: Reservation,
}

impl<'a> Gathering<'a> {
    /// None of these traces found yet.
    pub(crate) fn new(ids: &'a [TraceId], memory: &QueryMemory) -> Self {
        let joiner = |_: &TraceId| BatchJoiner::with_limit(MAX_TRACE_BYTES);
        Self {
            ids,
            joiners: ids.iter().map(joiner).collect(),
            memory: memory.reservation(),
        }
    }

    /// The traces that are wanted.
    pub(crate) fn ids(&self) -> &'a [TraceId] {
        self.ids
    }

    /// Appends spans of the trace at `place` of the ids.
    ///
    /// # Errors
    /// [`StoreError::OverBudget`] or [`StoreError::TooLarge`]; nothing was
    /// appended.
    pub(crate) fn add(
        &mut self,
        place: usize,
        batch: &SpanBatch,
        rows: &RowSet,
    ) -> Result<(), StoreError> {
        let joiner = &mut self.joiners[place];
        let before = joiner.memory_bytes();
        // As if all rows were alike; what text they share is not known before.
        let share = batch.memory_bytes() as u64 * rows.count() as u64 / batch.len().max(1) as u64;
        let share = share as usize;
        self.memory.grow(share)?;
        joiner
            .append_rows(batch, rows)
            .map_err(|_| StoreError::TooLarge(self.ids[place]))?;
        let grown = joiner.memory_bytes().saturating_sub(before);
        self.memory
            .resize(self.memory.bytes().saturating_sub(share) + grown)?;
        Ok(())
    }

    /// Says that so many spans are about to come, before any is decoded.
    ///
    /// # Errors
    /// They can never fit, or not at present.
    pub(crate) fn expect(&mut self, spans: usize) -> Result<(), StoreError> {
        let bytes = spans.saturating_mul(LEAST_SPAN_BYTES);
        self.memory.grow(bytes)?;
        self.memory.shrink(bytes);
        Ok(())
    }

    /// Holds memory for decoding so many spans; to be given back with
    /// [`Gathering::release`].
    ///
    /// # Errors
    /// It is not to be had.
    pub(crate) fn hold(&mut self, spans: usize) -> Result<usize, StoreError> {
        let bytes = decoded_bytes(spans);
        self.memory.grow(bytes)?;
        Ok(bytes)
    }

    /// What was decoded is gone.
    pub(crate) fn release(&mut self, bytes: usize) {
        self.memory.shrink(bytes);
    }

    /// What was found of the traces, whole spans, each once.
    pub(crate) fn finish(self, report: ScanReport) -> FoundTraces {
        let joiners = self.joiners.into_iter();
        let traces = joiners.map(|joiner| (!joiner.is_empty()).then(|| joiner.finish_distinct()));
        FoundTraces {
            traces: traces.collect(),
            memory: self.memory,
            report,
        }
    }

    /// A joiner for each id, and the memory that they hold.
    pub(crate) fn into_parts(self) -> (Vec<BatchJoiner>, Reservation) {
        (self.joiners, self.memory)
    }
}

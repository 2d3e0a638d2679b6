//! A store together with spans that wait for a decision and are not stored yet: one
//! answer from both.
//!
//! What waits is looked at first and the store then, because a span goes that way
//! only: **nobody is missed between the two**. A trace that was handed on meanwhile is
//! in both; of spans that agree in their outline the stored one is shown, which says
//! for how many it stands. Lists of services, operations and keys are the store's
//! alone: to tell what waits, all of it would be read.

mod reading;
#[cfg(test)]
mod tests;

use crate::gather::Gathering;
use crate::live;
use reading::{Reading, sum};
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tracewell_model::batch::concat::BatchJoiner;
use tracewell_model::batch::identity::Outline;
use tracewell_model::store::{
    Ack, AttributeKey, FoundTraces, Listed, MAX_TRACE_BYTES, Operation, OperationQuery, ScanChunk,
    ScanColumns, ScanReport, ScanRequest, ScanVisitor, ServiceCount, StoreStatus, Sums,
    UnorderedVisitor,
};
use tracewell_model::waiting::WhoWaits;
use tracewell_model::{
    QueryMemory, Reservation, RowSet, SpanBatch, StoreError, TimeRange, TraceId, TraceStore,
};

/// See the module's text.
pub struct WithWaiting {
    store: Arc<dyn TraceStore>,
    who: WhoWaits,
}

impl WithWaiting {
    /// What is appended is stored in `store`; `who` is asked for what waits.
    #[must_use]
    pub fn new(store: Arc<dyn TraceStore>, who: WhoWaits) -> Self {
        Self { store, who }
    }

    /// The spans of these traces that wait, as one answer.
    fn waiting(&self, ids: &[TraceId], cancelled: &AtomicBool) -> Result<FoundTraces, StoreError> {
        let memory = self.store.query_memory();
        let mut gathered = Gathering::new(ids, &memory);
        let places = live::places(ids);
        let mut reading = Reading::of_traces((self.who)(), ids, &memory)?;
        while let Some((batch, rows)) = reading.next(cancelled)? {
            live::collect_rows(&batch, rows.iter(), &places, &mut gathered)?;
        }
        Ok(gathered.finish(reading.report()))
    }

    /// Shows what waits. Answers how much that was, whether more is wanted, and what the
    /// store is to be asked: of a trace that waits in part it cannot know that it has it
    /// in part, so beside any it tells nothing of whole traces.
    fn show_waiting<'r>(
        &self,
        request: &ScanRequest<'r>,
        visit: &mut ScanVisitor<'_>,
    ) -> Result<(ScanReport, ControlFlow<(), ScanRequest<'r>>), StoreError> {
        let memory = self.store.query_memory();
        let who = (self.who)();
        let mut of_store = request.clone();
        // Also what waits outside the range belongs to traces.
        if who.iter().any(|of| of.start_range_ns().is_some()) {
            of_store.traces = None;
            of_store.columns.parted_apart = false;
            of_store.columns.whole_traces = false;
            of_store.columns.sums = Sums::No;
        }
        let mut reading = Reading::of_range(who, request.range, &memory)?;
        if reading.is_over() {
            return Ok((ScanReport::default(), ControlFlow::Continue(of_store)));
        }
        // What is stored while this runs may be shown later than its turn.
        let stored_until_ns = self.store.status().start_range_ns.map(|range| range.1);
        while let Some((batch, mut rows)) = reading.next(request.cancelled)? {
            let spans = batch.spans();
            let (starts, durations) = (&spans.start_ns, &spans.duration_ns);
            rows.intersect(&RowSet::from_fn(batch.len(), |row| {
                request.range.includes(starts[row], durations[row])
            }));
            if !rows.is_empty() {
                rows.intersect(&request.filter.matching(&batch));
            }
            let later_until_ns = reading.later_until_ns().max(stored_until_ns);
            let chunk = ScanChunk::of_spans(&batch, &rows, later_until_ns);
            if visit(&chunk, &reading.report()).is_break() {
                return Ok((reading.report(), ControlFlow::Break(())));
            }
        }
        Ok((reading.report(), ControlFlow::Continue(of_store)))
    }
}

impl TraceStore for WithWaiting {
    fn append(&self, batch: Arc<SpanBatch>, ack: Ack) {
        self.store.append(batch, ack);
    }

    fn traces(
        &self,
        ids: &[TraceId],
        columns: Option<&ScanColumns>,
        cancelled: &AtomicBool,
    ) -> Result<FoundTraces, StoreError> {
        let waiting = self.waiting(ids, cancelled)?;
        let found = self.store.traces(ids, columns, cancelled)?;
        if waiting.traces.iter().all(Option::is_none) {
            let report = sum(&waiting.report, &found.report);
            return Ok(FoundTraces { report, ..found });
        }
        let mut memory = found.memory;
        let pairs = ids.iter().zip(found.traces.into_iter().zip(waiting.traces));
        let joined = pairs.map(|(id, pair)| match pair {
            (Some(stored), Some(waits)) => join(*id, stored, &waits, &mut memory).map(Some),
            (stored, waits) => Ok(stored.or(waits)),
        });
        let traces = joined.collect::<Result<Vec<_>, StoreError>>()?;
        memory.absorb(waiting.memory);
        Ok(FoundTraces {
            traces,
            report: sum(&waiting.report, &found.report),
            memory,
        })
    }

    fn spans(
        &self,
        trace: TraceId,
        wanted: &[Outline],
        cancelled: &AtomicBool,
    ) -> Result<FoundTraces, StoreError> {
        if self.waiting_spans(trace) == 0 {
            return self.store.spans(trace, wanted, cancelled);
        }
        let found = self.traces(&[trace], None, cancelled)?;
        Ok(found.only_spans(wanted))
    }

    fn scan(
        &self,
        request: &ScanRequest<'_>,
        visit: &mut ScanVisitor<'_>,
    ) -> Result<ScanReport, StoreError> {
        let (waiting, flow) = self.show_waiting(request, visit)?;
        let ControlFlow::Continue(request) = flow else {
            return Ok(waiting);
        };
        let stored = self.store.scan(&request, &mut |chunk, stored| {
            visit(chunk, &sum(&waiting, stored))
        })?;
        Ok(sum(&waiting, &stored))
    }

    fn scan_unordered(
        &self,
        request: &ScanRequest<'_>,
        visitors: &mut [&mut UnorderedVisitor<'_>],
    ) -> Result<ScanReport, StoreError> {
        let Some(first) = visitors.first_mut() else {
            return Ok(ScanReport::default());
        };
        let (waiting, flow) =
            self.show_waiting(request, &mut |chunk, report| first(chunk, report))?;
        let ControlFlow::Continue(request) = flow else {
            return Ok(waiting);
        };
        let mut counting: Vec<_> = visitors
            .iter_mut()
            .map(|visit| {
                |chunk: &ScanChunk<'_>, stored: &ScanReport| visit(chunk, &sum(&waiting, stored))
            })
            .collect();
        let mut counting: Vec<&mut UnorderedVisitor<'_>> = counting
            .iter_mut()
            .map(|visit| visit as &mut UnorderedVisitor<'_>)
            .collect();
        let stored = self.store.scan_unordered(&request, &mut counting)?;
        Ok(sum(&waiting, &stored))
    }

    fn services(&self, range: TimeRange) -> Result<Listed<ServiceCount>, StoreError> {
        self.store.services(range)
    }

    fn operations(&self, query: &OperationQuery<'_>) -> Result<Listed<Operation>, StoreError> {
        self.store.operations(query)
    }

    fn attribute_keys(&self, range: TimeRange) -> Result<Listed<AttributeKey>, StoreError> {
        self.store.attribute_keys(range)
    }

    fn waiting_spans(&self, trace: TraceId) -> u64 {
        (self.who)().iter().map(|of| of.spans_of(trace)).sum()
    }

    fn query_memory(&self) -> QueryMemory {
        self.store.query_memory()
    }

    /// The store's. Only its times are those of all that can be found.
    fn status(&self) -> StoreStatus {
        let mut status = self.store.status();
        let waiting = (self.who)();
        let waiting = waiting.iter().filter_map(|of| of.start_range_ns());
        let ranges = status.start_range_ns.into_iter().chain(waiting);
        status.start_range_ns = ranges.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        status
    }

    fn shut_down(&self) {
        self.store.shut_down();
    }
}

/// What is stored of a trace and what waits of it: each span once.
fn join(
    id: TraceId,
    stored: SpanBatch,
    waits: &SpanBatch,
    memory: &mut Reservation,
) -> Result<SpanBatch, StoreError> {
    let known: HashSet<Outline> = (0..stored.len()).map(|row| stored.outline(row)).collect();
    let rows = RowSet::from_fn(waits.len(), |row| !known.contains(&waits.outline(row)));
    if rows.is_empty() {
        return Ok(stored);
    }
    // Both are there until they are joined.
    let bytes = stored.memory_bytes() + waits.memory_bytes();
    memory.grow(bytes)?;
    let mut joiner = BatchJoiner::with_limit(MAX_TRACE_BYTES);
    joiner
        .append(&stored)
        .and_then(|()| joiner.append_rows(waits, &rows))
        .map_err(|_| StoreError::TooLarge(id))?;
    drop(stored);
    memory.shrink(bytes);
    Ok(joiner.finish())
}

impl std::fmt::Debug for WithWaiting {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("WithWaiting")
    }
}

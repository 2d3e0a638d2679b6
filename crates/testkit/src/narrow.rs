//! A store that gives nothing it was not asked for.
//!
//! The contract lets a store leave out columns that nobody named. Stores in
//! memory have them all the same, so that a reader which asked for too little
//! would go unnoticed; over [`NarrowStore`] it gets a wrong answer. **Nothing
//! here is fast.**

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use tracewell_model::batch::SpanColumns;
use tracewell_model::batch::assemble::BatchAssembler;
use tracewell_model::batch::builder::LinkHeader;
use tracewell_model::batch::identity::Outline;
use tracewell_model::batch::view::BatchView;
use tracewell_model::failure::failed_rows;
use tracewell_model::store::{
    Ack, AttributeKey, FoundTraces, Listed, Operation, OperationQuery, ScanChunk, ScanColumns,
    ScanReport, ScanRequest, ScanVisitor, ServiceCount, StoreStatus, UnorderedVisitor,
};
use tracewell_model::{
    Level, QueryMemory, SpanBatch, SpanBatchBuilder, SpanId, StoreError, TimeRange, TraceId,
    TraceStore,
};

/// The batch with these columns and no others; which spans failed is stated
/// where it was asked for.
///
/// # Panics
/// Never, for a batch that is sound.
#[must_use]
pub fn narrowed(batch: &SpanBatch, wanted: &ScanColumns) -> SpanBatch {
    let (view, from) = (BatchView::new(batch), batch.spans());
    let mut assembler = BatchAssembler::new();
    for row in 0..batch.level_len(Level::Resource) {
        let builder = assembler.builder_at(0);
        let new = builder.resource(b"", 0, b"").expect("text of a batch");
        copy(builder, &view, Level::Resource, (row, new), wanted);
    }
    for row in 0..batch.level_len(Level::Scope) {
        let builder = assembler.builder_at(0);
        let scopes = batch.scopes();
        let (name, version) = if wanted.scopes {
            (scopes.name.get(row), scopes.version.get(row))
        } else {
            ("", "")
        };
        let new = builder.scope(name.as_bytes(), version.as_bytes(), b"", 0);
        copy(
            builder,
            &view,
            Level::Scope,
            (row, new.expect("text of a batch")),
            wanted,
        );
    }
    for span in view.spans() {
        let row = span.row() as u32;
        let builder = assembler.builder_at(row);
        copy(builder, &view, Level::Span, (span.row(), row), wanted);
        for event in span.event_rows().filter(|_| wants(wanted, Level::Event)) {
            let (time_ns, name) = (
                batch.events().time_ns[event],
                batch.events().name.get(event),
            );
            let new = builder.event(time_ns, name.as_bytes(), 0);
            let new = new.expect("text of a batch");
            copy(builder, &view, Level::Event, (event, new), wanted);
        }
        for link in span.link_rows().filter(|_| wants(wanted, Level::Link)) {
            let header = LinkHeader {
                trace_id: batch.links().trace_id[link],
                span_id: batch.links().span_id[link],
                trace_state: b"",
                flags: 0,
                dropped_attributes: 0,
            };
            let new = builder.link(&header).expect("text of a batch");
            copy(builder, &view, Level::Link, (link, new), wanted);
        }
    }
    if wanted.failures {
        assembler.failed(failed_rows(batch));
    }
    let mut spans = SpanColumns {
        trace_id: from.trace_id.clone(),
        span_id: from.span_id.clone(),
        parent_span_id: from.parent_span_id.clone(),
        start_ns: from.start_ns.clone(),
        duration_ns: from.duration_ns.clone(),
        resource: from.resource.clone(),
        scope: from.scope.clone(),
        ..SpanColumns::default()
    };
    if wanted.names {
        spans.name = from.name.clone();
        spans.kind = from.kind.clone();
        spans.status_code = from.status_code.clone();
    }
    if wanted.status_messages {
        spans.status_message = from.status_message.clone();
    }
    if wanted.trace_states {
        spans.trace_state = from.trace_state.clone();
    }
    if wanted.starts_only {
        spans.trace_id.fill(TraceId::default());
        spans.span_id.fill(SpanId::default());
        spans.parent_span_id.fill(SpanId::default());
        spans.duration_ns.fill(0);
    }
    assembler.finish(spans).expect("parts of one batch fit")
}

/// Are events or links wanted, if only for the sake of their attributes?
fn wants(wanted: &ScanColumns, level: Level) -> bool {
    let themselves = match level {
        Level::Event => wanted.events,
        _ => wanted.links,
    };
    themselves || wanted.attributes.iter().any(|(of, _)| *of == level)
}

/// Copies the wanted attributes of an owner to its new row.
fn copy(
    builder: &mut SpanBatchBuilder,
    view: &BatchView<'_>,
    level: Level,
    (from, to): (usize, u32),
    wanted: &ScanColumns,
) {
    for (key, value) in view.attributes(level, from) {
        let is_service = level == Level::Resource && key == "service.name" && wanted.services;
        let is_named = |(of, name): &(Level, Box<str>)| *of == level && **name == *key;
        if is_service || wanted.attributes.iter().any(is_named) {
            builder
                .attribute(level, to, key.as_bytes(), value.into())
                .expect("text of a batch");
        }
    }
}

/// Another store, seen through the columns that its readers name.
pub struct NarrowStore {
    inner: Arc<dyn TraceStore>,
    /// How many traces at a time, with which columns.
    fetches: Mutex<Vec<(usize, Option<ScanColumns>)>>,
    too_large: Option<(TraceId, IsTooLarge)>,
}

/// Is a trace too large with these columns?
type IsTooLarge = fn(Option<&ScanColumns>) -> bool;

impl NarrowStore {
    /// In front of `inner`.
    #[must_use]
    pub fn new(inner: Arc<dyn TraceStore>) -> Self {
        Self {
            inner,
            fetches: Mutex::default(),
            too_large: None,
        }
    }

    /// As [`NarrowStore::new`], but this trace is too large to be held.
    #[must_use]
    pub fn with_too_large(inner: Arc<dyn TraceStore>, id: TraceId) -> Self {
        Self {
            too_large: Some((id, |_| true)),
            ..Self::new(inner)
        }
    }

    /// As [`NarrowStore::new`], but with its names this trace is too large.
    #[must_use]
    pub fn with_too_large_names(inner: Arc<dyn TraceStore>, id: TraceId) -> Self {
        Self {
            too_large: Some((id, |columns| columns.is_none_or(|columns| columns.names))),
            ..Self::new(inner)
        }
    }

    /// The columns that were asked for with traces since the last call, one
    /// entry a trace.
    #[must_use]
    pub fn take_asked(&self) -> Vec<Option<ScanColumns>> {
        let fetches = self.take_fetches().into_iter();
        let each = fetches.flat_map(|(traces, columns)| std::iter::repeat_n(columns, traces));
        each.collect()
    }

    /// How many traces were asked for at a time since the last call, and with
    /// which columns.
    #[must_use]
    pub fn take_fetches(&self) -> Vec<(usize, Option<ScanColumns>)> {
        std::mem::take(&mut *self.fetches.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl TraceStore for NarrowStore {
    fn append(&self, batch: Arc<SpanBatch>, ack: Ack) {
        self.inner.append(batch, ack);
    }

    fn traces(
        &self,
        ids: &[TraceId],
        columns: Option<&ScanColumns>,
        cancelled: &AtomicBool,
    ) -> Result<FoundTraces, StoreError> {
        if let Some((id, is_too_large)) = self.too_large
            && ids.contains(&id)
            && is_too_large(columns)
        {
            return Err(StoreError::TooLarge(id));
        }
        let mut fetches = self.fetches.lock().unwrap_or_else(PoisonError::into_inner);
        fetches.push((ids.len(), columns.cloned()));
        drop(fetches);
        let mut found = self.inner.traces(ids, columns, cancelled)?;
        if let Some(columns) = columns {
            for batch in found.traces.iter_mut().flatten() {
                *batch = narrowed(batch, columns);
            }
        }
        Ok(found)
    }

    fn spans(
        &self,
        trace: TraceId,
        wanted: &[Outline],
        cancelled: &AtomicBool,
    ) -> Result<FoundTraces, StoreError> {
        self.inner.spans(trace, wanted, cancelled)
    }

    fn query_memory(&self) -> QueryMemory {
        self.inner.query_memory()
    }

    fn scan(
        &self,
        request: &ScanRequest<'_>,
        visit: &mut ScanVisitor<'_>,
    ) -> Result<ScanReport, StoreError> {
        self.inner.scan(request, &mut |chunk, report| {
            let batch = narrowed(chunk.batch, &request.columns);
            let chunk = ScanChunk {
                batch: &batch,
                ..*chunk
            };
            visit(&chunk, report)
        })
    }

    fn scan_unordered(
        &self,
        request: &ScanRequest<'_>,
        visitors: &mut [&mut UnorderedVisitor<'_>],
    ) -> Result<ScanReport, StoreError> {
        let mut narrow: Vec<_> = visitors
            .iter_mut()
            .map(|visit| {
                |chunk: &ScanChunk<'_>, report: &ScanReport| {
                    let batch = narrowed(chunk.batch, &request.columns);
                    let chunk = ScanChunk {
                        batch: &batch,
                        ..*chunk
                    };
                    visit(&chunk, report)
                }
            })
            .collect();
        let mut narrow: Vec<&mut UnorderedVisitor<'_>> = narrow
            .iter_mut()
            .map(|visit| visit as &mut UnorderedVisitor<'_>)
            .collect();
        self.inner.scan_unordered(request, &mut narrow)
    }

    fn services(&self, range: TimeRange) -> Result<Listed<ServiceCount>, StoreError> {
        self.inner.services(range)
    }

    fn operations(&self, query: &OperationQuery<'_>) -> Result<Listed<Operation>, StoreError> {
        self.inner.operations(query)
    }

    fn attribute_keys(&self, range: TimeRange) -> Result<Listed<AttributeKey>, StoreError> {
        self.inner.attribute_keys(range)
    }

    fn status(&self) -> StoreStatus {
        self.inner.status()
    }

    fn shut_down(&self) {
        self.inner.shut_down();
    }
}

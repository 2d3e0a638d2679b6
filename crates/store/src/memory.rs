//! The store of `--storage memory`: spans until the process ends.
//!
//! The simplest thing that keeps the contract, and the proof that the
//! contract can be kept simply. When its budget is spent it forgets the oldest
//! batches: a developer wants the newest spans, not a refusal.

use crate::gather::Gathering;
use crate::live::{self, LiveBatch, LiveBatches};
use crate::neighbours::Neighbours;
use crate::wal::WalPosition;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tracewell_model::batch::identity::Outline;
use tracewell_model::store::{
    Ack, AttributeKey, FoundTraces, Listed, Operation, OperationQuery, ScanColumns, ScanReport,
    ScanRequest, ScanVisitor, ServiceCount, StoreStatus,
};
use tracewell_model::{QueryMemory, SpanBatch, StoreError, TimeRange, TraceId, TraceStore};

/// Spans in memory, within a budget of bytes.
#[derive(Debug)]
pub struct MemoryStore {
    live: LiveBatches,
    limit_bytes: u64,
    query_memory: QueryMemory,
    removed_spans: AtomicU64,
    stopped: AtomicBool,
    /// Joining and forgetting must not meet; see [`LiveBatches::join_small`].
    changing: Mutex<()>,
}

impl MemoryStore {
    /// Keeps at most about `limit_bytes` of spans.
    #[must_use]
    pub fn new(limit_bytes: u64) -> Self {
        Self {
            live: LiveBatches::default(),
            limit_bytes,
            query_memory: QueryMemory::default(),
            removed_spans: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
            changing: Mutex::new(()),
        }
    }

    /// The same, which shares its limit with its neighbours: all of them together
    /// keep at most about twice as much.
    #[must_use]
    pub fn beside(mut self, neighbours: &Neighbours) -> Self {
        self.live = LiveBatches::beside(neighbours);
        self
    }

    /// The same, whose reads hold no more than this account grants.
    #[must_use]
    pub fn with_query_memory(mut self, query_memory: QueryMemory) -> Self {
        self.query_memory = query_memory;
        self
    }

    fn forget_oldest(&self) {
        let snapshot = self.live.snapshot();
        let own_bytes: u64 = snapshot.iter().map(|live| live.bytes as u64).sum();
        let mut forgotten = 0;
        let over = snapshot.iter().take_while(|live| {
            let member = self.live.member();
            let over = member.should_forget(own_bytes, forgotten, self.limit_bytes);
            forgotten += live.bytes as u64;
            over
        });
        // The newest batch stays, however large.
        let count = over.count().min(snapshot.len().saturating_sub(1));
        let spans: usize = snapshot[..count].iter().map(|live| live.batch.len()).sum();
        self.removed_spans
            .fetch_add(spans as u64, Ordering::Relaxed);
        self.live.remove_oldest(count);
    }
}

impl TraceStore for MemoryStore {
    fn append(&self, batch: Arc<SpanBatch>, ack: Ack) {
        if self.stopped.load(Ordering::Acquire) {
            return ack(Err(StoreError::ShuttingDown));
        }
        {
            let _one_at_a_time = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
            self.live.push(batch, WalPosition::default());
            self.live.join_small();
            self.forget_oldest();
        }
        ack(Ok(()));
    }

    fn traces(
        &self,
        ids: &[TraceId],
        _columns: Option<&ScanColumns>,
        cancelled: &AtomicBool,
    ) -> Result<FoundTraces, StoreError> {
        live::check_cancelled(cancelled)?;
        let snapshot = self.live.snapshot();
        let mut gathered = Gathering::new(ids, &self.query_memory);
        live::collect_traces(&snapshot, &mut gathered)?;
        Ok(gathered.finish(live::looked_at(&snapshot)))
    }

    fn spans(
        &self,
        trace: TraceId,
        wanted: &[Outline],
        cancelled: &AtomicBool,
    ) -> Result<FoundTraces, StoreError> {
        live::check_cancelled(cancelled)?;
        let snapshot = self.live.snapshot();
        let ids = [trace];
        let mut gathered = Gathering::new(&ids, &self.query_memory);
        let wanted = wanted.iter().copied().collect();
        live::collect_spans(&snapshot, (trace, &wanted), &mut gathered)?;
        Ok(gathered.finish(live::looked_at(&snapshot)))
    }

    fn scan(
        &self,
        request: &ScanRequest<'_>,
        visit: &mut ScanVisitor<'_>,
    ) -> Result<ScanReport, StoreError> {
        live::check_cancelled(request.cancelled)?;
        let snapshot = self.live.snapshot();
        let mut report = ScanReport {
            total_blocks: u64::from(!snapshot.is_empty()),
            ..ScanReport::default()
        };
        live::scan(&snapshot, request, &mut report, visit)?;
        Ok(report)
    }

    fn services(&self, range: TimeRange) -> Result<Listed<ServiceCount>, StoreError> {
        let services = live::services(&self.live.snapshot(), range);
        Ok(Listed::whole(services.finish()))
    }

    fn operations(&self, query: &OperationQuery<'_>) -> Result<Listed<Operation>, StoreError> {
        let snapshot = self.live.snapshot();
        let (operations, has_more) = live::operations(&snapshot, query).finish();
        Ok(Listed {
            has_more,
            ..Listed::whole(operations)
        })
    }

    fn attribute_keys(&self, range: TimeRange) -> Result<Listed<AttributeKey>, StoreError> {
        let mut keys: Vec<_> = live::attribute_keys(&self.live.snapshot(), range)
            .into_iter()
            .collect();
        keys.sort();
        Ok(Listed::whole(keys))
    }

    fn query_memory(&self) -> QueryMemory {
        self.query_memory.clone()
    }

    fn status(&self) -> StoreStatus {
        let snapshot = self.live.snapshot();
        let (spans, bytes) = (self.live.spans(), self.live.bytes());
        let ranges = snapshot.iter().map(LiveBatch::start_range_ns);
        StoreStatus {
            spans,
            bytes,
            memory_bytes: bytes,
            removed_spans: self.removed_spans.load(Ordering::Relaxed),
            start_range_ns: ranges.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))),
            ..StoreStatus::default()
        }
    }

    fn shut_down(&self) {
        self.stopped.store(true, Ordering::Release);
    }
}

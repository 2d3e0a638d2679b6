//! All tenants together, for who runs the process: how their stores are, and
//! **nothing of what is in them**.

use super::Tenants;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tracewell_model::store::{
    Ack, AttributeKey, FoundTraces, Listed, Operation, OperationQuery, ScanColumns, ScanReport,
    ScanRequest, ScanVisitor, ServiceCount, StoreStatus,
};
use tracewell_model::{QueryMemory, SpanBatch, StoreError, TimeRange, TraceId, TraceStore};
use tracewell_store::memory::MemoryStore;

/// A store without spans whose state is that of all tenants' stores.
pub(in crate::serve) struct AllTenants {
    tenants: Arc<Tenants>,
    nothing: MemoryStore,
}

impl AllTenants {
    pub(in crate::serve) fn new(tenants: Arc<Tenants>) -> Self {
        Self {
            tenants,
            nothing: MemoryStore::new(0),
        }
    }
}

impl TraceStore for AllTenants {
    fn append(&self, _: Arc<SpanBatch>, ack: Ack) {
        let whose = "spans belong to a tenant".to_owned();
        ack(Err(StoreError::Unavailable(whose)));
    }

    fn traces(
        &self,
        ids: &[TraceId],
        columns: Option<&ScanColumns>,
        cancelled: &AtomicBool,
    ) -> Result<FoundTraces, StoreError> {
        self.nothing.traces(ids, columns, cancelled)
    }

    fn scan(
        &self,
        request: &ScanRequest<'_>,
        visit: &mut ScanVisitor<'_>,
    ) -> Result<ScanReport, StoreError> {
        self.nothing.scan(request, visit)
    }

    fn services(&self, range: TimeRange) -> Result<Listed<ServiceCount>, StoreError> {
        self.nothing.services(range)
    }

    fn operations(&self, query: &OperationQuery<'_>) -> Result<Listed<Operation>, StoreError> {
        self.nothing.operations(query)
    }

    fn attribute_keys(&self, range: TimeRange) -> Result<Listed<AttributeKey>, StoreError> {
        self.nothing.attribute_keys(range)
    }

    fn query_memory(&self) -> QueryMemory {
        self.tenants.shares.queries.clone()
    }

    fn status(&self) -> StoreStatus {
        let each = self.tenants.stores();
        let each = each.iter().map(|(name, store)| (name, store.status()));
        each.fold(StoreStatus::default(), |sum, (tenant, one)| {
            together(sum, tenant.name(), one)
        })
    }

    fn shut_down(&self) {
        self.tenants.shut_down();
    }
}

fn together(mut sum: StoreStatus, tenant: &str, one: StoreStatus) -> StoreStatus {
    let of = |text: String| format!("tenant {tenant}: {text}");
    sum.spans += one.spans;
    sum.bytes += one.bytes;
    sum.memory_bytes += one.memory_bytes;
    sum.blocks += one.blocks;
    sum.removed_spans += one.removed_spans;
    sum.incomplete_reads += one.incomplete_reads;
    sum.is_read_only |= one.is_read_only;
    let ranges = sum.start_range_ns.into_iter().chain(one.start_range_ns);
    sum.start_range_ns = ranges.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    // Health is open to everybody, who learns no name.
    if let Some(reason) = one.unhealthy {
        let open = "the store of a tenant takes nothing at present";
        sum.unhealthy = Some(open.to_owned());
        sum.attention.push(of(reason));
    }
    sum.damaged.extend(one.damaged);
    sum.attention.extend(one.attention.into_iter().map(of));
    let (all, own) = (&mut sum.compaction, one.compaction);
    all.merges += own.merges;
    all.spans += own.spans;
    all.bytes += own.bytes;
    all.duplicates += own.duplicates;
    all.backlog_blocks += own.backlog_blocks;
    all.backlog_bytes += own.backlog_bytes;
    all.running = all.running.or(own.running);
    if all.trouble.is_none() {
        all.trouble = own.trouble.map(of);
    }
    sum
}

//! Spans in memory: searchable the moment they are safe.
//!
//! A list of immutable batches. Readers take a snapshot (a clone of the list,
//! not of the spans) and never hold up a writer. Small batches are joined in
//! the background ([`LiveBatches::join_small`]), because every search pays a
//! little for each batch. **This module never touches a file.**

use crate::gather::Gathering;
use crate::wal::WalPosition;
use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use tracewell_model::batch::Level;
use tracewell_model::batch::concat::BatchJoiner;
use tracewell_model::failure::failed_rows;
use tracewell_model::store::{
    AttributeKey, Operation, ScanChunk, ScanReport, ScanRequest, ScanVisitor,
};
use tracewell_model::{RowSet, SpanBatch, SpanKind, StoreError, TimeRange, TraceId};

/// Batches below this many spans are joined with their neighbours. Joining
/// costs about as much as decoding did, so only batches whose own overhead in
/// every search is of that order are worth it; SDKs send up to 512 at a time.
const SMALL_SPANS: usize = 256;

/// How many small neighbours make it worth joining them.
const JOIN_AT: usize = 64;

/// A batch with its place in the write-ahead log, if there is one.
#[derive(Debug, Clone)]
pub struct LiveBatch {
    /// The spans.
    pub batch: Arc<SpanBatch>,
    /// The position after its last entry in the log: where the log is needed
    /// from when this batch and those before it lie in a block.
    pub position: WalPosition,
    /// Bytes of memory it holds.
    pub bytes: usize,
    /// Earliest and latest start, ns.
    pub start_range_ns: (u64, u64),
}

/// The list of live batches, oldest first.
#[derive(Debug, Default)]
pub struct LiveBatches {
    batches: RwLock<Vec<LiveBatch>>,
    /// Sums over the list, changed under its lock and read without it.
    spans: AtomicU64,
    bytes: AtomicU64,
}

/// The list at one moment.
pub type Snapshot = Vec<LiveBatch>;

impl LiveBatches {
    /// Adds a batch at the end; an empty one is not kept.
    pub fn push(&self, batch: Arc<SpanBatch>, position: WalPosition) {
        let Some(start_range_ns) = batch.start_range_ns() else {
            return;
        };
        let bytes = batch.memory_bytes();
        let live = LiveBatch {
            batch,
            position,
            bytes,
            start_range_ns,
        };
        let mut batches = self.write();
        self.count(&[], std::slice::from_ref(&live));
        batches.push(live);
    }

    /// What is there now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.batches
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Removes the `count` oldest batches.
    pub fn remove_oldest(&self, count: usize) {
        let mut batches = self.write();
        let count = count.min(batches.len());
        self.count(&batches[..count], &[]);
        batches.drain(..count);
    }

    /// Spans that are there now.
    #[must_use]
    pub fn spans(&self) -> u64 {
        self.spans.load(Ordering::Relaxed)
    }

    /// Bytes of memory they hold.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Joins a run of small batches at the end, if there is one long enough.
    /// Must not run at the same time as [`LiveBatches::remove_oldest`]: one
    /// thread does both.
    pub fn join_small(&self) {
        let snapshot = self.snapshot();
        let small = snapshot
            .iter()
            .rev()
            .take_while(|live| live.batch.len() < SMALL_SPANS)
            .count();
        if small < JOIN_AT {
            return;
        }
        let from = snapshot.len() - small;
        let mut joiner = BatchJoiner::new();
        let run = &snapshot[from..];
        if run.iter().any(|live| joiner.append(&live.batch).is_err()) {
            return;
        }
        let batch = Arc::new(joiner.finish());
        let Some(start_range_ns) = batch.start_range_ns() else {
            return;
        };
        let position = run[run.len() - 1].position;
        let bytes = batch.memory_bytes();
        let joined = LiveBatch {
            batch,
            position,
            bytes,
            start_range_ns,
        };
        // Batches may have been added behind the run meanwhile; they stay.
        let mut batches = self.write();
        self.count(&batches[from..from + small], std::slice::from_ref(&joined));
        batches.splice(from..from + small, [joined]);
    }

    /// Corrects the sums; the caller holds the list's lock.
    fn count(&self, gone: &[LiveBatch], come: &[LiveBatch]) {
        let spans =
            |batches: &[LiveBatch]| batches.iter().map(|live| live.batch.len() as u64).sum();
        let bytes = |batches: &[LiveBatch]| batches.iter().map(|live| live.bytes as u64).sum();
        self.spans.fetch_add(spans(come), Ordering::Relaxed);
        self.bytes.fetch_add(bytes(come), Ordering::Relaxed);
        self.spans.fetch_sub(spans(gone), Ordering::Relaxed);
        self.bytes.fetch_sub(bytes(gone), Ordering::Relaxed);
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Vec<LiveBatch>> {
        self.batches.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Rows that start in the range.
#[must_use]
pub fn rows_in_range(batch: &SpanBatch, range: TimeRange) -> RowSet {
    let starts = &batch.spans().start_ns;
    RowSet::from_fn(batch.len(), |row| range.contains(starts[row]))
}

/// Shows the batches to the visitor, those with the newest spans first. All
/// batches count as one block. `settled_from_ns` is what is known of sources
/// that come after: nothing that starts at `older_than_ns` or later is there.
///
/// # Errors
/// [`StoreError::Cancelled`].
pub fn scan(
    snapshot: &[LiveBatch],
    request: &ScanRequest<'_>,
    older_than_ns: u64,
    report: &mut ScanReport,
    visit: &mut ScanVisitor<'_>,
) -> Result<ControlFlow<()>, StoreError> {
    let mut order: Vec<&LiveBatch> = overlapping(snapshot, request.range).collect();
    if order.is_empty() {
        return Ok(ControlFlow::Continue(()));
    }
    order.sort_by_key(|live| std::cmp::Reverse(live.start_range_ns.1));
    report.searched_blocks += 1;
    for (index, live) in order.iter().enumerate() {
        if request.cancelled.load(Ordering::Relaxed) {
            return Err(StoreError::Cancelled);
        }
        let mut rows = rows_in_range(&live.batch, request.range);
        if !rows.is_empty() {
            rows.intersect(&request.filter.matching(&live.batch));
        }
        report.searched_spans += live.batch.len() as u64;
        let next_ns = order
            .get(index + 1)
            .map_or(0, |next| next.start_range_ns.1.saturating_add(1));
        let settled_from_ns = next_ns.max(older_than_ns);
        let chunk = ScanChunk {
            batch: &live.batch,
            rows: &rows,
            settled_from_ns,
        };
        if visit(&chunk, report).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// Gathers the spans of the wanted traces.
///
/// # Errors
/// They are too large or do not fit the memory of queries.
pub(crate) fn collect_traces(
    snapshot: &[LiveBatch],
    gathered: &mut Gathering<'_>,
) -> Result<(), StoreError> {
    let ids = gathered.ids();
    let places: HashMap<TraceId, usize> = ids
        .iter()
        .enumerate()
        .map(|(place, id)| (*id, place))
        .collect();
    for live in snapshot {
        let mut rows: HashMap<usize, RowSet> = HashMap::new();
        for (row, id) in live.batch.spans().trace_id.iter().enumerate() {
            // One id is the usual case: a comparison beats a hash.
            let place = if let [only] = ids {
                (id == only).then_some(0)
            } else {
                places.get(id).copied()
            };
            if let Some(place) = place {
                let none = || RowSet::none(live.batch.len());
                rows.entry(place).or_insert_with(none).insert(row);
            }
        }
        for (place, rows) in rows {
            gathered.add(place, &live.batch, &rows)?;
        }
    }
    Ok(())
}

/// The report of a read that looked at all batches.
#[must_use]
pub fn looked_at(snapshot: &[LiveBatch]) -> ScanReport {
    let is_live = u64::from(!snapshot.is_empty());
    let spans = snapshot.iter().map(|live| live.batch.len() as u64).sum();
    ScanReport {
        searched_blocks: is_live,
        total_blocks: is_live,
        searched_spans: spans,
        ..ScanReport::default()
    }
}

/// Services and operations, counted.
#[derive(Debug, Default)]
pub struct OperationCounts(HashMap<(String, String, SpanKind), (u64, u64)>);

impl OperationCounts {
    /// Counts the spans of a batch.
    pub fn add_batch(&mut self, batch: &SpanBatch) {
        let (spans, services, failed) =
            (batch.spans(), batch.resource_services(), failed_rows(batch));
        // First by numbers, so that text is hashed once per distinct operation.
        let mut counts: HashMap<(u32, u32, i32), (u64, u64)> = HashMap::new();
        for row in 0..batch.len() {
            let key = (spans.resource[row], spans.name.codes[row], spans.kind[row]);
            let count = counts.entry(key).or_default();
            count.0 += 1;
            count.1 += u64::from(failed.contains(row));
        }
        for ((resource, name, kind), (spans_count, failed)) in counts {
            self.add(&Operation {
                service: services[resource as usize].to_owned(),
                name: spans.name.dict.get(name as usize).to_owned(),
                kind: SpanKind::from_otlp(kind),
                spans: spans_count,
                failed,
            });
        }
    }

    /// Adds an operation's counts.
    pub fn add(&mut self, operation: &Operation) {
        let key = (
            operation.service.clone(),
            operation.name.clone(),
            operation.kind,
        );
        let count = self.0.entry(key).or_default();
        count.0 += operation.spans;
        count.1 += operation.failed;
    }

    /// The operations, in no order.
    #[must_use]
    pub fn finish(self) -> Vec<Operation> {
        let entries = self.0.into_iter();
        entries
            .map(|((service, name, kind), (spans, failed))| Operation {
                service,
                name,
                kind,
                spans,
                failed,
            })
            .collect()
    }
}

/// Counts the operations of batches that overlap the range.
#[must_use]
pub fn operations(snapshot: &[LiveBatch], range: TimeRange) -> OperationCounts {
    let mut counts = OperationCounts::default();
    overlapping(snapshot, range).for_each(|live| counts.add_batch(&live.batch));
    counts
}

/// The attribute keys of batches that overlap the range.
#[must_use]
pub fn attribute_keys(snapshot: &[LiveBatch], range: TimeRange) -> HashSet<AttributeKey> {
    let mut keys = HashSet::new();
    overlapping(snapshot, range).for_each(|live| collect_keys(&live.batch, &mut keys));
    keys
}

fn overlapping(snapshot: &[LiveBatch], range: TimeRange) -> impl Iterator<Item = &LiveBatch> {
    snapshot
        .iter()
        .filter(move |live| range.overlaps(live.start_range_ns.0, live.start_range_ns.1))
}

/// Adds the keys of a batch.
fn collect_keys(batch: &SpanBatch, keys: &mut HashSet<AttributeKey>) {
    for column in batch.attributes() {
        keys.insert(AttributeKey {
            level: column.level,
            key: column.key.to_string(),
            value_type: column.values.value_type(),
        });
    }
    let overflow = batch.overflow();
    let levels: &[Level] = &overflow.levels;
    for (entry, level) in levels.iter().enumerate() {
        keys.insert(AttributeKey {
            level: *level,
            key: overflow.keys.get(entry).to_owned(),
            value_type: tracewell_model::batch::columns::ValueType::Other,
        });
    }
}

/// Fails when somebody no longer wants the answer.
///
/// # Errors
/// [`StoreError::Cancelled`].
pub fn check_cancelled(cancelled: &AtomicBool) -> Result<(), StoreError> {
    if cancelled.load(Ordering::Relaxed) {
        Err(StoreError::Cancelled)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracewell_testkit::{TestSpan, batch, flatten};

    #[test]
    fn joining_keeps_spans_and_sums_and_leaves_nothing_behind() {
        let live = LiveBatches::default();
        let span = |number| TestSpan::new(number, 1, "cart", "add", 1_000 + number);
        let spans: Vec<TestSpan> = (0..200).map(span).collect();
        for one in &spans {
            live.push(
                Arc::new(batch(std::slice::from_ref(one))),
                WalPosition::default(),
            );
        }
        live.join_small();
        let snapshot = live.snapshot();
        assert!(snapshot.len() < spans.len(), "small batches are joined");
        let kept: Vec<TestSpan> = snapshot
            .iter()
            .flat_map(|live| flatten(&live.batch))
            .collect();
        assert_eq!(kept, spans);
        let bytes: usize = snapshot.iter().map(|live| live.bytes).sum();
        assert_eq!((live.spans(), live.bytes()), (200, bytes as u64));
        live.remove_oldest(usize::MAX);
        assert_eq!((live.spans(), live.bytes()), (0, 0));
    }
}

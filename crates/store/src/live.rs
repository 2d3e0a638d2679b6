//! Spans in memory: searchable the moment they are safe.
//!
//! A list of immutable batches. Readers take a snapshot (a clone of the list,
//! not of the spans) and never hold up a writer. Small batches are joined in
//! the background ([`LiveBatches::join_small`]), because every search pays a
//! little for each batch. **This module never touches a file.**

use crate::bulk::{TimePart, time_parts};
use crate::gather::Gathering;
use crate::listing::{OperationCounts, ServiceCounts};
use crate::neighbours::{Member, Neighbours};
use crate::wal::WalPosition;
use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use tracewell_model::batch::Level;
use tracewell_model::batch::concat::BatchJoiner;
use tracewell_model::batch::identity::Outline;
use tracewell_model::store::{
    AttributeKey, OperationQuery, ScanChunk, ScanReport, ScanRequest, ScanVisitor,
};
use tracewell_model::{RowSet, SpanBatch, StoreError, TimeRange, TraceId};

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
    /// When its spans start: one part, or more where some start far from most.
    parts: Arc<[TimePart]>,
}

impl LiveBatch {
    /// `None` for an empty batch.
    fn new(batch: Arc<SpanBatch>, position: WalPosition) -> Option<Self> {
        let parts = time_parts(&batch.spans().start_ns, &batch.spans().duration_ns);
        (!parts.is_empty()).then(|| Self {
            bytes: batch.memory_bytes(),
            batch,
            position,
            parts: parts.into(),
        })
    }

    /// Earliest and latest start, ns.
    #[must_use]
    pub fn start_range_ns(&self) -> (u64, u64) {
        let ends = (self.parts.first(), self.parts.last());
        let (Some(first), Some(last)) = ends else {
            return (0, 0);
        };
        (first.first_ns, last.last_ns)
    }
}

/// Spans of a live batch that start near each other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LivePart<'a> {
    batch: &'a SpanBatch,
    part: TimePart,
}

/// The list of live batches, oldest first.
#[derive(Debug, Default)]
pub struct LiveBatches {
    batches: RwLock<Vec<LiveBatch>>,
    /// Sums over the list, changed under its lock and read without it.
    spans: AtomicU64,
    bytes: AtomicU64,
    /// Other lists of the process.
    member: Member,
}

/// The list at one moment.
pub type Snapshot = Vec<LiveBatch>;

impl LiveBatches {
    /// An empty list that is counted together with those of its neighbours.
    pub(crate) fn beside(neighbours: &Neighbours) -> Self {
        Self {
            batches: RwLock::default(),
            spans: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            member: neighbours.join(),
        }
    }

    /// Its place among other lists of the process.
    pub(crate) fn member(&self) -> &Member {
        &self.member
    }

    /// Adds a batch at the end; an empty one is not kept.
    pub fn push(&self, batch: Arc<SpanBatch>, position: WalPosition) {
        let Some(live) = LiveBatch::new(batch, position) else {
            return;
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
        let position = run[run.len() - 1].position;
        let Some(joined) = LiveBatch::new(Arc::new(joiner.finish()), position) else {
            return;
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
        let (come_bytes, gone_bytes) = (bytes(come), bytes(gone));
        self.spans.fetch_add(spans(come), Ordering::Relaxed);
        self.bytes.fetch_add(come_bytes, Ordering::Relaxed);
        self.member.hold(come_bytes);
        self.spans.fetch_sub(spans(gone), Ordering::Relaxed);
        self.bytes.fetch_sub(gone_bytes, Ordering::Relaxed);
        self.member.release(gone_bytes);
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Vec<LiveBatch>> {
        self.batches.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for LiveBatches {
    fn drop(&mut self) {
        self.member.release(self.bytes());
    }
}

/// The parts of all batches that reach into the range, in no order.
pub(crate) fn parts(snapshot: &[LiveBatch], range: TimeRange) -> Vec<LivePart<'_>> {
    let parts = snapshot.iter().flat_map(|live| {
        let batch = &*live.batch;
        live.parts
            .iter()
            .map(|part| LivePart { batch, part: *part })
    });
    parts.filter(|of| of.part.reaches(range)).collect()
}

impl LivePart<'_> {
    /// The latest start, ns.
    pub(crate) fn latest_ns(&self) -> u64 {
        self.part.last_ns
    }

    /// Shows those of its spans that match. What comes after starts at
    /// `later_until_ns` at the latest.
    ///
    /// # Errors
    /// [`StoreError::Cancelled`].
    pub(crate) fn show(
        &self,
        request: &ScanRequest<'_>,
        later_until_ns: Option<u64>,
        report: &mut ScanReport,
        visit: &mut ScanVisitor<'_>,
    ) -> Result<ControlFlow<()>, StoreError> {
        check_cancelled(request.cancelled)?;
        let spans = self.batch.spans();
        let (starts, durations) = (&spans.start_ns, &spans.duration_ns);
        let times = self.part.first_ns..=self.part.last_ns;
        let mut rows = RowSet::from_fn(starts.len(), |row| {
            times.contains(&starts[row]) && request.range.includes(starts[row], durations[row])
        });
        if !rows.is_empty() {
            rows.intersect(&request.filter.matching(self.batch));
        }
        report.searched_spans += self.part.spans as u64;
        let chunk = ScanChunk::of_spans(self.batch, &rows, later_until_ns);
        Ok(visit(&chunk, report))
    }
}

/// Shows the batches to the visitor, the newest spans first. All batches count
/// as one block.
///
/// # Errors
/// [`StoreError::Cancelled`].
pub fn scan(
    snapshot: &[LiveBatch],
    request: &ScanRequest<'_>,
    report: &mut ScanReport,
    visit: &mut ScanVisitor<'_>,
) -> Result<(), StoreError> {
    let mut order = parts(snapshot, request.range);
    order.sort_by_key(|part| std::cmp::Reverse(part.latest_ns()));
    report.searched_blocks += u64::from(!order.is_empty());
    for (index, part) in order.iter().enumerate() {
        let later_until_ns = order.get(index + 1).map(LivePart::latest_ns);
        if part
            .show(request, later_until_ns, report, visit)?
            .is_break()
        {
            break;
        }
    }
    Ok(())
}

/// Gathers the spans of the wanted traces.
///
/// # Errors
/// They are too large or do not fit the memory of queries.
pub(crate) fn collect_traces(
    snapshot: &[LiveBatch],
    gathered: &mut Gathering<'_>,
) -> Result<(), StoreError> {
    let places = places(gathered.ids());
    for live in snapshot {
        collect_rows(&live.batch, 0..live.batch.len(), &places, gathered)?;
    }
    Ok(())
}

/// The places of traces among those that are wanted.
pub(crate) fn places(ids: &[TraceId]) -> HashMap<TraceId, usize> {
    let places = ids.iter().enumerate();
    places.map(|(place, id)| (*id, place)).collect()
}

/// Gathers those of these rows that belong to a wanted trace.
///
/// # Errors
/// As [`collect_traces`].
pub(crate) fn collect_rows(
    batch: &SpanBatch,
    rows: impl Iterator<Item = usize>,
    places: &HashMap<TraceId, usize>,
    gathered: &mut Gathering<'_>,
) -> Result<(), StoreError> {
    let ids = gathered.ids();
    let traces = &batch.spans().trace_id;
    let mut found: HashMap<usize, RowSet> = HashMap::new();
    for row in rows {
        // One id is the usual case: a comparison beats a hash.
        let place = if let [only] = ids {
            (traces[row] == *only).then_some(0)
        } else {
            places.get(&traces[row]).copied()
        };
        if let Some(place) = place {
            let none = || RowSet::none(batch.len());
            found.entry(place).or_insert_with(none).insert(row);
        }
    }
    for (place, rows) in found {
        gathered.add(place, batch, &rows)?;
    }
    Ok(())
}

/// Gathers the spans of one trace that have one of these outlines.
///
/// # Errors
/// They do not fit the memory of queries.
pub(crate) fn collect_spans(
    snapshot: &[LiveBatch],
    (trace, wanted): (TraceId, &HashSet<Outline>),
    gathered: &mut Gathering<'_>,
) -> Result<(), StoreError> {
    for live in snapshot {
        let batch = &live.batch;
        let is_wanted = |row: &usize| wanted.contains(&batch.outline(*row));
        let rows = batch.spans().trace_id.iter().enumerate();
        let rows = rows.filter(|(_, id)| **id == trace).map(|(row, _)| row);
        let mut found = RowSet::none(batch.len());
        rows.filter(is_wanted).for_each(|row| found.insert(row));
        if !found.is_empty() {
            gathered.add(0, batch, &found)?;
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

/// Counts the services of batches that overlap the range.
#[must_use]
pub fn services(snapshot: &[LiveBatch], range: TimeRange) -> ServiceCounts {
    let mut counts = ServiceCounts::default();
    overlapping(snapshot, range).for_each(|live| counts.add_batch(&live.batch));
    counts
}

/// Counts the operations asked for of batches that overlap the range.
#[must_use]
pub fn operations<'a>(
    snapshot: &[LiveBatch],
    query: &'a OperationQuery<'a>,
) -> OperationCounts<'a> {
    let mut counts = OperationCounts::new(query);
    overlapping(snapshot, query.range).for_each(|live| counts.add_batch(&live.batch));
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
        .filter(move |live| live.parts.iter().any(|part| part.reaches(range)))
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

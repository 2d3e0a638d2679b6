//! The way out: live batches and blocks answer together. What cannot be read
//! is left out and counted (embedded/damage.rs); **no block fails an answer.**

use super::damage::leave_out;
use super::{EmbeddedStore, Inner, scan};
use crate::files::Space;
use crate::gather::Gathering;
use crate::live::{self, LiveBatch};
use crate::quarantine;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use tracewell_model::batch::identity::Outline;
use tracewell_model::store::{
    Ack, AttributeKey, DiskStatus, FoundTraces, Listed, Operation, OperationQuery, ScanColumns,
    ScanReport, ScanRequest, ScanVisitor, ServiceCount, StoreStatus, UnorderedVisitor,
};
use tracewell_model::{QueryMemory, SpanBatch, StoreError, TimeRange, TraceId, TraceStore};

impl TraceStore for EmbeddedStore {
    fn append(&self, batch: Arc<SpanBatch>, ack: Ack) {
        self.append_batch(batch, ack);
    }

    fn traces(
        &self,
        ids: &[TraceId],
        columns: Option<&ScanColumns>,
        cancelled: &AtomicBool,
    ) -> Result<FoundTraces, StoreError> {
        live::check_cancelled(cancelled)?;
        let (snapshot, blocks) = self.inner.live.snapshot();
        let mut gathered = Gathering::new(ids, &self.inner.options.query_memory);
        live::collect_traces(&snapshot, &mut gathered)?;
        let mut report = live::looked_at(&snapshot);
        let mut places = Vec::with_capacity(blocks.len());
        for block in &blocks {
            report.total_blocks += 1;
            match block.find_traces(ids, cancelled, &mut report) {
                Ok(found) => places.push((block, found)),
                Err(error) => leave_out(block, block.meta().spans, error, &mut report)?,
            }
        }
        gathered.expect(places.iter().map(|(_, found)| found.rows()).sum())?;
        for (block, found) in places {
            let added = block.gather_traces(found, &mut gathered, columns, cancelled, &mut report);
            if let Err(error) = added {
                leave_out(block, block.meta().spans, error, &mut report)?;
            }
        }
        self.inner.live.unopened.count(TimeRange::ALL, &mut report);
        let (joiners, mut memory) = gathered.into_parts();
        let is_partial = columns.is_some() && report.searched_blocks > 0;
        let mut traces = Vec::with_capacity(ids.len());
        for (id, joiner) in ids.iter().zip(joiners) {
            if joiner.is_empty() {
                traces.push(None);
                continue;
            }
            let joined = joiner.finish();
            if is_partial && joined.may_repeat_spans() {
                // Only whole spans can tell which of them are the same.
                let whole = self.traces(&[*id], None, cancelled)?;
                report.lacks_also(&whole.report);
                memory.absorb(whole.memory);
                traces.extend(whole.traces);
            } else {
                traces.push(Some(joined.into_distinct()));
            }
        }
        self.inner.note_incomplete(&report);
        Ok(FoundTraces {
            traces,
            report,
            memory,
        })
    }

    fn spans(
        &self,
        trace: TraceId,
        wanted: &[Outline],
        cancelled: &AtomicBool,
    ) -> Result<FoundTraces, StoreError> {
        live::check_cancelled(cancelled)?;
        let (snapshot, blocks) = self.inner.live.snapshot();
        let ids = [trace];
        let mut gathered = Gathering::new(&ids, &self.inner.options.query_memory);
        let wanted: HashSet<Outline> = wanted.iter().copied().collect();
        live::collect_spans(&snapshot, (trace, &wanted), &mut gathered)?;
        let mut report = live::looked_at(&snapshot);
        for block in &blocks {
            report.total_blocks += 1;
            let added = block.gather_spans(trace, &wanted, &mut gathered, cancelled, &mut report);
            if let Err(error) = added {
                leave_out(block, block.meta().spans, error, &mut report)?;
            }
        }
        self.inner.live.unopened.count(TimeRange::ALL, &mut report);
        self.inner.note_incomplete(&report);
        Ok(gathered.finish(report))
    }

    fn scan(
        &self,
        request: &ScanRequest<'_>,
        visit: &mut ScanVisitor<'_>,
    ) -> Result<ScanReport, StoreError> {
        live::check_cancelled(request.cancelled)?;
        let (snapshot, blocks) = self.inner.live.snapshot();
        let mut report = ScanReport::default();
        self.inner.live.unopened.count(request.range, &mut report);
        let memory = &self.inner.options.query_memory;
        let parted = &self.inner.parted;
        scan::all(
            &snapshot,
            &blocks,
            request,
            memory,
            parted,
            &mut report,
            visit,
        )?;
        self.inner.note_incomplete(&report);
        Ok(report)
    }

    fn scan_unordered(
        &self,
        request: &ScanRequest<'_>,
        visitors: &mut [&mut UnorderedVisitor<'_>],
    ) -> Result<ScanReport, StoreError> {
        live::check_cancelled(request.cancelled)?;
        let (snapshot, blocks) = self.inner.live.snapshot();
        let mut report = ScanReport::default();
        self.inner.live.unopened.count(request.range, &mut report);
        let memory = &self.inner.options.query_memory;
        let parted = &self.inner.parted;
        scan::unordered(
            &snapshot,
            &blocks,
            request,
            memory,
            parted,
            &mut report,
            visitors,
        )?;
        self.inner.note_incomplete(&report);
        Ok(report)
    }

    fn services(&self, range: TimeRange) -> Result<Listed<ServiceCount>, StoreError> {
        let (snapshot, blocks) = self.inner.live.snapshot();
        let mut counts = live::services(&snapshot, range);
        let mut has_more = false;
        for block in blocks.iter().filter(|block| block.overlaps(range)) {
            has_more |= !block.count_services(&mut counts);
        }
        let mut listed = Listed {
            has_more,
            ..Listed::whole(counts.finish())
        };
        self.inner.add_unopened(range, &mut listed.report);
        Ok(listed)
    }

    fn operations(&self, query: &OperationQuery<'_>) -> Result<Listed<Operation>, StoreError> {
        let (snapshot, blocks) = self.inner.live.snapshot();
        let mut counts = live::operations(&snapshot, query);
        let mut report = ScanReport::default();
        // The newest first: not all may be read again.
        for block in blocks.iter().rev() {
            if !block.overlaps(query.range) {
                continue;
            }
            if let Err(error) = block.count_operations(&mut counts) {
                leave_out(block, block.meta().spans, error, &mut report)?;
            }
        }
        let (operations, has_more) = counts.finish();
        let mut listed = Listed {
            report,
            has_more,
            ..Listed::whole(operations)
        };
        self.inner.add_unopened(query.range, &mut listed.report);
        Ok(listed)
    }

    fn attribute_keys(&self, range: TimeRange) -> Result<Listed<AttributeKey>, StoreError> {
        let (snapshot, blocks) = self.inner.live.snapshot();
        let mut keys = live::attribute_keys(&snapshot, range);
        let mut has_more = false;
        for block in blocks.iter().filter(|block| block.overlaps(range)) {
            keys.extend(block.attribute_keys().cloned());
            has_more |= !block.has_all_keys();
        }
        let mut keys: Vec<_> = keys.into_iter().collect();
        keys.sort();
        let mut listed = Listed {
            has_more,
            ..Listed::whole(keys)
        };
        self.inner.add_unopened(range, &mut listed.report);
        Ok(listed)
    }

    fn query_memory(&self) -> QueryMemory {
        self.inner.options.query_memory.clone()
    }

    fn status(&self) -> StoreStatus {
        let inner = &self.inner;
        let (snapshot, blocks) = inner.live.snapshot();
        let live_spans: usize = snapshot.iter().map(|live| live.batch.len()).sum();
        let live_bytes: usize = snapshot.iter().map(|live| live.bytes).sum();
        let entries: Vec<_> = blocks.iter().map(|block| block.meta().clone()).collect();
        let index_bytes: usize = blocks.iter().map(|block| block.memory_bytes()).sum();
        let ranges = snapshot.iter().map(LiveBatch::start_range_ns).chain(
            entries
                .iter()
                .map(|entry| (entry.min_start_ns, entry.max_start_ns)),
        );
        StoreStatus {
            spans: live_spans as u64 + entries.iter().map(|entry| entry.spans).sum::<u64>(),
            bytes: inner.data_bytes(&entries) + quarantine::bytes(&*inner.files, &inner.dir),
            memory_bytes: (live_bytes + index_bytes) as u64,
            blocks: entries.len() as u64,
            removed_spans: inner.removed_spans.load(Ordering::Relaxed),
            start_range_ns: ranges.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))),
            is_read_only: inner.is_read_only,
            unhealthy: inner.unhealthy(),
            damaged: inner.live.damaged(&blocks),
            incomplete_reads: inner.incomplete_reads.load(Ordering::Relaxed),
            attention: inner.attention(),
            compaction: inner.compactor.status(),
            disk: Some(inner.disk_status()),
        }
    }

    fn shut_down(&self) {
        self.stop();
    }
}

impl Inner {
    /// Open blocks have their names in memory; others lack them all.
    fn add_unopened(&self, range: TimeRange, report: &mut ScanReport) {
        self.live.unopened.count(range, report);
        self.note_incomplete(report);
    }

    fn note_incomplete(&self, report: &ScanReport) {
        if report.unread_blocks > 0 {
            self.incomplete_reads.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn disk_status(&self) -> DiskStatus {
        let retention = self.options.retention;
        let space = self.files.space(&self.dir).ok();
        let kept_free = |space: Space| retention.free_space.bytes(space.total_bytes);
        DiskStatus {
            dir: self.dir.clone(),
            space_bytes: space.map(|space| (space.free_bytes, space.total_bytes)),
            retention_age: retention.age,
            retention_bytes: retention.bytes,
            retention_free_bytes: space.map(kept_free).filter(|bytes| *bytes > 0),
        }
    }

    fn unhealthy(&self) -> Option<String> {
        let wal = self.wal.read().unwrap_or_else(PoisonError::into_inner);
        let log = match &*wal {
            Some(wal) => wal.health().err().map(|error| error.to_string()),
            None if self.is_read_only => None,
            None => Some(StoreError::ShuttingDown.to_string()),
        };
        log.or_else(|| super::lock(&self.troubles).text().cloned())
    }
}

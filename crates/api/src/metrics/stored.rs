//! What the store holds and how it is.

use std::fmt;

use tracewell_model::store::{CompactionStatus, RunningMerge, StoreStatus};

use super::page::Page;

pub(super) fn store(page: &mut Page<'_>, status: &StoreStatus) -> fmt::Result {
    page.gauge("tracewell_store_spans", "Spans in the store", status.spans)?;
    page.gauge(
        "tracewell_store_bytes",
        "Bytes that the store occupies on disk, or in memory when it has no disk",
        status.bytes,
    )?;
    page.gauge(
        "tracewell_store_memory_bytes",
        "Bytes of memory that spans of the store occupy",
        status.memory_bytes,
    )?;
    page.gauge("tracewell_store_blocks", "Sealed blocks", status.blocks)?;
    page.gauge(
        "tracewell_store_healthy",
        "1 while the store takes spans, 0 while it cannot",
        u64::from(status.unhealthy.is_none()),
    )?;
    page.counter(
        "tracewell_store_removed_spans",
        "Spans that retention has removed",
        status.removed_spans,
    )?;
    page.gauge(
        "tracewell_store_degraded",
        "1 while somebody should look after the store although it works, 0 when all is well",
        u64::from(status.degraded().is_some()),
    )?;
    page.gauge(
        "tracewell_store_damaged_blocks",
        "Blocks that cannot be read in full",
        status.damaged.len() as u64,
    )?;
    page.gauge(
        "tracewell_store_damaged_spans",
        "Spans in damaged parts of blocks, which answers lack",
        status.damaged.iter().map(|block| block.spans).sum::<u64>(),
    )?;
    page.counter(
        "tracewell_store_incomplete_reads",
        "Reads that left something out because it is damaged",
        status.incomplete_reads,
    )?;
    compaction(page, &status.compaction)
}

fn compaction(page: &mut Page<'_>, status: &CompactionStatus) -> fmt::Result {
    let counters = [
        ("merges", "Merges of blocks that ended well", status.merges),
        ("spans", "Spans that merges have written", status.spans),
        ("bytes", "Bytes that merges have written", status.bytes),
        (
            "duplicate_spans",
            "Exact duplicates that merges have removed",
            status.duplicates,
        ),
    ];
    for (name, help, value) in counters {
        page.counter(&format!("tracewell_compaction_{name}"), help, value)?;
    }
    let running = status.running.unwrap_or(RunningMerge {
        spans: 0,
        written: 0,
    });
    let gauges = [
        (
            "backlog_blocks",
            "Blocks that wait to be merged",
            status.backlog_blocks,
        ),
        (
            "backlog_bytes",
            "Bytes of the blocks that wait to be merged",
            status.backlog_bytes,
        ),
        (
            "running_spans",
            "Spans of the merge that runs now, 0 without one",
            running.spans,
        ),
        (
            "running_written_spans",
            "Spans that the merge that runs now has written",
            running.written,
        ),
        (
            "healthy",
            "1, or 0 while merges fail or leave out a damaged block",
            u64::from(status.trouble.is_none()),
        ),
    ];
    for (name, help, value) in gauges {
        page.gauge(&format!("tracewell_compaction_{name}"), help, value)?;
    }
    Ok(())
}

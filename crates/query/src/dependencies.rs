//! Which service calls which: counted from stored spans.
//!
//! A call is a span whose parent, or a span that it links to, belongs to another
//! service; it belongs to the range in which it starts, wherever its parent
//! does. Stores keep the spans of a trace together, so nearly every parent stands in the same run of
//! rows as its children. Where it does not, it is looked for in what was seen
//! lately, then in what is still to come; what is left after that, because its
//! parent was shown too long before, is found by reading once more. **Memory
//! is bounded whatever is stored**: what finds no room is counted as skipped.

mod counted;
mod recent;
mod run;
#[cfg(test)]
mod tests;
mod waiting;

use counted::Counted;
use recent::Recent;
use run::{CallCounts, Names, Run};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use tracewell_model::store::{ScanChunk, ScanColumns, ScanReport, ScanRequest};
use tracewell_model::tree::structure_columns;
use tracewell_model::{RowSet, SpanFilter, StoreError, TimeRange, TraceId, TraceStore};
use waiting::Waiting;

/// What counting may hold and do.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Bytes of spans that are remembered for children still to come.
    recent_bytes: usize,
    /// Children that may wait for their parent.
    waiting_children: usize,
    /// Calls that are remembered, so that none counts twice.
    counted_calls: usize,
    /// Traces whose parents are fetched by id instead of reading everything
    /// again.
    fetched_traces: usize,
}

impl Default for Limits {
    /// Some four million spans of everyday traces, some 60 MB of children, and
    /// 36 MB of calls.
    fn default() -> Self {
        Self {
            recent_bytes: 64 << 20,
            waiting_children: 1_000_000,
            counted_calls: 2_000_000,
            fetched_traces: 1_024,
        }
    }
}

/// Traces fetched at a time.
const FETCH_TRACES: usize = 32;

/// Calls from one service to another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dependency {
    /// The calling service.
    pub parent: String,
    /// The called service.
    pub child: String,
    /// How often.
    pub calls: u64,
    /// How often the called span failed (ADR-010).
    pub failed: u64,
}

/// The calls between services in a time range.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dependencies {
    /// Sorted by names.
    pub calls: Vec<Dependency>,
    /// Spans with a parent whose caller was not looked for to the end, because
    /// too many waited or the time was over: the calls may be that many more.
    pub skipped: u64,
    /// How much was read.
    pub report: ScanReport,
}

type Hashed<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// Counts the calls between services whose children start in the range. A span
/// that was stored twice counts once, among the first two million calls.
///
/// # Errors
/// What the store says: cancelled or damaged.
pub fn dependencies(
    store: &dyn TraceStore,
    range: TimeRange,
    cancelled: &AtomicBool,
) -> Result<Dependencies, StoreError> {
    count(store, range, cancelled, Limits::default())
}

fn count(
    store: &dyn TraceStore,
    range: TimeRange,
    cancelled: &AtomicBool,
    limits: Limits,
) -> Result<Dependencies, StoreError> {
    let request = ScanRequest {
        range,
        filter: &SpanFilter::All,
        traces: None,
        columns: ScanColumns {
            services: true,
            links: true,
            failures: true,
            ..structure_columns()
        },
        cancelled,
    };
    let mut counting = Counting {
        range,
        limits,
        names: Names::default(),
        counts: CallCounts::default(),
        counted: Counted::new(limits.counted_calls),
        recent: Recent::new(limits.recent_bytes),
        waiting: Waiting::new(limits.waiting_children),
        skipped: 0,
    };
    let mut report = store.scan(&request, &mut |chunk, _| {
        counting.first_pass(chunk);
        ControlFlow::Continue(())
    })?;
    if !counting.waiting.is_empty() {
        match counting.find_the_rest(store, &request) {
            Ok(again) => {
                report.searched_bytes += again.searched_bytes;
                report.lacks_also(&again);
            }
            // What was counted is worth more than nothing.
            Err(StoreError::Cancelled) => counting.skipped += counting.waiting.len() as u64,
            Err(error) => return Err(error),
        }
    }
    Ok(Dependencies {
        calls: counting.counts.finish(&counting.names),
        skipped: counting.skipped,
        report,
    })
}

struct Counting {
    range: TimeRange,
    limits: Limits,
    names: Names,
    counts: CallCounts,
    counted: Counted,
    recent: Recent,
    waiting: Waiting,
    skipped: u64,
}

impl Counting {
    /// Counts what a chunk and what was seen before it tell.
    fn first_pass(&mut self, chunk: &ScanChunk<'_>) {
        let Self {
            range,
            names,
            counts,
            counted,
            recent,
            waiting,
            skipped,
            ..
        } = self;
        Run::each(chunk, names, &mut |run| {
            let mut elsewhere = Vec::new();
            run.calls(*range, counted, counts, &mut |caller, child| {
                elsewhere.push((caller, child));
            });
            for ((trace, caller), child) in elsewhere {
                if let Some(service) = recent.service(trace, caller) {
                    counts.add(service, child);
                } else if !waiting.push(trace, caller, child) {
                    *skipped += 1;
                }
            }
            waiting.resolve(run, counts);
            recent.push(run);
        });
    }

    /// Looks for the parents that were shown too long before their children,
    /// and, where few traces are left, for those that lie outside the range.
    fn find_the_rest(
        &mut self,
        store: &dyn TraceStore,
        request: &ScanRequest<'_>,
    ) -> Result<ScanReport, StoreError> {
        let has_forgotten = self.recent.has_forgotten();
        // Nothing that is remembered helps any more.
        self.recent = Recent::new(0);
        let most = self.limits.fetched_traces;
        let ids: Vec<TraceId> = self.waiting.traces().take(most + 1).collect();
        if ids.len() > most {
            if !has_forgotten {
                return Ok(ScanReport::default());
            }
            let again = store.scan(request, &mut |chunk, _| {
                Run::each(chunk, &mut self.names, &mut |run| {
                    self.waiting.resolve(run, &mut self.counts);
                });
                if self.waiting.is_empty() {
                    return ControlFlow::Break(());
                }
                ControlFlow::Continue(())
            })?;
            return Ok(again);
        }
        let mut read = ScanReport::default();
        for ids in ids.chunks(FETCH_TRACES) {
            let found = store.traces(ids, Some(&request.columns), request.cancelled)?;
            read.searched_bytes += found.report.searched_bytes;
            read.lacks_also(&found.report);
            for batch in found.traces.iter().flatten() {
                let rows = RowSet::all(batch.len());
                let chunk = ScanChunk::of_spans(batch, &rows, None);
                Run::each(&chunk, &mut self.names, &mut |run| {
                    self.waiting.resolve(run, &mut self.counts);
                });
            }
        }
        Ok(read)
    }
}

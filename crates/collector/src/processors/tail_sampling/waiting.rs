//! Spans that wait, for people who search meanwhile.
//!
//! What is known of traces says which rows of which batches wait; the spans are read
//! from the disk, one batch at a time, when somebody asks. **Nothing is kept for them
//! in memory.**

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tracewell_model::spool::{Spool, SpoolRecord};
use tracewell_model::waiting::{Waiting, WaitingBatch};
use tracewell_model::{RowSet, SpanBatch, StoreError, TimeRange, TraceId};

use super::held::Batches;
use super::inbox::Inbox;
use super::state::{State, locked};

/// For how long who asks waits until what was acknowledged before is looked at: far
/// longer than that takes unless the disk stands still.
const PATIENCE: Duration = Duration::from_secs(1);

/// See the module's text.
pub(super) struct WaitingSpans {
    pub(super) state: Arc<Mutex<State>>,
    pub(super) spool: Arc<dyn Spool>,
    pub(super) inbox: Arc<Inbox>,
}

impl Waiting for WaitingSpans {
    fn batches(&self, range: TimeRange) -> Vec<WaitingBatch> {
        self.inbox.wait_until_looked_at(PATIENCE);
        let state = locked(&self.state);
        let held = state.held.needed();
        held.filter(|batch| batch.times.reach(range)).collect()
    }

    fn batches_of(&self, traces: &[TraceId]) -> Vec<WaitingBatch> {
        self.inbox.wait_until_looked_at(PATIENCE);
        let state = locked(&self.state);
        let mut numbers = HashSet::new();
        state.each_of(traces, &mut |batches, _| numbers.extend(batches.numbers()));
        let held = numbers.into_iter();
        let mut held: Vec<_> = held.filter_map(|number| state.held.get(number)).collect();
        held.sort_unstable_by_key(|batch| batch.place);
        held
    }

    fn read(&self, batch: &WaitingBatch) -> Result<Option<(Arc<SpanBatch>, RowSet)>, StoreError> {
        let read = self.spool.read(batch.place);
        let state = locked(&self.state);
        if state.held.get(batch.number) != Some(*batch) {
            return Ok(None);
        }
        let SpoolRecord::Batch(spans) = read? else {
            let why = format!("there is a note at {:?} where spans should be", batch.place);
            return Err(StoreError::Damaged(why));
        };
        let rows = state.waiting_rows(batch.number, &spans);
        Ok((!rows.is_empty()).then_some((spans, rows)))
    }

    fn start_range_ns(&self) -> Option<(u64, u64)> {
        let state = locked(&self.state);
        let times = state.held.needed().map(|batch| batch.times);
        let ranges = times.map(|times| (times.first_start_ns, times.last_start_ns));
        ranges.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    fn spans_of(&self, trace: TraceId) -> u64 {
        let mut spans = 0;
        locked(&self.state).each_of(&[trace], &mut |_, of| spans += of);
        spans
    }
}

impl State {
    /// Where spans of these traces wait, and how many.
    fn each_of(&self, traces: &[TraceId], each: &mut dyn FnMut(&Batches, u64)) {
        for trace in traces {
            if let Some(pending) = self.pending.get(trace) {
                each(&pending.batches, u64::from(pending.spans));
            }
            if let Some(late) = self.late.get(trace) {
                each(&late.batches, late.spans);
            }
        }
        let wanted: HashSet<&TraceId> = traces.iter().collect();
        let decided = self.groups.values().flat_map(|group| group.members());
        for member in decided.filter(|member| wanted.contains(&member.trace)) {
            each(&member.batches, member.spans);
        }
    }

    /// The rows of a batch whose traces need it: of one that came before and was done
    /// with, older spans may lie in it too.
    fn waiting_rows(&self, number: u32, batch: &SpanBatch) -> RowSet {
        let groups = self.groups.values();
        let groups = groups.filter(|group| group.may_need(number));
        let members = groups.flat_map(|group| group.members());
        let needing = members.filter(|member| member.batches.has(number));
        let decided: HashSet<TraceId> = needing.map(|member| member.trace).collect();
        let waits = |trace: &TraceId| {
            let pending = self.pending.get(trace).map(|pending| &pending.batches);
            let late = self.late.get(trace).map(|late| &late.batches);
            pending
                .into_iter()
                .chain(late)
                .any(|batches| batches.has(number))
                || decided.contains(trace)
        };
        let traces = &batch.spans().trace_id;
        let (mut last, mut last_waits) = (None, false);
        RowSet::from_fn(batch.len(), |row| {
            if last != Some(traces[row]) {
                last = Some(traces[row]);
                last_waits = waits(&traces[row]);
            }
            last_waits
        })
    }
}

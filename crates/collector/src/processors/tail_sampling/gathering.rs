//! Reads the spans of decided traces from the disk, and joins them.
//!
//! Traces that are decided together have spans in the same few batches, so a batch
//! is read once for all of them, and the last ones are kept for the next group.
//! **What cannot be read is left out and said, and never stops the others.** What
//! goes on says for how many it stands.

use std::collections::{HashMap, HashSet, VecDeque};
use std::mem;
use std::sync::Arc;

use tracewell_model::batch::concat::BatchJoiner;
use tracewell_model::spool::{Spool, SpoolPlace, SpoolRecord};
use tracewell_model::{RowSet, SpanBatch, StoreError, TraceId};

use super::held::HeldBatches;
use super::shares::write_shares;
use super::state::Member;
use tracewell_model::trace_state::threshold::Threshold;

/// Bytes of batches that are kept for the next group.
const KEPT_BYTES: usize = 32 << 20;

/// Spans of whole traces that go on as one batch, unless a trace alone has more: an
/// exporter would cut what is much larger into messages again.
const JOINED_SPANS: u64 = 4_096;

/// Bytes at which one trace goes on as several batches.
const JOINED_BYTES: usize = 64 << 20;

/// Batches that were read not long ago.
pub(super) struct ReadBatches {
    /// The longest unused first.
    kept: VecDeque<(SpoolPlace, usize, Arc<SpanBatch>)>,
    bytes: usize,
    pub(super) joined_spans: u64,
}

impl Default for ReadBatches {
    fn default() -> Self {
        Self {
            kept: VecDeque::new(),
            bytes: 0,
            joined_spans: JOINED_SPANS,
        }
    }
}

impl ReadBatches {
    fn read(&mut self, spool: &dyn Spool, place: SpoolPlace) -> Result<Arc<SpanBatch>, StoreError> {
        let known = self.kept.iter().position(|(kept, ..)| *kept == place);
        if let Some(entry) = known.and_then(|index| self.kept.remove(index)) {
            let batch = Arc::clone(&entry.2);
            self.kept.push_back(entry);
            return Ok(batch);
        }
        let SpoolRecord::Batch(batch) = spool.read(place)? else {
            let why = format!("there is a note at {place:?} where spans should be");
            return Err(StoreError::Damaged(why));
        };
        let bytes = batch.memory_bytes();
        self.bytes += bytes;
        self.kept.push_back((place, bytes, Arc::clone(&batch)));
        while self.bytes > KEPT_BYTES
            && let Some((_, bytes, _)) = self.kept.pop_front()
        {
            self.bytes -= bytes;
        }
        Ok(batch)
    }
}

/// Traces that go on as one batch, and where their spans lie.
pub(super) struct Wanted {
    /// In the order of the places.
    places: Vec<(SpoolPlace, TraceId)>,
    shares: HashMap<TraceId, Threshold>,
}

impl Wanted {
    /// These traces in parts of some `joined_spans`. Nothing is read.
    pub(super) fn parts(held: &HeldBatches, members: &[Member], joined_spans: u64) -> Vec<Self> {
        let (mut parts, mut rest) = (Vec::new(), members);
        while !rest.is_empty() {
            let mut spans = 0;
            let fits = |member: &&Member| {
                spans += member.spans;
                spans <= joined_spans
            };
            let (now, later) = rest.split_at(rest.iter().take_while(fits).count().max(1));
            parts.push(Self::of(held, now));
            rest = later;
        }
        parts
    }

    fn of(held: &HeldBatches, members: &[Member]) -> Self {
        let mut wanted: Vec<(SpoolPlace, TraceId)> = Vec::new();
        for member in members {
            let places = member.batches.numbers().iter();
            let places = places.filter_map(|number| held.place(*number));
            wanted.extend(places.map(|place| (place, member.trace)));
        }
        wanted.sort_unstable();
        let shares = members.iter().map(|member| (member.trace, member.decision));
        Self {
            places: wanted,
            shares: shares
                .filter(|(_, decision)| *decision != Threshold::ALWAYS)
                .collect(),
        }
    }
}

/// The spans of these traces, each trace in one batch unless it alone is larger than
/// [`JOINED_BYTES`].
///
/// # Errors
/// The disk does not say at present; later it may.
pub(super) fn gather(
    spool: &dyn Spool,
    read: &mut ReadBatches,
    parts: &[Wanted],
) -> Result<Vec<Arc<SpanBatch>>, StoreError> {
    let mut done = Vec::new();
    for part in parts {
        done.extend(join(spool, read, part)?);
    }
    Ok(done)
}

/// The spans of these traces, as few batches as may be.
fn join(
    spool: &dyn Spool,
    read: &mut ReadBatches,
    Wanted {
        places: wanted,
        shares,
    }: &Wanted,
) -> Result<Vec<Arc<SpanBatch>>, StoreError> {
    let empty = || BatchJoiner::in_passing_within(JOINED_BYTES);
    let (mut done, mut joiner) = (Vec::new(), empty());
    for of_batch in wanted.chunk_by(|a, b| a.0 == b.0) {
        let batch = match read.read(spool, of_batch[0].0) {
            Ok(batch) => batch,
            Err(StoreError::Damaged(why)) => {
                let traces = of_batch.len();
                tracing::error!("tail_sampling: spans of {traces} traces are lost: {why}");
                continue;
            }
            Err(error) => return Err(error),
        };
        let traces: HashSet<TraceId> = of_batch.iter().map(|(_, trace)| *trace).collect();
        let ids = &batch.spans().trace_id;
        let rows = RowSet::from_fn(batch.len(), |row| traces.contains(&ids[row]));
        if rows.count() == batch.len() && joiner.is_empty() && wanted.len() == of_batch.len() {
            done.push(batch);
            break;
        }
        if joiner.append_rows(&batch, &rows).is_err() {
            let full = mem::replace(&mut joiner, empty());
            if !full.is_empty() {
                done.push(Arc::new(full.finish()));
            }
            if joiner.append_rows(&batch, &rows).is_err() {
                done.push(Arc::new(batch.select(&rows)));
            }
        }
    }
    if !joiner.is_empty() {
        done.push(Arc::new(joiner.finish()));
    }
    for batch in &mut done {
        write_shares(batch, shares);
    }
    Ok(done)
}

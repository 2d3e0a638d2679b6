//! A decided group on its way to what stands behind: the batches that it makes, and
//! what was said of each.
//!
//! A group of very large traces is several batches. **Each is counted as it was
//! answered, and one that was taken or refused is not sent again** for the sake of
//! another that was not.

use std::sync::Arc;

use tracewell_model::{SpanBatch, StoreError};

/// The first pause after something did not work, and the longest.
const FIRST_PAUSE_NS: u64 = 100_000_000;
const LONGEST_PAUSE_NS: u64 = 5_000_000_000;

/// When something is tried again.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pause {
    pub(super) failures: u32,
    pub(super) until_ns: u64,
}

impl Pause {
    pub(super) fn failed(&mut self, now_ns: u64) {
        let pause_ns = FIRST_PAUSE_NS << self.failures.min(10);
        self.until_ns = now_ns + pause_ns.min(LONGEST_PAUSE_NS);
        self.failures += 1;
    }
}

/// See the module's text.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) group: u64,
    pub(super) pause: Pause,
    parts: Vec<Part>,
    /// Answers that are still to come.
    awaited: usize,
}

#[derive(Debug)]
struct Part {
    spans: u64,
    fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Open,
    Taken,
    Refused,
}

impl Outgoing {
    pub(super) fn new(group: u64) -> Self {
        Self {
            group,
            pause: Pause::default(),
            parts: Vec::new(),
            awaited: 0,
        }
    }

    /// Its batches were read, or read anew. Answers those that are to be sent, with
    /// their numbers.
    pub(super) fn begin(&mut self, batches: Vec<Arc<SpanBatch>>) -> Vec<(usize, Arc<SpanBatch>)> {
        // The same batches in the same order, unless the disk has damaged one since.
        if self.parts.len() != batches.len() {
            let part = |batch: &Arc<SpanBatch>| Part {
                spans: batch.len() as u64,
                fate: Fate::Open,
            };
            self.parts = batches.iter().map(part).collect();
        }
        let is_open = |(number, _): &(usize, _)| self.parts[*number].fate == Fate::Open;
        let open: Vec<_> = batches.into_iter().enumerate().filter(is_open).collect();
        self.awaited = open.len();
        open
    }

    /// What was said of one. An answer that is none of these leaves it open.
    pub(super) fn answered(&mut self, number: usize, result: &Result<(), StoreError>) {
        self.awaited = self.awaited.saturating_sub(1);
        if let Some(part) = self.parts.get_mut(number) {
            part.fate = match result {
                Ok(()) => Fate::Taken,
                Err(StoreError::Refused(_)) => Fate::Refused,
                Err(_) => Fate::Open,
            };
        }
    }

    /// Are answers still to come?
    pub(super) fn is_awaited(&self) -> bool {
        self.awaited > 0
    }

    /// Must something be sent again?
    pub(super) fn is_open(&self) -> bool {
        self.parts.iter().any(|part| part.fate == Fate::Open)
    }

    /// Spans that were taken.
    pub(super) fn taken_spans(&self) -> u64 {
        let taken = self.parts.iter().filter(|part| part.fate == Fate::Taken);
        taken.map(|part| part.spans).sum()
    }
}

//! How a span ends: to its thread's chunk, or to what waits for a decision.
//!
//! It exists apart from the recorder because threads know the recorder. It must
//! never wait for the exporter.

use super::core::Core;
use super::data::SpanData;
use super::keep::LocalTrace;
use super::thread;

impl Core {
    /// Takes a span that ended.
    pub(super) fn finish(&'static self, local: Option<&LocalTrace>, data: Box<SpanData>) {
        match local {
            Some(local) => self.finish_undecided(local, data),
            None => thread::finish(self, data),
        }
    }

    /// Takes an unsampled span that may be kept.
    fn finish_undecided(&'static self, local: &LocalTrace, data: Box<SpanData>) {
        let Some(keep) = &self.keep else { return };
        let kept = local.finish(keep, &self.counters.dropped_keep_full, data);
        for span in kept {
            thread::finish(self, span);
        }
    }
}

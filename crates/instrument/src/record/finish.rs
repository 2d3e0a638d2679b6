//! How a span ends: to its thread's chunk, or to what waits for a decision.
//!
//! It exists apart from the recorder because threads know the recorder. It must
//! never wait for the exporter.

use super::core::Core;
use super::data::SpanData;
use super::keep::LocalTrace;
use super::thread;
use crate::processing::Verdict;

impl Core {
    /// Takes a span that ended.
    #[inline]
    pub(super) fn finish(&'static self, local: Option<&LocalTrace>, mut data: Box<SpanData>) {
        let is_wanted = self.processors.is_empty() || self.is_wanted(&mut data);
        match local {
            Some(local) => self.finish_undecided(local, data, is_wanted),
            None if is_wanted => thread::finish(self, data),
            None => {}
        }
    }

    fn is_wanted(&self, data: &mut SpanData) -> bool {
        let is_wanted = self.processors.end(data) == Verdict::Keep;
        if !is_wanted {
            self.counters.dropped_by_processor.add(1);
        }
        is_wanted
    }

    /// Takes an unsampled span that may be kept. One that is not wanted is part
    /// of the decision all the same.
    fn finish_undecided(&'static self, local: &LocalTrace, data: Box<SpanData>, is_wanted: bool) {
        for span in local.finish(data, is_wanted) {
            thread::finish(self, span);
        }
    }
}

//! From time to time all that is remembered is written down anew, so that older
//! records can go.
//!
//! **A replay begins at one of these places**, and not between them: else it would
//! take late spans for new traces. So of those behind which every batch lies that
//! is needed, the newest is kept.

use std::collections::VecDeque;

use tracewell_model::spool::{SpoolPlace, SpoolStatus};

use super::note::NoteBody;
use super::remembered::Remembered;

/// Ids in one note.
const IDS_AT_ONCE: usize = 4_096;

/// Decisions after which it is time, at least.
const STEP: usize = 8_192;

/// It is time as well after this, where much is held on the disk.
const EVERY_NS: u64 = 10_000_000_000;

/// See the module's text.
#[derive(Debug)]
pub(super) struct Memories {
    /// The oldest first; at the very beginning nothing was remembered.
    places: VecDeque<SpoolPlace>,
    /// Where the one begins that is being written.
    begins: SpoolPlace,
    last_ns: u64,
    pub(super) step: usize,
}

impl Default for Memories {
    fn default() -> Self {
        Self {
            places: VecDeque::from([SpoolPlace::default()]),
            begins: SpoolPlace::default(),
            last_ns: 0,
            step: STEP,
        }
    }
}

impl Memories {
    /// What is to be written down now: mostly nothing.
    pub(super) fn due(
        &mut self,
        remembered: &mut Remembered,
        status: SpoolStatus,
        now_ns: u64,
    ) -> Vec<NoteBody> {
        let is_much = status.held_bytes > status.limit_bytes / 4
            && now_ns >= self.last_ns.saturating_add(EVERY_NS);
        let step = self.step.max(remembered.len() / 2);
        if remembered.added == 0 || !is_much && remembered.added < step {
            return Vec::new();
        }
        remembered.added = 0;
        self.last_ns = now_ns;
        let mut chunks = Vec::new();
        for is_sampled in [false, true] {
            let all = remembered.all(is_sampled);
            let of_decision = all.chunks(IDS_AT_ONCE);
            chunks.extend(of_decision.map(|ids| (is_sampled, ids.to_vec())));
        }
        let last = chunks.len().saturating_sub(1);
        let body = |(index, (is_sampled, traces))| NoteBody::Remembered {
            is_first: index == 0,
            is_last: index == last,
            is_sampled,
            traces,
        };
        chunks.into_iter().enumerate().map(body).collect()
    }

    /// A part of it is on the disk, or was found there.
    pub(super) fn written(&mut self, is_first: bool, is_last: bool, place: SpoolPlace) {
        if is_first {
            self.begins = place;
        }
        if is_last {
            self.places.push_back(self.begins);
        }
    }

    /// Where a replay would begin, when batches are needed from here on.
    pub(super) fn replay_from(&mut self, needed: SpoolPlace) -> SpoolPlace {
        while self.places.get(1).is_some_and(|place| *place <= needed) {
            self.places.pop_front();
        }
        self.places.front().copied().unwrap_or_default()
    }
}

//! From time to time all that is remembered is written down anew, so that older
//! records can go.
//!
//! **A replay begins at one of these places**, and not between them: else it would
//! take late spans for new traces. So of those behind which every batch lies that
//! is needed, the newest is kept.

use std::collections::VecDeque;

use tracewell_model::spool::{Spool, SpoolPlace};

use super::note::NoteBody;
use super::remembered::Remembered;

/// Ids in one note.
const IDS_AT_ONCE: usize = 4_096;

/// Bytes of an id.
const ID_BYTES: u64 = 16;

/// Of one with the threshold at which it was sampled.
const SAMPLED_ID_BYTES: u64 = 24;

/// It is time when so much lies behind the last one: at most as much, and what it
/// takes itself, is held without need.
const STEP_BYTES: u64 = 8 << 20;

/// And when so many times what it takes itself lies there: so writing it again and
/// again is a small part of all writing.
const TIMES_ITSELF: u64 = 4;

/// The same where somebody was told that there is no room.
const STEP_BYTES_IN_NEED: u64 = 64 << 10;
const TIMES_ITSELF_IN_NEED: u64 = 2;

/// See the module's text.
#[derive(Debug)]
pub(super) struct Memories {
    /// The oldest first; at the very beginning nothing was remembered.
    places: VecDeque<SpoolPlace>,
    /// Where the one begins that is being written.
    begins: SpoolPlace,
    is_being_written: bool,
    pub(super) step_bytes: u64,
}

impl Default for Memories {
    fn default() -> Self {
        Self {
            places: VecDeque::from([SpoolPlace::default()]),
            begins: SpoolPlace::default(),
            is_being_written: false,
            step_bytes: STEP_BYTES,
        }
    }
}

impl Memories {
    /// What is to be written down now: mostly nothing.
    pub(super) fn due(
        &mut self,
        remembered: &Remembered,
        spool: &dyn Spool,
        is_in_need: bool,
    ) -> Vec<NoteBody> {
        if self.is_being_written {
            return Vec::new();
        }
        let (step_bytes, times) = match is_in_need {
            true => {
                let step_bytes = self.step_bytes.min(STEP_BYTES_IN_NEED);
                (step_bytes, TIMES_ITSELF_IN_NEED)
            }
            false => (self.step_bytes, TIMES_ITSELF),
        };
        let newest = self.places.back().copied().unwrap_or_default();
        let itself_bytes = remembered.len() as u64 * ID_BYTES;
        if spool.bytes_from(newest) < step_bytes.max(times * itself_bytes) {
            return Vec::new();
        }
        let mut chunks = Vec::new();
        for is_sampled in [false, true] {
            let all = remembered.all(is_sampled);
            let of_decision = all.chunks(IDS_AT_ONCE);
            chunks.extend(of_decision.map(|traces| (is_sampled, traces.to_vec())));
        }
        self.is_being_written = !chunks.is_empty();
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
            self.is_being_written = false;
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

/// Bytes of notes that must find room when batches find none, so that room is given
/// back: decisions of all traces that can wait, all that is remembered, more than
/// once, and what is noted with each tick of the wait.
pub(super) fn reserve_bytes(traces: usize, remembered: usize, wait_s: u64) -> u64 {
    const TIMES: u64 = 2;
    const TICK_BYTES: u64 = 512;
    const SLACK_BYTES: u64 = 4 << 20;
    let ids = (traces as u64).saturating_add(remembered as u64);
    let of_ids = ids.saturating_mul(TIMES * SAMPLED_ID_BYTES);
    let of_ticks = wait_s.saturating_mul(TICK_BYTES);
    of_ids.saturating_add(of_ticks).saturating_add(SLACK_BYTES)
}

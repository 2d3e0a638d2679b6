//! What a start makes of the records that an earlier life left.
//!
//! Batches wait here until a note says that they had been looked at when it was
//! made; those after the last note are looked at last, as if they came now. So **a
//! decision is taken again with the same spans that it was taken with**, and no
//! trace is decided sooner than it would have been.

use std::collections::VecDeque;
use std::sync::Arc;

use tracewell_model::SpanBatch;
use tracewell_model::spool::{SpoolPlace, SpoolRecord};

use super::config::TailSamplingConfig;
use super::memories::Memories;
use super::note::{self, Note, NoteBody};
use super::state::State;

/// See the module's text.
pub(super) struct Replay {
    state: State,
    unseen: VecDeque<(SpoolPlace, Arc<SpanBatch>)>,
    running_ns: u64,
    memories: Memories,
    error: Option<String>,
}

/// Where a new life begins.
pub(super) struct Replayed {
    pub(super) state: State,
    /// For how long all lives before have run.
    pub(super) running_ns: u64,
    pub(super) memories: Memories,
}

impl Replay {
    pub(super) fn new(config: TailSamplingConfig) -> Self {
        Self {
            state: State::new(config),
            unseen: VecDeque::new(),
            running_ns: 0,
            memories: Memories::default(),
            error: None,
        }
    }

    pub(super) fn record(&mut self, place: SpoolPlace, record: SpoolRecord) {
        match record {
            SpoolRecord::Batch(batch) => self.unseen.push_back((place, batch)),
            SpoolRecord::Note(bytes) => match note::decode(&bytes) {
                Ok(notes) => notes.into_iter().for_each(|note| self.note(place, note)),
                Err(why) => {
                    self.error.get_or_insert(why);
                }
            },
        }
    }

    fn note(&mut self, place: SpoolPlace, note: Note) {
        self.running_ns = self.running_ns.max(note.running_ns);
        self.look_at_through(note.through);
        if let NoteBody::Remembered {
            is_first, is_last, ..
        } = note.body
        {
            self.memories.written(is_first, is_last, place);
        }
        self.state.follow(note);
    }

    /// Spans that end here were counted by the life that ended them.
    fn look_at_through(&mut self, through: SpoolPlace) {
        while let Some((place, batch)) = self.unseen.pop_front_if(|(place, _)| *place <= through) {
            self.state.look_at(place, &batch, self.running_ns);
        }
    }

    /// # Errors
    /// A note cannot be understood.
    pub(super) fn end(mut self) -> Result<Replayed, String> {
        if let Some(why) = self.error {
            return Err(why);
        }
        self.look_at_through(SpoolPlace(u64::MAX, u32::MAX));
        Ok(Replayed {
            state: self.state,
            running_ns: self.running_ns,
            memories: self.memories,
        })
    }
}

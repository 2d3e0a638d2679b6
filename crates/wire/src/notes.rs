//! What a decoder keeps beside the batch: what was put right, what stood where
//! spans were expected, and how much memory all of it takes.
//!
//! Every loop over something that repeats asks here, once for each
//! [`STEP_BYTES`] of input, whether the request may go on growing. **A loop
//! that does not ask can be made to take all memory.**

use crate::WireError;
use crate::error::Problem;
use crate::repaired::{Repair, Repaired};
use crate::room::{NoRoom, Room, STEP_BYTES};
use tracewell_model::SpanBatchBuilder;

/// See the module's text.
pub(crate) struct Notes<'r> {
    room: Room<'r>,
    pub(crate) repaired: Repaired,
    /// Memory of the batch when it was looked at last.
    batch_bytes: usize,
    /// Memory of what is found again: resources and scopes.
    rows_bytes: usize,
    /// Memory of the message that is being rewritten.
    buffer_bytes: usize,
}

impl<'r> Notes<'r> {
    pub(crate) fn new(room: Room<'r>) -> Self {
        Self {
            room,
            repaired: Repaired::default(),
            batch_bytes: 0,
            rows_bytes: 0,
            buffer_bytes: 0,
        }
    }

    /// For a message of which `left` bytes are left: how many are to be left
    /// when it is time to ask.
    #[inline(always)]
    pub(crate) fn pause(left: usize) -> usize {
        left.saturating_sub(STEP_BYTES)
    }

    /// Asks for what the batch has become.
    ///
    /// # Errors
    /// There is no room; reading must end. Likewise below.
    #[cold]
    pub(crate) fn ask(&mut self, builder: &SpanBatchBuilder) -> Result<(), NoRoom> {
        self.batch_bytes = builder.memory_bytes();
        self.ask_for(0)
    }

    /// Asks for `bytes` that are needed for a moment.
    pub(crate) fn ask_for(&mut self, bytes: usize) -> Result<(), NoRoom> {
        let held_bytes = self.batch_bytes + self.rows_bytes + self.buffer_bytes;
        self.room.ask(held_bytes.saturating_add(bytes))
    }

    /// A row more is found again by so many bytes.
    pub(crate) fn keep_row(&mut self, bytes: usize) {
        self.rows_bytes += bytes;
    }

    /// Asks when the buffer for rewriting has grown much.
    #[inline]
    pub(crate) fn buffer(&mut self, capacity: usize) -> Result<(), NoRoom> {
        if capacity < self.buffer_bytes + STEP_BYTES {
            return Ok(());
        }
        self.buffer_bytes = capacity;
        self.ask_for(0)
    }

    /// `bytes` with U+FFFD for what is not UTF-8; counted.
    ///
    /// # Errors
    /// There is no room for the text.
    #[cold]
    pub(crate) fn utf8(&mut self, bytes: &[u8]) -> Result<String, NoRoom> {
        let (mut places, mut len) = (0, 0);
        for chunk in bytes.utf8_chunks() {
            let is_cut = !chunk.invalid().is_empty();
            places += u64::from(is_cut);
            len += chunk.valid().len() + if is_cut { '\u{fffd}'.len_utf8() } else { 0 };
        }
        if len > STEP_BYTES {
            // Here and once more in its column.
            self.ask_for(len * 2)?;
        }
        self.repaired.count(Repair::Utf8, places);
        let mut text = String::with_capacity(len);
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            if !chunk.invalid().is_empty() {
                text.push('\u{fffd}');
            }
        }
        Ok(text)
    }
}

impl NoRoom {
    /// As the error of the request, at a place in it.
    #[cold]
    pub(crate) fn at_byte(self, offset: usize) -> WireError {
        WireError::at_byte(offset, self.into())
    }
}

impl From<NoRoom> for Problem {
    fn from(full: NoRoom) -> Self {
        Self::NoRoom(full.0)
    }
}

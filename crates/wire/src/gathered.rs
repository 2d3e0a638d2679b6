//! What every decoder of a request gathers: the batch, what is told of it, and
//! the rejections.
//!
//! It keeps a builder for each thread, so that decoding costs no memory anew.
//! **A request that failed takes its builder with it: nothing of it stays.**

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;

use tracewell_model::SpanBatchBuilder;

use crate::error::Problem;
use crate::notes::Notes;
use crate::rejected::{Fault, Place, Rejected};
use crate::room::{NoRoom, Room};
use crate::{Decoded, WireError};

/// A fault that costs the span, or none.
pub(crate) type Verdict = Option<Fault>;

thread_local! {
    /// The builder of this thread, which keeps its room from one request to
    /// the next (bounded by the builder itself).
    static BUILDER: RefCell<SpanBatchBuilder> = RefCell::default();
}

/// Offsets of a batch are 32 bits wide; protobuf itself ends at the same size.
const BODY_BYTES_MAX: usize = i32::MAX as usize;

/// See the module's text.
pub(crate) struct Gathered<'r> {
    pub(crate) builder: SpanBatchBuilder,
    pub(crate) notes: Notes<'r>,
    rejected: Rejected,
}

impl<'r> Gathered<'r> {
    /// Begins to read a body.
    ///
    /// # Errors
    /// The body is longer than a batch can be.
    pub(crate) fn new(body: &[u8], room: Room<'r>) -> Result<Self, WireError> {
        let (got, max) = (body.len(), BODY_BYTES_MAX);
        if got > max {
            return Err(WireError::at_byte(max, Problem::BodyLength { got, max }));
        }
        Ok(Self {
            builder: BUILDER.take(),
            notes: Notes::new(room),
            rejected: Rejected::default(),
        })
    }

    pub(crate) fn reject(&mut self, fault: Fault, place: Place) {
        self.rejected.count(fault, place);
    }

    /// Spans that were met, good or bad.
    pub(crate) fn has_spans(&self) -> bool {
        !self.builder.is_empty() || self.rejected.total() > 0
    }

    pub(crate) fn finish(mut self, no_spans: Option<String>) -> Decoded {
        let batch = self.builder.take_batch();
        BUILDER.set(self.builder);
        Decoded {
            batch,
            rejected: self.rejected,
            repaired: self.notes.repaired,
            no_spans,
        }
    }
}

/// Asks for room as input is read; see [`Notes`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// How much is to be left when it is time to ask.
    pause: usize,
}

impl Pace {
    /// For input of which `left` bytes are left.
    pub(crate) fn new(left: usize) -> Self {
        Self {
            pause: Notes::pause(left),
        }
    }

    /// `left` bytes are left now.
    #[inline]
    pub(crate) fn step(
        &mut self,
        left: usize,
        notes: &mut Notes<'_>,
        builder: &SpanBatchBuilder,
    ) -> Result<(), NoRoom> {
        if left >= self.pause {
            return Ok(());
        }
        self.pause = Notes::pause(left);
        notes.ask(builder)
    }
}

/// Rows of resources or scopes that were already met, found again by the bytes
/// they came in, before they are read: the same bytes are the same row.
/// Different bytes of equal meaning get rows of their own, which costs space
/// and nothing else.
#[derive(Default)]
pub(crate) struct Rows<'a>(HashMap<RowKey<'a>, u32, foldhash::fast::RandomState>);

/// Bytes of the message, and what belongs to it but stands elsewhere.
pub(crate) type RowKey<'a> = (Cow<'a, [u8]>, &'a [u8]);

impl<'a> Rows<'a> {
    pub(crate) fn get(&self, key: &RowKey<'_>) -> Option<u32> {
        self.0.get(key).copied()
    }

    /// The row of `key`; `read` adds it to the batch when it is new.
    pub(crate) fn row<'r>(
        &mut self,
        notes: &mut Notes<'r>,
        key: RowKey<'a>,
        read: impl FnOnce(&mut Notes<'r>) -> Result<u32, WireError>,
    ) -> Result<u32, WireError> {
        if let Some(row) = self.get(&key) {
            return Ok(row);
        }
        let row = read(notes)?;
        let owned_bytes = match &key.0 {
            Cow::Borrowed(_) => 0,
            Cow::Owned(bytes) => bytes.len(),
        };
        // A table is between half and fully used.
        notes.keep_row(2 * size_of::<(RowKey<'_>, u32)>() + owned_bytes);
        self.0.insert(key, row);
        Ok(row)
    }
}

//! What a decoder of a request gathers: the batch, the rejections, and the
//! rows of resources and scopes that were already met.
//!
//! Resources and scopes are found again by the bytes they came in, before they
//! are read: the same bytes are the same row. Different bytes of equal meaning
//! get rows of their own, which costs space and nothing else.

use super::notes::Notes;
use crate::rejected::{Fault, Place, Rejected};
use crate::room::Room;
use crate::{Decoded, WireError};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use tracewell_model::{SpanBatchBuilder, SpanHeader};

/// A fault that costs the span, or none.
pub(super) type Verdict = Option<Fault>;

/// Bytes of the message and of its schema URL.
pub(super) type RowKey<'a> = (Cow<'a, [u8]>, &'a [u8]);

type Rows<'a> = HashMap<RowKey<'a>, u32, foldhash::fast::RandomState>;

thread_local! {
    /// The builder of this thread, which keeps its room from one request to
    /// the next (bounded by the builder itself).
    static BUILDER: RefCell<SpanBatchBuilder> = RefCell::default();
}

/// State of decoding one request.
pub(super) struct Intake<'a, 'r> {
    pub(super) builder: SpanBatchBuilder,
    pub(super) notes: Notes<'r>,
    rejected: Rejected,
    resources: Rows<'a>,
    scopes: Rows<'a>,
}

impl<'a, 'r> Intake<'a, 'r> {
    pub(super) fn new(room: Room<'r>) -> Self {
        Self {
            builder: BUILDER.take(),
            notes: Notes::new(room),
            rejected: Rejected::default(),
            resources: Rows::default(),
            scopes: Rows::default(),
        }
    }

    /// The row of a resource; `read` adds it when its bytes are new.
    pub(super) fn resource(
        &mut self,
        key: RowKey<'a>,
        read: impl FnOnce(&mut SpanBatchBuilder, &mut Notes<'r>) -> Result<u32, WireError>,
    ) -> Result<u32, WireError> {
        let (builder, notes) = (&mut self.builder, &mut self.notes);
        row_of(&mut self.resources, notes, key, |notes| {
            read(builder, notes)
        })
    }

    /// The row of a scope, likewise.
    pub(super) fn scope(
        &mut self,
        key: RowKey<'a>,
        read: impl FnOnce(&mut SpanBatchBuilder, &mut Notes<'r>) -> Result<u32, WireError>,
    ) -> Result<u32, WireError> {
        let (builder, notes) = (&mut self.builder, &mut self.notes);
        row_of(&mut self.scopes, notes, key, |notes| read(builder, notes))
    }

    pub(super) fn reject(&mut self, fault: Fault, place: Place) {
        self.rejected.count(fault, place);
    }

    /// A request that failed takes its builder with it: nothing of it stays.
    /// `end` is the place behind the last resource.
    pub(super) fn finish(mut self, end: Place) -> Decoded {
        let batch = self.builder.take_batch();
        BUILDER.set(self.builder);
        let has_spans = !batch.is_empty() || self.rejected.total() > 0;
        let strange = self.notes.strange;
        // An empty request has no spans either, and claims no more.
        let is_bare = end.resource == 0 && strange.is_empty();
        Decoded {
            batch,
            rejected: self.rejected,
            repaired: self.notes.repaired,
            no_spans: (!has_spans && !is_bare).then(|| strange.message()),
        }
    }
}

/// What spans below a resource and scope begin with.
pub(super) fn begin(resource: u32, scope: u32) -> SpanHeader<'static> {
    SpanHeader {
        resource,
        scope,
        ..SpanHeader::default()
    }
}

fn row_of<'a, 'r>(
    rows: &mut Rows<'a>,
    notes: &mut Notes<'r>,
    key: RowKey<'a>,
    read: impl FnOnce(&mut Notes<'r>) -> Result<u32, WireError>,
) -> Result<u32, WireError> {
    if let Some(row) = rows.get(&key) {
        return Ok(*row);
    }
    let row = read(notes)?;
    let merged_bytes = match &key.0 {
        Cow::Borrowed(_) => 0,
        Cow::Owned(bytes) => bytes.len(),
    };
    // A table is between half and fully used.
    notes.keep_row(2 * size_of::<(RowKey<'_>, u32)>() + merged_bytes);
    rows.insert(key, row);
    Ok(row)
}

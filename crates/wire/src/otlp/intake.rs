//! What a decoder of a request gathers: the batch, the rejections, and the
//! rows of resources and scopes that were already met.
//!
//! Resources and scopes are found again by the bytes they came in, before they
//! are read: the same bytes are the same row. Different bytes of equal meaning
//! get rows of their own, which costs space and nothing else.

use crate::rejected::{Fault, Place, Rejected};
use crate::{Decoded, WireError};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use tracewell_model::{SpanBatchBuilder, SpanHeader};

/// The row of a resource or scope, or what is wrong with it.
pub(super) type Row = Result<u32, Fault>;

/// A fault that costs the span, or none.
pub(super) type Verdict = Option<Fault>;

/// Bytes of the message and of its schema URL.
pub(super) type RowKey<'a> = (Cow<'a, [u8]>, &'a [u8]);

type Rows<'a> = HashMap<RowKey<'a>, Row, foldhash::fast::RandomState>;

thread_local! {
    /// The builder of this thread, which keeps its room from one request to
    /// the next (bounded by the builder itself).
    static BUILDER: RefCell<SpanBatchBuilder> = RefCell::default();
}

/// State of decoding one request.
pub(super) struct Intake<'a> {
    pub(super) builder: SpanBatchBuilder,
    rejected: Rejected,
    resources: Rows<'a>,
    scopes: Rows<'a>,
}

impl<'a> Intake<'a> {
    pub(super) fn new() -> Self {
        Self {
            builder: BUILDER.take(),
            rejected: Rejected::default(),
            resources: Rows::default(),
            scopes: Rows::default(),
        }
    }

    /// The row of a resource; `read` adds it when its bytes are new.
    pub(super) fn resource(
        &mut self,
        key: RowKey<'a>,
        read: impl FnOnce(&mut SpanBatchBuilder) -> Result<Row, WireError>,
    ) -> Result<Row, WireError> {
        row_of(&mut self.resources, &mut self.builder, key, read)
    }

    /// The row of a scope, likewise.
    pub(super) fn scope(
        &mut self,
        key: RowKey<'a>,
        read: impl FnOnce(&mut SpanBatchBuilder) -> Result<Row, WireError>,
    ) -> Result<Row, WireError> {
        row_of(&mut self.scopes, &mut self.builder, key, read)
    }

    pub(super) fn reject(&mut self, fault: Fault, place: Place) {
        self.rejected.count(fault, place);
    }

    /// A request that failed takes its builder with it: nothing of it stays.
    pub(super) fn finish(mut self) -> Decoded {
        let batch = self.builder.take_batch();
        BUILDER.set(self.builder);
        Decoded {
            batch,
            rejected: self.rejected,
        }
    }
}

/// What spans below a resource and scope begin with: their rows, and the
/// fault of either.
pub(super) fn begin(resource: Row, scope: Row) -> (SpanHeader<'static>, Verdict) {
    let header = SpanHeader {
        resource: resource.unwrap_or_default(),
        scope: scope.unwrap_or_default(),
        ..SpanHeader::default()
    };
    (header, resource.err().or(scope.err()))
}

fn row_of<'a>(
    rows: &mut Rows<'a>,
    builder: &mut SpanBatchBuilder,
    key: RowKey<'a>,
    read: impl FnOnce(&mut SpanBatchBuilder) -> Result<Row, WireError>,
) -> Result<Row, WireError> {
    if let Some(row) = rows.get(&key) {
        return Ok(*row);
    }
    let row = read(builder)?;
    rows.insert(key, row);
    Ok(row)
}

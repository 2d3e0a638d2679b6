//! What a decoder of OTLP gathers beside spans: rows of resources and scopes
//! that were already met, and what stood where spans were expected.

use super::empty::Strange;
use crate::gathered::{Gathered, RowKey, Rows};
use crate::notes::Notes;
use crate::rejected::Place;
use crate::{Decoded, WireError};
use tracewell_model::{SpanBatchBuilder, SpanHeader};

/// State of decoding one request.
pub(super) struct Intake<'a, 'r> {
    pub(super) gathered: Gathered<'r>,
    pub(super) strange: Strange,
    resources: Rows<'a>,
    scopes: Rows<'a>,
}

impl<'a, 'r> Intake<'a, 'r> {
    pub(super) fn new(gathered: Gathered<'r>) -> Self {
        Self {
            gathered,
            strange: Strange::default(),
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
        let Gathered { builder, notes, .. } = &mut self.gathered;
        self.resources.row(notes, key, |notes| read(builder, notes))
    }

    /// The row of a scope, likewise.
    pub(super) fn scope(
        &mut self,
        key: RowKey<'a>,
        read: impl FnOnce(&mut SpanBatchBuilder, &mut Notes<'r>) -> Result<u32, WireError>,
    ) -> Result<u32, WireError> {
        let Gathered { builder, notes, .. } = &mut self.gathered;
        self.scopes.row(notes, key, |notes| read(builder, notes))
    }

    /// `end` is the place behind the last resource.
    pub(super) fn finish(self, end: Place) -> Decoded {
        // An empty request has no spans either, and claims no more.
        let is_bare = end.resource == 0 && self.strange.is_empty();
        let is_told = !self.gathered.has_spans() && !is_bare;
        self.gathered
            .finish(is_told.then(|| self.strange.message()))
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

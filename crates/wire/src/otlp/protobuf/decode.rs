//! `ExportTraceServiceRequest` from the wire into a batch.
//!
//! Spans point at rows of their resource and scope, which may stand after
//! them in the message. So the fields of `ResourceSpans` and `ScopeSpans` are
//! looked over once, jumping over the spans, before the spans are read.

use super::fields::{Cursor, known};
use super::resource::{self, Row};
use super::span::span;
use crate::error::Problem;
use crate::rejected::Place;
use crate::{Decoded, Rejected, WireError};
use std::borrow::Cow;
use std::collections::HashMap;
use tracewell_model::{SpanBatchBuilder, SpanHeader};

const REQUEST: u32 = known(&[1]);
const RESOURCE_SPANS: u32 = known(&[1, 2, 3]);
const SCOPE_SPANS: u32 = known(&[1, 2, 3]);

/// Offsets of a batch are 32 bits wide; protobuf itself ends at the same size.
const BODY_BYTES_MAX: usize = i32::MAX as usize;

/// Rows by the bytes they were made of: message and schema URL.
type Rows<'a> = HashMap<(Cow<'a, [u8]>, &'a [u8]), Row, foldhash::fast::RandomState>;

struct Request<'a> {
    builder: SpanBatchBuilder,
    rejected: Rejected,
    resources: Rows<'a>,
    scopes: Rows<'a>,
}

pub(super) fn decode(body: &[u8]) -> Result<Decoded, WireError> {
    let (got, max) = (body.len(), BODY_BYTES_MAX);
    if got > max {
        return Err(WireError::at_byte(max, Problem::BodyLength { got, max }));
    }
    let mut request = Request {
        builder: SpanBatchBuilder::new(),
        rejected: Rejected::default(),
        resources: Rows::default(),
        scopes: Rows::default(),
    };
    let mut fields = Cursor::new(body, 0);
    let mut place = Place::default();
    while !fields.is_done() {
        match fields.tag()? {
            0x0a => {
                fields
                    .message()
                    .and_then(|message| request.resource_spans(message, place))
                    .map_err(|e| e.within_item("resource_spans", place.resource as usize))?;
                place.resource += 1;
            }
            tag => fields.skip(tag, REQUEST)?,
        }
    }
    Ok(Decoded {
        batch: request.builder.finish(),
        rejected: request.rejected,
    })
}

/// What `ResourceSpans` and `ScopeSpans` have besides their repeated field.
#[derive(Default)]
pub(super) struct Envelope<'a> {
    /// `resource` or `scope`; merged where it was sent several times.
    pub(super) owner: Cow<'a, [u8]>,
    /// Offset of `owner` in the body.
    pub(super) offset: usize,
    pub(super) schema_url: &'a [u8],
}

impl<'a> Envelope<'a> {
    /// Both messages have owner 1, children 2 and schema URL 3.
    pub(super) fn read(message: Cursor<'a>, owner: &'static str) -> Result<Self, WireError> {
        let mut envelope = Self::default();
        let mut fields = message;
        while !fields.is_done() {
            match fields.tag()? {
                0x0a => {
                    let message = fields.message().map_err(|e| e.within(owner))?;
                    if envelope.owner.is_empty() {
                        envelope.owner = Cow::Borrowed(message.rest());
                        envelope.offset = message.offset();
                    } else {
                        envelope.owner.to_mut().extend_from_slice(message.rest());
                    }
                }
                0x12 => drop(fields.bytes()?),
                0x1a => envelope.schema_url = fields.bytes()?,
                tag => fields.skip(tag, RESOURCE_SPANS)?,
            }
        }
        Ok(envelope)
    }

    pub(super) fn cursor(&self) -> Cursor<'_> {
        Cursor::new(&self.owner, self.offset)
    }
}

impl<'a> Request<'a> {
    fn resource_spans(&mut self, message: Cursor<'a>, mut place: Place) -> Result<(), WireError> {
        let envelope = Envelope::read(message, "resource")?;
        let key = (envelope.owner.clone(), envelope.schema_url);
        let row = match self.resources.get(&key) {
            Some(row) => *row,
            None => {
                let (owner, url) = (envelope.cursor(), envelope.schema_url);
                let row = resource::resource(&mut self.builder, owner, url)
                    .map_err(|error| error.within("resource"))?;
                self.resources.insert(key, row);
                row
            }
        };
        let mut fields = message;
        while !fields.is_done() {
            match fields.tag()? {
                0x12 => {
                    fields
                        .message()
                        .and_then(|message| self.scope_spans(message, row, place))
                        .map_err(|error| error.within_item("scope_spans", place.scope as usize))?;
                    place.scope += 1;
                }
                tag => fields.skip(tag, 0)?,
            }
        }
        Ok(())
    }

    fn scope_spans(
        &mut self,
        message: Cursor<'a>,
        resource: Row,
        mut place: Place,
    ) -> Result<(), WireError> {
        let envelope = Envelope::read(message, "scope")?;
        let key = (envelope.owner.clone(), envelope.schema_url);
        let scope = match self.scopes.get(&key) {
            Some(row) => *row,
            None => {
                let (owner, url) = (envelope.cursor(), envelope.schema_url);
                let row = resource::scope(&mut self.builder, owner, url)
                    .map_err(|error| error.within("scope"))?;
                self.scopes.insert(key, row);
                row
            }
        };
        let header = SpanHeader {
            resource: resource.unwrap_or_default(),
            scope: scope.unwrap_or_default(),
            ..SpanHeader::default()
        };
        let fault = resource.err().or(scope.err());
        let mut fields = message;
        while !fields.is_done() {
            match fields.tag()? {
                0x12 => {
                    let verdict = fields
                        .message()
                        .and_then(|message| span(&mut self.builder, message, header, fault))
                        .map_err(|error| error.within_item("spans", place.span as usize))?;
                    if let Some(fault) = verdict {
                        self.rejected.count(fault, place);
                    }
                    place.span += 1;
                }
                tag => fields.skip(tag, SCOPE_SPANS & !known(&[1, 3]))?,
            }
        }
        Ok(())
    }
}

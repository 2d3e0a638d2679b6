//! `ExportTraceServiceRequest` from the wire into a batch.
//!
//! Spans point at rows of their resource and scope, which may stand after
//! them in the message. So the fields of `ResourceSpans` and `ScopeSpans` are
//! looked over once, jumping over the spans, before the spans are read.

use super::resource;
use super::span::span;
use crate::fields::{Cursor, known};
use crate::gathered::Gathered;
use crate::notes::Notes;
use crate::otlp::intake::{Intake, begin};
use crate::rejected::Place;
use crate::room::Room;
use crate::{Decoded, WireError};
use std::borrow::Cow;

const REQUEST: u32 = known(&[1]);
const RESOURCE_SPANS: u32 = known(&[1, 2, 3]);

/// `scope_spans`, and what it was called until 2022: same message, old number.
const SCOPE_SPANS: u32 = 0x12;
const INSTRUMENTATION_LIBRARY_SPANS: u32 = 1000 << 3 | 2;

pub(super) fn decode(body: &[u8], room: Room<'_>) -> Result<Decoded, WireError> {
    let mut intake = Intake::new(Gathered::new(body, room)?);
    let mut fields = Cursor::new(body, 0);
    let mut place = Place::default();
    let mut pause = Notes::pause(body.len());
    while !fields.is_done() {
        if fields.rest().len() < pause {
            pause = fields.ask(&mut intake.gathered.notes, &intake.gathered.builder)?;
        }
        match fields.tag()? {
            0x0a => {
                fields
                    .message()
                    .and_then(|message| resource_spans(&mut intake, message, place))
                    .map_err(|e| e.within_item("resource_spans", place.resource as usize))?;
                place.resource += 1;
            }
            tag => {
                fields.skip(tag, REQUEST)?;
                intake.strange.number("the request", tag >> 3);
            }
        }
    }
    Ok(intake.finish(place))
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
                SCOPE_SPANS | INSTRUMENTATION_LIBRARY_SPANS => drop(fields.bytes()?),
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

fn resource_spans<'a>(
    intake: &mut Intake<'a, '_>,
    message: Cursor<'a>,
    mut place: Place,
) -> Result<(), WireError> {
    let envelope = Envelope::read(message, "resource")?;
    let (key, url) = (envelope.owner.clone(), envelope.schema_url);
    let row = intake.resource((key, url), |builder, notes| {
        resource::resource(builder, envelope.cursor(), url, notes).map_err(|e| e.within("resource"))
    })?;
    let mut fields = message;
    let mut pause = Notes::pause(fields.rest().len());
    while !fields.is_done() {
        if fields.rest().len() < pause {
            pause = fields.ask(&mut intake.gathered.notes, &intake.gathered.builder)?;
        }
        match fields.tag()? {
            SCOPE_SPANS | INSTRUMENTATION_LIBRARY_SPANS => {
                fields
                    .message()
                    .and_then(|message| scope_spans(intake, message, row, place))
                    .map_err(|error| error.within_item("scope_spans", place.scope as usize))?;
                place.scope += 1;
            }
            tag => {
                fields.skip(tag, 0)?;
                if tag >> 3 > 3 {
                    intake.strange.number("resource_spans", tag >> 3);
                }
            }
        }
    }
    Ok(())
}

fn scope_spans<'a>(
    intake: &mut Intake<'a, '_>,
    message: Cursor<'a>,
    resource: u32,
    mut place: Place,
) -> Result<(), WireError> {
    let envelope = Envelope::read(message, "scope")?;
    let (key, url) = (envelope.owner.clone(), envelope.schema_url);
    let row = intake.scope((key, url), |builder, notes| {
        resource::scope(builder, envelope.cursor(), url, notes).map_err(|e| e.within("scope"))
    })?;
    let header = begin(resource, row);
    let mut fields = message;
    let mut pause = Notes::pause(fields.rest().len());
    while !fields.is_done() {
        if fields.rest().len() < pause {
            pause = fields.ask(&mut intake.gathered.notes, &intake.gathered.builder)?;
        }
        match fields.tag()? {
            0x12 => {
                let Gathered { builder, notes, .. } = &mut intake.gathered;
                let verdict = fields
                    .message()
                    .and_then(|message| span(builder, message, header, None, notes))
                    .map_err(|error| error.within_item("spans", place.span as usize))?;
                if let Some(fault) = verdict {
                    intake.gathered.reject(fault, place);
                }
                place.span += 1;
            }
            tag => {
                fields.skip(tag, 0)?;
                if tag >> 3 > 3 {
                    intake.strange.number("scope_spans", tag >> 3);
                }
            }
        }
    }
    Ok(())
}

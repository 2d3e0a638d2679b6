//! `ListOfSpans` of Zipkin's protobuf (`zipkin.proto`).

mod encode;

pub use encode::encode;

use std::borrow::Cow;

use tracewell_model::SpanKind;

use crate::fields::{Cursor, known};
use crate::gathered::{Gathered, Pace, Verdict};
use crate::ids;
use crate::rejected::{Place, RejectReason};
use crate::room::Room;
use crate::zipkin::assembly::{Intake, Parts};
use crate::zipkin::endpoint::Endpoint;
use crate::{Decoded, WireError};

const LIST: u32 = known(&[1]);
const SPAN: u32 = known(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
const ENDPOINT: u32 = known(&[1, 2, 3, 4]);
const PAIR: u32 = known(&[1, 2]);

/// Reads a `ListOfSpans`. Empty bytes are an empty list.
///
/// # Errors
/// The body is not protobuf of that form; nothing of it can be kept.
pub fn decode(body: &[u8]) -> Result<Decoded, WireError> {
    decode_within(body, Room::unlimited())
}

/// As [`decode`], for a sender who may not have all of this machine's memory.
///
/// # Errors
/// As for [`decode`], and [`WireError::is_no_room`].
pub fn decode_within(body: &[u8], room: Room<'_>) -> Result<Decoded, WireError> {
    let mut intake = Intake::new(Gathered::new(body, room)?);
    let mut fields = Cursor::new(body, 0);
    let mut pace = Pace::new(body.len());
    let mut place = Place::default();
    while !fields.is_done() {
        match fields.tag()? {
            0x0a => {
                let verdict = fields
                    .message()
                    .and_then(|span| read_span(&mut intake, span, &mut pace, fields.rest().len()))
                    .map_err(|error| error.within_item("spans", place.span as usize))?;
                if let Some(fault) = verdict {
                    intake.gathered.reject(fault, place);
                }
                place.span += 1;
            }
            tag => fields.skip(tag, LIST)?,
        }
    }
    Ok(intake.finish())
}

/// `behind` bytes stand in the list behind the span.
fn read_span(
    intake: &mut Intake<'_>,
    span: Cursor<'_>,
    pace: &mut Pace,
    behind: usize,
) -> Result<Verdict, WireError> {
    let offset = span.offset();
    let mut assembly = intake.begin();
    let mut parts = Parts::default();
    let mut fields = span;
    while !fields.is_done() {
        let Gathered { builder, notes, .. } = &mut intake.gathered;
        pace.step(fields.rest().len() + behind, notes, builder)
            .map_err(|full| full.at_byte(fields.offset()))?;
        match fields.tag()? {
            0x0a => match ids::trace_id(fields.bytes()?, RejectReason::TraceId, "trace_id") {
                Ok(id) => parts.trace_id = id,
                Err(fault) => parts.wrong(fault),
            },
            0x12 => match fields.bytes()? {
                // No parent, as some clients write it.
                b"" => {}
                id => match ids::span_id(id, RejectReason::ParentSpanId, "parent_id") {
                    Ok(id) => parts.parent_id = id,
                    Err(fault) => parts.wrong(fault),
                },
            },
            0x1a => match ids::span_id(fields.bytes()?, RejectReason::SpanId, "id") {
                Ok(id) => parts.id = id,
                Err(fault) => parts.wrong(fault),
            },
            0x20 => parts.kind = kind(fields.varint32()?),
            0x2a => parts.name = Cow::Borrowed(fields.bytes()?),
            0x31 => parts.start_us = fields.fixed64()?,
            0x38 => parts.duration_us = fields.varint()?,
            0x42 => {
                let local = fields.message().and_then(endpoint);
                parts.local = local.map_err(|error| error.within("local_endpoint"))?;
            }
            0x4a => {
                let remote = fields.message().and_then(endpoint);
                parts.remote = remote.map_err(|error| error.within("remote_endpoint"))?;
            }
            0x52 => {
                let annotation = fields.message().and_then(annotation);
                let (at_us, value) = annotation.map_err(|error| error.within("annotations"))?;
                assembly.annotation(intake, at_us, value, offset)?;
            }
            0x5a => {
                let tag = fields.message().and_then(tag);
                let (key, value) = tag.map_err(|error| error.within("tags"))?;
                assembly.tag(intake, key, Cow::Borrowed(value), offset)?;
            }
            0x60 => parts.is_debug = fields.varint()? != 0,
            // Spans with one id are told apart by their kind.
            0x68 => drop(fields.varint()?),
            tag => fields.skip(tag, SPAN)?,
        }
    }
    assembly.finish(intake, &parts, offset)
}

fn endpoint(mut fields: Cursor<'_>) -> Result<Endpoint<'_>, WireError> {
    let mut endpoint = Endpoint::default();
    while !fields.is_done() {
        match fields.tag()? {
            0x0a => endpoint.service = Cow::Borrowed(fields.bytes()?),
            0x12 | 0x1a => endpoint.set_ip(fields.bytes()?),
            0x20 => endpoint.port = i64::from(fields.varint32()? as i32),
            tag => fields.skip(tag, ENDPOINT)?,
        }
    }
    Ok(endpoint)
}

fn annotation(mut fields: Cursor<'_>) -> Result<(u64, &[u8]), WireError> {
    let (mut at_us, mut value): (_, &[u8]) = (0, b"");
    while !fields.is_done() {
        match fields.tag()? {
            0x09 => at_us = fields.fixed64()?,
            0x12 => value = fields.bytes()?,
            tag => fields.skip(tag, PAIR)?,
        }
    }
    Ok((at_us, value))
}

fn tag(mut fields: Cursor<'_>) -> Result<(&[u8], &[u8]), WireError> {
    let (mut key, mut value): (&[u8], &[u8]) = (b"", b"");
    while !fields.is_done() {
        match fields.tag()? {
            0x0a => key = fields.bytes()?,
            0x12 => value = fields.bytes()?,
            tag => fields.skip(tag, PAIR)?,
        }
    }
    Ok((key, value))
}

fn kind(number: u32) -> Option<SpanKind> {
    match number {
        1 => Some(SpanKind::Client),
        2 => Some(SpanKind::Server),
        3 => Some(SpanKind::Producer),
        4 => Some(SpanKind::Consumer),
        _ => None,
    }
}

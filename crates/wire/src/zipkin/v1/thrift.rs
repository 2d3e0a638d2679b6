//! A list of spans in Zipkin's Thrift (`zipkinCore.thrift`), version 1: the body
//! of a request in the binary protocol, or a datagram of old Jaeger clients.

use std::borrow::Cow;
use std::rc::Rc;

use tracewell_model::{SpanId, TraceId};

use super::{Annotation, BinaryAnnotation, LastEndpoint, Span, Value, split};
use crate::gathered::{Gathered, Pace};
use crate::rejected::{Fault, FaultProblem, Place, RejectReason};
use crate::room::Room;
use crate::thrift::{self, Binary, Field, Kind, Reader};
use crate::zipkin::assembly::Intake;
use crate::zipkin::endpoint::Endpoint;
use crate::{Decoded, WireError};

/// Reads a list of spans in the binary protocol. Empty bytes are an empty list.
///
/// # Errors
/// The body is no such list; nothing of it can be kept.
pub fn decode(body: &[u8]) -> Result<Decoded, WireError> {
    decode_within(body, Room::unlimited())
}

/// As [`decode`], for a sender who may not have all of this machine's memory.
///
/// # Errors
/// As for [`decode`], and [`WireError::is_no_room`].
pub fn decode_within(body: &[u8], room: Room<'_>) -> Result<Decoded, WireError> {
    let gathered = Gathered::new(body, room)?;
    if body.is_empty() {
        return Ok(gathered.finish(None));
    }
    read(&mut Binary::new(body), gathered)
}

/// Reads a list of spans.
pub(crate) fn read<'a, R: Reader<'a>>(
    reader: &mut R,
    gathered: Gathered<'_>,
) -> Result<Decoded, WireError> {
    let mut intake = Intake::new(gathered);
    let mut pace = Pace::new(reader.left());
    let mut place = Place::default();
    let (mut span, mut last) = (Span::default(), LastEndpoint::default());
    thrift::structs(reader, LIST, "spans", |reader, _| {
        span.clear();
        for fault in read_span(reader, &mut span, &mut last, &mut intake, &mut pace)? {
            intake.gathered.reject(fault, place);
        }
        place.span += 1;
        Ok(())
    })?;
    Ok(intake.finish())
}

/// What the list is, where it stands in no field.
const LIST: Field = Field {
    id: 1,
    kind: Kind::List,
};

fn read_span<'a, R: Reader<'a>>(
    reader: &mut R,
    span: &mut Span<'a>,
    last: &mut LastEndpoint<'a>,
    intake: &mut Intake<'_>,
    pace: &mut Pace,
) -> Result<impl Iterator<Item = Fault> + use<R>, WireError> {
    let offset = reader.offset();
    let (mut trace_id, mut times) = ([0; 2], [0; 2]);
    thrift::fields(reader, |reader, field| {
        match field.id {
            1 => trace_id[1] = thrift::i64(reader, field)?,
            3 => span.parts.name = Cow::Borrowed(thrift::binary(reader, field)?),
            4 => span.parts.id = SpanId(thrift::i64(reader, field)?.to_be_bytes()),
            5 => span.parts.parent_id = SpanId(thrift::i64(reader, field)?.to_be_bytes()),
            6 => thrift::structs(reader, field, "annotations", |reader, _| {
                span.annotations.push(annotation(reader, last)?);
                asked(reader, intake, pace, span)
            })?,
            8 => thrift::structs(reader, field, "binary_annotations", |reader, _| {
                span.binary_annotations
                    .push(binary_annotation(reader, last)?);
                asked(reader, intake, pace, span)
            })?,
            9 => {
                thrift::expect(reader, field, Kind::Bool)?;
                span.parts.is_debug = reader.bool()?;
            }
            10 => times[0] = thrift::i64(reader, field)?,
            11 => times[1] = thrift::i64(reader, field)?,
            12 => trace_id[0] = thrift::i64(reader, field)?,
            _ => thrift::skip(reader, field)?,
        }
        Ok(())
    })?;
    asked(reader, intake, pace, span)?;
    let id = u128::from(trace_id[0] as u64) << 64 | u128::from(trace_id[1] as u64);
    span.parts.trace_id = TraceId(id.to_be_bytes());
    for (us, field, part) in [
        (times[0], "timestamp", &mut span.parts.start_us),
        (times[1], "duration", &mut span.parts.duration_us),
    ] {
        match u64::try_from(us) {
            Ok(us) => *part = us,
            Err(_) => span.parts.fault = Some(negative(us, field)),
        }
    }
    split::add(intake, span, offset)
}

fn negative(us: i64, field: &'static str) -> Fault {
    Fault::new(RejectReason::Time, field, FaultProblem::Microseconds(us))
}

/// Asks for room now and then.
fn asked<'a, R: Reader<'a>>(
    reader: &R,
    intake: &mut Intake<'_>,
    pace: &mut Pace,
    span: &Span<'_>,
) -> Result<(), WireError> {
    let Gathered { builder, notes, .. } = &mut intake.gathered;
    pace.step(reader.left(), notes, builder)
        .and_then(|()| notes.buffer(span.list_bytes()))
        .map_err(|full| full.at_byte(reader.offset()))
}

fn annotation<'a, R: Reader<'a>>(
    reader: &mut R,
    last: &mut LastEndpoint<'a>,
) -> Result<Annotation<'a>, WireError> {
    let (mut at_us, mut text): (_, &[u8]) = (0, b"");
    let mut host = None;
    thrift::fields(reader, |reader, field| {
        match field.id {
            // Before the epoch is nonsense, and becomes a time after all others.
            1 => at_us = thrift::i64(reader, field)? as u64,
            2 => text = thrift::binary(reader, field)?,
            3 => host = Some(endpoint(reader, field, last)?),
            _ => thrift::skip(reader, field)?,
        }
        Ok(())
    })?;
    Ok(Annotation {
        at_us,
        text: Cow::Borrowed(text),
        endpoint: host.unwrap_or_default(),
    })
}

fn binary_annotation<'a, R: Reader<'a>>(
    reader: &mut R,
    last: &mut LastEndpoint<'a>,
) -> Result<BinaryAnnotation<'a>, WireError> {
    let (mut key, mut value, mut kind): (&[u8], &[u8], _) = (b"", b"", 0);
    let mut host = None;
    thrift::fields(reader, |reader, field| {
        match field.id {
            1 => key = thrift::binary(reader, field)?,
            2 => value = thrift::binary(reader, field)?,
            3 => kind = thrift::i32(reader, field)?,
            4 => host = Some(endpoint(reader, field, last)?),
            _ => thrift::skip(reader, field)?,
        }
        Ok(())
    })?;
    Ok(BinaryAnnotation {
        key: Cow::Borrowed(key),
        value: typed(value, kind),
        endpoint: host.unwrap_or_default(),
    })
}

/// Numbers are in big-endian bytes of their own width.
fn typed(bytes: &[u8], kind: i32) -> Value<'_> {
    let int = || match *bytes {
        [a, b] => Some(i16::from_be_bytes([a, b]).into()),
        [a, b, c, d] => Some(i32::from_be_bytes([a, b, c, d]).into()),
        _ => bytes.try_into().ok().map(i64::from_be_bytes),
    };
    match kind {
        0 => Value::Bool(bytes.iter().any(|byte| *byte != 0)),
        1 => Value::Bytes(Cow::Borrowed(bytes)),
        2..=4 => int().map_or(Value::None, Value::Int),
        5 => match bytes.try_into() {
            Ok(bytes) => Value::Double(f64::from_be_bytes(bytes)),
            Err(_) => Value::None,
        },
        6 => Value::Text(Cow::Borrowed(bytes)),
        _ => Value::None,
    }
}

fn endpoint<'a, R: Reader<'a>>(
    reader: &mut R,
    field: Field,
    last: &mut LastEndpoint<'a>,
) -> Result<Rc<Endpoint<'a>>, WireError> {
    thrift::expect(reader, field, Kind::Struct)?;
    let before = reader.rest();
    if let Some((again, bytes)) = last.again(before) {
        reader.jump(bytes);
        return Ok(again);
    }
    let mut endpoint = Endpoint::default();
    thrift::fields(reader, |reader, field| {
        match field.id {
            1 => match thrift::i32(reader, field)? {
                0 => {}
                ip => endpoint.set_ip(&ip.to_be_bytes()),
            },
            2 => {
                thrift::expect(reader, field, Kind::I16)?;
                // Ports above 32,767 come as negative numbers.
                endpoint.port = i64::from(reader.i16()? as u16);
            }
            3 => endpoint.service = Cow::Borrowed(thrift::binary(reader, field)?),
            4 => endpoint.set_ip(thrift::binary(reader, field)?),
            _ => thrift::skip(reader, field)?,
        }
        Ok(())
    })?;
    Ok(last.keep(before, reader.rest(), endpoint))
}

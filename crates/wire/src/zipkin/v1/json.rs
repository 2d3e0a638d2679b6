//! A list of spans in Zipkin's JSON, version 1.

use std::borrow::Cow;
use std::rc::Rc;

use super::{Annotation, BinaryAnnotation, LastEndpoint, Span, Value, split};
use crate::error::Problem;
use crate::json::Reader;
use crate::json::scalar::base64;
use crate::notes::Notes;
use crate::room::Room;
use crate::zipkin::endpoint::{Endpoint, text};
use crate::zipkin::v2::json::{annotation, common_member, read_list};
use crate::{Decoded, WireError};

/// Reads a list of spans.
///
/// # Errors
/// The body is no JSON of that form; nothing of it can be kept.
pub fn decode(body: &[u8]) -> Result<Decoded, WireError> {
    decode_within(body, Room::unlimited())
}

/// As [`decode`], for a sender who may not have all of this machine's memory.
///
/// # Errors
/// As for [`decode`], and [`WireError::is_no_room`].
pub fn decode_within(body: &[u8], room: Room<'_>) -> Result<Decoded, WireError> {
    read_list(body, room, |intake, _, reader| {
        let (mut span, mut last) = (Span::default(), LastEndpoint::default());
        let notes = &mut intake.gathered.notes;
        reader.object(|reader, name| member(&mut span, &mut last, reader, name, notes))?;
        split::add(intake, &span, 0)
    })
}

fn member<'a>(
    span: &mut Span<'a>,
    last: &mut LastEndpoint<'a>,
    reader: &mut Reader<'a>,
    name: &str,
    notes: &mut Notes<'_>,
) -> Result<(), WireError> {
    match name {
        "annotations" => reader.array("annotations", |reader, _| {
            let mut ahead = *reader;
            let (at_us, text) = annotation(reader)?;
            let endpoint = endpoint_of(&mut ahead, last)?;
            span.annotations.push(Annotation {
                at_us,
                text,
                endpoint,
            });
            asked(span, reader, notes)
        }),
        "binaryAnnotations" => reader.array("binaryAnnotations", |reader, _| {
            span.binary_annotations
                .push(binary_annotation(reader, last)?);
            asked(span, reader, notes)
        }),
        "debug" => {
            span.parts.is_debug = reader.boolean()?.unwrap_or(false);
            Ok(())
        }
        "localEndpoint" | "remoteEndpoint" | "tags" => {
            if reader.null() {
                return Ok(());
            }
            let text = "endpoints and tags of a span are of version 2; send it to /api/v2/spans";
            Err(reader.error(Problem::Form(text.to_owned())))
        }
        name => common_member(&mut span.parts, reader, name),
    }
}

/// Asks for room when the lists of the span have grown much.
fn asked(span: &Span<'_>, reader: &Reader<'_>, notes: &mut Notes<'_>) -> Result<(), WireError> {
    let asked = notes.buffer(span.list_bytes());
    asked.map_err(|full| reader.error(full.into()))
}

fn endpoint_of<'a>(
    reader: &mut Reader<'a>,
    last: &mut LastEndpoint<'a>,
) -> Result<Rc<Endpoint<'a>>, WireError> {
    let mut endpoint = Rc::default();
    reader.object(|reader, name| {
        match name {
            "endpoint" => {
                let before = reader.rest();
                if let Some((again, bytes)) = last.again(before) {
                    endpoint = again;
                    reader.jump(bytes);
                    return Ok(());
                }
                let read = Endpoint::from_json(reader).map_err(|e| e.within("endpoint"))?;
                endpoint = last.keep(before, reader.rest(), read);
            }
            _ => drop(reader.skip()?),
        }
        Ok(())
    })?;
    Ok(endpoint)
}

fn binary_annotation<'a>(
    reader: &mut Reader<'a>,
    last: &mut LastEndpoint<'a>,
) -> Result<BinaryAnnotation<'a>, WireError> {
    let (mut key, mut kind) = (Cow::Borrowed(&b""[..]), Cow::Borrowed(&b""[..]));
    let mut value = Value::None;
    let mut ahead = *reader;
    let endpoint = endpoint_of(&mut ahead, last)?;
    reader.object(|reader, name| {
        match name {
            "key" => key = text(reader, "key")?,
            "type" => kind = text(reader, "type")?,
            "value" => value = read_value(reader)?,
            _ => drop(reader.skip()?),
        }
        Ok(())
    })?;
    Ok(BinaryAnnotation {
        key,
        value: typed(value, &kind),
        endpoint,
    })
}

fn read_value<'a>(reader: &mut Reader<'a>) -> Result<Value<'a>, WireError> {
    if reader.is_string() {
        return Ok(Value::Text(text(reader, "value")?));
    }
    let json = reader.skip()?;
    let number = || json.parse().map(Value::Int);
    Ok(match json {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        "null" => Value::None,
        // Neither a list nor an object is a value; kept as the text it is.
        _ if json.starts_with(['[', '{']) => Value::Text(Cow::Borrowed(json.as_bytes())),
        _ => number()
            .or_else(|_| json.parse().map(Value::Double))
            .unwrap_or_default(),
    })
}

/// Bytes and 64-bit integers come as text.
fn typed<'a>(value: Value<'a>, kind: &[u8]) -> Value<'a> {
    let Value::Text(text) = value else {
        return value;
    };
    let parsed = std::str::from_utf8(&text).ok().and_then(|text| match kind {
        b"BYTES" => base64(text).map(|bytes| Value::Bytes(Cow::Owned(bytes))),
        b"I16" | b"I32" | b"I64" => text.parse().ok().map(Value::Int),
        b"DOUBLE" => text.parse().ok().map(Value::Double),
        b"BOOL" => text.parse().ok().map(Value::Bool),
        _ => None,
    });
    parsed.unwrap_or(Value::Text(text))
}

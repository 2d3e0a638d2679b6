//! A list of spans in Zipkin's JSON, version 2.

mod encode;

pub use encode::encode;

use std::borrow::Cow;

use tracewell_model::{SpanId, SpanKind, TraceId};

use crate::error::Problem;
use crate::gathered::{Gathered, Pace};
use crate::json::scalar::integer;
use crate::json::{self, Reader};
use crate::rejected::{Fault, FaultProblem, Place, RejectReason};
use crate::room::Room;
use crate::zipkin::assembly::{Assembly, Intake, Parts};
use crate::zipkin::endpoint::{Endpoint, text};
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
    read_list(body, room, |intake, pace, reader| {
        let mut reading = Reading {
            assembly: intake.begin(),
            parts: Parts::default(),
            pace,
        };
        reader.object(|reader, name| reading.member(intake, reader, name))?;
        let Reading {
            assembly, parts, ..
        } = reading;
        assembly.finish(intake, &parts, 0)
    })
}

/// Reads a list of spans of either version; an empty body is an empty list.
/// `span` reads one and says what is wrong with it, or with each part of it.
pub(in crate::zipkin) fn read_list<F: IntoIterator<Item = Fault>>(
    body: &[u8],
    room: Room<'_>,
    mut span: impl FnMut(&mut Intake<'_>, &mut Pace, &mut Reader<'_>) -> Result<F, WireError>,
) -> Result<Decoded, WireError> {
    let mut intake = Intake::new(Gathered::new(body, room)?);
    if body.is_empty() {
        return Ok(intake.finish());
    }
    let text = json::checked(body, &mut intake.gathered.notes)?;
    let mut pace = Pace::new(text.len());
    let mut place = Place::default();
    let mut reader = Reader::new(&text);
    reader.array("spans", |reader, _| {
        keep(&mut pace, &mut intake, reader)?;
        for fault in span(&mut intake, &mut pace, reader)? {
            intake.gathered.reject(fault, place);
        }
        place.span += 1;
        Ok(())
    })?;
    Ok(intake.finish())
}

/// Asks for room now and then.
fn keep(pace: &mut Pace, intake: &mut Intake<'_>, reader: &Reader<'_>) -> Result<(), WireError> {
    let Gathered { builder, notes, .. } = &mut intake.gathered;
    let asked = pace.step(reader.left(), notes, builder);
    asked.map_err(|full| reader.error(full.into()))
}

/// A span while it is read.
struct Reading<'a, 'p> {
    assembly: Assembly<'a>,
    parts: Parts<'a>,
    pace: &'p mut Pace,
}

impl<'a> Reading<'a, '_> {
    fn member(
        &mut self,
        intake: &mut Intake<'_>,
        reader: &mut Reader<'a>,
        name: &str,
    ) -> Result<(), WireError> {
        let Self {
            assembly,
            parts,
            pace,
        } = self;
        match name {
            "kind" => parts.kind = kind(&reader.string().map_err(|error| error.within("kind"))?),
            "localEndpoint" => {
                let endpoint = Endpoint::from_json(reader);
                parts.local = endpoint.map_err(|error| error.within("localEndpoint"))?;
            }
            "remoteEndpoint" => {
                let endpoint = Endpoint::from_json(reader);
                parts.remote = endpoint.map_err(|error| error.within("remoteEndpoint"))?;
            }
            "tags" => {
                let tags = reader.object(|reader, key| {
                    keep(pace, intake, reader)?;
                    let value = tag_value(reader)?;
                    assembly.tag(intake, key.as_bytes(), value, 0)
                });
                tags.map_err(|error| error.within("tags"))?;
            }
            "annotations" => reader.array("annotations", |reader, _| {
                keep(pace, intake, reader)?;
                let (time_us, text) = annotation(reader)?;
                assembly.annotation(intake, time_us, &text, 0)
            })?,
            "debug" => parts.is_debug = reader.boolean()?.unwrap_or(false),
            "binaryAnnotations" => {
                if reader.null() {
                    return Ok(());
                }
                let text = "binaryAnnotations are of version 1; send them to /api/v1/spans";
                return Err(reader.error(Problem::Form(text.to_owned())));
            }
            name => return common_member(parts, reader, name),
        }
        Ok(())
    }
}

/// Members that both versions have. `shared` needs no keeping: spans with one
/// id are told apart by their kind.
pub(in crate::zipkin) fn common_member<'a>(
    parts: &mut Parts<'a>,
    reader: &mut Reader<'a>,
    name: &str,
) -> Result<(), WireError> {
    match name {
        "traceId" => {
            let id = reader.string().map_err(|error| error.within("traceId"))?;
            match TraceId::parse_hex(&id) {
                Ok(id) => parts.trace_id = id,
                Err(error) => parts.wrong(Fault::hex(RejectReason::TraceId, "traceId", &error)),
            }
        }
        "id" => match span_id(reader, "id", RejectReason::SpanId)? {
            Ok(id) => parts.id = id,
            Err(fault) => parts.wrong(fault),
        },
        "parentId" => match span_id(reader, "parentId", RejectReason::ParentSpanId)? {
            Ok(id) => parts.parent_id = id,
            // No parent, as some clients write it.
            Err(Fault { problem, .. }) if is_none(problem) => {}
            Err(fault) => parts.wrong(fault),
        },
        "name" => parts.name = text(reader, "name")?,
        "timestamp" => parts.start_us = time_us(reader, "timestamp")?,
        "duration" => parts.duration_us = time_us(reader, "duration")?,
        _ => drop(reader.skip()?),
    }
    Ok(())
}

fn is_none(problem: FaultProblem) -> bool {
    matches!(
        problem,
        FaultProblem::Zero | FaultProblem::Digits { got: 0, .. }
    )
}

fn span_id(
    reader: &mut Reader<'_>,
    field: &'static str,
    reason: RejectReason,
) -> Result<Result<SpanId, Fault>, WireError> {
    let id = reader.string().map_err(|error| error.within(field))?;
    Ok(SpanId::parse_hex(&id).map_err(|error| Fault::hex(reason, field, &error)))
}

fn time_us(reader: &mut Reader<'_>, field: &'static str) -> Result<u64, WireError> {
    let time = integer(reader).map_err(|error| error.within(field))?;
    Ok(time.unwrap_or(0))
}

/// Time and text of an annotation of either version.
pub(in crate::zipkin) fn annotation<'a>(
    reader: &mut Reader<'a>,
) -> Result<(u64, Cow<'a, [u8]>), WireError> {
    let (mut at_us, mut value) = (0, Cow::Borrowed(&b""[..]));
    reader.object(|reader, name| {
        match name {
            "timestamp" => at_us = time_us(reader, "timestamp")?,
            "value" => value = text(reader, "value")?,
            _ => drop(reader.skip()?),
        }
        Ok(())
    })?;
    Ok((at_us, value))
}

/// Tags are text; some clients write numbers and truth values bare.
fn tag_value<'a>(reader: &mut Reader<'a>) -> Result<Cow<'a, [u8]>, WireError> {
    if reader.is_string() {
        return text(reader, "value");
    }
    if reader.null() {
        return Ok(Cow::Borrowed(b""));
    }
    Ok(Cow::Borrowed(reader.skip()?.as_bytes()))
}

/// A kind that is not known is none: Zipkin's own reader refuses the list.
fn kind(name: &str) -> Option<SpanKind> {
    match name {
        "CLIENT" => Some(SpanKind::Client),
        "SERVER" => Some(SpanKind::Server),
        "PRODUCER" => Some(SpanKind::Producer),
        "CONSUMER" => Some(SpanKind::Consumer),
        _ => None,
    }
}

//! Spans of Jaeger's own clients, as Thrift (`jaeger.thrift`, `agent.thrift`).
//!
//! A *batch* is one process and its spans: the body of a request over HTTP, in
//! the binary protocol. A *datagram* is a call of the agent's `emitBatch`, or
//! of the `emitZipkinBatch` of older clients, in the binary or the compact
//! protocol; which one shows in its first byte, so every port takes both.

mod span;

use tracewell_model::Level;
use tracewell_model::batch::builder::RawValue;

use super::gathering::{ProcessName, process_tag};
use crate::error::Problem;
use crate::gathered::{Gathered, Pace, Rows};
use crate::mend;
use crate::rejected::Place;
use crate::room::Room;
use crate::thrift::{self, Binary, Compact, Field, Reader};
use crate::zipkin;
use crate::{Decoded, WireError};

/// Reads a `Batch` in the binary protocol.
///
/// # Errors
/// The body is no such struct; nothing of it can be kept.
pub fn decode(body: &[u8]) -> Result<Decoded, WireError> {
    decode_within(body, Room::unlimited())
}

/// As [`decode`], for a sender who may not have all of this machine's memory.
///
/// # Errors
/// As for [`decode`], and [`WireError::is_no_room`].
pub fn decode_within(body: &[u8], room: Room<'_>) -> Result<Decoded, WireError> {
    let mut reader = Binary::new(body);
    Batch::read(&mut reader, Gathered::new(body, room)?)
}

/// Reads a datagram.
///
/// # Errors
/// It is no call of a function of the agent; nothing of it can be kept.
pub fn decode_datagram(body: &[u8]) -> Result<Decoded, WireError> {
    decode_datagram_within(body, Room::unlimited())
}

/// As [`decode_datagram`], within limits.
///
/// # Errors
/// As for [`decode_datagram`], and [`WireError::is_no_room`].
pub fn decode_datagram_within(body: &[u8], room: Room<'_>) -> Result<Decoded, WireError> {
    let gathered = Gathered::new(body, room)?;
    if Compact::is_message(body) {
        call(&mut Compact::new(body), gathered)
    } else {
        call(&mut Binary::new(body), gathered)
    }
}

fn call<'a, R: Reader<'a>>(reader: &mut R, gathered: Gathered<'_>) -> Result<Decoded, WireError> {
    let name = reader.call()?;
    match name {
        b"emitBatch" => {
            let batch = argument(reader, thrift::Kind::Struct)?;
            match batch {
                Some(mut batch) => {
                    Batch::read(&mut batch, gathered).map_err(|error| error.within("batch"))
                }
                None => Ok(gathered.finish(None)),
            }
        }
        b"emitZipkinBatch" => match argument(reader, thrift::Kind::List)? {
            Some(mut spans) => zipkin::v1::thrift::read(&mut spans, gathered),
            None => Ok(gathered.finish(None)),
        },
        _ => {
            let text = "a call of emitBatch or emitZipkinBatch is expected";
            let problem = Problem::Form(text.to_owned());
            Err(WireError::at_byte(reader.offset(), problem))
        }
    }
}

/// A reader at the one argument of a call.
fn argument<'a, R: Reader<'a>>(reader: &mut R, kind: thrift::Kind) -> Result<Option<R>, WireError> {
    let mut last = 0;
    while let Some(field) = reader.field(last)? {
        last = field.id;
        if field.id == 1 {
            thrift::expect(reader, field, kind)?;
            return Ok(Some(*reader));
        }
        thrift::skip(reader, field)?;
    }
    Ok(None)
}

/// A `Batch` while it is read.
struct Batch<'a, 'r> {
    gathered: Gathered<'r>,
    pace: Pace,
    scopes: Rows<'a>,
    /// The row that the process has, or will have: it may stand after its spans.
    resource: u32,
}

impl<'a, 'r> Batch<'a, 'r> {
    fn read<R: Reader<'a>>(reader: &mut R, gathered: Gathered<'r>) -> Result<Decoded, WireError> {
        let mut batch = Self {
            pace: Pace::new(reader.left()),
            scopes: Rows::default(),
            resource: gathered.builder.next_row(Level::Resource),
            gathered,
        };
        let mut has_process = false;
        thrift::fields(reader, |reader, field| match field.id {
            1 if !has_process => {
                has_process = true;
                thrift::expect(reader, field, thrift::Kind::Struct)?;
                batch
                    .process(reader)
                    .map_err(|error| error.within("process"))
            }
            2 => batch.spans(reader, field),
            _ => thrift::skip(reader, field),
        })?;
        if !has_process {
            batch.add_resource(reader.offset())?;
        }
        Ok(batch.gathered.finish(None))
    }

    fn process<R: Reader<'a>>(&mut self, reader: &mut R) -> Result<(), WireError> {
        let row = self.resource;
        let offset = reader.offset();
        let mut name = ProcessName::default();
        thrift::fields(reader, |reader, field| match field.id {
            1 => {
                name.field = thrift::binary(reader, field)?;
                Ok(())
            }
            2 => thrift::structs(reader, field, "tags", |reader, _| {
                self.keep_pace(reader)?;
                let tag = tag(reader)?;
                process_tag(&mut self.gathered, row, &mut name, tag, offset)
            }),
            _ => thrift::skip(reader, field),
        })?;
        name.add(&mut self.gathered, row, offset)?;
        self.add_resource(offset)
    }

    fn add_resource(&mut self, offset: usize) -> Result<(), WireError> {
        let Gathered { builder, notes, .. } = &mut self.gathered;
        mend::resource(builder, b"", 0, b"", notes, offset).map(drop)
    }

    fn spans<R: Reader<'a>>(&mut self, reader: &mut R, field: Field) -> Result<(), WireError> {
        let mut place = Place::default();
        thrift::structs(reader, field, "spans", |reader, _| {
            if let Some(fault) = self.span(reader)? {
                self.gathered.builder.abandon_span();
                self.gathered.reject(fault, place);
            }
            place.span += 1;
            Ok(())
        })
    }

    /// Asks for room now and then.
    fn keep_pace<R: Reader<'a>>(&mut self, reader: &R) -> Result<(), WireError> {
        let Gathered { builder, notes, .. } = &mut self.gathered;
        let asked = self.pace.step(reader.left(), notes, builder);
        asked.map_err(|full| full.at_byte(reader.offset()))
    }
}

/// A `Tag`: its key and its value, of the type that it states.
fn tag<'a, R: Reader<'a>>(reader: &mut R) -> Result<(&'a [u8], RawValue<'a>), WireError> {
    let mut key: &[u8] = b"";
    let mut kind = 0;
    let (mut text, mut bytes): (&[u8], &[u8]) = (b"", b"");
    let (mut double, mut is_true, mut long) = (0.0, false, 0);
    thrift::fields(reader, |reader, field| {
        match field.id {
            1 => key = thrift::binary(reader, field)?,
            2 => kind = thrift::i32(reader, field)?,
            3 => text = thrift::binary(reader, field)?,
            4 => {
                thrift::expect(reader, field, thrift::Kind::Double)?;
                double = reader.double()?;
            }
            5 => {
                thrift::expect(reader, field, thrift::Kind::Bool)?;
                is_true = reader.bool()?;
            }
            6 => long = thrift::i64(reader, field)?,
            7 => bytes = thrift::binary(reader, field)?,
            _ => thrift::skip(reader, field)?,
        }
        Ok(())
    })?;
    let value = match kind {
        0 => RawValue::Str(text),
        1 => RawValue::Double(double),
        2 => RawValue::Bool(is_true),
        3 => RawValue::Int(long),
        4 => RawValue::Bytes(bytes),
        // No value that we know.
        _ => RawValue::Other(b""),
    };
    Ok((key, value))
}

//! `ExportTraceServiceRequest` in OTLP/JSON into a batch.
//!
//! The whole text is checked as JSON first, so that a broken request is
//! refused before anything is read. Then it goes span by span through one
//! buffer; as in protobuf, resource and scope are looked for before the spans.

use super::message::Rewriter;
use super::reader::Reader;
use crate::error::{Position, Problem};
use crate::otlp::intake::{Intake, Row, Verdict, begin};
use crate::otlp::protobuf::decode::BODY_BYTES_MAX;
use crate::otlp::protobuf::fields::Cursor;
use crate::otlp::protobuf::{resource, span};
use crate::rejected::Place;
use crate::{Decoded, WireError};
use std::borrow::Cow;

pub(super) fn decode(body: &[u8]) -> Result<Decoded, WireError> {
    let (got, max) = (body.len(), BODY_BYTES_MAX);
    if got > max {
        return Err(WireError::at_byte(max, Problem::BodyLength { got, max }));
    }
    let text = std::str::from_utf8(body)
        .map_err(|error| WireError::at_byte(error.valid_up_to(), Problem::NotUtf8))?;
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        return Err(syntax_error(&error));
    }
    let mut intake = Intake::new();
    let mut buffer = Vec::new();
    let mut place = Place::default();
    Reader::new(text).object(|reader, name| match name {
        "resourceSpans" => reader.array("resourceSpans", |reader, _| {
            let read = resource_spans(&mut intake, &mut buffer, reader, place);
            place.resource += 1;
            read
        }),
        _ => reader.skip().map(drop),
    })?;
    Ok(intake.finish())
}

fn syntax_error(error: &serde_json::Error) -> WireError {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    // It says the place at the end; ours stands at the beginning.
    let what = text.split(" at line ").next().unwrap_or_default();
    let problem = Problem::Syntax(what.to_owned());
    WireError::at(Position::Text { line, column }, problem)
}

/// What `ResourceSpans` and `ScopeSpans` have besides their repeated field,
/// as it stands in the text.
struct Envelope<'a> {
    owner: Reader<'a>,
    owner_text: &'a str,
    schema_url_text: &'a str,
    schema_url: Cow<'a, str>,
}

impl<'a> Envelope<'a> {
    /// Looks `reader`'s object over without moving it.
    fn read(mut reader: Reader<'a>, owner: &str) -> Result<Self, WireError> {
        let mut envelope = Self {
            owner: Reader::new("null"),
            owner_text: "null",
            schema_url_text: "null",
            schema_url: Cow::Borrowed(""),
        };
        reader.object(|reader, name| {
            let value = *reader;
            if name == "schemaUrl" {
                envelope.schema_url = reader.string().map_err(|e| e.within("schemaUrl"))?;
                envelope.schema_url_text = value.clone().skip()?;
            } else {
                let text = reader.skip()?;
                if name == owner {
                    envelope.owner = value;
                    envelope.owner_text = text;
                }
            }
            Ok(())
        })?;
        Ok(envelope)
    }

    fn key(&self) -> (Cow<'a, [u8]>, &'a [u8]) {
        let (owner, url) = (self.owner_text.as_bytes(), self.schema_url_text.as_bytes());
        (Cow::Borrowed(owner), url)
    }
}

fn resource_spans<'a>(
    intake: &mut Intake<'a>,
    buffer: &mut Vec<u8>,
    reader: &mut Reader<'a>,
    mut place: Place,
) -> Result<(), WireError> {
    let envelope = Envelope::read(*reader, "resource")?;
    let row = intake.resource(envelope.key(), |builder| {
        let fault = rewrite(buffer, |rewriter| {
            let mut owner = envelope.owner;
            rewriter
                .resource(&mut owner)
                .map_err(|e| e.within("resource"))
        })?;
        let url = envelope.schema_url.as_bytes();
        fault.map_or_else(
            || resource::resource(builder, Cursor::new(buffer, 0), url),
            |fault| Ok(Err(fault)),
        )
    })?;
    reader.object(|reader, name| match name {
        "scopeSpans" => reader.array("scopeSpans", |reader, _| {
            let read = scope_spans(intake, buffer, reader, row, place);
            place.scope += 1;
            read
        }),
        _ => reader.skip().map(drop),
    })
}

fn scope_spans<'a>(
    intake: &mut Intake<'a>,
    buffer: &mut Vec<u8>,
    reader: &mut Reader<'a>,
    resource: Row,
    mut place: Place,
) -> Result<(), WireError> {
    let envelope = Envelope::read(*reader, "scope")?;
    let row = intake.scope(envelope.key(), |builder| {
        let fault = rewrite(buffer, |rewriter| {
            let mut owner = envelope.owner;
            rewriter.scope(&mut owner).map_err(|e| e.within("scope"))
        })?;
        let url = envelope.schema_url.as_bytes();
        fault.map_or_else(
            || resource::scope(builder, Cursor::new(buffer, 0), url),
            |fault| Ok(Err(fault)),
        )
    })?;
    let (header, fault) = begin(resource, row);
    reader.object(|reader, name| match name {
        "spans" => reader.array("spans", |reader, _| {
            let own_fault = rewrite(buffer, |rewriter| rewriter.span(reader))?;
            let message = Cursor::new(buffer, 0);
            let verdict = span::span(&mut intake.builder, message, header, fault.or(own_fault))?;
            if let Some(fault) = verdict {
                intake.reject(fault, place);
            }
            place.span += 1;
            Ok(())
        }),
        _ => reader.skip().map(drop),
    })
}

/// Fills the buffer with one message.
fn rewrite(
    buffer: &mut Vec<u8>,
    write: impl FnOnce(&mut Rewriter<'_>) -> Result<(), WireError>,
) -> Result<Verdict, WireError> {
    buffer.clear();
    let mut rewriter = Rewriter {
        out: buffer,
        fault: None,
    };
    write(&mut rewriter)?;
    Ok(rewriter.fault)
}

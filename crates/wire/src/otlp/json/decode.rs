//! `ExportTraceServiceRequest` in OTLP/JSON into a batch.
//!
//! The whole text is checked as JSON first, so that a broken request is
//! refused before anything is read. Then it goes span by span through one
//! buffer; as in protobuf, resource and scope are looked for before the spans.

use super::message::Rewriter;
use crate::fields::Cursor;
use crate::gathered::{Gathered, Verdict};
use crate::json::{self, Reader};
use crate::notes::Notes;
use crate::otlp::intake::{Intake, begin};
use crate::otlp::protobuf::{resource, span};
use crate::rejected::Place;
use crate::room::Room;
use crate::{Decoded, WireError};
use std::borrow::Cow;

pub(super) fn decode(body: &[u8], room: Room<'_>) -> Result<Decoded, WireError> {
    let mut gathered = Gathered::new(body, room)?;
    let text = json::checked(body, &mut gathered.notes)?;
    let mut intake = Intake::new(gathered);
    let mut buffer = Vec::new();
    let mut place = Place::default();
    let mut pause = Notes::pause(text.len());
    Reader::new(&text).object(|reader, name| match name {
        "resourceSpans" | "resource_spans" => reader.array("resourceSpans", |reader, _| {
            ask(&mut intake, reader, &mut pause)?;
            let read = resource_spans(&mut intake, &mut buffer, reader, place);
            place.resource += 1;
            read
        }),
        name => {
            intake.strange.name(name);
            reader.skip().map(drop)
        }
    })?;
    Ok(intake.finish(place))
}

/// Asks whether the request may go on growing, when it is time to.
fn ask(
    intake: &mut Intake<'_, '_>,
    reader: &Reader<'_>,
    pause: &mut usize,
) -> Result<(), WireError> {
    let left = reader.left();
    if left < *pause {
        *pause = Notes::pause(left);
        let asked = intake.gathered.notes.ask(&intake.gathered.builder);
        asked.map_err(|full| reader.error(full.into()))?;
    }
    Ok(())
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
    fn read(mut reader: Reader<'a>, owners: &[&str]) -> Result<Self, WireError> {
        let mut envelope = Self {
            owner: Reader::new("null"),
            owner_text: "null",
            schema_url_text: "null",
            schema_url: Cow::Borrowed(""),
        };
        reader.object(|reader, name| {
            let value = *reader;
            if matches!(name, "schemaUrl" | "schema_url") {
                envelope.schema_url = reader.string().map_err(|e| e.within("schemaUrl"))?;
                envelope.schema_url_text = value.clone().skip()?;
            } else {
                let text = reader.skip()?;
                if owners.contains(&name) {
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
    intake: &mut Intake<'a, '_>,
    buffer: &mut Vec<u8>,
    reader: &mut Reader<'a>,
    mut place: Place,
) -> Result<(), WireError> {
    let envelope = Envelope::read(*reader, &["resource"])?;
    let row = intake.resource(envelope.key(), |builder, notes| {
        rewrite(buffer, notes, |rewriter| {
            let mut owner = envelope.owner;
            rewriter
                .resource(&mut owner)
                .map_err(|e| e.within("resource"))
        })?;
        let url = envelope.schema_url.as_bytes();
        resource::resource(builder, Cursor::new(buffer, 0), url, notes)
    })?;
    let mut pause = Notes::pause(reader.left());
    reader.object(|reader, name| match name {
        "scopeSpans"
        | "scope_spans"
        // What it was called until 2022.
        | "instrumentationLibrarySpans"
        | "instrumentation_library_spans" => reader.array("scopeSpans", |reader, _| {
            ask(intake, reader, &mut pause)?;
            let read = scope_spans(intake, buffer, reader, row, place);
            place.scope += 1;
            read
        }),
        "resource" | "schemaUrl" | "schema_url" => reader.skip().map(drop),
        name => {
            intake.strange.name(name);
            reader.skip().map(drop)
        }
    })
}

fn scope_spans<'a>(
    intake: &mut Intake<'a, '_>,
    buffer: &mut Vec<u8>,
    reader: &mut Reader<'a>,
    resource: u32,
    mut place: Place,
) -> Result<(), WireError> {
    let owners = ["scope", "instrumentationLibrary", "instrumentation_library"];
    let envelope = Envelope::read(*reader, &owners)?;
    let row = intake.scope(envelope.key(), |builder, notes| {
        rewrite(buffer, notes, |rewriter| {
            let mut owner = envelope.owner;
            rewriter.scope(&mut owner).map_err(|e| e.within("scope"))
        })?;
        let url = envelope.schema_url.as_bytes();
        resource::scope(builder, Cursor::new(buffer, 0), url, notes)
    })?;
    let header = begin(resource, row);
    let mut pause = Notes::pause(reader.left());
    reader.object(|reader, name| match name {
        "spans" => reader.array("spans", |reader, _| {
            ask(intake, reader, &mut pause)?;
            let Gathered { builder, notes, .. } = &mut intake.gathered;
            let fault = rewrite(buffer, notes, |rewriter| rewriter.span(reader))?;
            let verdict = span::span(builder, Cursor::new(buffer, 0), header, fault, notes)?;
            if let Some(fault) = verdict {
                intake.gathered.reject(fault, place);
            }
            place.span += 1;
            Ok(())
        }),
        "schemaUrl" | "schema_url" => reader.skip().map(drop),
        name if owners.contains(&name) => reader.skip().map(drop),
        name => {
            intake.strange.name(name);
            reader.skip().map(drop)
        }
    })
}

/// Fills the buffer with one message.
fn rewrite<'r>(
    buffer: &mut Vec<u8>,
    notes: &mut Notes<'r>,
    write: impl FnOnce(&mut Rewriter<'_, 'r>) -> Result<(), WireError>,
) -> Result<Verdict, WireError> {
    buffer.clear();
    let mut rewriter = Rewriter {
        out: buffer,
        fault: None,
        notes,
    };
    write(&mut rewriter)?;
    Ok(rewriter.fault)
}

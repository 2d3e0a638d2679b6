//! `Span` from the wire into a builder: one pass, fields in any order.
//!
//! Attributes, events and links are pushed as they are met; fixed fields wait
//! in locals until the end. A span with a fault is read to its end all the
//! same, because malformed bytes must fail the request wherever they stand.
//! Text that is not UTF-8 is no fault: it is put right.

use super::value::attribute;
use crate::WireError;
use crate::fields::{Cursor, known};
use crate::gathered::Verdict;
use crate::mend;
use crate::notes::Notes;
use crate::rejected::{Fault, FaultProblem, RejectReason};
use tracewell_model::batch::builder::LinkHeader;
use tracewell_model::{Level, SpanBatchBuilder, SpanHeader, SpanId, TraceId};

const SPAN: u32 = known(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
const EVENT: u32 = known(&[1, 2, 3, 4]);
const LINK: u32 = known(&[1, 2, 3, 4, 5, 6]);
const STATUS: u32 = known(&[2, 3]);

/// Ids as they came.
#[derive(Default)]
pub(super) struct RawIds<'a> {
    trace_id: &'a [u8],
    span_id: &'a [u8],
    parent_span_id: &'a [u8],
}

/// Adds a span, or answers why it must be left out. `fault` is what is
/// already known to be wrong with it, and `header` says whose span it is.
pub(in crate::otlp) fn span<'a>(
    builder: &mut SpanBatchBuilder,
    message: Cursor<'a>,
    mut header: SpanHeader<'a>,
    mut fault: Verdict,
    notes: &mut Notes<'_>,
) -> Result<Verdict, WireError> {
    let mut ids = RawIds::default();
    fields(builder, message, &mut header, &mut ids, &mut fault, notes)?;
    if fault.is_none() {
        fault = ids.read_into(&mut header).err();
    }
    if fault.is_some() {
        builder.abandon_span();
    } else {
        mend::span(builder, &header, notes, message.offset())?;
    }
    Ok(fault)
}

/// Reads the fields; of those in `header` that repeat, the last wins.
pub(super) fn fields<'a>(
    builder: &mut SpanBatchBuilder,
    message: Cursor<'a>,
    header: &mut SpanHeader<'a>,
    ids: &mut RawIds<'a>,
    fault: &mut Verdict,
    notes: &mut Notes<'_>,
) -> Result<(), WireError> {
    let row = builder.next_span();
    let mut fields = message;
    let (mut attributes, mut events, mut links) = (0, 0, 0);
    let mut pause = Notes::pause(fields.rest().len());
    while !fields.is_done() {
        if fields.rest().len() < pause {
            pause = fields.ask(notes, builder)?;
        }
        match fields.tag()? {
            0x4a => {
                fields
                    .message()
                    .and_then(|message| attribute(builder, Level::Span, row, message, notes))
                    .map_err(|error| error.within_item("attributes", attributes))?;
                attributes += 1;
            }
            0x0a => ids.trace_id = fields.bytes()?,
            0x12 => ids.span_id = fields.bytes()?,
            0x1a => header.trace_state = fields.bytes()?,
            0x22 => ids.parent_span_id = fields.bytes()?,
            0x2a => header.name = fields.bytes()?,
            0x30 => header.kind = fields.varint32()? as i32,
            0x39 => header.start_ns = fields.fixed64()?,
            0x41 => header.end_ns = fields.fixed64()?,
            0x50 => header.dropped_attributes = fields.varint32()?,
            0x5a => {
                fields
                    .message()
                    .and_then(|message| event(builder, message, notes))
                    .map_err(|error| error.within_item("events", events))?;
                events += 1;
            }
            0x60 => header.dropped_events = fields.varint32()?,
            0x6a => {
                fields
                    .message()
                    .and_then(|message| link(builder, message, fault, notes))
                    .map_err(|error| error.within_item("links", links))?;
                links += 1;
            }
            0x70 => header.dropped_links = fields.varint32()?,
            0x7a => fields
                .message()
                .and_then(|message| status(message, header))
                .map_err(|error| error.within("status"))?,
            0x85 => header.flags = fields.fixed32()?,
            tag => fields.skip(tag, SPAN)?,
        }
    }
    Ok(())
}

impl RawIds<'_> {
    fn read_into(&self, header: &mut SpanHeader<'_>) -> Result<(), Fault> {
        header.trace_id = TraceId(present_id(
            self.trace_id,
            RejectReason::TraceId,
            "trace_id",
        )?);
        header.span_id = SpanId(present_id(self.span_id, RejectReason::SpanId, "span_id")?);
        let reason = RejectReason::ParentSpanId;
        let parent = optional_id(self.parent_span_id, reason, "parent_span_id")?;
        header.parent_span_id = SpanId(parent);
        Ok(())
    }
}

/// An id that must be there and not be zeros.
fn present_id<const N: usize>(
    bytes: &[u8],
    reason: RejectReason,
    field: &'static str,
) -> Result<[u8; N], Fault> {
    let (want, got) = (N, bytes.len());
    let id = bytes
        .try_into()
        .map_err(|_| Fault::new(reason, field, FaultProblem::Bytes { want, got }))?;
    if id == [0; N] {
        return Err(Fault::new(reason, field, FaultProblem::Zero));
    }
    Ok(id)
}

/// An id that may be absent.
fn optional_id<const N: usize>(
    bytes: &[u8],
    reason: RejectReason,
    field: &'static str,
) -> Result<[u8; N], Fault> {
    if bytes.is_empty() {
        return Ok([0; N]);
    }
    let (want, got) = (N, bytes.len());
    bytes
        .try_into()
        .map_err(|_| Fault::new(reason, field, FaultProblem::Bytes { want, got }))
}

fn event(
    builder: &mut SpanBatchBuilder,
    message: Cursor<'_>,
    notes: &mut Notes<'_>,
) -> Result<(), WireError> {
    let (mut time_ns, mut name, mut dropped): (_, &[u8], _) = (0, &[], 0);
    let row = builder.next_row(Level::Event);
    let (mut fields, mut index) = (message, 0);
    let mut pause = Notes::pause(fields.rest().len());
    while !fields.is_done() {
        if fields.rest().len() < pause {
            pause = fields.ask(notes, builder)?;
        }
        match fields.tag()? {
            0x09 => time_ns = fields.fixed64()?,
            0x12 => name = fields.bytes()?,
            0x1a => {
                fields
                    .message()
                    .and_then(|message| attribute(builder, Level::Event, row, message, notes))
                    .map_err(|error| error.within_item("attributes", index))?;
                index += 1;
            }
            0x20 => dropped = fields.varint32()?,
            tag => fields.skip(tag, EVENT)?,
        }
    }
    mend::event(builder, time_ns, name, dropped, notes, message.offset())
}

fn link(
    builder: &mut SpanBatchBuilder,
    message: Cursor<'_>,
    fault: &mut Verdict,
    notes: &mut Notes<'_>,
) -> Result<(), WireError> {
    let (mut trace_id, mut span_id): (&[u8], &[u8]) = (&[], &[]);
    let mut header = LinkHeader::default();
    let row = builder.next_row(Level::Link);
    let (mut fields, mut index) = (message, 0);
    let mut pause = Notes::pause(fields.rest().len());
    while !fields.is_done() {
        if fields.rest().len() < pause {
            pause = fields.ask(notes, builder)?;
        }
        match fields.tag()? {
            0x0a => trace_id = fields.bytes()?,
            0x12 => span_id = fields.bytes()?,
            0x1a => header.trace_state = fields.bytes()?,
            0x22 => {
                fields
                    .message()
                    .and_then(|message| attribute(builder, Level::Link, row, message, notes))
                    .map_err(|error| error.within_item("attributes", index))?;
                index += 1;
            }
            0x28 => header.dropped_attributes = fields.varint32()?,
            0x35 => header.flags = fields.fixed32()?,
            tag => fields.skip(tag, LINK)?,
        }
    }
    match link_ids(trace_id, span_id) {
        Ok((trace_id, span_id)) => {
            header.trace_id = trace_id;
            header.span_id = span_id;
        }
        Err(bad) => {
            fault.get_or_insert(bad);
        }
    }
    mend::link(builder, &header, notes, message.offset()).map(drop)
}

fn link_ids(trace_id: &[u8], span_id: &[u8]) -> Result<(TraceId, SpanId), Fault> {
    let reason = RejectReason::LinkId;
    let trace_id = optional_id(trace_id, reason, "trace_id of a link")?;
    let span_id = optional_id(span_id, reason, "span_id of a link")?;
    Ok((TraceId(trace_id), SpanId(span_id)))
}

fn status<'a>(mut fields: Cursor<'a>, header: &mut SpanHeader<'a>) -> Result<(), WireError> {
    while !fields.is_done() {
        match fields.tag()? {
            0x12 => header.status_message = fields.bytes()?,
            0x18 => header.status_code = fields.varint32()? as i32,
            tag => fields.skip(tag, STATUS)?,
        }
    }
    Ok(())
}

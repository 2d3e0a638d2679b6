//! `Span` of `model.proto` into a batch: one pass, fields in any order.
//!
//! References are looked at again at the end, because which of them is the
//! parent depends on the trace id, which may stand behind them.

use tracewell_model::any_value::AnyValue;
use tracewell_model::batch::builder::RawValue;
use tracewell_model::{Level, SpanHeader, SpanId, SpanKind, TraceId};

use super::decode::{Intake, key_value};
use crate::WireError;
use crate::fields::{Cursor, known};
use crate::gathered::{Gathered, Verdict};
use crate::ids;
use crate::jaeger::fields::{Fields, Parent, Reference, WARNINGS_KEY};
use crate::jaeger::gathering::{self, Event, span_tag};
use crate::mend;
use crate::notes::Notes;
use crate::rejected::{Fault, FaultProblem, RejectReason};

const SPAN: u32 = known(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
const REFERENCE: u32 = known(&[1, 2, 3]);
const LOG: u32 = known(&[1, 2]);
const TIME: u32 = known(&[1, 2]);

/// `references` of a span.
const REFERENCES: u32 = 0x22;

/// Seconds and nanoseconds, of a time or a duration.
#[derive(Debug, Clone, Copy, Default)]
struct Time {
    seconds: i64,
    nanos: i32,
}

impl<'a> Intake<'a, '_> {
    /// Adds a span, or answers why it must be left out; then what was added of
    /// it is to be taken back. `of_batch` is the row of the batch's process.
    pub(super) fn span(
        &mut self,
        span: Cursor<'a>,
        process: Cursor<'a>,
        of_batch: &mut Option<u32>,
    ) -> Result<Verdict, WireError> {
        let offset = span.offset();
        let (mut trace_id, mut span_id): (&[u8], &[u8]) = (b"", b"");
        let (mut start, mut duration) = (Time::default(), Time::default());
        let mut header = SpanHeader::default();
        let mut tags = Fields::default();
        let mut fault = None;
        let mut own_process = None;
        let (mut warnings, mut references, mut tag_count, mut logs) = (Vec::new(), 0, 0, 0);
        let mut fields = span;
        let mut pause = Notes::pause(fields.rest().len());
        while !fields.is_done() {
            if fields.rest().len() < pause {
                pause = fields.ask(&mut self.gathered.notes, &self.gathered.builder)?;
            }
            match fields.tag()? {
                0x0a => trace_id = fields.bytes()?,
                0x12 => span_id = fields.bytes()?,
                0x1a => header.name = fields.bytes()?,
                REFERENCES => {
                    fields.bytes()?;
                    references += 1;
                }
                0x28 => header.flags = fields.varint32()?,
                0x32 => start = fields.message().and_then(time)?,
                0x3a => duration = fields.message().and_then(time)?,
                0x42 => {
                    let tag = fields.message().and_then(key_value);
                    let tag = tag.map_err(|error| error.within_item("tags", tag_count))?;
                    span_tag(&mut self.gathered, &mut tags, tag, offset)?;
                    tag_count += 1;
                }
                0x4a => {
                    let log = fields
                        .message()
                        .and_then(|log| self.log(log))
                        .map_err(|error| error.within_item("logs", logs))?;
                    if let Err(bad) = log {
                        fault.get_or_insert(bad);
                    }
                    logs += 1;
                }
                0x52 => own_process = Some(fields.message()?),
                0x62 => self.warning(&mut warnings, fields.bytes()?, offset)?,
                tag => fields.skip(tag, SPAN)?,
            }
        }
        let fixed = fixed_fields(&mut header, trace_id, span_id, start, duration);
        if let Some(fault) = fault.or(fixed.err()) {
            return Ok(Some(fault));
        }
        if references > 0 {
            match self.references(span, header.trace_id)? {
                Ok(parent) => header.parent_span_id = parent,
                Err(fault) => return Ok(Some(fault)),
            }
        }
        header.resource = match (own_process, &*of_batch) {
            (Some(own), _) => self.process(own)?,
            (None, Some(row)) => *row,
            (None, None) => *of_batch.insert(self.process(process)?),
        };
        gathering::untold_error(&mut self.gathered, &tags, offset)?;
        self.warnings(warnings, offset)?;
        let Gathered { builder, notes, .. } = &mut self.gathered;
        header.kind = tags.kind.unwrap_or(SpanKind::Unspecified).to_otlp();
        header.status_code = tags.status().to_otlp();
        header.status_message = tags.status_message;
        header.trace_state = tags.trace_state;
        header.scope = gathering::scope(builder, notes, &mut self.scopes, &tags, offset)?;
        mend::span(builder, &header, notes, offset)?;
        Ok(None)
    }

    /// Adds a `Log` as an event, whatever is wrong with its time.
    fn log(&mut self, log: Cursor<'a>) -> Result<Result<(), Fault>, WireError> {
        let mut event = Event::default();
        let mut at = Time::default();
        let (mut fields, mut index) = (log, 0);
        let mut pause = Notes::pause(fields.rest().len());
        while !fields.is_done() {
            if fields.rest().len() < pause {
                pause = fields.ask(&mut self.gathered.notes, &self.gathered.builder)?;
            }
            match fields.tag()? {
                0x0a => at = fields.message().and_then(time)?,
                0x12 => {
                    let field = fields.message().and_then(key_value);
                    let field = field.map_err(|error| error.within_item("fields", index))?;
                    event.field(&mut self.gathered, field, log.offset())?;
                    index += 1;
                }
                tag => fields.skip(tag, LOG)?,
            }
        }
        let time_ns = at.since_epoch_ns("timestamp of a log");
        let or_zero = *time_ns.as_ref().unwrap_or(&0);
        event.add(&mut self.gathered, or_zero, log.offset())?;
        Ok(time_ns.map(drop))
    }

    /// Adds the references of a span as links and answers its parent.
    fn references(
        &mut self,
        span: Cursor<'a>,
        trace_id: TraceId,
    ) -> Result<Result<SpanId, Fault>, WireError> {
        let mut parent = Parent::new(trace_id, SpanId::default());
        let mut fields = span;
        let mut pause = Notes::pause(fields.rest().len());
        while !fields.is_done() {
            if fields.rest().len() < pause {
                pause = fields.ask(&mut self.gathered.notes, &self.gathered.builder)?;
            }
            match fields.tag()? {
                REFERENCES => match fields.message().and_then(reference)? {
                    Ok(reference) => gathering::reference(
                        &mut self.gathered,
                        &mut parent,
                        &reference,
                        span.offset(),
                    )?,
                    Err(fault) => return Ok(Err(fault)),
                },
                tag => fields.skip(tag, 0)?,
            }
        }
        Ok(Ok(parent.span_id))
    }

    /// Keeps a warning in the form of an `AnyValue` within an array.
    fn warning(
        &mut self,
        warnings: &mut Vec<AnyValue>,
        text: &[u8],
        offset: usize,
    ) -> Result<(), WireError> {
        let notes = &mut self.gathered.notes;
        notes
            .buffer(warnings.capacity() * size_of::<AnyValue>())
            .map_err(|full| full.at_byte(offset))?;
        warnings.push(AnyValue::String(match std::str::from_utf8(text) {
            Ok(text) => text.to_owned(),
            Err(_) => notes.utf8(text).map_err(|full| full.at_byte(offset))?,
        }));
        Ok(())
    }

    fn warnings(&mut self, warnings: Vec<AnyValue>, offset: usize) -> Result<(), WireError> {
        if warnings.is_empty() {
            return Ok(());
        }
        let mut encoded = Vec::new();
        AnyValue::Array(warnings).encode(&mut encoded);
        let Gathered { builder, notes, .. } = &mut self.gathered;
        let owner = (Level::Span, builder.next_span());
        let (key, value) = (WARNINGS_KEY.as_bytes(), RawValue::Other(&encoded));
        mend::attribute(builder, owner, key, value, notes, offset)
    }
}

fn fixed_fields(
    header: &mut SpanHeader<'_>,
    trace: &[u8],
    span: &[u8],
    start: Time,
    duration: Time,
) -> Result<(), Fault> {
    let (reason, field) = (RejectReason::TraceId, "trace_id");
    header.trace_id = ids::trace_id(trace, reason, field)?;
    if header.trace_id.is_zero() {
        return Err(Fault::new(reason, field, FaultProblem::Zero));
    }
    let (reason, field) = (RejectReason::SpanId, "span_id");
    header.span_id = ids::span_id(span, reason, field)?;
    if header.span_id.is_zero() {
        return Err(Fault::new(reason, field, FaultProblem::Zero));
    }
    header.start_ns = start.since_epoch_ns("start_time")?;
    header.end_ns = header.start_ns.wrapping_add_signed(duration.signed_ns()?);
    Ok(())
}

/// `SpanRef`. Ids of zeros, and none, lead nowhere and are legal, as in OTLP.
fn reference(mut fields: Cursor<'_>) -> Result<Result<Reference, Fault>, WireError> {
    let (mut trace, mut span, mut kind): (&[u8], &[u8], _) = (b"", b"", 0);
    while !fields.is_done() {
        match fields.tag()? {
            0x0a => trace = fields.bytes()?,
            0x12 => span = fields.bytes()?,
            0x18 => kind = fields.varint32()?,
            tag => fields.skip(tag, REFERENCE)?,
        }
    }
    let mut reference = Reference {
        is_child_of: kind == 0,
        ..Reference::default()
    };
    let reason = RejectReason::LinkId;
    let mut read = || {
        if !trace.is_empty() {
            reference.trace_id = ids::trace_id(trace, reason, "trace_id of a reference")?;
        }
        if !span.is_empty() {
            reference.span_id = ids::span_id(span, reason, "span_id of a reference")?;
        }
        Ok(())
    };
    let read = read();
    Ok(read.map(|()| reference))
}

fn time(mut fields: Cursor<'_>) -> Result<Time, WireError> {
    let mut time = Time::default();
    while !fields.is_done() {
        match fields.tag()? {
            0x08 => time.seconds = fields.varint()? as i64,
            0x10 => time.nanos = fields.varint()? as i32,
            tag => fields.skip(tag, TIME)?,
        }
    }
    Ok(time)
}

impl Time {
    fn ns(self) -> i128 {
        i128::from(self.seconds) * 1_000_000_000 + i128::from(self.nanos)
    }

    fn since_epoch_ns(self, field: &'static str) -> Result<u64, Fault> {
        u64::try_from(self.ns()).map_err(|_| self.fault(field))
    }

    fn signed_ns(self) -> Result<i64, Fault> {
        i64::try_from(self.ns()).map_err(|_| self.fault("duration"))
    }

    fn fault(self, field: &'static str) -> Fault {
        Fault::new(
            RejectReason::Time,
            field,
            FaultProblem::Seconds(self.seconds),
        )
    }
}

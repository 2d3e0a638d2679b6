//! `Span` of `jaeger.thrift` into a batch: one pass, fields in any order.
//!
//! References are looked at again at the end, because which of them is the
//! parent depends on ids that may stand behind them.

use tracewell_model::{SpanHeader, SpanId, SpanKind, TraceId};

use super::{Batch, tag};
use crate::WireError;
use crate::gathered::{Gathered, Pace, Verdict};
use crate::jaeger::fields::{Fields, Parent, Reference, end_ns, time_ns};
use crate::jaeger::gathering::{self, Event, span_tag};
use crate::mend;
use crate::rejected::{Fault, FaultProblem, RejectReason};
use crate::thrift::{self, Field, Reader};

/// The numbers of a span.
#[derive(Default)]
struct Numbers {
    trace_id: [i64; 2],
    span_id: i64,
    parent_span_id: i64,
    flags: i32,
    start_us: i64,
    duration_us: i64,
}

impl<'a> Batch<'a, '_> {
    /// Adds a span, or answers why it must be left out; then what was added of
    /// it is to be taken back.
    pub(super) fn span<R: Reader<'a>>(&mut self, reader: &mut R) -> Result<Verdict, WireError> {
        let offset = reader.offset();
        let mut numbers = Numbers::default();
        let mut fields = Fields::default();
        let mut fault = None;
        let mut name: &[u8] = b"";
        let mut references = None;
        thrift::fields(reader, |reader, field| {
            match field.id {
                1 => numbers.trace_id[1] = thrift::i64(reader, field)?,
                2 => numbers.trace_id[0] = thrift::i64(reader, field)?,
                3 => numbers.span_id = thrift::i64(reader, field)?,
                4 => numbers.parent_span_id = thrift::i64(reader, field)?,
                5 => name = thrift::binary(reader, field)?,
                6 => {
                    references = Some((*reader, field));
                    thrift::skip(reader, field).map_err(|error| error.within("references"))?;
                }
                7 => numbers.flags = thrift::i32(reader, field)?,
                8 => numbers.start_us = thrift::i64(reader, field)?,
                9 => numbers.duration_us = thrift::i64(reader, field)?,
                10 => thrift::structs(reader, field, "tags", |reader, _| {
                    self.keep_pace(reader)?;
                    let tag = tag(reader)?;
                    span_tag(&mut self.gathered, &mut fields, tag, offset)
                })?,
                11 => thrift::structs(reader, field, "logs", |reader, _| {
                    self.keep_pace(reader)?;
                    if let Err(bad) = self.log(reader)? {
                        fault.get_or_insert(bad);
                    }
                    Ok(())
                })?,
                _ => thrift::skip(reader, field)?,
            }
            Ok(())
        })?;
        self.keep_pace(reader)?;
        let mut header = match numbers.header() {
            Ok(header) if fault.is_none() => header,
            Ok(_) => return Ok(fault),
            Err(bad) => return Ok(Some(bad)),
        };
        let mut parent = Parent::new(header.trace_id, header.parent_span_id);
        if let Some((mut reader, field)) = references {
            self.references(&mut reader, field, &mut parent)?;
        }
        gathering::untold_error(&mut self.gathered, &fields, offset)?;
        let Gathered { builder, notes, .. } = &mut self.gathered;
        header.parent_span_id = parent.span_id;
        header.name = name;
        header.kind = fields.kind.unwrap_or(SpanKind::Unspecified).to_otlp();
        header.status_code = fields.status().to_otlp();
        header.status_message = fields.status_message;
        header.trace_state = fields.trace_state;
        header.resource = self.resource;
        header.scope = gathering::scope(builder, notes, &mut self.scopes, &fields, offset)?;
        mend::span(builder, &header, notes, offset)?;
        Ok(None)
    }

    /// Adds a `Log` as an event, whatever is wrong with its time.
    fn log<R: Reader<'a>>(&mut self, reader: &mut R) -> Result<Result<(), Fault>, WireError> {
        let offset = reader.offset();
        let mut time_us = 0;
        let mut event = Event::default();
        thrift::fields(reader, |reader, field| {
            match field.id {
                1 => time_us = thrift::i64(reader, field)?,
                2 => thrift::structs(reader, field, "fields", |reader, _| {
                    self.keep_pace(reader)?;
                    let tag = tag(reader)?;
                    event.field(&mut self.gathered, tag, offset)
                })?,
                _ => thrift::skip(reader, field)?,
            }
            Ok(())
        })?;
        let time_ns = time_ns(time_us, "timestamp of a log");
        event.add(&mut self.gathered, *time_ns.as_ref().unwrap_or(&0), offset)?;
        Ok(time_ns.map(drop))
    }

    fn references<R: Reader<'a>>(
        &mut self,
        reader: &mut R,
        field: Field,
        parent: &mut Parent,
    ) -> Result<(), WireError> {
        let mut pace = Pace::new(reader.left());
        thrift::structs(reader, field, "references", |reader, _| {
            let offset = reader.offset();
            let reference = reference(reader)?;
            let Gathered { builder, notes, .. } = &mut self.gathered;
            pace.step(reader.left(), notes, builder)
                .map_err(|full| full.at_byte(offset))?;
            gathering::reference(&mut self.gathered, parent, &reference, offset)
        })
    }
}

impl Numbers {
    fn header(&self) -> Result<SpanHeader<'static>, Fault> {
        let start_ns = time_ns(self.start_us, "startTime")?;
        Ok(SpanHeader {
            trace_id: Some(trace_id(self.trace_id))
                .filter(|id| !id.is_zero())
                .ok_or(zero(RejectReason::TraceId, "traceId"))?,
            span_id: Some(span_id(self.span_id))
                .filter(|id| !id.is_zero())
                .ok_or(zero(RejectReason::SpanId, "spanId"))?,
            parent_span_id: span_id(self.parent_span_id),
            flags: self.flags as u32,
            start_ns,
            end_ns: end_ns(start_ns, self.duration_us)?,
            ..SpanHeader::default()
        })
    }
}

fn zero(reason: RejectReason, field: &'static str) -> Fault {
    Fault::new(reason, field, FaultProblem::Zero)
}

/// High half first.
fn trace_id([high, low]: [i64; 2]) -> TraceId {
    let id = u128::from(high as u64) << 64 | u128::from(low as u64);
    TraceId(id.to_be_bytes())
}

fn span_id(id: i64) -> SpanId {
    SpanId(id.to_be_bytes())
}

fn reference<'a, R: Reader<'a>>(reader: &mut R) -> Result<Reference, WireError> {
    let (mut kind, mut trace, mut span) = (0, [0; 2], 0);
    thrift::fields(reader, |reader, field| {
        match field.id {
            1 => kind = thrift::i32(reader, field)?,
            2 => trace[1] = thrift::i64(reader, field)?,
            3 => trace[0] = thrift::i64(reader, field)?,
            4 => span = thrift::i64(reader, field)?,
            _ => thrift::skip(reader, field)?,
        }
        Ok(())
    })?;
    Ok(Reference {
        trace_id: trace_id(trace),
        span_id: span_id(span),
        is_child_of: kind == 0,
    })
}

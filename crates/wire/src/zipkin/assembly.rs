//! Puts a span together from the parts of Zipkin's model, in whatever format
//! and order these came.

use std::borrow::Cow;

use tracewell_model::batch::builder::RawValue;
use tracewell_model::{AnyValue, Level, SpanHeader, SpanId, SpanKind, TraceId};

use super::annotation;
use super::endpoint::{Endpoint, LOCAL, REMOTE};
use super::link::{is_link, read_link};
use super::rows::{Key, Rows};
use super::tags::{Fields, is_of_resource};
use crate::gathered::{Gathered, Verdict};
use crate::rejected::{Fault, FaultProblem, RejectReason};
use crate::room::NoRoom;
use crate::{Decoded, WireError, mend};

/// Says that a span came without a time.
pub(super) const NO_START: &str = "otel.zipkin.absentField.startTime";

/// W3C's flag, which a span that is to be recorded whatever samplers say has.
const SAMPLED: u32 = 1;

/// State of decoding one request.
pub(super) struct Intake<'r> {
    pub(super) gathered: Gathered<'r>,
    resources: Rows,
    scopes: Rows,
    key: Key,
    scope_key: Key,
}

/// The parts of which a span has one each.
#[derive(Default)]
pub(super) struct Parts<'a> {
    pub(super) trace_id: TraceId,
    pub(super) id: SpanId,
    /// Zeros for none.
    pub(super) parent_id: SpanId,
    pub(super) kind: Option<SpanKind>,
    pub(super) name: Cow<'a, [u8]>,
    /// 0 for none.
    pub(super) start_us: u64,
    pub(super) duration_us: u64,
    pub(super) local: Endpoint<'a>,
    pub(super) remote: Endpoint<'a>,
    pub(super) is_debug: bool,
    /// What is already known to be wrong with the span.
    pub(super) fault: Verdict,
}

/// What the parts come to that repeat.
#[derive(Default)]
pub(super) struct Assembly<'a> {
    fields: Fields<'a>,
    /// The tag `service.name`, which knows its letters' case.
    service: Option<Cow<'a, [u8]>>,
    has_peer_service: bool,
    has_peer_address: bool,
    has_host_address: bool,
    first_event_us: Option<u64>,
    fault: Verdict,
}

impl<'r> Intake<'r> {
    pub(super) fn new(gathered: Gathered<'r>) -> Self {
        Self {
            gathered,
            resources: Rows::default(),
            scopes: Rows::default(),
            key: Key::default(),
            scope_key: Key::default(),
        }
    }

    pub(super) fn begin<'a>(&mut self) -> Assembly<'a> {
        self.key.clear();
        Assembly::default()
    }

    pub(super) fn finish(self) -> Decoded {
        self.gathered.finish(None)
    }

    fn put(
        &mut self,
        level: Level,
        key: &[u8],
        value: RawValue<'_>,
        offset: usize,
    ) -> Result<(), WireError> {
        let Gathered { builder, notes, .. } = &mut self.gathered;
        let owner = (level, builder.next_row(level));
        mend::attribute(builder, owner, key, value, notes, offset)
    }

    fn put_all(
        &mut self,
        level: Level,
        attributes: &[(String, AnyValue)],
        offset: usize,
    ) -> Result<(), WireError> {
        let mut encoded = Vec::new();
        for (key, value) in attributes {
            let value = match value {
                AnyValue::String(text) => RawValue::Str(text.as_bytes()),
                AnyValue::Bool(value) => RawValue::Bool(*value),
                AnyValue::Int(value) => RawValue::Int(*value),
                AnyValue::Double(value) => RawValue::Double(*value),
                AnyValue::Bytes(bytes) => RawValue::Bytes(bytes),
                AnyValue::Empty | AnyValue::Array(_) | AnyValue::KvList(_) => {
                    encoded.clear();
                    value.encode(&mut encoded);
                    RawValue::Other(&encoded)
                }
            };
            self.put(level, key.as_bytes(), value, offset)?;
        }
        Ok(())
    }
}

impl<'a> Assembly<'a> {
    /// Adds a tag, which is text.
    pub(super) fn tag(
        &mut self,
        intake: &mut Intake<'_>,
        key: &[u8],
        value: Cow<'a, [u8]>,
        offset: usize,
    ) -> Result<(), WireError> {
        let Some(value) = self.fields.take(key, value) else {
            return Ok(());
        };
        if key == b"service.name" {
            self.service = Some(value);
            return Ok(());
        }
        if is_of_resource(key) {
            intake.key.push(key);
            intake.key.push(&value);
            let capacity = intake.key.capacity();
            return asked(intake.gathered.notes.buffer(capacity), offset);
        }
        if is_link(key) {
            let link = read_link(&value, &mut intake.gathered.notes);
            if let Some((header, attributes)) = asked(link, offset)? {
                intake.put_all(Level::Link, &attributes, offset)?;
                let Gathered { builder, notes, .. } = &mut intake.gathered;
                return mend::link(builder, &header, notes, offset).map(drop);
            }
        }
        self.attribute(intake, key, RawValue::Str(&value), offset)
    }

    /// Adds what is an attribute whatever it says.
    pub(super) fn attribute(
        &mut self,
        intake: &mut Intake<'_>,
        key: &[u8],
        value: RawValue<'_>,
        offset: usize,
    ) -> Result<(), WireError> {
        match key {
            b"peer.service" => self.has_peer_service = true,
            b"net.peer.ip" => self.has_peer_address = true,
            b"net.host.ip" => self.has_host_address = true,
            _ => {}
        }
        intake.put(Level::Span, key, value, offset)
    }

    /// Adds an annotation.
    pub(super) fn annotation(
        &mut self,
        intake: &mut Intake<'_>,
        time_us: u64,
        text: &[u8],
        offset: usize,
    ) -> Result<(), WireError> {
        let event = annotation::event(text, &mut intake.gathered.notes);
        let event = asked(event, offset)?;
        intake.put_all(Level::Event, &event.attributes, offset)?;
        let time_ns = match time_ns(time_us, "timestamp of an annotation") {
            Ok(time_ns) => time_ns,
            Err(fault) => {
                self.fault.get_or_insert(fault);
                0
            }
        };
        let first_us = self.first_event_us.unwrap_or(time_us);
        self.first_event_us = Some(first_us.min(time_us));
        let Gathered { builder, notes, .. } = &mut intake.gathered;
        mend::event(builder, time_ns, &event.name, event.dropped, notes, offset)
    }

    /// Adds the span, or takes back what was added of it and answers why.
    pub(super) fn finish(
        mut self,
        intake: &mut Intake<'_>,
        parts: &Parts<'_>,
        offset: usize,
    ) -> Result<Verdict, WireError> {
        let mut header = match parts.header(self.first_event_us) {
            Ok(header) => header,
            Err(fault) => {
                self.fault.get_or_insert(fault);
                SpanHeader::default()
            }
        };
        if let Some(fault) = parts.fault.or(self.fault) {
            intake.gathered.builder.abandon_span();
            return Ok(Some(fault));
        }
        if parts.start_us == 0 {
            intake.put(
                Level::Span,
                NO_START.as_bytes(),
                RawValue::Bool(true),
                offset,
            )?;
        }
        if let Some(error) = self.fields.untold_error() {
            intake.put(Level::Span, b"error", RawValue::Str(error), offset)?;
        }
        self.endpoints(intake, parts, offset)?;
        header.resource = self.resource(intake, parts, offset)?;
        header.scope = self.scope(intake, offset)?;
        self.fields.write_to(&mut header);
        let Gathered { builder, notes, .. } = &mut intake.gathered;
        mend::span(builder, &header, notes, offset)?;
        Ok(None)
    }

    /// What tags say of the peer is more than what was made of it.
    fn endpoints(
        &self,
        intake: &mut Intake<'_>,
        parts: &Parts<'_>,
        offset: usize,
    ) -> Result<(), WireError> {
        let local = parts.local.address(&LOCAL);
        let remote = parts.remote.address(&REMOTE);
        let local = local.filter(|_| !self.has_host_address);
        for (key, value) in local.chain(remote.filter(|_| !self.has_peer_address)) {
            intake.put(Level::Span, key.as_bytes(), value, offset)?;
        }
        let peer = &*parts.remote.service;
        if peer.is_empty() || self.has_peer_service {
            return Ok(());
        }
        intake.put(Level::Span, b"peer.service", RawValue::Str(peer), offset)
    }

    fn resource(
        &self,
        intake: &mut Intake<'_>,
        parts: &Parts<'_>,
        offset: usize,
    ) -> Result<u32, WireError> {
        let service = self.service.as_deref().unwrap_or(&parts.local.service);
        if !service.is_empty() {
            intake.key.push(b"service.name");
            intake.key.push(service);
        }
        let Intake {
            gathered: Gathered { builder, notes, .. },
            resources,
            key,
            ..
        } = intake;
        if let Some(row) = resources.get(key) {
            return Ok(row);
        }
        let owner = (Level::Resource, builder.next_row(Level::Resource));
        let mut texts = key.iter();
        while let (Some(key), Some(value)) = (texts.next(), texts.next()) {
            let value = RawValue::Str(value);
            mend::attribute(builder, owner, key, value, notes, offset)?;
        }
        let row = mend::resource(builder, b"", 0, b"", notes, offset)?;
        resources.insert(notes, key, row);
        Ok(row)
    }

    fn scope(&self, intake: &mut Intake<'_>, offset: usize) -> Result<u32, WireError> {
        let Intake {
            gathered: Gathered { builder, notes, .. },
            scopes,
            scope_key: key,
            ..
        } = intake;
        let (name, version) = (&*self.fields.scope_name, &*self.fields.scope_version);
        key.clear();
        key.push(name);
        key.push(version);
        if let Some(row) = scopes.get(key) {
            return Ok(row);
        }
        let row = mend::scope(builder, [name, version, b""], 0, notes, offset)?;
        scopes.insert(notes, key, row);
        Ok(row)
    }
}

impl Parts<'_> {
    /// Notes what is wrong with the span; the first fault counts.
    pub(super) fn wrong(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
    }

    /// The fields of the span. One without a start began with its first event.
    fn header(&self, first_event_us: Option<u64>) -> Result<SpanHeader<'_>, Fault> {
        for (is_zero, reason, field) in [
            (self.trace_id.is_zero(), RejectReason::TraceId, "traceId"),
            (self.id.is_zero(), RejectReason::SpanId, "id"),
        ] {
            if is_zero {
                return Err(Fault::new(reason, field, FaultProblem::Zero));
            }
        }
        let start_us = match self.start_us {
            0 => first_event_us.unwrap_or(0),
            start_us => start_us,
        };
        let start_ns = time_ns(start_us, "timestamp")?;
        // Some clients name a root as its own parent.
        let is_own_parent = self.parent_id == self.id;
        Ok(SpanHeader {
            trace_id: self.trace_id,
            span_id: self.id,
            parent_span_id: if is_own_parent {
                SpanId::default()
            } else {
                self.parent_id
            },
            flags: if self.is_debug { SAMPLED } else { 0 },
            name: &self.name,
            kind: self.kind.unwrap_or(SpanKind::Unspecified).to_otlp(),
            start_ns,
            end_ns: start_ns.saturating_add(time_ns(self.duration_us, "duration")?),
            ..SpanHeader::default()
        })
    }
}

fn time_ns(us: u64, field: &'static str) -> Result<u64, Fault> {
    us.checked_mul(1_000).ok_or_else(|| {
        let problem = FaultProblem::Microseconds(i64::try_from(us).unwrap_or(i64::MAX));
        Fault::new(RejectReason::Time, field, problem)
    })
}

fn asked<T>(result: Result<T, NoRoom>, offset: usize) -> Result<T, WireError> {
    result.map_err(|full| full.at_byte(offset))
}

//! Spans of Jaeger's JSON, one after another into a batch.

use std::collections::HashMap;

use tracewell_model::any_value::AnyValue;
use tracewell_model::batch::Level;
use tracewell_model::batch::builder::{LinkHeader, RawValue};
use tracewell_model::{SpanBatchBuilder, SpanHeader, SpanId, SpanKind, TraceId};

use super::message::{self, Log, Span, Tag};
use super::{TEXT, put, put_text, raw};
use crate::jaeger::fields::{CHILD_OF, Fields, Parent, REF_TYPE_KEY, Reference, WARNINGS_KEY};
use crate::rejected::{Fault, RejectReason};

/// Adds spans to a batch.
pub(super) struct Spans<'a> {
    builder: &'a mut SpanBatchBuilder,
    resources: HashMap<&'a str, u32>,
    no_resource: Option<u32>,
    scopes: HashMap<(Vec<u8>, Vec<u8>), u32>,
}

impl<'a> Spans<'a> {
    pub(super) fn new(builder: &'a mut SpanBatchBuilder, resources: HashMap<&'a str, u32>) -> Self {
        Self {
            builder,
            resources,
            no_resource: None,
            scopes: HashMap::new(),
        }
    }

    /// Adds a span, or says why it cannot be kept.
    pub(super) fn add(&mut self, span: &Span<'_>) -> Result<(), Fault> {
        let trace_id = trace_id(&span.trace_id, RejectReason::TraceId, "traceID")?;
        let span_id = span_id(&span.span_id, RejectReason::SpanId, "spanID")?;
        let (parent_span_id, links) = parent_and_links(span, trace_id)?;
        let resource = self.resource(span);
        let tags = span.tags.as_deref().unwrap_or_default();
        let values: Vec<AnyValue> = tags.iter().map(Tag::value).collect();
        let mut fields = Fields::default();
        let row = self.builder.next_span();
        for (tag, value) in tags.iter().zip(&values) {
            let value = raw(value);
            if !fields.take(tag.key.as_bytes(), value) {
                put(self.builder, Level::Span, row, &tag.key, value);
            }
        }
        if let Some(value) = fields.untold_error() {
            put(self.builder, Level::Span, row, "error", value);
        }
        self.warnings(span.warnings.as_deref().unwrap_or_default());
        for log in span.logs.iter().flatten() {
            self.event(log);
        }
        for (link, is_parent) in links {
            let row = self.builder.link(&link).expect(TEXT);
            if is_parent {
                put_text(self.builder, Level::Link, row, REF_TYPE_KEY, CHILD_OF);
            }
        }
        let start_ns = span.start_time * 1_000;
        let header = SpanHeader {
            trace_id,
            span_id,
            parent_span_id,
            trace_state: fields.trace_state,
            flags: span.flags.unwrap_or(0),
            name: span.operation_name.as_bytes(),
            kind: fields.kind.unwrap_or(SpanKind::Unspecified).to_otlp(),
            start_ns,
            end_ns: start_ns.wrapping_add(span.duration * 1_000),
            status_code: fields.status().to_otlp(),
            status_message: fields.status_message,
            resource,
            scope: self.scope(&fields),
            ..SpanHeader::default()
        };
        self.builder.span(&header).expect(TEXT);
        Ok(())
    }

    fn resource(&mut self, span: &Span<'_>) -> u32 {
        if let Some(process) = &span.process {
            return super::resource(self.builder, process);
        }
        if let Some(row) = self.resources.get(&*span.process_id) {
            return *row;
        }
        let new = || self.builder.resource(b"", 0, b"").expect(TEXT);
        *self.no_resource.get_or_insert_with(new)
    }

    fn scope(&mut self, fields: &Fields<'_>) -> u32 {
        let (name, version) = (fields.scope_name, fields.scope_version);
        let key = (name.to_owned(), version.to_owned());
        let builder = &mut *self.builder;
        *self.scopes.entry(key).or_insert_with(|| {
            let row = builder.scope(name, version, b"", 0);
            row.expect(TEXT)
        })
    }

    fn warnings(&mut self, warnings: &[String]) {
        if warnings.is_empty() {
            return;
        }
        let texts = warnings.iter().cloned().map(AnyValue::String);
        let mut encoded = Vec::new();
        AnyValue::Array(texts.collect()).encode(&mut encoded);
        let (row, value) = (self.builder.next_span(), RawValue::Other(&encoded));
        let key = WARNINGS_KEY.as_bytes();
        let put = self.builder.attribute(Level::Span, row, key, value);
        put.expect(TEXT);
    }

    fn event(&mut self, log: &Log<'_>) {
        let fields = log.fields.as_deref().unwrap_or_default();
        // OpenTracing's other word for it names what has no event.
        let text_of = |key: &str| {
            let found = fields.iter().position(|tag| tag.key == key);
            found.filter(|place| fields[*place].text().is_some())
        };
        let named = text_of("event").or_else(|| text_of("message"));
        let name = named.and_then(|place| fields[place].text()).unwrap_or("");
        let row = self
            .builder
            .event(log.timestamp * 1_000, name.as_bytes(), 0)
            .expect(TEXT);
        for (place, tag) in fields.iter().enumerate() {
            if named != Some(place) {
                put(self.builder, Level::Event, row, &tag.key, raw(&tag.value()));
            }
        }
    }
}

/// Links, each with whether it was a parent.
type Links = Vec<(LinkHeader<'static>, bool)>;

/// Which reference is the parent says [`Parent`]; everything else is a link.
fn parent_and_links(span: &Span<'_>, trace: TraceId) -> Result<(SpanId, Links), Fault> {
    let named = span.parent_span_id.as_deref().unwrap_or_default();
    let named = if named.trim_start_matches('0').is_empty() {
        SpanId::default()
    } else {
        span_id(named, RejectReason::ParentSpanId, "parentSpanID")?
    };
    let (mut parent, mut links) = (Parent::new(trace, named), Links::new());
    for reference in span.references.iter().flatten() {
        let reference = read_reference(reference)?;
        if !parent.is(&reference) {
            links.push((reference.link(), reference.is_child_of));
        }
    }
    Ok((parent.span_id, links))
}

/// Ids of zeros lead nowhere and are legal, as in OTLP.
fn read_reference(written: &message::Reference<'_>) -> Result<Reference, Fault> {
    let (trace, span) = (&*written.trace_id, &*written.span_id);
    let is_zero = |text: &str| text.trim_start_matches('0').is_empty();
    let mut reference = Reference {
        is_child_of: written.ref_type.eq_ignore_ascii_case("CHILD_OF"),
        ..Reference::default()
    };
    if !is_zero(trace) {
        reference.trace_id = trace_id(trace, RejectReason::LinkId, "references.traceID")?;
    }
    if !is_zero(span) {
        reference.span_id = span_id(span, RejectReason::LinkId, "references.spanID")?;
    }
    Ok(reference)
}

fn trace_id(text: &str, reason: RejectReason, field: &'static str) -> Result<TraceId, Fault> {
    TraceId::parse_hex(text).map_err(|error| Fault::hex(reason, field, &error))
}

fn span_id(text: &str, reason: RejectReason, field: &'static str) -> Result<SpanId, Fault> {
    SpanId::parse_hex(text).map_err(|error| Fault::hex(reason, field, &error))
}

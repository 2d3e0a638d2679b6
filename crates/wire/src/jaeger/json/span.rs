//! Spans of Jaeger's JSON, one after another into a batch.

use std::collections::HashMap;

use tracewell_model::any_value::AnyValue;
use tracewell_model::batch::Level;
use tracewell_model::batch::builder::{LinkHeader, RawValue};
use tracewell_model::ids::IdError;
use tracewell_model::{SpanBatchBuilder, SpanHeader, SpanId, SpanKind, StatusCode, TraceId};

use super::message::{Log, Reference, Span, Tag};
use super::{TEXT, put_tag, put_text};
use crate::rejected::{Fault, FaultProblem, RejectReason};

/// Where Jaeger keeps the warnings of a span within OTLP data.
const WARNINGS_KEY: &str = "@jaeger@warnings";

/// Says of a link that it was a parent of another trace, or a second one.
const REF_TYPE_KEY: &str = "opentracing.ref_type";

/// Adds spans to a batch.
pub(super) struct Spans<'a> {
    builder: &'a mut SpanBatchBuilder,
    resources: HashMap<&'a str, u32>,
    no_resource: Option<u32>,
    scopes: HashMap<(String, String), u32>,
}

/// What tags say that OTLP has as fields.
#[derive(Default)]
struct Fields<'a> {
    kind: Option<SpanKind>,
    status: Option<StatusCode>,
    is_error: bool,
    status_message: &'a str,
    trace_state: &'a str,
    scope_name: &'a str,
    scope_version: &'a str,
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
        let fields = Fields::of(tags);
        let row = self.builder.next_span();
        for tag in tags.iter().filter(|tag| !fields.hold(tag)) {
            put_tag(self.builder, Level::Span, row, tag);
        }
        self.warnings(span.warnings.as_deref().unwrap_or_default());
        for log in span.logs.iter().flatten() {
            self.event(log);
        }
        for (link, is_parent) in links {
            let row = self.builder.link(&link).expect(TEXT);
            if is_parent {
                put_text(self.builder, Level::Link, row, REF_TYPE_KEY, "child_of");
            }
        }
        let start_ns = span.start_time * 1_000;
        let header = SpanHeader {
            trace_id,
            span_id,
            parent_span_id,
            trace_state: fields.trace_state.as_bytes(),
            flags: span.flags.unwrap_or(0),
            name: span.operation_name.as_bytes(),
            kind: fields.kind.unwrap_or(SpanKind::Unspecified).to_otlp(),
            start_ns,
            end_ns: start_ns.wrapping_add(span.duration * 1_000),
            status_code: fields.status().to_otlp(),
            status_message: fields.status_message.as_bytes(),
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
            let row = builder.scope(name.as_bytes(), version.as_bytes(), b"", 0);
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
        let named = fields.iter().position(|tag| tag.key == "event");
        let named = named.filter(|place| fields[*place].text().is_some());
        let name = named.and_then(|place| fields[place].text()).unwrap_or("");
        let row = self
            .builder
            .event(log.timestamp * 1_000, name.as_bytes(), 0)
            .expect(TEXT);
        for (place, tag) in fields.iter().enumerate() {
            if named != Some(place) {
                put_tag(self.builder, Level::Event, row, tag);
            }
        }
    }
}

impl<'a> Fields<'a> {
    fn of(tags: &'a [Tag<'_>]) -> Self {
        let mut fields = Self::default();
        for tag in tags {
            let text = tag.text().unwrap_or_default();
            match &*tag.key {
                "span.kind" => fields.kind = SpanKind::from_name(text),
                "otel.status_code" => fields.status = status(text),
                "otel.status_description" => fields.status_message = text,
                "error" => fields.is_error |= tag.is_true(),
                "w3c.tracestate" => fields.trace_state = text,
                "otel.scope.name" | "otel.library.name" => fields.scope_name = text,
                "otel.scope.version" | "otel.library.version" => fields.scope_version = text,
                _ => {}
            }
        }
        fields
    }

    /// Is a tag told by these fields, so that it is no attribute?
    fn hold(&self, tag: &Tag<'_>) -> bool {
        let text = tag.text();
        match &*tag.key {
            "span.kind" => text.and_then(SpanKind::from_name).is_some(),
            "otel.status_code" => text.and_then(status).is_some(),
            "error" => tag.is_true() && self.status() == StatusCode::Error,
            "otel.status_description" => text.is_some(),
            "w3c.tracestate" => text.is_some(),
            "otel.scope.name" | "otel.library.name" => text.is_some(),
            "otel.scope.version" | "otel.library.version" => text.is_some(),
            _ => false,
        }
    }

    fn status(&self) -> StatusCode {
        match self.status {
            Some(status) => status,
            None if self.is_error => StatusCode::Error,
            None => StatusCode::Unset,
        }
    }
}

fn status(text: &str) -> Option<StatusCode> {
    match text {
        "OK" => Some(StatusCode::Ok),
        "ERROR" => Some(StatusCode::Error),
        "UNSET" => Some(StatusCode::Unset),
        _ => None,
    }
}

/// Links, each with whether it was a parent.
type Links = Vec<(LinkHeader<'static>, bool)>;

/// The first parent within the trace is the parent, everything else a link.
fn parent_and_links(span: &Span<'_>, trace: TraceId) -> Result<(SpanId, Links), Fault> {
    let (mut parent, mut links) = (None, Links::new());
    for reference in span.references.iter().flatten() {
        let is_parent = reference.ref_type.eq_ignore_ascii_case("CHILD_OF");
        let link = link(reference)?;
        if is_parent && link.trace_id == trace && parent.is_none() {
            parent = Some(link.span_id);
        } else {
            links.push((link, is_parent));
        }
    }
    let named = span.parent_span_id.as_deref().unwrap_or_default();
    if parent.is_none() && !named.trim_start_matches('0').is_empty() {
        parent = Some(span_id(named, RejectReason::ParentSpanId, "parentSpanID")?);
    }
    Ok((parent.unwrap_or_default(), links))
}

/// Ids of zeros lead nowhere and are legal, as in OTLP.
fn link(reference: &Reference<'_>) -> Result<LinkHeader<'static>, Fault> {
    let (trace, span) = (&*reference.trace_id, &*reference.span_id);
    let is_zero = |text: &str| text.trim_start_matches('0').is_empty();
    let mut link = LinkHeader::default();
    if !is_zero(trace) {
        link.trace_id = trace_id(trace, RejectReason::LinkId, "references.traceID")?;
    }
    if !is_zero(span) {
        link.span_id = span_id(span, RejectReason::LinkId, "references.spanID")?;
    }
    Ok(link)
}

fn trace_id(text: &str, reason: RejectReason, field: &'static str) -> Result<TraceId, Fault> {
    TraceId::parse_hex(text).map_err(|error| no_id(&error, reason, field))
}

fn span_id(text: &str, reason: RejectReason, field: &'static str) -> Result<SpanId, Fault> {
    SpanId::parse_hex(text).map_err(|error| no_id(&error, reason, field))
}

fn no_id(error: &IdError, reason: RejectReason, field: &'static str) -> Fault {
    let problem = match *error {
        IdError::Length { max, got } => FaultProblem::Digits { want: max, got },
        IdError::Digit(_) => FaultProblem::NotHex,
        IdError::Zero => FaultProblem::Zero,
    };
    Fault::new(reason, field, problem)
}

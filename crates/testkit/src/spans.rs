//! Spans as plain structs, for tests to write down and compare.
//!
//! [`batch`] and [`flatten`] are inverse up to the order of attributes, which
//! [`flatten`] sorts. They use only the public API of the model, one attribute
//! at a time, so that a fault of a fast path shows as a difference.

use tracewell_model::batch::builder::{LinkHeader, RawValue};
use tracewell_model::batch::view::{BatchView, SpanRef};
use tracewell_model::{
    AnyValue, Level, SpanBatch, SpanBatchBuilder, SpanHeader, SpanId, SpanKind, StatusCode, TraceId,
};

/// Keys with values.
pub type Attributes = Vec<(String, AnyValue)>;

/// A span with everything it can have.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the fields are those of the model")]
pub struct TestSpan {
    pub trace_id: TraceId,
    pub span_id: SpanId,
    pub parent_span_id: SpanId,
    pub trace_state: String,
    pub flags: u32,
    pub name: String,
    pub kind: SpanKind,
    pub start_ns: u64,
    pub end_ns: u64,
    pub status: StatusCode,
    pub status_message: String,
    pub attributes: Attributes,
    pub resource: Attributes,
    pub resource_schema_url: String,
    pub scope_name: String,
    pub scope_version: String,
    pub scope: Attributes,
    pub events: Vec<TestEvent>,
    pub links: Vec<TestLink>,
    pub dropped: [u32; 3],
}

/// An event of a span.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the fields are those of the model")]
pub struct TestEvent {
    pub time_ns: u64,
    pub name: String,
    pub attributes: Attributes,
    pub dropped: u32,
}

/// A link of a span.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the fields are those of the model")]
pub struct TestLink {
    pub trace_id: TraceId,
    pub span_id: SpanId,
    pub trace_state: String,
    pub flags: u32,
    pub attributes: Attributes,
    pub dropped: u32,
}

impl TestSpan {
    /// A span of `service`: trace and span ids end in the given numbers, it
    /// starts at `start_ns` and takes 1 ms.
    #[must_use]
    pub fn new(trace: u64, span: u64, service: &str, name: &str, start_ns: u64) -> Self {
        let service = (
            "service.name".to_owned(),
            AnyValue::String(service.to_owned()),
        );
        Self {
            trace_id: trace_id(trace),
            span_id: span_id(span),
            parent_span_id: SpanId::default(),
            trace_state: String::new(),
            flags: 0,
            name: name.to_owned(),
            kind: SpanKind::Internal,
            start_ns,
            end_ns: start_ns.saturating_add(1_000_000),
            status: StatusCode::Unset,
            status_message: String::new(),
            attributes: Vec::new(),
            resource: vec![service],
            resource_schema_url: String::new(),
            scope_name: String::new(),
            scope_version: String::new(),
            scope: Vec::new(),
            events: Vec::new(),
            links: Vec::new(),
            dropped: [0; 3],
        }
    }

    /// With a parent.
    #[must_use]
    pub fn child_of(mut self, parent: u64) -> Self {
        self.parent_span_id = span_id(parent);
        self
    }

    /// With a duration in ns.
    #[must_use]
    pub fn lasting_ns(mut self, duration_ns: u64) -> Self {
        self.end_ns = self.start_ns + duration_ns;
        self
    }

    /// With a kind.
    #[must_use]
    pub fn kind(mut self, kind: SpanKind) -> Self {
        self.kind = kind;
        self
    }

    /// With a status.
    #[must_use]
    pub fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// With one more attribute.
    #[must_use]
    pub fn with(mut self, key: &str, value: AnyValue) -> Self {
        self.attributes.push((key.to_owned(), value));
        self
    }

    /// With one more attribute of text.
    #[must_use]
    pub fn with_text(self, key: &str, value: &str) -> Self {
        self.with(key, AnyValue::String(value.to_owned()))
    }

    /// With one more event, `after_ns` after the start.
    #[must_use]
    pub fn with_event(mut self, name: &str, after_ns: u64, attributes: Attributes) -> Self {
        let (name, time_ns) = (name.to_owned(), self.start_ns + after_ns);
        self.events.push(TestEvent {
            time_ns,
            name,
            attributes,
            dropped: 0,
        });
        self
    }

    /// Its `service.name`.
    #[must_use]
    pub fn service(&self) -> &str {
        let service = self.resource.iter().find(|(key, _)| key == "service.name");
        match service {
            Some((_, AnyValue::String(name))) => name,
            _ => "",
        }
    }
}

/// A trace id that ends in `number`.
#[must_use]
pub fn trace_id(number: u64) -> TraceId {
    TraceId((0xaaaa_0000_0000_0000_0000_0000_0000_0000_u128 | u128::from(number)).to_be_bytes())
}

/// A span id that ends in `number`.
#[must_use]
pub fn span_id(number: u64) -> SpanId {
    SpanId(number.to_be_bytes())
}

/// One batch of these spans, in this order.
#[must_use]
pub fn batch(spans: &[TestSpan]) -> SpanBatch {
    let mut builder = SpanBatchBuilder::new();
    for span in spans {
        let resource = builder
            .resource(span.resource_schema_url.as_bytes(), 0, &[])
            .expect("test text is UTF-8");
        push(&mut builder, Level::Resource, resource, &span.resource);
        let (name, version) = (span.scope_name.as_bytes(), span.scope_version.as_bytes());
        let scope = builder
            .scope(name, version, b"", 0)
            .expect("test text is UTF-8");
        push(&mut builder, Level::Scope, scope, &span.scope);
        let row = builder.next_span();
        push(&mut builder, Level::Span, row, &span.attributes);
        for event in &span.events {
            let row = builder.event(event.time_ns, event.name.as_bytes(), event.dropped);
            push(
                &mut builder,
                Level::Event,
                row.expect("test text is UTF-8"),
                &event.attributes,
            );
        }
        for link in &span.links {
            let header = LinkHeader {
                trace_id: link.trace_id,
                span_id: link.span_id,
                trace_state: link.trace_state.as_bytes(),
                flags: link.flags,
                dropped_attributes: link.dropped,
            };
            let row = builder.link(&header).expect("test text is UTF-8");
            push(&mut builder, Level::Link, row, &link.attributes);
        }
        builder
            .span(&header(span, resource, scope))
            .expect("test text is UTF-8");
    }
    builder.finish()
}

fn header(span: &TestSpan, resource: u32, scope: u32) -> SpanHeader<'_> {
    SpanHeader {
        trace_id: span.trace_id,
        span_id: span.span_id,
        parent_span_id: span.parent_span_id,
        trace_state: span.trace_state.as_bytes(),
        flags: span.flags,
        name: span.name.as_bytes(),
        kind: span.kind.to_otlp(),
        start_ns: span.start_ns,
        end_ns: span.end_ns,
        status_code: span.status.to_otlp(),
        status_message: span.status_message.as_bytes(),
        dropped_attributes: span.dropped[0],
        dropped_events: span.dropped[1],
        dropped_links: span.dropped[2],
        resource,
        scope,
    }
}

fn push(builder: &mut SpanBatchBuilder, level: Level, row: u32, attributes: &Attributes) {
    for (key, value) in attributes {
        let mut encoded = Vec::new();
        let raw = match value {
            AnyValue::String(text) => RawValue::Str(text.as_bytes()),
            AnyValue::Int(value) => RawValue::Int(*value),
            AnyValue::Double(value) => RawValue::Double(*value),
            AnyValue::Bool(value) => RawValue::Bool(*value),
            AnyValue::Bytes(bytes) => RawValue::Bytes(bytes),
            other => {
                other.encode(&mut encoded);
                RawValue::Other(&encoded)
            }
        };
        builder
            .attribute(level, row, key.as_bytes(), raw)
            .expect("test text is UTF-8");
    }
}

/// The spans of a batch, attributes sorted.
#[must_use]
pub fn flatten(batch: &SpanBatch) -> Vec<TestSpan> {
    let view = BatchView::new(batch);
    view.spans().map(|span| flatten_span(&view, span)).collect()
}

fn flatten_span(view: &BatchView<'_>, span: SpanRef<'_>) -> TestSpan {
    let batch = view.batch();
    let (resource, scope) = (span.resource_row(), span.scope_row());
    let events = span.event_rows().map(|row| TestEvent {
        time_ns: batch.events().time_ns[row],
        name: batch.events().name.get(row).to_owned(),
        attributes: sorted(view, Level::Event, row),
        dropped: batch.events().dropped_attributes.get(row),
    });
    let links = span.link_rows().map(|row| TestLink {
        trace_id: batch.links().trace_id[row],
        span_id: batch.links().span_id[row],
        trace_state: batch.links().trace_state.get(row).to_owned(),
        flags: batch.links().flags[row],
        attributes: sorted(view, Level::Link, row),
        dropped: batch.links().dropped_attributes.get(row),
    });
    TestSpan {
        trace_id: span.trace_id(),
        span_id: span.span_id(),
        parent_span_id: span.parent_span_id().unwrap_or_default(),
        trace_state: span.trace_state().to_owned(),
        flags: span.flags(),
        name: span.name().to_owned(),
        kind: span.kind(),
        start_ns: span.start_ns(),
        end_ns: span.end_ns(),
        status: span.status_code(),
        status_message: span.status_message().to_owned(),
        attributes: sorted(view, Level::Span, span.row()),
        resource: sorted(view, Level::Resource, resource),
        resource_schema_url: batch.resources().schema_url.get(resource).to_owned(),
        scope_name: batch.scopes().name.get(scope).to_owned(),
        scope_version: batch.scopes().version.get(scope).to_owned(),
        scope: sorted(view, Level::Scope, scope),
        events: events.collect(),
        links: links.collect(),
        dropped: span.dropped(),
    }
}

fn sorted(view: &BatchView<'_>, level: Level, row: usize) -> Attributes {
    let mut attributes: Attributes = view
        .attributes(level, row)
        .map(|(key, value)| (key.to_owned(), value.to_any()))
        .collect();
    attributes.sort_by(|a, b| {
        a.0.cmp(&b.0)
            .then_with(|| format!("{a:?}").cmp(&format!("{b:?}")))
    });
    attributes
}

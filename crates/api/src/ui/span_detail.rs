//! Single spans in full, as JSON.
//!
//! 64-bit integers are decimal strings, because a browser's numbers end at
//! 2^53; that holds inside arrays and lists too. Attributes are sorted by key.

use serde::Serialize;
use serde::ser::Serializer;
use serde_json::Value;
use tracewell_model::batch::view::{BatchView, SpanRef, ValueRef};
use tracewell_model::{AnyValue, Level};

use super::opened::Oddity;
use tracewell_wire::any_json::{any_json, digits_json};

/// One span.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Span<'a> {
    row: u32,
    span_id: String,
    parent_span_id: Option<String>,
    trace_state: &'a str,
    flags: u32,
    name: &'a str,
    kind: &'static str,
    status_code: &'static str,
    status_message: &'a str,
    start_ns: String,
    duration_ns: String,
    attributes: Attributes<'a>,
    resource: Resource<'a>,
    scope: Scope<'a>,
    events: Vec<Event<'a>>,
    links: Vec<Link<'a>>,
    dropped_attributes: u32,
    dropped_events: u32,
    dropped_links: u32,
    warnings: Vec<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Resource<'a> {
    attributes: Attributes<'a>,
    schema_url: &'a str,
    dropped_attributes: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Scope<'a> {
    name: &'a str,
    version: &'a str,
    attributes: Attributes<'a>,
    schema_url: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    name: &'a str,
    time_ns: String,
    offset_ns: String,
    attributes: Attributes<'a>,
    dropped_attributes: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Link<'a> {
    trace_id: String,
    span_id: String,
    trace_state: &'a str,
    attributes: Attributes<'a>,
}

impl<'a> Span<'a> {
    /// The span of a row of the skeleton, with its row in the batch.
    pub(super) fn new(view: &'a BatchView<'a>, (place, row): (u32, usize), oddity: Oddity) -> Self {
        let (batch, span) = (view.batch(), view.span(row));
        let (resource, scope) = (span.resource_row(), span.scope_row());
        let [dropped_attributes, dropped_events, dropped_links] = span.dropped();
        let (resources, scopes) = (batch.resources(), batch.scopes());
        Self {
            row: place,
            span_id: span.span_id().to_string(),
            parent_span_id: span.parent_span_id().map(|id| id.to_string()),
            trace_state: span.trace_state(),
            flags: span.flags(),
            name: span.name(),
            kind: span.kind().name(),
            status_code: span.status_code().name(),
            status_message: span.status_message(),
            start_ns: span.start_ns().to_string(),
            duration_ns: span.duration_ns().to_string(),
            attributes: Attributes::new(view, Level::Span, row),
            resource: Resource {
                attributes: Attributes::new(view, Level::Resource, resource),
                schema_url: resources.schema_url.get(resource),
                dropped_attributes: resources.dropped_attributes.get(resource),
            },
            scope: Scope {
                name: scopes.name.get(scope),
                version: scopes.version.get(scope),
                attributes: Attributes::new(view, Level::Scope, scope),
                schema_url: scopes.schema_url.get(scope),
            },
            events: span
                .event_rows()
                .map(|event| Event::new(view, span, event))
                .collect(),
            links: span.link_rows().map(|link| Link::new(view, link)).collect(),
            dropped_attributes,
            dropped_events,
            dropped_links,
            warnings: warnings(oddity, span),
        }
    }
}

impl<'a> Event<'a> {
    fn new(view: &'a BatchView<'a>, span: SpanRef<'_>, row: usize) -> Self {
        let events = view.batch().events();
        let time_ns = events.time_ns[row];
        Self {
            name: events.name.get(row),
            time_ns: time_ns.to_string(),
            offset_ns: (i128::from(time_ns) - i128::from(span.start_ns())).to_string(),
            attributes: Attributes::new(view, Level::Event, row),
            dropped_attributes: events.dropped_attributes.get(row),
        }
    }
}

impl<'a> Link<'a> {
    fn new(view: &'a BatchView<'a>, row: usize) -> Self {
        let links = view.batch().links();
        Self {
            trace_id: links.trace_id[row].to_string(),
            span_id: links.span_id[row].to_string(),
            trace_state: links.trace_state.get(row),
            attributes: Attributes::new(view, Level::Link, row),
        }
    }
}

fn warnings(oddity: Oddity, span: SpanRef<'_>) -> Vec<&'static str> {
    let checks = [
        (oddity.is_orphan, "its parent never arrived"),
        (
            oddity.is_cut,
            "it is among its own parents: a cycle, which is cut here",
        ),
        (
            span.ends_before_start(),
            "it ends before it starts; its duration is shown as 0",
        ),
        (
            oddity.has_repeated_id,
            "another span of the trace has the same id",
        ),
    ];
    let said = checks.into_iter().filter(|(holds, _)| *holds);
    said.map(|(_, sentence)| sentence).collect()
}

/// Attributes of one owner, written as a list.
struct Attributes<'a>(Vec<(&'a str, ValueRef<'a>)>);

impl<'a> Attributes<'a> {
    fn new(view: &BatchView<'a>, level: Level, row: usize) -> Self {
        let mut attributes: Vec<_> = view.attributes(level, row).collect();
        attributes.sort_by_key(|(key, _)| *key);
        Self(attributes)
    }
}

impl Serialize for Attributes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Attribute<'a> {
            key: &'a str,
            #[serde(rename = "type")]
            value_type: &'static str,
            value: Value,
        }
        serializer.collect_seq(self.0.iter().map(|(key, value)| {
            let any = value.to_any();
            Attribute {
                key,
                value_type: type_name(&any),
                value: any_json(&any, digits_json),
            }
        }))
    }
}

fn type_name(value: &AnyValue) -> &'static str {
    match value {
        AnyValue::Empty => "empty",
        AnyValue::String(_) => "string",
        AnyValue::Bool(_) => "bool",
        AnyValue::Int(_) => "int",
        AnyValue::Double(_) => "double",
        AnyValue::Bytes(_) => "bytes",
        AnyValue::Array(_) => "array",
        AnyValue::KvList(_) => "kvlist",
    }
}

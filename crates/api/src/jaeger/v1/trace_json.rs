//! A trace in the JSON of Jaeger's UI.
//!
//! ```text
//! {"traceID", "spans": [...], "processes": {"p1": {...}}, "warnings": null}
//! ```
//!
//! Times are whole microseconds. Spans are made one at a time while they are
//! written, so a trace costs no second copy of itself.

use std::collections::HashMap;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use tracewell_model::batch::view::BatchView;
use tracewell_model::{SpanBatch, SpanRef};

use crate::base64;
use tracewell_wire::any_json::{double_json, safe_whole_json};
use tracewell_wire::jaeger::shown::{self, Log, Process, Reference, ReferenceType, Tag, TagValue};

/// A whole trace of at least one span.
pub(super) struct TraceJson<'a> {
    view: &'a BatchView<'a>,
    rows: Vec<usize>,
    /// A resource of each distinct process, `p1` first.
    processes: Vec<usize>,
    /// Process of each resource.
    process_of: HashMap<usize, usize>,
}

impl<'a> TraceJson<'a> {
    /// Of a batch that is one trace.
    pub(super) fn new(view: &'a BatchView<'a>) -> Self {
        Self::of_rows(view, (0..view.batch().len()).collect())
    }

    /// Of the rows of a batch that are one trace: sorts them and finds the
    /// distinct processes.
    pub(super) fn of_rows(view: &'a BatchView<'a>, mut rows: Vec<usize>) -> Self {
        let batch = view.batch();
        crate::by_start::sort_by_start(batch, &mut rows);
        let (processes, process_of) = distinct_processes(view, batch, &rows);
        Self {
            view,
            rows,
            processes,
            process_of,
        }
    }
}

/// Equal resources may stand in several rows: processes are told apart by
/// what they look like.
fn distinct_processes(
    view: &BatchView<'_>,
    batch: &SpanBatch,
    rows: &[usize],
) -> (Vec<usize>, HashMap<usize, usize>) {
    let resources = &batch.spans().resource;
    let mut process_of = HashMap::new();
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut processes = Vec::new();
    for resource in rows.iter().map(|row| resources[*row] as usize) {
        if process_of.contains_key(&resource) {
            continue;
        }
        let json = serde_json::to_string(&ProcessJson(Process::new(view, resource)))
            .expect("a process has only keys that are text");
        let number = *numbers.entry(json).or_insert_with(|| {
            processes.push(resource);
            processes.len() - 1
        });
        process_of.insert(resource, number);
    }
    (processes, process_of)
}

impl Serialize for TraceJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let spans = self.view.batch().spans();
        let mut trace = serializer.serialize_struct("Trace", 4)?;
        trace.serialize_field("traceID", &spans.trace_id[self.rows[0]].to_short_hex())?;
        trace.serialize_field("spans", &SpansJson(self))?;
        trace.serialize_field("processes", &ProcessesJson(self))?;
        trace.serialize_field("warnings", &())?;
        trace.end()
    }
}

struct SpansJson<'a>(&'a TraceJson<'a>);

impl Serialize for SpansJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let trace = self.0;
        serializer.collect_seq(trace.rows.iter().map(|row| {
            let span = trace.view.span(*row);
            SpanJson {
                span,
                process: trace.process_of[&span.resource_row()],
            }
        }))
    }
}

struct ProcessesJson<'a>(&'a TraceJson<'a>);

impl Serialize for ProcessesJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let trace = self.0;
        serializer.collect_map(
            trace
                .processes
                .iter()
                .enumerate()
                .map(|(number, resource)| {
                    let process = Process::new(trace.view, *resource);
                    (process_id(number), ProcessJson(process))
                }),
        )
    }
}

fn process_id(number: usize) -> String {
    format!("p{}", number + 1)
}

struct SpanJson<'a> {
    span: SpanRef<'a>,
    process: usize,
}

impl Serialize for SpanJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let span = self.span;
        let warnings = Some(shown::warnings(span)).filter(|warnings| !warnings.is_empty());
        let references: Vec<_> = shown::references(span).iter().map(reference_json).collect();
        let logs = shown::logs(span);
        let logs: Vec<_> = logs.iter().map(LogJson).collect();
        let mut json = serializer.serialize_struct("Span", 10)?;
        json.serialize_field("traceID", &span.trace_id().to_short_hex())?;
        json.serialize_field("spanID", &span.span_id().to_string())?;
        json.serialize_field("operationName", span.name())?;
        json.serialize_field("references", &references)?;
        json.serialize_field("startTime", &(span.start_ns() / 1_000))?;
        json.serialize_field("duration", &(span.duration_ns() / 1_000))?;
        json.serialize_field("tags", &TagsJson(&shown::tags(span)))?;
        json.serialize_field("logs", &logs)?;
        json.serialize_field("processID", &process_id(self.process))?;
        json.serialize_field("warnings", &warnings)?;
        json.end()
    }
}

#[derive(Serialize)]
struct ReferenceJson {
    #[serde(rename = "refType")]
    reference_type: &'static str,
    #[serde(rename = "traceID")]
    trace_id: String,
    #[serde(rename = "spanID")]
    span_id: String,
}

fn reference_json(reference: &Reference) -> ReferenceJson {
    ReferenceJson {
        reference_type: match reference.reference_type {
            ReferenceType::ChildOf => "CHILD_OF",
            ReferenceType::FollowsFrom => "FOLLOWS_FROM",
        },
        trace_id: reference.trace_id.to_short_hex(),
        span_id: reference.span_id.to_string(),
    }
}

struct LogJson<'a>(&'a Log<'a>);

impl Serialize for LogJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut json = serializer.serialize_struct("Log", 2)?;
        json.serialize_field("timestamp", &(self.0.time_ns / 1_000))?;
        json.serialize_field("fields", &TagsJson(&self.0.fields))?;
        json.end()
    }
}

struct ProcessJson<'a>(Process<'a>);

impl Serialize for ProcessJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut json = serializer.serialize_struct("Process", 2)?;
        json.serialize_field("serviceName", self.0.service)?;
        json.serialize_field("tags", &TagsJson(&self.0.tags))?;
        json.end()
    }
}

struct TagsJson<'a>(&'a [Tag<'a>]);

impl Serialize for TagsJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(TagJson))
    }
}

struct TagJson<'a>(&'a Tag<'a>);

impl Serialize for TagJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut json = serializer.serialize_struct("KeyValue", 3)?;
        json.serialize_field("key", self.0.key)?;
        let type_name = match &self.0.value {
            TagValue::Text(_) => "string",
            TagValue::Bool(_) => "bool",
            TagValue::Int(_) => "int64",
            TagValue::Double(_) => "float64",
            TagValue::Binary(_) => "binary",
        };
        json.serialize_field("type", type_name)?;
        match &self.0.value {
            TagValue::Text(text) => json.serialize_field("value", text)?,
            TagValue::Bool(value) => json.serialize_field("value", value)?,
            TagValue::Int(value) => json.serialize_field("value", &safe_whole_json(*value))?,
            TagValue::Double(value) => json.serialize_field("value", &double_json(*value))?,
            TagValue::Binary(bytes) => json.serialize_field("value", &base64::encode(bytes))?,
        }
        json.end()
    }
}

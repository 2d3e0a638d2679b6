//! A request as a list of spans with their resource and scope, in one form
//! for everything that OTLP says is equal. Two requests that flatten to the
//! same list mean the same.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tracewell_model::SpanBatch;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FlatSpan {
    pub(crate) resource: Resource,
    pub(crate) resource_schema: String,
    pub(crate) scope: InstrumentationScope,
    pub(crate) scope_schema: String,
    pub(crate) span: Span,
}

pub(crate) fn flatten(request: &ExportTraceServiceRequest) -> Vec<FlatSpan> {
    let mut flat = Vec::new();
    for of_resource in &request.resource_spans {
        let mut resource = of_resource.resource.clone().unwrap_or_default();
        sort(&mut resource.attributes);
        for of_scope in &of_resource.scope_spans {
            let mut scope = of_scope.scope.clone().unwrap_or_default();
            sort(&mut scope.attributes);
            flat.extend(of_scope.spans.iter().map(|span| FlatSpan {
                resource: resource.clone(),
                resource_schema: of_resource.schema_url.clone(),
                scope: scope.clone(),
                scope_schema: of_scope.schema_url.clone(),
                span: normal(span.clone()),
            }));
        }
    }
    flat
}

/// Through our protobuf encoder and the reference decoder.
pub(crate) fn flatten_batch(batch: &SpanBatch) -> Vec<FlatSpan> {
    let bytes = tracewell_wire::otlp::protobuf::encode(batch);
    flatten(&ExportTraceServiceRequest::decode(&*bytes).unwrap())
}

fn normal(mut span: Span) -> Span {
    sort(&mut span.attributes);
    clear_zeros(&mut span.parent_span_id);
    for event in &mut span.events {
        sort(&mut event.attributes);
    }
    for link in &mut span.links {
        sort(&mut link.attributes);
        clear_zeros(&mut link.trace_id);
        clear_zeros(&mut link.span_id);
    }
    span.status.get_or_insert_default();
    span
}

fn clear_zeros(id: &mut Vec<u8>) {
    if id.iter().all(|byte| *byte == 0) {
        id.clear();
    }
}

fn sort(attributes: &mut [KeyValue]) {
    for attribute in &mut *attributes {
        fill(attribute);
    }
    attributes.sort_by_key(|attribute| (attribute.key.clone(), kind(attribute)));
}

/// An absent value is an empty one, at any depth.
fn fill(attribute: &mut KeyValue) {
    fill_value(attribute.value.get_or_insert_default());
}

fn fill_value(value: &mut AnyValue) {
    match &mut value.value {
        Some(Value::ArrayValue(array)) => array.values.iter_mut().for_each(fill_value),
        Some(Value::KvlistValue(list)) => list.values.iter_mut().for_each(fill),
        _ => {}
    }
}

/// Values of one key stay in order only among those of one type.
fn kind(attribute: &KeyValue) -> u8 {
    match attribute.value.as_ref().and_then(|v| v.value.as_ref()) {
        Some(Value::StringValue(_)) => 0,
        Some(Value::IntValue(_)) => 1,
        Some(Value::DoubleValue(_)) => 2,
        Some(Value::BoolValue(_)) => 3,
        Some(Value::BytesValue(_)) => 4,
        _ => 5,
    }
}

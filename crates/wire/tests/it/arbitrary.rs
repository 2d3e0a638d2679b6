//! Requests by chance: everything OTLP allows, with few distinct keys and
//! resources, so that columns and rows are shared as they are in reality.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, EntityRef, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("GET /checkout".to_owned()),
        Just("a \"quoted\\\" line\n\u{1}\u{7f}é漢🦀\u{2028}".to_owned()),
        any::<String>(),
    ]
}

fn count() -> impl Strategy<Value = u32> {
    prop_oneof![3 => Just(0), 1 => any::<u32>()]
}

fn double() -> impl Strategy<Value = f64> {
    prop_oneof![
        Just(0.0),
        Just(-0.0),
        Just(f64::INFINITY),
        Just(f64::NEG_INFINITY),
        Just(f64::MIN_POSITIVE),
        any::<f64>().prop_filter("NaN is not equal to itself", |value| !value.is_nan()),
    ]
}

pub(crate) fn any_value() -> impl Strategy<Value = AnyValue> {
    let leaf = prop_oneof![
        Just(None),
        text().prop_map(|value| Some(Value::StringValue(value))),
        any::<bool>().prop_map(|value| Some(Value::BoolValue(value))),
        any::<i64>().prop_map(|value| Some(Value::IntValue(value))),
        double().prop_map(|value| Some(Value::DoubleValue(value))),
        vec(any::<u8>(), 0..5).prop_map(|value| Some(Value::BytesValue(value))),
    ];
    let leaf = leaf.prop_map(|value| AnyValue { value });
    leaf.prop_recursive(4, 12, 4, |inner| {
        let items = vec(inner.clone(), 0..4);
        let pairs = vec((text(), option::of(inner)), 0..4);
        prop_oneof![
            items.prop_map(|values| Value::ArrayValue(ArrayValue { values })),
            pairs.prop_map(|pairs| Value::KvlistValue(KeyValueList {
                values: pairs.into_iter().map(key_value).collect(),
            })),
        ]
        .prop_map(|value| AnyValue { value: Some(value) })
    })
}

fn key_value((key, value): (String, Option<AnyValue>)) -> KeyValue {
    KeyValue {
        key,
        value,
        ..KeyValue::default()
    }
}

fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
    let key = prop_oneof![
        Just("http.request.method".to_owned()),
        Just("server.port".to_owned()),
        Just("service.name".to_owned()),
        text(),
    ];
    vec(
        (key, option::weighted(0.9, any_value())).prop_map(key_value),
        0..5,
    )
}

fn id(len: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), len).prop_filter("zeros are invalid", |id| id.iter().any(|b| *b != 0))
}

fn optional_id(len: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![2 => id(len), 1 => Just(Vec::new()), 1 => Just(vec![0; len])]
}

fn event() -> impl Strategy<Value = Event> {
    (any::<u64>(), text(), attributes(), count()).prop_map(
        |(time_unix_nano, name, attributes, dropped_attributes_count)| Event {
            time_unix_nano,
            name,
            attributes,
            dropped_attributes_count,
        },
    )
}

fn link() -> impl Strategy<Value = Link> {
    let ids = (optional_id(16), optional_id(8));
    (ids, text(), attributes(), count(), any::<u32>()).prop_map(
        |((trace_id, span_id), trace_state, attributes, dropped_attributes_count, flags)| Link {
            trace_id,
            span_id,
            trace_state,
            attributes,
            dropped_attributes_count,
            flags,
        },
    )
}

fn span() -> impl Strategy<Value = Span> {
    let ids = (id(16), id(8), optional_id(8), text(), any::<u32>());
    let fixed = (text(), any::<i32>(), any::<u64>(), any::<u64>());
    let dropped = (count(), count(), count());
    let status = option::of((text(), any::<i32>()));
    let lists = (attributes(), vec(event(), 0..3), vec(link(), 0..3));
    (ids, fixed, lists, dropped, status).prop_map(|(ids, fixed, lists, dropped, status)| Span {
        trace_id: ids.0,
        span_id: ids.1,
        parent_span_id: ids.2,
        trace_state: ids.3,
        flags: ids.4,
        name: fixed.0,
        kind: fixed.1,
        start_time_unix_nano: fixed.2,
        end_time_unix_nano: fixed.3,
        attributes: lists.0,
        events: lists.1,
        links: lists.2,
        dropped_attributes_count: dropped.0,
        dropped_events_count: dropped.1,
        dropped_links_count: dropped.2,
        status: status.map(|(message, code)| Status { message, code }),
    })
}

fn resource() -> impl Strategy<Value = Resource> {
    let keys = || vec(text(), 0..3);
    let entity = (text(), text(), keys(), keys()).prop_map(
        |(schema_url, r#type, id_keys, description_keys)| EntityRef {
            schema_url,
            r#type,
            id_keys,
            description_keys,
        },
    );
    (attributes(), count(), vec(entity, 0..3)).prop_map(
        |(attributes, dropped_attributes_count, entity_refs)| Resource {
            attributes,
            dropped_attributes_count,
            entity_refs,
        },
    )
}

fn scope() -> impl Strategy<Value = InstrumentationScope> {
    (text(), text(), attributes(), count()).prop_map(
        |(name, version, attributes, dropped_attributes_count)| InstrumentationScope {
            name,
            version,
            attributes,
            dropped_attributes_count,
        },
    )
}

fn scope_spans() -> impl Strategy<Value = ScopeSpans> {
    (option::of(scope()), vec(span(), 0..4), text()).prop_map(|(scope, spans, schema_url)| {
        ScopeSpans {
            scope,
            spans,
            schema_url,
        }
    })
}

pub(crate) fn request() -> impl Strategy<Value = ExportTraceServiceRequest> {
    let resource_spans = (option::of(resource()), vec(scope_spans(), 0..3), text()).prop_map(
        |(resource, scope_spans, schema_url)| ResourceSpans {
            resource,
            scope_spans,
            schema_url,
        },
    );
    vec(resource_spans, 0..3).prop_map(|mut resource_spans| {
        // Real requests repeat resources; equal ones must share a row.
        if let [first, .., last] = &mut *resource_spans {
            last.resource.clone_from(&first.resource);
        }
        ExportTraceServiceRequest { resource_spans }
    })
}

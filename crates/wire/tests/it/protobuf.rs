//! OTLP protobuf against the reference decoder and encoder.

use crate::arbitrary::request;
use crate::field;
use crate::flat::{flatten, flatten_batch};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use proptest::prelude::*;
use prost::Message;
use tracewell_model::batch::view::BatchView;
use tracewell_model::{Level, SpanBatchBuilder, SpanHeader, ValueRef};
use tracewell_wire::otlp::{parts, protobuf};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_request_survives_the_round_trip(request in request()) {
        let decoded = protobuf::decode(&request.encode_to_vec()).unwrap();
        prop_assert_eq!(decoded.rejected.total(), 0);
        prop_assert_eq!(flatten_batch(&decoded.batch), flatten(&request));
    }

    #[test]
    fn pieces_put_together_again_are_the_batch(request in request()) {
        let batch = protobuf::decode(&request.encode_to_vec()).unwrap().batch;
        let view = BatchView::new(&batch);
        let mut builder = SpanBatchBuilder::new();
        for span in view.spans() {
            let write = |write: &dyn Fn(&mut Vec<u8>)| {
                let mut out = Vec::new();
                write(&mut out);
                out
            };
            let resource = write(&|out| parts::write_resource(out, &view, span.resource_row()));
            let scope = write(&|out| parts::write_scope(out, &view, span.scope_row()));
            ResourceSpans::decode(&*resource).unwrap();
            ScopeSpans::decode(&*scope).unwrap();
            let pieces = [
                write(&|out| parts::write_span_attributes(out, span.attributes())),
                write(&|out| parts::write_span_events(out, &span)),
                write(&|out| parts::write_span_links(out, &span)),
            ];
            let resource = parts::read_resource(&mut builder, &resource).unwrap();
            let scope = parts::read_scope(&mut builder, &scope).unwrap();
            for piece in &pieces {
                Span::decode(&**piece).unwrap();
                parts::read_span_parts(&mut builder, piece).unwrap();
            }
            let [dropped_attributes, dropped_events, dropped_links] = span.dropped();
            let columns = batch.spans();
            builder.span(&SpanHeader {
                trace_id: span.trace_id(),
                span_id: span.span_id(),
                parent_span_id: span.parent_span_id().unwrap_or_default(),
                trace_state: span.trace_state().as_bytes(),
                flags: span.flags(),
                name: span.name().as_bytes(),
                kind: columns.kind[span.row()],
                start_ns: span.start_ns(),
                end_ns: span.end_ns(),
                status_code: columns.status_code[span.row()],
                status_message: span.status_message().as_bytes(),
                dropped_attributes,
                dropped_events,
                dropped_links,
                resource,
                scope,
            }).unwrap();
        }
        prop_assert_eq!(flatten_batch(&builder.finish()), flatten(&request));
    }
}

fn text(key: &str, value: &str) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(Value::StringValue(value.to_owned())),
        }),
        ..KeyValue::default()
    }
}

fn span(number: u8) -> Span {
    Span {
        trace_id: vec![1; 16],
        span_id: vec![number; 8],
        ..Span::default()
    }
}

#[test]
fn an_empty_body_is_an_empty_request() {
    let decoded = protobuf::decode(&[]).unwrap();
    assert!(decoded.batch.is_empty());
    assert_eq!(decoded.rejected.message(), None);
    assert!(protobuf::encode(&decoded.batch).is_empty());
}

#[test]
fn equal_resources_and_scopes_of_a_request_share_a_row() {
    let of_scope = |number| ScopeSpans {
        spans: vec![span(number)],
        ..ScopeSpans::default()
    };
    let of_resource = |number, url: &str| ResourceSpans {
        resource: Some(Resource {
            attributes: vec![text("service.name", "shop")],
            ..Resource::default()
        }),
        scope_spans: vec![of_scope(number), of_scope(number + 1)],
        schema_url: url.to_owned(),
    };
    let request = ExportTraceServiceRequest {
        resource_spans: vec![of_resource(1, ""), of_resource(3, ""), of_resource(5, "v2")],
    };
    let batch = protobuf::decode(&request.encode_to_vec()).unwrap().batch;
    assert_eq!(batch.spans().resource, [0, 0, 0, 0, 1, 1]);
    assert_eq!(batch.level_len(Level::Resource), 2);
    assert_eq!(batch.level_len(Level::Scope), 1);
    let bytes = protobuf::encode(&batch);
    let grouped = ExportTraceServiceRequest::decode(&*bytes).unwrap();
    assert_eq!(grouped.resource_spans.len(), 2);
    assert_eq!(grouped.resource_spans[0].scope_spans.len(), 1);
    assert_eq!(grouped.resource_spans[0].scope_spans[0].spans.len(), 4);
}

#[test]
fn fields_may_come_in_any_order_repeated_and_unknown() {
    let resource = |key: &str| Resource {
        attributes: vec![text(key, "x")],
        ..Resource::default()
    };
    let status = |status: Status| field(15, &status.encode_to_vec());
    let message = Status {
        message: "boom".to_owned(),
        code: 0,
    };
    let code = Status {
        message: String::new(),
        code: 2,
    };
    let halves: [(&[u8], &[u8]); 2] = [(b"a", &[0x18, 5]), (b"b", &[0x18, 7])];
    let attribute = |(key, value): (&[u8], &[u8])| {
        // Value before key, a key that is overruled, an unknown field.
        field(
            9,
            &[
                field(2, value),
                field(1, b"old"),
                field(1, key),
                vec![0x20, 1],
            ]
            .concat(),
        )
    };
    let array = |item: i64| {
        let item = AnyValue {
            value: Some(Value::IntValue(item)),
        };
        let array = ArrayValue { values: vec![item] };
        AnyValue {
            value: Some(Value::ArrayValue(array)),
        }
        .encode_to_vec()
    };
    let merged = field(9, &[field(2, &array(1)), field(2, &array(2))].concat());
    let overruled = field(9, &field(2, &[0x0a, 1, b'x', 0x18, 9]));
    let span_bytes = [
        status(message),
        attribute(halves[0]),
        span(1).encode_to_vec(),
        merged,
        overruled,
        status(code),
        attribute(halves[1]),
        vec![0xf9, 0x07, 1, 2, 3, 4, 5, 6, 7, 8],
    ]
    .concat();
    let scope_spans = [field(3, b"scope url"), field(2, &span_bytes)].concat();
    let unknown = [0xca, 0x3e, 2, 0xff, 0xff];
    let resource_spans = [
        &field(2, &scope_spans)[..],
        &field(1, &resource("first").encode_to_vec()),
        &unknown,
        &field(3, b"resource url"),
        &field(1, &resource("second").encode_to_vec()),
    ]
    .concat();
    let body = field(1, &resource_spans);

    let reference = flatten(&ExportTraceServiceRequest::decode(&*body).unwrap());
    let batch = protobuf::decode(&body).unwrap().batch;
    assert_eq!(flatten_batch(&batch), reference);
    let view = BatchView::new(&batch);
    let got = view.span(0);
    assert_eq!(got.status_message(), "boom");
    assert_eq!(got.attribute("b"), Some(ValueRef::Int(7)));
    assert_eq!(view.attributes(Level::Resource, 0).count(), 2);
}

#[test]
fn keys_beyond_the_columns_of_a_batch_survive() {
    let attributes = |n: usize| (0..400).map(move |i| text(&format!("key {n} {i}"), "x"));
    let spans = (1..=10u8).map(|n| Span {
        attributes: attributes(n.into()).collect(),
        ..span(n)
    });
    let request = ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            scope_spans: vec![ScopeSpans {
                spans: spans.collect(),
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    };
    let batch = protobuf::decode(&request.encode_to_vec()).unwrap().batch;
    assert!(!batch.overflow().rows.is_empty());
    assert_eq!(flatten_batch(&batch), flatten(&request));
}

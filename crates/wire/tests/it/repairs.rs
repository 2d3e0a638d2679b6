//! A text that is not UTF-8 and a value nested too deep cost themselves, not
//! their span, let alone the spans of their resource.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, EntityRef, InstrumentationScope, KeyValue,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message;
use tracewell_testkit::shared_data;
use tracewell_wire::otlp::{json, protobuf};
use tracewell_wire::{Decoded, Repair};

/// Is made invalid after encoding: each letter becomes a wrong byte.
const MARK: &str = "\u{1}\u{2}\u{3}";

fn text(text: &str) -> Option<AnyValue> {
    let value = Some(Value::StringValue(text.to_owned()));
    Some(AnyValue { value })
}

fn attribute(key: &str, value: Option<AnyValue>) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value,
        ..KeyValue::default()
    }
}

fn request() -> ExportTraceServiceRequest {
    let span = |number| Span {
        trace_id: vec![1; 16],
        span_id: vec![number; 8],
        name: "get".to_owned(),
        status: Some(Status::default()),
        events: vec![Event::default()],
        links: vec![Link::default()],
        ..Span::default()
    };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource {
                attributes: vec![attribute("service.name", text("shop"))],
                ..Resource::default()
            }),
            scope_spans: vec![ScopeSpans {
                scope: Some(InstrumentationScope::default()),
                spans: vec![span(1), span(2)],
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    }
}

fn decode_spoilt(request: &ExportTraceServiceRequest) -> Decoded {
    let mut body = request.encode_to_vec();
    let marks: Vec<usize> = (0..body.len())
        .filter(|at| body[*at..].starts_with(MARK.as_bytes()))
        .collect();
    assert!(!marks.is_empty());
    for at in marks {
        body[at..at + MARK.len()].fill(0xff);
    }
    protobuf::decode(&body).unwrap()
}

#[test]
fn text_that_is_not_utf8_is_replaced_wherever_it_stands() {
    type Change = fn(&mut ResourceSpans, String);
    fn span(of: &mut ResourceSpans) -> &mut Span {
        &mut of.scope_spans[0].spans[0]
    }
    let cases: [(&str, Change); 15] = [
        ("name", |of, bad| span(of).name = bad),
        ("trace state", |of, bad| span(of).trace_state = bad),
        ("status", |of, bad| {
            span(of).status.as_mut().unwrap().message = bad;
        }),
        ("span attribute", |of, bad| {
            span(of).attributes = vec![attribute("k", text(&bad))];
        }),
        ("long span attribute", |of, bad| {
            let long = [bad, "x".repeat(300)].concat();
            span(of).attributes = vec![attribute("k", text(&long))];
        }),
        ("key", |of, bad| {
            span(of).attributes = vec![attribute(&bad, text("v"))];
        }),
        ("value in an array", |of, bad| {
            let values = vec![text("good").unwrap(), text(&bad).unwrap()];
            let value = Some(Value::ArrayValue(ArrayValue { values }));
            span(of).attributes = vec![attribute("k", Some(AnyValue { value }))];
        }),
        ("event", |of, bad| span(of).events[0].name = bad),
        ("event attribute", |of, bad| {
            span(of).events[0].attributes = vec![attribute("k", text(&bad))];
        }),
        ("link state", |of, bad| span(of).links[0].trace_state = bad),
        ("resource attribute", |of, bad| {
            of.resource.as_mut().unwrap().attributes[0] = attribute("host.name", text(&bad));
        }),
        ("resource schema", |of, bad| of.schema_url = bad),
        ("entity", |of, bad| {
            let entity = EntityRef {
                r#type: bad,
                ..EntityRef::default()
            };
            of.resource.as_mut().unwrap().entity_refs = vec![entity];
        }),
        ("scope name", |of, bad| {
            of.scope_spans[0].scope.as_mut().unwrap().name = bad;
        }),
        ("scope schema", |of, bad| of.scope_spans[0].schema_url = bad),
    ];
    for (case, change) in cases {
        let mut with = request();
        change(&mut with.resource_spans[0], format!("<{MARK}>"));
        let mut want = request();
        let replaced = "<\u{fffd}\u{fffd}\u{fffd}>".to_owned();
        change(&mut want.resource_spans[0], replaced);

        let decoded = decode_spoilt(&with);
        assert_eq!(decoded.rejected.total(), 0, "{case}");
        let got: Vec<_> = decoded.repaired.iter().collect();
        assert_eq!(got, [(Repair::Utf8, 3)], "{case}");
        let want = protobuf::decode(&want.encode_to_vec()).unwrap();
        assert_eq!(
            protobuf::encode(&decoded.batch),
            protobuf::encode(&want.batch),
            "{case}"
        );
    }
}

/// `levels` arrays around a number.
fn nested(levels: usize) -> AnyValue {
    let number = AnyValue {
        value: Some(Value::IntValue(7)),
    };
    (0..levels).fold(number, |value, _| AnyValue {
        value: Some(Value::ArrayValue(ArrayValue {
            values: vec![value],
        })),
    })
}

#[test]
fn nesting_is_cut_at_the_limit_in_both_forms() {
    for (levels, cuts) in [(32, 0), (33, 1), (60, 1)] {
        let mut with = request();
        let spans = &mut with.resource_spans[0].scope_spans[0].spans;
        spans[1].attributes = vec![attribute("deep", Some(nested(levels)))];
        let from_protobuf = protobuf::decode(&with.encode_to_vec()).unwrap();
        let text = (0..levels).fold(r#"{"intValue":7}"#.to_owned(), |value, _| {
            format!(r#"{{"arrayValue":{{"values":[{value}]}}}}"#)
        });
        let body = format!(
            r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[
            {{"traceId":"01010101010101010101010101010101","spanId":"0202020202020202",
            "attributes":[{{"key":"deep","value":{text}}}]}}]}}]}}]}}"#
        );
        let from_json = json::decode(body.as_bytes()).unwrap();
        for (decoded, spans) in [(from_protobuf, 2), (from_json, 1)] {
            assert_eq!(decoded.batch.len(), spans, "{levels} levels");
            let got: u64 = decoded.repaired.iter().map(|(_, count)| count).sum();
            assert_eq!(got, cuts, "{levels} levels");
            let shown = String::from_utf8(json::encode(&decoded.batch)).unwrap();
            assert_eq!(shown.contains("\"intValue\":\"7\""), cuts == 0, "{shown}");
            assert_eq!(shown.contains("[cut: nested deeper"), cuts == 1, "{shown}");
        }
    }
}

#[test]
fn base64_that_is_none_is_kept_as_text() {
    let body = br#"{"resourceSpans":[{"resource":{"attributes":[
        {"key":"k","value":{"bytesValue":"not base64!"}}]},"scopeSpans":[{"spans":[
        {"traceId":"01010101010101010101010101010101","spanId":"0202020202020202"}]}]}]}"#;
    let decoded = json::decode(body).unwrap();
    assert_eq!(decoded.batch.len(), 1);
    let got: Vec<_> = decoded.repaired.iter().collect();
    assert_eq!(got, [(Repair::Base64, 1)]);
    let shown = String::from_utf8(json::encode(&decoded.batch)).unwrap();
    assert!(
        shown.contains(r#"{"stringValue":"not base64!"}"#),
        "{shown}"
    );
}

#[test]
fn cases_that_went_wrong_are_kept() {
    let cases = [
        ("otlp-proto/invalid_utf8_name.bin", 2, Some(Repair::Utf8)),
        (
            "otlp-proto/invalid_utf8_resource_attr.bin",
            2,
            Some(Repair::Utf8),
        ),
        (
            "otlp-proto/invalid_utf8_in_one_of_3_span_attrs.bin",
            3,
            Some(Repair::Utf8),
        ),
        ("otlp-proto/nest_33.bin", 2, Some(Repair::Nesting)),
        (
            "otlp-proto/deprecated_instrumentation_library_spans.bin",
            1,
            None,
        ),
        ("otlp-json/latin1.json", 2, Some(Repair::Utf8)),
        ("otlp-json/nest-64.json", 1, Some(Repair::Nesting)),
        ("otlp-json/BOM.json", 1, None),
        ("otlp-json/snake_case.json", 1, None),
        ("otlp-json/instrumentationLibrarySpans.json", 1, None),
        ("otlp-json/far-future.json", 1, None),
    ];
    for (file, spans, repair) in cases {
        let Some(path) = shared_data::find(&format!("cases/{file}")) else {
            continue;
        };
        let body = std::fs::read(path).unwrap();
        let decoded = if file.starts_with("otlp-json") {
            json::decode(&body).unwrap()
        } else {
            protobuf::decode(&body).unwrap()
        };
        assert_eq!(decoded.rejected.message(), None, "{file}");
        assert_eq!(decoded.batch.len(), spans, "{file}");
        let got = decoded.repaired.iter().map(|(repair, _)| repair);
        assert_eq!(got.collect::<Vec<_>>(), Vec::from_iter(repair), "{file}");
        assert_eq!(decoded.no_spans, None, "{file}");
    }
}

//! Bodies of another shape than the specification's: names as protobuf has
//! them, names of older versions, and bodies in which there is no span.

use prost::Message;
use tracewell_testkit::shared_data;
use tracewell_wire::otlp::{json, protobuf};

use crate::field;

/// Every name of OTLP/JSON that has a capital letter, in one request.
const CAMEL: &str = r#"{"resourceSpans":[{
  "resource":{"droppedAttributesCount":1,"entityRefs":[{"schemaUrl":"e","type":"t","idKeys":["a"],
    "descriptionKeys":["b"]}],"attributes":[{"key":"a","value":{"stringValue":"s"}}]},
  "schemaUrl":"r","scopeSpans":[{"schemaUrl":"s","scope":{"name":"n","droppedAttributesCount":2},
    "spans":[{"traceId":"01010101010101010101010101010101","spanId":"0202020202020202",
      "parentSpanId":"0303030303030303","traceState":"k=v","startTimeUnixNano":"5",
      "endTimeUnixNano":"6","droppedAttributesCount":3,"droppedEventsCount":4,
      "droppedLinksCount":5,"name":"x","kind":2,"attributes":[
        {"key":"b","value":{"boolValue":true}},{"key":"i","value":{"intValue":"1"}},
        {"key":"d","value":{"doubleValue":1.5}},{"key":"y","value":{"bytesValue":"AQI="}},
        {"key":"l","value":{"arrayValue":{"values":[{"intValue":"2"}]}}},
        {"key":"m","value":{"kvlistValue":{"values":[{"key":"z","value":{"boolValue":false}}]}}}],
      "events":[{"timeUnixNano":"7","name":"e","droppedAttributesCount":6}],
      "links":[{"traceId":"01010101010101010101010101010101","spanId":"0404040404040404",
        "traceState":"l=w","droppedAttributesCount":7}]}]}]}]}"#;

/// Names between quotes before a colon, as protobuf writes them.
fn in_snake_case(text: &str) -> String {
    let mut parts: Vec<String> = text.split('"').map(str::to_owned).collect();
    for at in (1..parts.len()).step_by(2) {
        if parts.get(at + 1).is_some_and(|next| next.starts_with(':')) {
            let letters = parts[at].chars().flat_map(|letter| {
                let is_capital = letter.is_ascii_uppercase();
                is_capital
                    .then_some('_')
                    .into_iter()
                    .chain(letter.to_lowercase())
            });
            parts[at] = letters.collect();
        }
    }
    parts.join("\"")
}

#[test]
fn names_of_protobuf_are_read_like_those_of_json() {
    let snake = in_snake_case(CAMEL);
    assert!(!snake.contains("Spans") && snake.contains("dropped_links_count"));
    let want = json::decode(CAMEL.as_bytes()).unwrap().batch;
    let got = json::decode(snake.as_bytes()).unwrap().batch;
    assert_eq!(want.len(), 1);
    assert_eq!(protobuf::encode(&got), protobuf::encode(&want));
}

#[test]
fn spans_under_their_old_names_are_read() {
    let want = json::decode(CAMEL.as_bytes()).unwrap().batch;
    let old = CAMEL
        .replace("scopeSpans", "instrumentationLibrarySpans")
        .replace("\"scope\"", "\"instrumentationLibrary\"");
    let got = json::decode(old.as_bytes()).unwrap().batch;
    assert_eq!(protobuf::encode(&got), protobuf::encode(&want));

    let span = [field(1, &[1; 16]), field(2, &[2; 8])].concat();
    let library = field(2, &span);
    let mut spans = Vec::new();
    prost::encoding::encode_varint(1000 << 3 | 2, &mut spans);
    prost::encoding::encode_varint(library.len() as u64, &mut spans);
    spans.extend(library);
    let decoded = protobuf::decode(&field(1, &spans)).unwrap();
    assert_eq!(decoded.batch.len(), 1);
}

#[test]
fn a_body_without_a_span_says_what_it_has_instead() {
    let cases = [
        (
            r#"{"resourceLogs":[{"scopeLogs":[]}]}"#,
            "no spans: the body has the field \"resourceLogs\"; logs go to /v1/logs",
        ),
        (
            r#"{"resource_metrics":[]}"#,
            "no spans: the body has the field \"resource_metrics\"; metrics go to /v1/metrics",
        ),
        (
            r#"{"data":[{"traceID":"1"}],"total":0}"#,
            "no spans: the body has the fields \"data\", \"total\", unknown there; \
             expected resourceSpans, in it scopeSpans, in it spans",
        ),
        (
            r#"{"resourceSpans":[{"spans":[{"name":"x"}]}]}"#,
            "no spans: the body has the field \"spans\", unknown there; \
             expected resourceSpans, in it scopeSpans, in it spans",
        ),
        (
            r#"{"resourceSpans":[{"resource":{}}]}"#,
            "no spans: nothing in the body is a span; \
             expected resourceSpans, in it scopeSpans, in it spans",
        ),
    ];
    for (body, want) in cases {
        let decoded = json::decode(body.as_bytes()).unwrap();
        assert_eq!(decoded.no_spans.as_deref(), Some(want), "{body}");
    }
    let decoded = protobuf::decode(&field(9, b"x")).unwrap();
    assert!(decoded.no_spans.unwrap().contains("9 of the request"));
    let hostile = format!(
        r#"{{{}}}"#,
        vec![format!(r#""{}":1"#, "x".repeat(1000)); 99].join(",")
    );
    let told = json::decode(hostile.as_bytes()).unwrap().no_spans.unwrap();
    assert!(told.len() < 500, "{told}");
}

#[test]
fn an_empty_request_is_no_mistake() {
    for body in [
        "{}",
        r#"{"resourceSpans":[]}"#,
        r#"{"resourceSpans":null}"#,
        "null",
    ] {
        assert_eq!(
            json::decode(body.as_bytes()).unwrap().no_spans,
            None,
            "{body}"
        );
    }
    assert_eq!(protobuf::decode(&[]).unwrap().no_spans, None);
    let rejected = json::decode(br#"{"resourceSpans":[{"scopeSpans":[{"spans":[{}]}]}]}"#).unwrap();
    assert_eq!((rejected.no_spans, rejected.rejected.total()), (None, 1));
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_text() {
    let body = ["\u{feff}", CAMEL].concat();
    assert_eq!(json::decode(body.as_bytes()).unwrap().batch.len(), 1);
}

#[test]
fn the_json_of_gos_structs_is_told_what_is_wrong() {
    let Some(path) = shared_data::find("cases/otlp-json/go-struct-json.json") else {
        return;
    };
    let decoded = json::decode(&std::fs::read(path).unwrap()).unwrap();
    assert!(decoded.batch.is_empty());
    let message = decoded.rejected.message().unwrap();
    assert!(
        message.contains("got 24: this looks like base64"),
        "{message}"
    );
}

#[test]
fn what_the_reference_writes_is_no_strange_body() {
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    let batch = json::decode(CAMEL.as_bytes()).unwrap().batch;
    let request = ExportTraceServiceRequest::decode(&*protobuf::encode(&batch)).unwrap();
    let decoded = protobuf::decode(&request.encode_to_vec()).unwrap();
    assert_eq!((decoded.batch.len(), decoded.no_spans), (1, None));
}

//! What OTLP has and Jaeger does not: spans of no kind, links to nowhere.
//! Asked over HTTP and over gRPC, which must agree.

use opentelemetry_proto::tonic::trace::v1::TracesData;
use serde_json::{Value, json};
use tracewell_model::{SpanId, SpanKind, TraceId};
use tracewell_testkit::{TestLink, TestSpan, batch};

use super::{connect_to, stream, unary, v2, v3};
use crate::jaeger::tests::{START_NS, Server, state_of};

/// An operation that occurs without a kind, as internal and as server.
fn of_three_kinds() -> Vec<TestSpan> {
    let kinds = [SpanKind::Server, SpanKind::Internal, SpanKind::Unspecified];
    let span = |(number, kind)| TestSpan::new(number, 1, "jobs", "run", START_NS).kind(kind);
    (1..).zip(kinds).map(span).collect()
}

#[tokio::test]
async fn an_operation_is_listed_once_for_each_kind_that_is_shown() {
    let server = Server::with(&batch(&of_three_kinds()));
    let operation = |kind: &str| json!({"name": "run", "spanKind": kind});
    let v1 = server.json("/api/operations?service=jobs").await;
    let three = json!([operation(""), operation("internal"), operation("server")]);
    assert_eq!(v1["data"], three);
    let names = server.json("/api/services/jobs/operations").await;
    assert_eq!(names["data"], json!(["run"]));
    // The UI takes no operation without a kind.
    let v3_http = server.json("/api/v3/operations?service=jobs").await;
    let two = json!([operation("internal"), operation("server")]);
    assert_eq!(v3_http["operations"], two);

    let channel = connect_to(state_of(batch(&of_three_kinds()))).await;
    let request = v2::GetOperationsRequest {
        service: "jobs".to_owned(),
        ..Default::default()
    };
    let method = "api_v2.QueryService/GetOperations";
    let found: v2::GetOperationsResponse = unary(&channel, method, request).await.unwrap();
    let kinds: Vec<_> = found.operations.iter().map(|o| &*o.span_kind).collect();
    assert_eq!(kinds, ["", "internal", "server"]);
    assert_eq!(found.operation_names, ["run"]);
    let request = v3::GetOperationsRequest {
        service: "jobs".to_owned(),
        ..Default::default()
    };
    let method = "api_v3.QueryService/GetOperations";
    let found: v3::GetOperationsResponse = unary(&channel, method, request).await.unwrap();
    let kinds: Vec<_> = found.operations.iter().map(|o| &*o.span_kind).collect();
    assert_eq!(kinds, ["", "internal", "server"]);
}

const TRACE: &str = "aaaa0000000000000000000000000001";

/// A span with a link to nowhere and one to a span.
fn linked() -> Vec<TestSpan> {
    let link = |trace_id, span_id| TestLink {
        trace_id,
        span_id,
        trace_state: String::new(),
        flags: 0,
        attributes: vec![("why".to_owned(), "retry".into())],
        dropped: 0,
    };
    let mut span = TestSpan::new(1, 1, "jobs", "run", START_NS);
    span.links = vec![
        link(TraceId::default(), SpanId::default()),
        link(TraceId([7; 16]), SpanId([9; 8])),
    ];
    let mut other = TestSpan::new(1, 2, "jobs", "step", START_NS + 1).child_of(1);
    other.links = vec![link(TraceId::default(), SpanId::default())];
    vec![span, other]
}

#[tokio::test]
async fn links_to_nowhere_are_left_out() {
    let server = Server::with(&batch(&linked()));
    let v1 = server.json(&format!("/api/traces/{TRACE}")).await;
    let spans = &v1["data"][0]["spans"];
    let followed = json!([{
        "refType": "FOLLOWS_FROM", "traceID": "07".repeat(16), "spanID": "09".repeat(8),
    }]);
    assert_eq!(spans[0]["references"], followed);
    assert_eq!(spans[1]["references"].as_array().unwrap().len(), 1);
    let warning = json!(["Invalid span link removed"]);
    assert_eq!(spans[0]["warnings"], warning);

    let v3_http = server.json(&format!("/api/v3/traces/{TRACE}")).await;
    let spans = &v3_http["result"]["resourceSpans"][0]["scopeSpans"][0]["spans"];
    assert_eq!(spans[0]["links"].as_array().unwrap().len(), 1);
    assert_eq!(spans[0]["links"][0]["traceId"], json!("07".repeat(16)));
    assert_eq!(spans[1].get("links"), None::<&Value>);

    let channel = connect_to(state_of(batch(&linked()))).await;
    let request = v2::GetTraceRequest {
        trace_id: TraceId::parse_hex(TRACE).unwrap().0.to_vec(),
        ..Default::default()
    };
    let method = "api_v2.QueryService/GetTrace";
    let chunks: Vec<v2::SpansResponseChunk> = stream(&channel, method, request).await.unwrap();
    let references = chunks[0].spans.iter().map(|span| span.references.len());
    assert_eq!(references.collect::<Vec<_>>(), [1, 1]);

    let request = v3::GetTraceRequest {
        trace_id: TRACE.to_owned(),
        ..Default::default()
    };
    let method = "api_v3.QueryService/GetTrace";
    let data: Vec<TracesData> = stream(&channel, method, request).await.unwrap();
    let spans = &data[0].resource_spans[0].scope_spans[0].spans;
    let links: Vec<_> = spans.iter().map(|span| span.links.len()).collect();
    assert_eq!(links, [1, 0]);
}

//! Requests of real clients that other backends of Jaeger's API got wrong.

use std::fs;

use serde_json::{Value, json};
use tracewell_testkit::shared_data;
use tracewell_wire::otlp;

use super::reserved_names::all_tags_find_their_trace;
use super::{Server, texts};
use crate::tests::encoded;

const ANY_TIME: &str = "start=0&end=9000000000000000&limit=1000";

/// A server that has the spans of a case.
fn server(case: &str) -> Option<Server> {
    let path = shared_data::find(&format!("cases/jaeger/{case}.otlp.json"))?;
    let decoded = otlp::json::decode(&fs::read(path).unwrap()).unwrap();
    assert_eq!(decoded.rejected.total(), 0);
    Some(Server::with(&decoded.batch))
}

async fn calls(server: &Server) -> Value {
    let path = "/api/dependencies?endTs=9000000000000&lookback=9000000000000";
    server.json(path).await["data"].clone()
}

/// All summaries, whichever the service.
async fn summaries(server: &Server) -> Value {
    let path = "/api/v3/trace-summaries?query.startTimeMin=2026-01-01T00:00:00Z\
                &query.startTimeMax=2027-01-01T00:00:00Z";
    server.json(path).await["summaries"].clone()
}

#[tokio::test]
async fn error_attribute() {
    let Some(server) = server("error-attribute") else {
        return;
    };
    let found = |tags: Value| {
        let tags = encoded(&tags.to_string());
        let path = format!("/api/traces?service=case-err&tags={tags}&{ANY_TIME}");
        let server = &server;
        async move {
            let json = server.json(&path).await;
            let mut ids: Vec<String> = texts(&json["data"], "/traceID")
                .into_iter()
                .map(str::to_owned)
                .collect();
            ids.sort_unstable();
            ids
        }
    };
    let all = ["00000000000c0001", "00000000000c0002", "00000000000c0003"];
    assert_eq!(found(json!({"error": "true"})).await, all);
    assert!(found(json!({"error": "false"})).await.is_empty());
    for summary in summaries(&server).await.as_array().unwrap() {
        assert_eq!(summary["errorSpanCount"], 1, "{summary}");
    }
}

#[tokio::test]
async fn shared_span_id() {
    let Some(server) = server("shared-span-id") else {
        return;
    };
    let call = json!([{"parent": "case-zcli", "child": "case-zsrv", "callCount": 1}]);
    assert_eq!(calls(&server).await, call);
    let summaries = summaries(&server).await;
    assert_eq!(summaries[0]["spanCount"], 4);
    assert_eq!(summaries[0]["orphanSpanCount"], 0);
}

#[tokio::test]
async fn plain_reserved_names() {
    let Some(server) = server("plain-reserved-names") else {
        return;
    };
    assert_eq!(all_tags_find_their_trace(&server, "case-names").await, 6);
}

#[tokio::test]
async fn follows_from_link() {
    let Some(server) = server("follows-from-link") else {
        return;
    };
    let call = json!([{"parent": "case-prod", "child": "case-cons", "callCount": 1}]);
    assert_eq!(calls(&server).await, call);
}

#[tokio::test]
async fn op_kind_0_and_1() {
    let Some(server) = server("op-kind-0-and-1") else {
        return;
    };
    let operation = |kind: &str| json!({"name": "op", "spanKind": kind});
    let v1 = server.json("/api/operations?service=case-kind").await;
    assert_eq!(v1["data"], json!([operation(""), operation("internal")]));
    let v3 = server.json("/api/v3/operations?service=case-kind").await;
    assert_eq!(v3["operations"], json!([operation("internal")]));
}

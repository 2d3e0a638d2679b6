//! One trace, in each form.

use opentelemetry_proto::tonic::trace::v1::TracesData;
use prost::Message;
use serde_json::json;

use super::{LONG_ORDER, ORDER, START_NS, server};

const PROTOBUF: (&str, &str) = ("accept", "application/protobuf");

/// As a client has it: numbers of fields from `tempo.proto`.
#[derive(Clone, PartialEq, Message)]
struct TraceById {
    #[prost(message, optional, tag = "1")]
    trace: Option<TracesData>,
    #[prost(message, optional, tag = "2")]
    metrics: Option<Metrics>,
    #[prost(int32, tag = "3")]
    status: i32,
    #[prost(string, tag = "4")]
    message: String,
}

#[derive(Clone, PartialEq, Message)]
struct Metrics {
    #[prost(uint64, tag = "1")]
    inspected_bytes: u64,
}

#[tokio::test]
async fn protobuf_has_all_that_grafana_looks_into() {
    for id in [ORDER, LONG_ORDER] {
        let answer = server()
            .get_with(&format!("/tempo/api/v2/traces/{id}"), PROTOBUF)
            .await;
        assert_eq!(answer.header("content-type"), "application/protobuf");
        let read = TraceById::decode(&*answer.body).unwrap();
        assert!(read.metrics.is_some() && read.status == 0 && read.message.is_empty());
        let resources = read.trace.unwrap().resource_spans;
        let mut names = Vec::new();
        for of_resource in &resources {
            assert!(!of_resource.resource.as_ref().unwrap().attributes.is_empty());
            for of_scope in &of_resource.scope_spans {
                assert!(of_scope.scope.is_some());
                for span in &of_scope.spans {
                    assert!(span.status.is_some(), "an unset one, too");
                    assert_eq!(span.trace_id[7], 0x0a);
                    names.push(span.name.clone());
                }
            }
        }
        names.sort();
        assert_eq!(names, ["POST /orders", "pay"]);
    }
    let alone = server()
        .get_with(&format!("/tempo/api/traces/{ORDER}"), PROTOBUF)
        .await;
    assert_eq!(
        TracesData::decode(&*alone.body)
            .unwrap()
            .resource_spans
            .len(),
        2
    );
}

#[tokio::test]
async fn json_is_that_of_protobuf() {
    let path = format!("/tempo/api/traces/{ORDER}?start=1&end=2000000000");
    let old = server().get(&path).await.json();
    let batches = old["batches"].as_array().unwrap();
    let spans = batches
        .iter()
        .map(|batch| &batch["scopeSpans"][0]["spans"][0]);
    let cart = spans
        .clone()
        .find(|span| span["name"] == "POST /orders")
        .unwrap();
    for (field, want) in [
        ("traceId", json!("AAAAAAAAAAoAAAAAAAAAAQ==")),
        ("spanId", json!("AAAAAAAAAAE=")),
        ("kind", json!("SPAN_KIND_SERVER")),
        ("startTimeUnixNano", json!(START_NS.to_string())),
    ] {
        assert_eq!(cart[field], want, "{field}");
    }
    let pay = spans.clone().find(|span| span["name"] == "pay").unwrap();
    assert_eq!(pay["parentSpanId"], "AAAAAAAAAAE=");
    let failed = "/tempo/api/v2/traces/aaaa0000000000000000000000000002";
    let new = server().get(failed).await.json();
    let batch = &new["trace"]["resourceSpans"][0];
    assert_eq!(
        batch["scopeSpans"][0]["spans"][0]["status"],
        json!({"code": "STATUS_CODE_ERROR"})
    );
    assert!(new["metrics"].is_object() && new.get("status").is_none());
}

#[tokio::test]
async fn one_that_is_not_there() {
    let old = server().get("/tempo/api/traces/1234").await;
    assert_eq!((old.status.as_u16(), old.body.len()), (404, 0));
    let new = server().get("/tempo/api/v2/traces/1234").await;
    assert_eq!(new.json(), json!({"trace": {}, "metrics": {}}));
    let new = server().get_with("/tempo/api/v2/traces/0", PROTOBUF).await;
    let read = TraceById::decode(&*new.body).unwrap();
    assert!(read.trace.unwrap().resource_spans.is_empty());
}

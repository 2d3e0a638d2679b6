//! Attributes whose names look like Jaeger's own: what `/api/traces` shows as
//! a tag is found by that tag.

use serde_json::{Value, json};
use tracewell_model::{SpanKind, StatusCode};
use tracewell_testkit::{TestSpan, batch};

use super::{START_NS, Server, texts};
use crate::tests::encoded;

/// All of time, in µs.
const ANY_TIME: &str = "start=0&end=9000000000000000&limit=1000";

/// Searches for every tag and log field of every span of `service`, and
/// asserts that its trace is found each time. Answers how many there were.
pub(super) async fn all_tags_find_their_trace(server: &Server, service: &str) -> usize {
    let path = format!("/api/traces?service={service}&{ANY_TIME}");
    let shown = server.json(&path).await;
    let mut searched = 0;
    for trace in shown["data"].as_array().unwrap() {
        let id = trace["traceID"].as_str().unwrap();
        for span in trace["spans"].as_array().unwrap() {
            let logs = span["logs"].as_array().unwrap().iter();
            let fields = logs.flat_map(|log| log["fields"].as_array().unwrap());
            for tag in span["tags"].as_array().unwrap().iter().chain(fields) {
                let value = match &tag["value"] {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                let key = tag["key"].as_str().unwrap();
                let tags = encoded(&json!({key: value}).to_string());
                let path = format!("/api/traces?service={service}&tags={tags}&{ANY_TIME}");
                let found = server.json(&path).await;
                let found = texts(&found["data"], "/traceID");
                assert!(found.contains(&id), "{key}={value} does not find {id}");
                searched += 1;
            }
        }
    }
    searched
}

#[tokio::test]
async fn a_tag_that_is_shown_is_found() {
    let attributes = [
        ("span.kind", "server"),
        ("span.kind", "robot"),
        ("span.status", "OK"),
        ("scope.name", "lib"),
        ("scope.version", "2"),
        ("otel.scope.name", "lib"),
        ("otel.scope.version", "2"),
        ("otel.library.name", "lib"),
        ("otel.status_code", "ERROR"),
        ("otel.status_code", "odd"),
        ("otel.status_description", "gone"),
        ("resource.name", "GET /x"),
        ("resource.service.name", "other"),
        ("service.name", "other"),
        ("w3c.tracestate", "a=1"),
        ("event", "retry"),
        ("error", "true"),
        ("error", "ENOENT"),
    ];
    let mut spans: Vec<_> = (1..)
        .zip(attributes)
        .map(|(trace, (key, value))| {
            let span = TestSpan::new(trace, 1, "shop", "step", START_NS);
            span.with_text(key, value).kind(SpanKind::Unspecified)
        })
        .collect();
    let mut fields = TestSpan::new(99, 1, "shop", "step", START_NS)
        .kind(SpanKind::Producer)
        .status(StatusCode::Error)
        .with_event("retry", 1, vec![("span.kind".to_owned(), "x".into())]);
    fields.status_message = "no answer".to_owned();
    (fields.scope_name, fields.scope_version) = ("lib".to_owned(), "1.2".to_owned());
    spans.push(fields);
    let server = Server::with(&batch(&spans));
    assert_eq!(all_tags_find_their_trace(&server, "shop").await, 26);
}

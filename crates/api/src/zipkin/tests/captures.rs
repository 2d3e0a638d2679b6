//! What real clients of Zipkin's sent, asked back.

use std::sync::Arc;

use serde_json::{Map, Value};
use tracewell_model::TraceStore;
use tracewell_store::memory::MemoryStore;
use tracewell_testkit::shared_data;
use tracewell_wire::zipkin::v2::json::decode;

use crate::tests::Server;

/// Tags that OpenTelemetry's older exporters write under another name than
/// today's.
const RENAMED: [(&str, &str); 2] = [
    ("otel.library.name", "otel.scope.name"),
    ("otel.library.version", "otel.scope.version"),
];

#[tokio::test]
async fn what_clients_sent_is_what_is_answered() {
    let Some(folder) = shared_data::find("captures") else {
        return;
    };
    let index = std::fs::read(folder.join("index.json")).unwrap();
    let index: Vec<Value> = serde_json::from_slice(&index).unwrap();
    let mut checked = 0;
    for entry in &index {
        let path = entry["request"]["path"].as_str().unwrap_or_default();
        if entry["protocol"] != "zipkin-json" || path.contains("/v1/") {
            continue;
        }
        let file = entry["file"].as_str().unwrap();
        let body = std::fs::read(folder.join(file)).unwrap();
        let sent: Vec<Value> = serde_json::from_slice(&body).unwrap();
        let store = MemoryStore::new(1 << 28);
        let batch = decode(&body).unwrap().batch;
        store.append(Arc::new(batch), Box::new(|stored| stored.unwrap()));
        let server = Server::with_store(Arc::new(store), "");
        for span in &sent {
            let id = span["traceId"].as_str().unwrap();
            let trace = server.get(&format!("/zipkin/api/v2/trace/{id}")).await;
            let trace = trace.json();
            let same_span = |answered: &&Value| {
                answered["id"] == span["id"] && answered["kind"] == span["kind"]
            };
            let answered = trace.as_array().unwrap().iter().find(same_span);
            compare(file, span, answered.expect("the span is there"));
            checked += 1;
        }
    }
    assert!(checked > 30, "only {checked} spans");
}

/// Everything that was sent is answered; names in lower case.
fn compare(file: &str, sent: &Value, answered: &Value) {
    for member in [
        "id",
        "parentId",
        "kind",
        "timestamp",
        "duration",
        "annotations",
    ] {
        let sent = Some(&sent[member]).filter(|sent| **sent != Value::Array(Vec::new()));
        let sent = sent.unwrap_or(&Value::Null);
        assert_eq!(
            without_spaces(&answered[member]),
            without_spaces(sent),
            "{file}: {member}"
        );
    }
    let lower = |value: &Value| value.as_str().unwrap_or_default().to_lowercase();
    assert_eq!(lower(&answered["name"]), lower(&sent["name"]), "{file}");
    let service = |span: &Value| lower(&span["localEndpoint"]["serviceName"]);
    assert_eq!(service(answered), service(sent), "{file}");
    let none = Map::new();
    for (key, value) in sent["tags"].as_object().unwrap_or(&none) {
        let renamed = RENAMED.iter().find(|(old, _)| old == key);
        let key = renamed.map_or(key.as_str(), |(_, new)| new);
        let is_none = key.starts_with("otel.") && value == "";
        if key == "service.name" || is_none {
            continue;
        }
        // A failure without a message, which is no text to many readers.
        let is_bare_error = key == "error" && value == "";
        let value = if is_bare_error {
            &Value::from("true")
        } else {
            value
        };
        assert_eq!(&answered["tags"][key], value, "{file}: {key} of {sent}");
    }
}

/// Exporters lay out the JSON in an annotation as they like.
fn without_spaces(value: &Value) -> String {
    value.to_string().replace([' ', '{', '}', '\\', '"'], "")
}

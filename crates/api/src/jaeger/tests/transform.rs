//! `/api/transform`: what people drop onto the search page of Jaeger's UI.

use serde_json::{Value, json};
use tracewell_testkit::batch;
use tracewell_wire::otlp;

use super::{Answer, ORDER, SHORT, Server, spans, texts};

async fn transform(server: &Server, body: impl Into<String>) -> Answer {
    server
        .send_body("POST", "/api/transform", body.into())
        .await
}

fn otlp_json() -> String {
    String::from_utf8(otlp::json::encode(&batch(&spans()))).unwrap()
}

/// A request with one span.
fn one(trace: &str, span: &str) -> String {
    json!({"resourceSpans": [{"scopeSpans": [{"spans": [{
        "traceId": trace, "spanId": span, "name": "step",
        "startTimeUnixNano": "1000", "endTimeUnixNano": "2000",
    }]}]}]})
    .to_string()
}

#[tokio::test]
async fn a_file_becomes_what_a_stored_trace_would_be() {
    let server = Server::new();
    let stored = server.json(&format!("/api/traces/{ORDER}")).await;
    let empty = Server::with(&batch(&[]));
    let answer = transform(&empty, otlp_json()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.headers["content-type"], "application/json");
    let json = answer.json();
    // In the order of the file, of which the first span is one of the order.
    assert_eq!(texts(&json["data"], "/traceID")[..2], [ORDER, SHORT]);
    assert_eq!(json["data"][0], stored["data"][0]);
    assert_eq!(json["errors"], Value::Null);

    let services = empty.json("/api/services").await;
    assert_eq!(services["data"], json!([]), "something was stored");
}

#[tokio::test]
async fn a_file_may_have_a_document_a_line() {
    let server = Server::with(&batch(&[]));
    let trace = "0000000000000000000000000000abcd";
    let other = "0000000000000000000000000000abce";
    let lines = [
        one(trace, "0000000000000001"),
        String::new(),
        one(other, "0000000000000001"),
        one(trace, "0000000000000002"),
    ];
    let json = transform(&server, lines.join("\r\n") + "\n").await.json();
    assert_eq!(
        texts(&json["data"], "/traceID"),
        ["000000000000abcd", "000000000000abce"]
    );
    let spans = texts(&json["data"][0]["spans"], "/spanID");
    assert_eq!(spans, ["0000000000000001", "0000000000000002"]);

    let pretty: Value = serde_json::from_str(&lines[0]).unwrap();
    let pretty = serde_json::to_string_pretty(&pretty).unwrap();
    let json = transform(&server, pretty).await.json();
    assert_eq!(texts(&json["data"], "/traceID"), ["000000000000abcd"]);
}

#[tokio::test]
async fn a_bad_file_is_refused_with_the_field() {
    let server = Server::with(&batch(&[]));
    let good = one("0000000000000000000000000000abcd", "0000000000000001");
    let table = [
        (String::new(), "line 1"),
        ("{".to_owned(), "line 1"),
        (r#"{"resourceSpans":7}"#.to_owned(), "resourceSpans"),
        (
            r#"{"data":[{"traceID":"1","spans":[]}]}"#.to_owned(),
            "data",
        ),
        (r#"{"resourceSpans":[]}"#.to_owned(), "resourceSpans"),
        (one("12", "0000000000000001"), "trace_id"),
        (
            format!("{good}\n{{\"resourceSpans\":7}}\n"),
            "line 2 column 18",
        ),
        (
            format!("\n\n{{\"data\":[]}}\n{good}\n"),
            "document in line 3: ",
        ),
        (
            format!("\n\n{good}\n\n{{\"resourceSpans\":7}}\n"),
            "line 5 column 18",
        ),
    ];
    for (body, expected) in table {
        let answer = transform(&server, body.clone()).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.body);
        let json = answer.json();
        let message = json["errors"][0]["msg"].as_str().unwrap();
        assert!(message.contains(expected), "{body}: {message}");
        assert_eq!(json["data"], Value::Null);
    }
    assert_eq!(server.get("/api/transform").await.status, 405);
}

#[tokio::test]
async fn spans_that_cannot_be_shown_are_named_beside_the_others() {
    let server = Server::with(&batch(&[]));
    let good = one("0000000000000000000000000000abcd", "0000000000000001");
    let bad = one("0000000000000000000000000000abcd", "01");
    let answer = transform(&server, format!("{good}\n{bad}\n")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let json = answer.json();
    assert_eq!(json["data"][0]["spans"].as_array().unwrap().len(), 1);
    let message = json["errors"][0]["msg"].as_str().unwrap();
    assert!(message.contains("1 span rejected: span_id"), "{message}");
}

#[tokio::test]
async fn a_file_that_is_too_large_is_refused() {
    let server = Server::with(&batch(&[]));
    let answer = transform(&server, " ".repeat((64 << 20) + 1)).await;
    assert_eq!(answer.status, 413, "{}", answer.body);
    assert!(answer.body.contains("more than 64 MiB"), "{}", answer.body);
}

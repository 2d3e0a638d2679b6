//! More operations than an answer holds: every API shows the first, and says
//! that there are more.

use serde_json::Value;
use tracewell_testkit::TestSpan;

use super::Server;

const NAMES: u64 = 10_001;

fn server() -> Server {
    let named = |n| TestSpan::new(n, 1, "shop", &format!("GET /{n:05}"), 1_000 + n);
    let mut spans: Vec<TestSpan> = (1..=NAMES).map(named).collect();
    spans.push(TestSpan::new(1, 2, "pay", "charge", 1_000));
    Server::new(&spans)
}

fn told(sentence: &Value) {
    let sentence = sentence.as_str().unwrap_or_default();
    assert!(sentence.contains("there are more"), "{sentence:?}");
}

#[tokio::test]
async fn lists_are_cut_and_say_so() {
    let server = server();
    for path in [
        "/api/services/shop/operations",
        "/api/operations?service=shop",
    ] {
        let answer = server.get(path).await.json();
        assert_eq!(answer["total"], 10_000, "{path}");
        told(&answer["errors"][0]["msg"]);
    }
    let answer = server.get("/api/v3/operations?service=shop").await.json();
    assert_eq!(answer["operations"].as_array().map(Vec::len), Some(10_000));
    told(&answer["error"]["message"]);

    let path = "/api/ui/operations?service=shop&from=0&limit=3&prefix=";
    let answer = server.get(&format!("{path}get%20/0")).await.json();
    assert_eq!(answer["operations"].as_array().map(Vec::len), Some(3));
    assert_eq!(answer["operations"][0]["name"], "GET /00001");
    told(&answer["partial"]);
    let answer = server.get(&format!("{path}get%20/10001")).await.json();
    assert_eq!(answer["operations"][0]["name"], "GET /10001");
    assert_eq!(answer["partial"], Value::Null);
}

#[tokio::test]
async fn lists_that_are_whole_say_nothing() {
    let server = server();
    for path in ["/api/services", "/api/services/pay/operations"] {
        let answer = server.get(path).await.json();
        assert_eq!(answer["errors"], Value::Null, "{path}");
    }
    let answer = server.get("/api/ui/services?from=0").await.json();
    assert_eq!(answer["services"][1]["spanCount"], NAMES);
    assert_eq!(answer["partial"], Value::Null);
}

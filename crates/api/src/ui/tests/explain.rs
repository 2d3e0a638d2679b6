//! Why a trace took as long as it did, over HTTP.

use serde_json::{Value, json};
use tracewell_model::SpanKind;
use tracewell_testkit::{TestSpan, conformance};

use super::skeleton::skeleton;
use super::traces::TRACE;
use crate::tests::Server;

const MS: u64 = 1_000_000;

/// One statement five times, 10 ms each, in 100 ms; the first stands last in
/// what was sent.
fn spans() -> Vec<TestSpan> {
    let statement = |index: u64| {
        TestSpan::new(1, 10 + index, "shop", "SELECT", (10 + 10 * index) * MS)
            .child_of(1)
            .kind(SpanKind::Client)
            .lasting_ns(10 * MS)
            .with_text("db.system", "postgresql")
            .with_text("db.statement", "SELECT name FROM products WHERE sku = $1")
    };
    let root = TestSpan::new(1, 1, "shop", "GET /orders", 10 * MS)
        .kind(SpanKind::Server)
        .lasting_ns(100 * MS);
    let children = (0..5).rev().map(statement);
    children.chain([root]).collect()
}

#[tokio::test]
async fn an_explanation_names_rows_and_ids() {
    let server = Server::new(&spans());
    let revision = skeleton(&server).await.header["revision"].clone();
    let answer = server.get(&format!("{TRACE}/explain")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.json();
    assert_eq!(answer["revision"], revision);
    assert_eq!(answer["spanCount"], 6);
    assert_eq!(
        answer["root"],
        json!({"row": 0, "service": "shop", "name": "GET /orders"})
    );
    assert_eq!(answer["pathNs"], "100000000");
    let path = answer["path"].as_array().unwrap();
    assert_eq!(path[0], json!([1, 0, 10_000_000]));
    assert_eq!(path[5], json!([0, 50_000_000, 100_000_000]));
    assert_eq!(answer["selfNs"][0], 50_000_000);
    let operation = &answer["operations"][0];
    assert_eq!(
        (&operation["name"], &operation["kind"]),
        (&json!("GET /orders"), &json!("server"))
    );
    assert_eq!(operation["criticalNs"], "50000000");
    assert_eq!(answer["operationCount"], 2);
    let finding = &answer["findings"][0];
    assert_eq!(finding["kind"], "n-plus-one");
    assert_eq!(finding["rows"], json!([1, 2, 3, 4, 5]));
    assert_eq!(finding["spanIds"][0], "000000000000000a");
    assert_eq!(finding["costNs"], "40000000");
    assert_eq!(
        (&finding["spanCount"], &answer["leftOut"]),
        (&json!(5), &json!(0))
    );
    for field in ["title", "says", "lookAt"] {
        assert!(!finding[field].as_str().unwrap().is_empty(), "{field}");
    }
}

#[tokio::test]
async fn an_explanation_is_of_the_revision_that_the_page_shows() {
    let server = Server::new(&spans());
    let revision = skeleton(&server).await.header["revision"].clone();
    let of_revision = format!("{TRACE}/explain?revision={}", revision.as_str().unwrap());
    assert_eq!(server.get(&of_revision).await.status, 200);
    let late = TestSpan::new(1, 99, "shop", "late", 20 * MS).child_of(1);
    conformance::append(&*server.store, &[late]).unwrap();
    // Who names no revision is told of the trace as it is now.
    let now = server.get(&format!("{TRACE}/explain")).await.json();
    assert_eq!(now["spanCount"], 7);
    let stale = server.get(&format!("{TRACE}/explain?revision=1-0")).await;
    assert_eq!(stale.status, 409);
    let error: Value = stale.json();
    assert_eq!(error["hint"], "read the skeleton again");
    let missing = "/api/ui/traces/aaaa000000000000000000000000ffff/explain";
    assert_eq!(server.get(missing).await.status, 404);
}

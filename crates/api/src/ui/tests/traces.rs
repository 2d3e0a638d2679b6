//! One trace: details, revisions, find, compression, download, mistakes.

use serde_json::{Value, json};
use tracewell_model::{AnyValue, SpanKind, StatusCode};
use tracewell_testkit::{TestSpan, conformance};

use super::refused;
use super::skeleton::skeleton;
use crate::tests::{Server, encoded};

pub(super) const TRACE: &str = "/api/ui/traces/aaaa0000000000000000000000000001";

pub(super) async fn details(server: &Server, revision: &Value, rows: &[usize]) -> Vec<Value> {
    let body = json!({"revision": revision, "rows": rows});
    let answer = server.post(&format!("{TRACE}/spans"), &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.json();
    assert_eq!(&answer["revision"], revision);
    answer["spans"].as_array().unwrap().clone()
}

/// One span with a value of every type.
fn rich() -> TestSpan {
    let mut span = TestSpan::new(1, 1, "shop", "GET /", 1_000)
        .lasting_ns(500)
        .kind(SpanKind::Server)
        .with_text("a.text", "größe \u{1F642}")
        .with("b.int", AnyValue::Int(i64::MIN))
        .with("c.double", AnyValue::Double(0.5))
        .with("d.nan", AnyValue::Double(f64::NAN))
        .with("e.infinite", AnyValue::Double(f64::NEG_INFINITY))
        .with("f.bool", AnyValue::Bool(true))
        .with("g.bytes", AnyValue::Bytes(vec![0xff, 0xfe]))
        .with(
            "h.array",
            AnyValue::Array(vec![1.into(), "x".into(), AnyValue::Empty]),
        )
        .with("i.list", AnyValue::KvList(vec![("k".to_owned(), 7.into())]))
        .with("j.empty", AnyValue::Empty)
        .with_event("late", 700, vec![("n".to_owned(), 1.into())]);
    span.status = StatusCode::Error;
    span.status_message = "broken".to_owned();
    span.dropped = [1, 2, 3];
    span.flags = 0x101;
    span.scope_name = "http".to_owned();
    span.scope_version = "1.2".to_owned();
    span
}

#[tokio::test]
async fn details_are_written_as_the_contract_says() {
    let server = Server::new(&[rich()]);
    let revision = skeleton(&server).await.header["revision"].clone();
    let attribute =
        |key: &str, kind: &str, value: Value| json!({"key": key, "type": kind, "value": value});
    let want = json!({
        "row": 0,
        "spanId": "0000000000000001",
        "parentSpanId": null,
        "traceState": "",
        "flags": 257,
        "name": "GET /",
        "kind": "server",
        "statusCode": "error",
        "statusMessage": "broken",
        "startNs": "1000",
        "durationNs": "500",
        "attributes": [
            attribute("a.text", "string", json!("größe \u{1F642}")),
            attribute("b.int", "int", json!("-9223372036854775808")),
            attribute("c.double", "double", json!(0.5)),
            attribute("d.nan", "double", json!("NaN")),
            attribute("e.infinite", "double", json!("-Infinity")),
            attribute("f.bool", "bool", json!(true)),
            attribute("g.bytes", "bytes", json!("//4=")),
            attribute("h.array", "array", json!(["1", "x", null])),
            attribute("i.list", "kvlist", json!({"k": "7"})),
            attribute("j.empty", "empty", Value::Null),
        ],
        "resource": {
            "attributes": [attribute("service.name", "string", json!("shop"))],
            "schemaUrl": "",
            "droppedAttributes": 0,
        },
        "scope": {"name": "http", "version": "1.2", "attributes": [], "schemaUrl": ""},
        "events": [{
            "name": "late",
            "timeNs": "1700",
            "offsetNs": "700",
            "attributes": [attribute("n", "int", json!("1"))],
            "droppedAttributes": 0,
        }],
        "links": [],
        "droppedAttributes": 1,
        "droppedEvents": 2,
        "droppedLinks": 3,
        "warnings": [],
    });
    assert_eq!(details(&server, &revision, &[0]).await, [want]);
}

#[tokio::test]
async fn a_trace_that_grows_gets_a_new_revision() {
    let server = Server::new(&[TestSpan::new(1, 1, "shop", "GET /", 10)]);
    let before = skeleton(&server).await.header["revision"].clone();
    let again = skeleton(&server).await.header["revision"].clone();
    assert_eq!(before, again);
    let more = [TestSpan::new(1, 2, "shop", "work", 5).child_of(1)];
    conformance::append(&*server.store, &more).unwrap();
    // What was read is still told, as long as it is remembered.
    assert_eq!(details(&server, &before, &[0]).await.len(), 1);
    let grown = skeleton(&server).await;
    assert_eq!(grown.start.len(), 2);
    assert_ne!(grown.header["revision"], before);
    let unknown = json!({"revision": "of another day", "rows": [0]});
    let refused = server.post(&format!("{TRACE}/spans"), &unknown).await;
    let message = refused.json()["message"].as_str().unwrap().to_owned();
    let now = grown.header["revision"].as_str().unwrap();
    assert!(refused.status == 409 && message.contains(now), "{message}");
}

#[tokio::test]
async fn a_span_is_found_by_its_id_and_nothing_else() {
    let server = Server::new(&[
        TestSpan::new(1, 1, "shop", "root", 10).with_text("mentions", "00000000000000ff"),
        TestSpan::new(1, 0xff, "db", "SELECT", 30).child_of(1),
        TestSpan::new(1, 3, "db", "SELECT", 20).child_of(1),
        TestSpan::new(1, 3, "db", "again", 40).child_of(1),
    ]);
    let skeleton = skeleton(&server).await;
    for (query, rows) in [
        ("span=00000000000000ff", json!([2])),
        ("span=FF", json!([2])),
        ("span=3", json!([1, 3])),
        ("span=3&span=1", json!([0, 1, 3])),
        ("span=abc", json!([])),
    ] {
        let answer = server.get(&format!("{TRACE}/rows?{query}")).await.json();
        assert_eq!(answer["rows"], rows, "{query}");
        assert_eq!(answer["revision"], skeleton.header["revision"]);
    }
    for query in [
        "",
        "span=",
        "span=xyz",
        "span=%2B1",
        "span=12345678901234567",
    ] {
        refused(&server, &format!("{TRACE}/rows?{query}")).await;
    }
    let other = server.get(&format!("{TRACE}/rows?span=1&revision=x")).await;
    assert_eq!(other.status, 409);
}

#[tokio::test]
async fn spans_that_share_ids_and_times_have_each_their_own_details() {
    let twin = |name: &str| TestSpan::new(1, 7, "shop", name, 20).child_of(1);
    let server = Server::new(&[
        TestSpan::new(1, 1, "shop", "root", 10),
        twin("one"),
        twin("other"),
        twin("other"),
    ]);
    let skeleton = skeleton(&server).await;
    let details = details(&server, &skeleton.header["revision"], &[2, 0, 1]).await;
    let mut names: Vec<&str> = details
        .iter()
        .filter_map(|of| of["name"].as_str())
        .collect();
    assert_eq!(names.remove(1), "root");
    names.sort_unstable();
    assert_eq!(names, ["one", "other"], "what is stored twice is one span");
    for (detail, row) in details.iter().zip([2, 0, 1]) {
        assert_eq!(detail["row"], row);
        assert_eq!(detail["name"].as_str(), Some(skeleton.name_of(row)));
    }
}

#[tokio::test]
async fn a_server_that_shares_all_with_its_client_has_its_own_details() {
    let half = |kind, name: &str| TestSpan {
        kind,
        ..TestSpan::new(1, 7, "shop", name, 20).child_of(1)
    };
    // Whatever order their content gives them, one pair has it the other way.
    for name in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        let server = Server::new(&[
            TestSpan::new(1, 1, "shop", "root", 10),
            half(SpanKind::Server, &format!("server {name}")),
            half(SpanKind::Client, &format!("client {name}")),
        ]);
        let skeleton = skeleton(&server).await;
        assert_eq!(skeleton.name_of(1), format!("client {name}"));
        let rows = details(&server, &skeleton.header["revision"], &[0, 1, 2]).await;
        for (row, detail) in rows.iter().enumerate() {
            assert_eq!(detail["name"].as_str(), Some(skeleton.name_of(row)));
        }
    }
}

#[tokio::test]
async fn find_answers_rows_in_reading_order() {
    let server = Server::new(&[
        TestSpan::new(1, 1, "shop", "root", 10),
        TestSpan::new(1, 2, "db", "SELECT", 30)
            .child_of(1)
            .with_text("table", "cart"),
        TestSpan::new(1, 3, "db", "SELECT", 20).child_of(1),
        TestSpan::new(2, 4, "db", "SELECT", 20),
    ]);
    for (text, rows) in [
        ("select", json!([1, 2])),
        ("CART", json!([2])),
        ("table=cart", json!([2])),
        ("0000000000000003", json!([1])),
        ("nothing", json!([])),
    ] {
        let answer = server
            .get(&format!("{TRACE}/find?q={}", encoded(text)))
            .await;
        assert_eq!(answer.json()["rows"], rows, "{text}");
    }
    let error = refused(&server, &format!("{TRACE}/find")).await;
    assert!(error["message"].as_str().unwrap().contains('q'));
}

#[tokio::test]
async fn a_large_answer_is_compressed_as_the_browser_can_read() {
    let spans: Vec<_> = (1..1_500)
        .map(|n| TestSpan::new(1, n, "shop", "work", n))
        .collect();
    let server = Server::new(&spans);
    let path = format!("{TRACE}/skeleton");
    let plain = server.get(&path).await;
    assert_eq!(plain.header("content-encoding"), "");
    let zstd = server
        .get_with(&path, ("accept-encoding", "gzip, deflate, br, zstd"))
        .await;
    assert_eq!(zstd.header("content-encoding"), "zstd");
    assert!(zstd.body.len() < plain.body.len() / 3);
    let unpacked = zstd::bulk::decompress(&zstd.body, plain.body.len()).unwrap();
    assert_eq!(unpacked, plain.body);
}

#[tokio::test]
async fn the_download_is_otlp_json() {
    let server = Server::new(&[rich()]);
    let answer = server.get(&format!("{TRACE}/otlp?download=1")).await;
    let disposition = answer.header("content-disposition");
    assert!(
        disposition.starts_with("attachment; filename=\""),
        "{disposition}"
    );
    let read = tracewell_wire::otlp::json::decode(&answer.body).unwrap();
    let sent = format!("{:?}", [rich()]);
    assert_eq!(
        format!("{:?}", tracewell_testkit::flatten(&read.batch)),
        sent
    );
    let shown = server.get(&format!("{TRACE}/otlp")).await;
    assert_eq!(shown.header("content-disposition"), "");
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let server = Server::new(&[TestSpan::new(1, 1, "shop", "GET /", 10)]);
    for (id, part) in [
        ("12x4", "'x' is not a hexadecimal digit"),
        ("0000", "zeros"),
        ("123456789012345678901234567890123", "1 to 32"),
    ] {
        for what in ["skeleton", "find?q=a", "otlp"] {
            let error = refused(&server, &format!("/api/ui/traces/{id}/{what}")).await;
            let message = error["message"].as_str().unwrap();
            assert!(message.contains(part) && message.contains(id), "{message}");
        }
    }
    for what in ["skeleton", "find?q=a", "otlp"] {
        let answer = server.get(&format!("/api/ui/traces/12ab/{what}")).await;
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(
            answer.status == 404 && message.contains("000012ab"),
            "{message}"
        );
    }
    let revision = skeleton(&server).await.header["revision"].clone();
    let too_many: Vec<u32> = vec![0; 501];
    for (body, part) in [
        (json!({"revision": revision, "rows": [0, 1]}), "row 1"),
        (json!({"revision": revision, "rows": too_many}), "501"),
        (json!({"revision": revision, "rows": [-1]}), "-1"),
        (json!({"rows": [0]}), "revision"),
        (json!("rows"), "rows"),
    ] {
        let answer = server.post(&format!("{TRACE}/spans"), &body).await;
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(
            answer.status == 400 && message.contains(part),
            "{part}: {message}"
        );
    }
}

//! Search: shape of the lines, pages, bad parameters.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tracewell_model::StatusCode;
use tracewell_testkit::{Random, TestSpan};

use super::{lines, refused};
use crate::tests::{NOW_NS, Server, encoded};

const SECOND_NS: u64 = 1_000_000_000;

fn by_type(lines: &[Value], wanted: &str) -> Vec<Value> {
    let of_type = lines.iter().filter(|line| line["type"] == wanted);
    of_type.cloned().collect()
}

#[tokio::test]
async fn a_trace_is_a_line_and_the_end_is_told() {
    let start_ns = NOW_NS - 10 * SECOND_NS;
    let server = Server::new(&[
        TestSpan::new(1, 1, "shop", "GET /", start_ns).lasting_ns(SECOND_NS),
        TestSpan::new(1, 2, "db", "SELECT", start_ns + SECOND_NS / 3)
            .child_of(1)
            .lasting_ns(SECOND_NS / 4)
            .status(StatusCode::Error),
        TestSpan::new(2, 3, "job", "orphan", start_ns - SECOND_NS).child_of(9),
        TestSpan::new(3, 1, "shop", "too old", NOW_NS - 3_700 * SECOND_NS),
    ]);
    let found = lines(&server.get("/api/ui/search").await);
    let traces = by_type(&found, "trace");
    assert_eq!(
        traces[0],
        json!({
            "type": "trace",
            "traceId": "aaaa0000000000000000000000000001",
            "rootService": "shop",
            "rootName": "GET /",
            "startNs": start_ns.to_string(),
            "durationNs": "1000000000",
            "spanCount": 2,
            "errorCount": 1,
            "orphanCount": 0,
            "cycleCount": 0,
            "matchedCount": 2,
            "waitingCount": 0,
            "matched": ["0000000000000001", "0000000000000002"],
            "services": [
                {"name": "shop", "spanCount": 1, "errorCount": 0},
                {"name": "db", "spanCount": 1, "errorCount": 1},
            ],
            "bars": [[0, 0.0, 1.0, 0, 0], [1, 0.33333, 0.25, 1, 1]],
        })
    );
    assert_eq!(
        (&traces[1]["rootService"], &traces[1]["orphanCount"]),
        (&Value::Null, &json!(1))
    );
    assert_eq!(traces.len(), 2);
    let done = found.last().unwrap();
    assert_eq!(
        (&done["type"], &done["cursor"]),
        (&json!("done"), &Value::Null)
    );
    assert_eq!(
        (&done["partial"], &done["searchedSpans"]),
        (&Value::Null, &json!(3))
    );
    assert!(done["elapsedMs"].is_u64() && done["totalBlocks"].is_u64());
}

#[tokio::test]
async fn pages_by_cursor_hold_every_trace_once() {
    let spans = Random::new(3).spans(700, NOW_NS - 3_000 * SECOND_NS);
    let want: BTreeSet<String> = spans.iter().map(|span| span.trace_id.to_string()).collect();
    let server = Server::new(&spans);
    let (mut cursor, mut found) = (String::new(), Vec::new());
    loop {
        let path = format!("/api/ui/search?limit=7&cursor={cursor}&from=now-1h&to=now");
        let page = lines(&server.get(&path).await);
        for trace in by_type(&page, "trace") {
            found.push(trace["traceId"].as_str().unwrap().to_owned());
        }
        match &page.last().unwrap()["cursor"] {
            Value::String(next) => cursor.clone_from(next),
            _ => break,
        }
    }
    let distinct: BTreeSet<String> = found.iter().cloned().collect();
    assert_eq!((distinct.len(), found.len()), (want.len(), want.len()));
    assert_eq!(distinct, want);
}

#[tokio::test]
async fn every_sort_ranks_all_that_matches_and_its_pages_go_on() {
    let spans = Random::new(3).spans(700, NOW_NS - 3_000 * SECOND_NS);
    let all: BTreeSet<String> = spans.iter().map(|span| span.trace_id.to_string()).collect();
    let server = Server::new(&spans);
    let number = |trace: &Value, field: &str| -> u64 {
        let value = &trace[field];
        let text = value.as_str().and_then(|text| text.parse().ok());
        text.or_else(|| value.as_u64()).unwrap()
    };
    for (sort, field, falls) in [
        ("longest", "durationNs", true),
        ("shortest", "durationNs", false),
        ("errors", "errorCount", true),
        ("spans", "spanCount", true),
    ] {
        let (mut cursor, mut found) = (String::new(), Vec::new());
        loop {
            let path = format!("/api/ui/search?sort={sort}&limit=40&cursor={cursor}");
            let page = lines(&server.get(&path).await);
            found.extend(by_type(&page, "trace"));
            let done = page.last().unwrap();
            assert_eq!(done["sort"], sort);
            assert_eq!(done["matchedTraces"], all.len());
            assert_eq!(done["partial"], Value::Null);
            match &done["cursor"] {
                Value::String(next) => cursor.clone_from(next),
                _ => break,
            }
        }
        let ids = found.iter().map(|trace| trace["traceId"].as_str().unwrap());
        let ids: BTreeSet<String> = ids.map(str::to_owned).collect();
        assert_eq!((found.len(), &ids), (all.len(), &all), "{sort}");
        let values: Vec<u64> = found.iter().map(|trace| number(trace, field)).collect();
        let mut want = values.clone();
        want.sort_unstable();
        if falls {
            want.reverse();
        }
        assert_eq!(values, want, "{sort}");
    }
    let newest = lines(&server.get("/api/ui/search?limit=7").await);
    let done = newest.last().unwrap();
    assert_eq!(
        (&done["sort"], &done["matchedTraces"]),
        (&json!("newest"), &Value::Null)
    );
    // A cursor of another sort would leave traces out.
    let by_time = done["cursor"].as_str().unwrap();
    refused(
        &server,
        &format!("/api/ui/search?sort=spans&cursor={by_time}"),
    )
    .await;
    let path = "/api/ui/search?limit=7&sort=spans";
    let by_spans = lines(&server.get(path).await);
    let by_spans = by_spans.last().unwrap()["cursor"].as_str().unwrap();
    for sort in ["newest", "errors"] {
        refused(
            &server,
            &format!("/api/ui/search?sort={sort}&cursor={by_spans}"),
        )
        .await;
    }
}

#[tokio::test]
async fn times_may_be_written_in_every_form() {
    let server = Server::new(&[TestSpan::new(
        1,
        1,
        "shop",
        "GET /",
        NOW_NS - 100 * SECOND_NS,
    )]);
    for (range, count) in [
        ("", 1),
        ("from=now-1m", 0),
        ("from=now-2m", 1),
        ("from=now-1h&to=now-2m", 0),
        (
            "from=2027-01-15T07:58:00Z&to=2027-01-15T09:59:00%2B02:00",
            1,
        ),
        ("from=1799999900000000&to=1799999900000001", 1),
        ("from=0&to=1799999900000000", 0),
    ] {
        let found = lines(&server.get(&format!("/api/ui/search?{range}")).await);
        assert_eq!(by_type(&found, "trace").len(), count, "{range}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let server = Server::new(&[]);
    for (query, parts) in [
        ("from=yesterday", vec!["from", "\"yesterday\""]),
        ("to=2026-13-01", vec!["to", "\"2026-13-01\""]),
        ("from=now&to=now-1h", vec!["reversed", "from", "to"]),
        ("limit=0", vec!["limit", "\"0\"", "1000"]),
        ("limit=1001", vec!["limit", "\"1001\""]),
        ("limit=many", vec!["limit", "\"many\""]),
        ("cursor=abc", vec!["cursor", "\"abc\""]),
        ("sort=worst", vec!["sort", "\"worst\""]),
    ] {
        let error = refused(&server, &format!("/api/ui/search?{query}")).await;
        assert_eq!(error["code"], "bad_request");
        let message = error["message"].as_str().unwrap();
        for part in parts {
            assert!(message.contains(part), "{query}: {message}");
        }
    }
    let query = encoded(r#"{ name = "größe" && foo = 1 }"#);
    let error = refused(&server, &format!("/api/ui/search?q={query}")).await;
    assert_eq!(
        (&error["code"], &error["span"]),
        (&json!("bad_query"), &json!([20, 23]))
    );
    let broken = server.get("/api/ui/search?q=%FF").await;
    assert_eq!(broken.status, 400, "{}", broken.text());
}

#[tokio::test]
async fn a_search_until_now_says_that_there_are_newer_spans() {
    const YEAR_2100_NS: u64 = 4_102_444_800 * SECOND_NS;
    let mut spans = vec![
        TestSpan::new(1, 1, "shop", "GET /", NOW_NS - SECOND_NS),
        TestSpan::new(2, 1, "shop", "a little ahead", NOW_NS + SECOND_NS),
    ];
    let server = Server::new(&spans);
    let done = |found: Vec<Value>| found.last().unwrap().clone();
    let found = done(lines(&server.get("/api/ui/search").await));
    assert_eq!(found["newerNs"], Value::Null, "as clocks differ");
    spans.push(TestSpan::new(3, 1, "pi", "boot", YEAR_2100_NS));
    spans.push(TestSpan::new(4, 1, "pi", "end of time", u64::MAX));
    let server = Server::new(&spans);
    let boot = encoded(r#"{ name = "boot" }"#);
    let shop = encoded(r#"{ resource.service.name = "shop" }"#);
    let last = u64::MAX.to_string();
    for (query, newer_ns) in [
        (String::new(), json!(last)),
        ("to=now&limit=1".to_owned(), json!(last)),
        ("to=2100-01-01".to_owned(), json!(last)),
        (format!("q={boot}"), json!(YEAR_2100_NS.to_string())),
        (format!("q={shop}"), Value::Null),
        ("to=now-1s".to_owned(), Value::Null),
        ("to=9999-12-31".to_owned(), Value::Null),
    ] {
        let path = format!("/api/ui/search?from=now-1h&{query}");
        let found = done(lines(&server.get(&path).await));
        assert_eq!(
            (&found["type"], &found["newerNs"]),
            (&json!("done"), &newer_ns),
            "{query}"
        );
    }
    // Whoever asks for all of time finds them, the newest first.
    let found = lines(&server.get("/api/ui/search?to=9999-12-31").await);
    let names = by_type(&found, "trace");
    let names: Vec<&str> = names
        .iter()
        .filter_map(|trace| trace["rootName"].as_str())
        .collect();
    assert_eq!(names, ["end of time", "boot", "a little ahead", "GET /"]);
    let count = server.get("/api/ui/count?to=9999-12-31").await.json();
    assert_eq!(count["spans"], 4);
}

#[tokio::test]
async fn groups_numbers_and_selected_fields_are_shown() {
    let start_ns = NOW_NS - 10 * SECOND_NS;
    let server = Server::new(&[
        TestSpan::new(1, 1, "shop", "GET /", start_ns).lasting_ns(SECOND_NS),
        TestSpan::new(1, 2, "db", "SELECT", start_ns + 1)
            .child_of(1)
            .lasting_ns(SECOND_NS / 2)
            .with("rows", 7.into()),
        TestSpan::new(2, 1, "shop", "GET /", start_ns),
    ]);
    let ask = async |query: &str| {
        let query = encoded(query);
        lines(&server.get(&format!("/api/ui/search?q={query}")).await)
    };
    let found = ask(
        r#"{ name = "GET /" } &> { name = "SELECT" } | by(span.rows) | max(duration) > 0s | select(span.rows, status)"#,
    )
    .await;
    let traces = by_type(&found, "trace");
    assert_eq!(traces.len(), 1);
    assert_eq!(
        traces[0]["spansets"],
        json!([
            {
                "matched": 1,
                "attributes": [
                    {"name": "by(span.rows)", "value": 7},
                    {"name": "max(duration)", "value": "500ms"},
                ],
                "spans": [{
                    "spanId": "0000000000000002",
                    "name": "SELECT",
                    "startNs": (start_ns + 1).to_string(),
                    "durationNs": "500000000",
                    "attributes": [
                        {"name": "span.rows", "value": 7},
                        {"name": "status", "value": "unset"},
                    ],
                }],
            },
            {
                "matched": 1,
                "attributes": [
                    {"name": "by(span.rows)", "value": null},
                    {"name": "max(duration)", "value": "1s"},
                ],
                "spans": [{
                    "spanId": "0000000000000001",
                    "name": "GET /",
                    "startNs": start_ns.to_string(),
                    "durationNs": "1000000000",
                    "attributes": [{"name": "status", "value": "unset"}],
                }],
            },
        ])
    );
    // The same traces in another order, and how many there are.
    let query = encoded(r#"{ name = "GET /" } > { } | select(span.rows)"#);
    let ranked = lines(
        &server
            .get(&format!("/api/ui/search?sort=longest&q={query}"))
            .await,
    );
    let ranked = by_type(&ranked, "trace");
    assert_eq!(ranked.len(), 1);
    assert_eq!(
        ranked[0]["spansets"][0]["spans"][0]["attributes"][0]["value"],
        7
    );
    let counted = server.get(&format!("/api/ui/count?q={query}")).await.json();
    assert_eq!(
        (&counted["spans"], &counted["traces"]),
        (&json!(1), &json!(1))
    );
    // What only filters shows no more than before.
    assert_eq!(
        by_type(&ask("{ }").await, "trace")[0]["spansets"],
        Value::Null
    );
}

#[tokio::test]
async fn metrics_are_refused_where_they_stand() {
    let server = Server::new(&[]);
    for path in ["search", "count"] {
        let url = format!("/api/ui/{path}?q={}", encoded("{ } | rate()"));
        let error = refused(&server, &url).await;
        assert_eq!(error["span"], json!([6, 12]));
        let error = error.to_string();
        assert!(error.contains("metrics (`rate`) are no search"), "{error}");
    }
}

//! The histogram: shape of the lines, edges, bad parameters.

use serde_json::{Value, json};
use tracewell_model::StatusCode;
use tracewell_testkit::TestSpan;

use super::{lines, refused};
use crate::tests::{NOW_NS, Server, encoded};

const SECOND_NS: u64 = 1_000_000_000;

/// The counts of all lines put together as a client does, `[spans, failed]`.
fn counts(lines: &[Value]) -> Vec<[u64; 2]> {
    let count = lines[0]["count"].as_u64().unwrap() as usize;
    let mut counts = vec![[0, 0]; count];
    for line in lines.iter().filter(|line| line["type"] == "counts") {
        for bucket in line["buckets"].as_array().unwrap() {
            let number = |place: usize| bucket[place].as_u64().unwrap();
            counts[number(0) as usize] = [number(1), number(2)];
        }
    }
    counts
}

#[tokio::test]
async fn the_first_line_says_the_edges_and_the_others_what_is_between() {
    let at = |second: u64| NOW_NS - second * SECOND_NS;
    let server = Server::new(&[
        TestSpan::new(1, 1, "shop", "GET /", at(10)),
        TestSpan::new(1, 2, "db", "SELECT", at(10)).status(StatusCode::Error),
        TestSpan::new(2, 3, "shop", "GET /", at(3_599)),
        TestSpan::new(3, 1, "shop", "too old", at(3_700)),
    ]);
    let found = lines(&server.get("/api/ui/histogram").await);
    assert_eq!(
        found[0],
        json!({
            "type": "buckets",
            "startNs": at(3_600).to_string(),
            "stepNs": "60000000000",
            "count": 60,
        })
    );
    let mut want = vec![[0, 0]; 60];
    (want[0], want[59]) = ([1, 0], [2, 1]);
    assert_eq!(counts(&found), want);
    let done = found.last().unwrap();
    assert_eq!(
        (&done["type"], &done["spans"], &done["errors"]),
        (&json!("done"), &json!(3), &json!(1))
    );
    assert_eq!(
        (&done["partial"], &done["searchedSpans"]),
        (&Value::Null, &json!(4))
    );
    let last = found.iter().rfind(|line| line["type"] == "counts").unwrap();
    assert_eq!(last["settled"], 0);
    let query = encoded(r#"{ resource.service.name = "db" }"#);
    let path = format!("/api/ui/histogram?q={query}&from=now-1m&buckets=4");
    let of_db = lines(&server.get(&path).await);
    assert_eq!(of_db[0]["stepNs"], "15000000000");
    assert_eq!(counts(&of_db), [[0, 0], [0, 0], [0, 0], [1, 1]]);
}

#[tokio::test]
async fn all_of_time_is_the_time_that_is_stored() {
    let empty = lines(&Server::new(&[]).get("/api/ui/histogram?from=0").await);
    assert_eq!(counts(&empty), Vec::<[u64; 2]>::new());
    let server = Server::new(&[
        TestSpan::new(1, 1, "shop", "GET /", NOW_NS),
        TestSpan::new(2, 1, "shop", "GET /", NOW_NS + 9 * SECOND_NS),
    ]);
    let path = "/api/ui/histogram?from=0&to=9999-12-31&buckets=10";
    let found = lines(&server.get(path).await);
    assert_eq!(found[0]["startNs"], NOW_NS.to_string());
    assert_eq!(counts(&found).len(), 10);
    assert_eq!(found.last().unwrap()["spans"], 2);
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let server = Server::new(&[]);
    for (query, part) in [
        ("buckets=0", "buckets"),
        ("buckets=501", "500"),
        ("from=yesterday", "yesterday"),
        ("from=now&to=now-1h", "reversed"),
    ] {
        let error = refused(&server, &format!("/api/ui/histogram?{query}")).await;
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(part), "{query}: {message}");
    }
}

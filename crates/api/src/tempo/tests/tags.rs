//! Names and values, as an editor of queries asks for them.

use serde_json::{Value, json};

use super::{searching, server};
use crate::tests::encoded;

#[tokio::test]
async fn scopes_with_their_tags() {
    let answer = server()
        .get("/tempo/api/v2/search/tags?limit=5000")
        .await
        .json();
    let scopes = answer["scopes"].as_array().unwrap();
    let names: Vec<_> = scopes
        .iter()
        .map(|scope| scope["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["resource", "span", "event", "intrinsic"]);
    assert_eq!(scopes[0]["tags"], json!(["service.name"]));
    assert_eq!(
        scopes[1]["tags"],
        json!(["amount", "customer", "http.method", "http.status_code"])
    );
    assert!(
        scopes[3]["tags"]
            .as_array()
            .unwrap()
            .contains(&json!("rootServiceName"))
    );
    for (more, want) in [
        (
            "scope=resource",
            json!([{"name": "resource", "tags": ["service.name"]}]),
        ),
        (
            "scope=event",
            json!([{"name": "event", "tags": ["exception.type"]}]),
        ),
        ("scope=link", json!([])),
        (
            "scope=span&limit=1",
            json!([{"name": "span", "tags": ["amount"]}]),
        ),
        (
            "scope=span&q=%7Bresource.service.name%3D%22bank%22%20%26%26%20%7D",
            json!([{"name": "span", "tags": ["amount", "customer"]}]),
        ),
    ] {
        let answer = server()
            .get(&format!("/tempo/api/v2/search/tags?{more}"))
            .await;
        assert_eq!(answer.json()["scopes"], want, "{more}");
    }
    let old = server()
        .get("/tempo/api/search/tags?scope=span")
        .await
        .json();
    assert_eq!(
        old["tagNames"],
        json!(["amount", "customer", "http.method", "http.status_code"])
    );
}

#[tokio::test]
async fn values_have_types() {
    let of = |kind: &str, values: &[&str]| -> Value {
        let values = values.iter();
        values
            .map(|value| json!({"type": kind, "value": value}))
            .collect()
    };
    for (tag, query, want) in [
        (
            "resource.service.name",
            "",
            of("string", &["bank", "shop", "jobs"]),
        ),
        (".service.name", "", of("string", &["bank", "shop", "jobs"])),
        ("span.http.status_code", "", of("int", &["200", "500"])),
        ("span.amount", "", of("float", &["12.5"])),
        ("event.exception.type", "", of("string", &["Timeout"])),
        ("status", "", of("keyword", &["ok", "error", "unset"])),
        ("span:status", "", of("keyword", &["ok", "error", "unset"])),
        (
            "kind",
            "",
            of(
                "keyword",
                &[
                    "client",
                    "server",
                    "producer",
                    "consumer",
                    "internal",
                    "unspecified",
                ],
            ),
        ),
        ("name", "", of("string", &["POST /orders", "pay", "tick"])),
        ("rootName", "", of("string", &["POST /orders"])),
        ("duration", "", json!([])),
        ("span.nothing", "", json!([])),
        // What stands around the place where somebody writes.
        (
            "name",
            r#"{resource.service.name="bank" && name=}"#,
            of("string", &["pay"]),
        ),
        (
            "span.http.status_code",
            r#"{status=error && span.http.status_code="#,
            of("int", &["500"]),
        ),
        (
            "resource.service.name",
            r#"{name="tick" && resource.service.name="x"#,
            of("string", &["jobs"]),
        ),
        // Nobody can tell: all of them.
        (
            "name",
            r#"{ } >> { name= }"#,
            of("string", &["POST /orders", "pay", "tick"]),
        ),
    ] {
        let path = format!("/api/v2/search/tag/{}/values", encoded(tag));
        let more = format!("&limit=5000&tag={}", encoded(tag));
        let answer = server().get(&searching(&path, query, &more)).await;
        assert_eq!(answer.status, 200, "{tag}: {}", answer.text());
        let sorted = |values: &Value| {
            let mut values: Vec<String> = values
                .as_array()
                .unwrap()
                .iter()
                .map(Value::to_string)
                .collect();
            values.sort();
            values
        };
        assert_eq!(
            sorted(&answer.json()["tagValues"]),
            sorted(&want),
            "{tag} in {query}"
        );
    }
}

#[tokio::test]
async fn values_of_old_are_text_and_need_no_scope() {
    for (tag, want) in [
        ("service.name", json!(["bank", "jobs", "shop"])),
        ("http.status_code", json!(["200", "500"])),
        ("root.name", json!(["POST /orders"])),
        ("status", json!(["error", "ok", "unset"])),
        ("a/b", json!([])),
    ] {
        let answer = server()
            .get(&format!("/tempo/api/search/tag/{tag}/values"))
            .await;
        assert_eq!(answer.json()["tagValues"], want, "{tag}");
    }
}

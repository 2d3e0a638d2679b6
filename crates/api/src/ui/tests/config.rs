//! Jaeger's file of UI settings: what is read of it, and what is said of a
//! wrong one.

use std::sync::Arc;

use serde_json::{Value, json};
use tracewell_store::memory::MemoryStore;

use crate::UiConfig;
use crate::tests::Server;

/// As Jaeger's documentation has it, with what other deployments add.
const FILE: &str = r##"{
  "dependencies": { "menuEnabled": true },
  "linkPatterns": [
    { "type": "process", "key": "jaeger.version", "url": "https://x/releases/tag/#{jaeger.version}", "text": "Release #{jaeger.version}" },
    { "type": "tags", "key": ["customer_id", "user.id"], "url": "/search?limit=20&tags=%7B%22id%22%3A%22#{customer_id}%22%7D", "text": "Of #{customer_id}" },
    { "type": "traces", "url": "/logs?from=#{startTime | add -60000000}", "text": "Logs" },
    { "type": ["resource", "attributes"], "key": "env", "value": "prod", "url": "/prod", "text": "Prod" },
    { "url": "/any", "text": "Any" }
  ]
}"##;

#[tokio::test]
async fn links_of_jaegers_file_are_given_to_the_page() {
    let (config, others) = UiConfig::parse(FILE.as_bytes()).unwrap();
    assert_eq!(others, ["dependencies"]);
    let server = Server::with_ui(Arc::new(MemoryStore::new(1 << 20)), config);
    let answer: Value = serde_json::from_slice(&server.get("/api/ui/config").await.body).unwrap();
    let links = answer["linkPatterns"].as_array().unwrap();
    let places: Vec<_> = links
        .iter()
        .map(|link| json!([link["types"], link["keys"], link["values"]]))
        .collect();
    assert_eq!(
        places,
        [
            json!([["process"], ["jaeger.version"], null]),
            json!([["tags"], ["customer_id", "user.id"], null]),
            json!([["traces"], null, null]),
            json!([["process", "tags"], ["env"], ["prod"]]),
            json!([["process", "tags", "logs"], null, null]),
        ]
    );
    assert_eq!(links[2]["url"], "/logs?from=#{startTime | add -60000000}");
    assert_eq!(links[0]["text"], "Release #{jaeger.version}");
}

#[tokio::test]
async fn without_a_file_there_are_no_links() {
    let server = Server::new(&[]);
    let answer = server.get("/api/ui/config").await;
    assert_eq!(answer.text(), r#"{"linkPatterns":[]}"#);
}

#[test]
fn a_wrong_file_names_the_field_and_what_is_right() {
    let link = |link: &str| format!(r#"{{"linkPatterns":[{link}]}}"#);
    for (file, said) in [
        ("const UIConfig = {}".to_owned(), "JavaScript, is not read"),
        ("[]".to_owned(), "it holds a list and not an object"),
        (
            r#"{"linkPatterns":{}}"#.to_owned(),
            "linkPatterns is an object and not a list",
        ),
        (link("7"), "linkPatterns[0] is a number and not an object"),
        (
            link(r#"{"type":"tag","key":"a","url":"u","text":"t"}"#),
            r#"linkPatterns[0].type is "tag"; it is one or a list of process, tags, logs and"#,
        ),
        (
            link(r#"{"type":"tags","key":[7],"url":"u","text":"t"}"#),
            "linkPatterns[0].key is [7]; it is a text or a list of texts",
        ),
        (
            link(r#"{"type":"logs","key":"a","text":"t"}"#),
            "linkPatterns[0].url is missing",
        ),
        (
            link(r##"{"type":"logs","key":"a","url":"x/#{a}/#{b","text":"t"}"##),
            r##"linkPatterns[0].url has no } after "#{b""##,
        ),
    ] {
        let error = UiConfig::parse(file.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(said), "{file}: {error}");
    }
}

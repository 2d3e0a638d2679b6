//! The contract of the UI's API, request by request.

mod completion;
mod config;
mod count;
mod explain;
mod failures;
mod histogram;
mod metrics;
mod search;
mod skeleton;
mod traces;

use serde_json::Value;

use crate::tests::{Answer, Server};

/// The lines of a search.
fn lines(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    let text = answer.text();
    assert!(text.ends_with('\n'));
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Asks for something wrong: the answer names the parameter, the value and
/// what to do.
async fn refused(server: &Server, path: &str) -> Value {
    let answer = server.get(path).await;
    assert_eq!(answer.status, 400, "{path}: {}", answer.text());
    let error = answer.json();
    assert!(
        !error["hint"].as_str().unwrap_or_default().is_empty(),
        "{path}: {error}"
    );
    error
}

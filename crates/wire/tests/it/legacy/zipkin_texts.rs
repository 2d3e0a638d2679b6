//! Texts in which exporters of OpenTelemetry hide what Zipkin has no place for.

use super::shown::shown;
use tracewell_wire::zipkin::v2::json;

/// What the annotation with this text becomes.
fn event(text: &str) -> String {
    let text = serde_json::Value::from(text);
    let body = format!(
        r#"[{{"traceId":"7b","id":"1","timestamp":1,"annotations":[{{"timestamp":2,"value":{text}}}]}}]"#
    );
    let decoded = json::decode(body.as_bytes()).unwrap();
    let line = shown(&decoded.batch).remove(0);
    line.split(" event=").nth(1).unwrap().to_owned()
}

#[test]
fn events_come_with_their_attributes() {
    let cases = [
        ("cart.loaded", r#""cart.loaded"@2000"#),
        (
            r#"{"retry": {"n": 3, "why": "slow"}}"#,
            r#""retry"@2000{n=3 why="slow"}"#,
        ),
        (
            r#""retry": {"n": 3.5, "on": true}"#,
            r#""retry"@2000{n=3.5 on=true}"#,
        ),
        (
            r#"retry|{"n":[1,2]}|0"#,
            r#""retry"@2000{n=Array([Int(1), Int(2)])}"#,
        ),
        // No form of theirs: kept as the text it is.
        (r#"{"a": 1}"#, r#""{\"a\": 1}"@2000"#),
        (r#"{"a": {}, "b": {}}"#, r#""{\"a\": {}, \"b\": {}}"@2000"#),
        ("{oops}", r#""{oops}"@2000"#),
        ("\"oops}", r#""\"oops}"@2000"#),
        ("a|{oops}|1", r#""a|{oops}|1"@2000"#),
        ("took 5", r#""took 5"@2000"#),
        ("", r#"""@2000"#),
    ];
    for (text, want) in cases {
        assert_eq!(event(text), want, "{text}");
    }
}

#[test]
fn nesting_within_a_text_is_cut() {
    let deep = format!(r#"{{"e": {{"k": {}1{}}}}}"#, "[".repeat(60), "]".repeat(60));
    assert!(event(&deep).contains("[cut: nested deeper than 32 levels]"));
}

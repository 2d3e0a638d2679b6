//! Records in every layout, whole and torn.

use super::*;

/// Records, and what is wrong with those that are broken.
fn read(bytes: &'static str) -> Vec<String> {
    let mut records = JsonRecords::new(Input::of(bytes.as_bytes())).unwrap();
    let mut found = Vec::new();
    loop {
        let mut record = Vec::new();
        match records.next(&mut record) {
            Ok(None) => return found,
            Ok(Some(kind)) => {
                let text = String::from_utf8(record).unwrap();
                found.push(format!("{} {kind:?} {text}", records.byte()));
            }
            Err(Fault::Skipped(reason)) => found.push(format!("skipped: {reason}")),
            Err(Fault::Lost(reason)) => {
                found.push(format!("lost: {reason}"));
                return found;
            }
        }
    }
}

#[test]
fn records_are_found_in_every_layout() {
    let one = r#"{"resourceSpans":[{"a":1}]}"#;
    for (text, expected) in [
        ("", vec![]),
        ("{}\n[]\n", vec![]),
        (
            r#"{"resourceSpans":[{"a":1}]}"#,
            vec![format!("18 OtlpJson {one}")],
        ),
        (
            "{\"resourceSpans\":[{\"a\":1}]}\n{\"resourceSpans\":[]}\n{\"resourceSpans\":[{\"a\":1}]}\n",
            vec![format!("18 OtlpJson {one}"), format!("67 OtlpJson {one}")],
        ),
        (
            "{\n  \"total\": 0,\n  \"data\": [\n{\"x\":\"]}\\\"\"} ,\n {} ],\n \"errors\": null\n}\n",
            vec![
                "28 JaegerJson {\"x\":\"]}\\\"\"}".to_owned(),
                "44 JaegerJson {}".to_owned(),
            ],
        ),
        (
            "{\"data\":[\n{\"x\":1},\n{}\n],\"total\":0}\n",
            vec![
                "10 JaegerJson {\"x\":1}".to_owned(),
                "19 JaegerJson {}".to_owned(),
            ],
        ),
        (
            r#"[{"traceID":"1","spans":[1],"processes":{}}]"#,
            vec![r#"1 JaegerJson {"traceID":"1","spans":[1],"processes":{}}"#.to_owned()],
        ),
        (r#"{"resourceMetrics":[{"a":1}]} {"data":null}"#, vec![]),
    ] {
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn a_broken_line_costs_the_line_and_other_damage_the_rest() {
    let good = "18 OtlpJson {\"resourceSpans\":[{\"a\":1}]}";
    assert_eq!(
        read(
            "{\"resourceSpans\":[{\"a\":1}]}\n{\"resourceSpans\":[{\"a\n{\"oops\":1}\n{\"resourceSpans\":[{\"a\":1}]}"
        ),
        [
            good,
            "skipped: the line ends within a value",
            "skipped: the object is neither OTLP nor Jaeger: it has no resourceSpans, data or spans",
            "79 OtlpJson {\"resourceSpans\":[{\"a\":1}]}",
        ]
    );
    assert_eq!(
        read("{\"resourceSpans\":[{\"a\":1},"),
        [good, "lost: the file ends within a JSON value"]
    );
    assert_eq!(
        read("{\"resourceSpans\":[7]}"),
        ["lost: malformed JSON at byte 18: expected an object, got '7'"]
    );
}

#[test]
fn json_is_told_from_other_bytes() {
    for (head, expected) in [
        (" \n{ \"a\"", true),
        ("[{", true),
        ("\u{feff}{\"", true),
        ("{\u{1}", false),
        ("{y", false),
        ("PAR1", false),
        ("", false),
    ] {
        assert_eq!(is_json(head.as_bytes()), expected, "{head:?}");
    }
}

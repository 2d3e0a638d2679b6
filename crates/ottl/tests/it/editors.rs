//! Every editor: what becomes of a span.

use tracewell_model::AnyValue;
use tracewell_ottl::{Cache, Context};
use tracewell_testkit::{TestSpan, batch, flatten};

use crate::{pairs, request, statement, text, texts};

fn run(statements: &[&str], span: TestSpan) -> TestSpan {
    let (mut spans, mut cache) = (batch(&[span]), Cache::default());
    for written in statements {
        let ran = statement(written, Context::Span).run(&mut spans, None, &mut cache);
        assert_eq!(ran.first_error, None, "{written}");
    }
    flatten(&spans).remove(0)
}

/// The attributes of a small span after statements.
fn attributes(statements: &[&str]) -> Vec<(String, AnyValue)> {
    let span = TestSpan::new(1, 1, "shop", "op", crate::START_NS)
        .with_text("a", "/user/1/list/2")
        .with_text("b", "account/1234")
        .with("n", AnyValue::Int(5))
        .with(
            "m",
            pairs(&[
                ("x", AnyValue::Int(1)),
                ("y", pairs(&[("z", text("deep"))])),
            ]),
        )
        .with("l", texts(&["one", "two"]));
    run(statements, span).attributes
}

fn value(statement: &str, key: &str) -> Option<AnyValue> {
    let found = attributes(&[statement])
        .into_iter()
        .find(|(other, _)| other == key);
    found.map(|(_, value)| value)
}

fn keys(statement: &str) -> String {
    let keys = attributes(&[statement]).into_iter().map(|(key, _)| key);
    keys.collect::<Vec<_>>().join(" ")
}

#[test]
fn set_writes_attributes() {
    for (written, key, wanted) in [
        (r#"set(attributes["a"], 7)"#, "a", AnyValue::Int(7)),
        (
            r#"set(attributes["new"], attributes["n"] * 2)"#,
            "new",
            AnyValue::Int(10),
        ),
        (
            r#"set(span.attributes["new"], {"k": [1, nil]})"#,
            "new",
            pairs(&[(
                "k",
                AnyValue::Array(vec![AnyValue::Int(1), AnyValue::Empty]),
            )]),
        ),
        (
            r#"set(attributes["m"]["x"], "new")"#,
            "m",
            pairs(&[("x", text("new")), ("y", pairs(&[("z", text("deep"))]))]),
        ),
        (
            r#"set(attributes["o"]["p"]["q"], 1)"#,
            "o",
            pairs(&[("p", pairs(&[("q", AnyValue::Int(1))]))]),
        ),
        (
            r#"set(attributes["l"][1], true)"#,
            "l",
            AnyValue::Array(vec![text("one"), AnyValue::Bool(true)]),
        ),
        (
            r#"set(target=attributes["a"], value=0xff)"#,
            "a",
            AnyValue::Bytes(vec![255]),
        ),
        (r#"set(attributes["a"], nil)"#, "a", text("/user/1/list/2")),
        (
            r#"set(attributes["a"], "x") where attributes["n"] == 6"#,
            "a",
            text("/user/1/list/2"),
        ),
    ] {
        assert_eq!(value(written, key), Some(wanted), "{written}");
    }
    assert_eq!(keys(r#"set(attributes, {"only": 1})"#), "only");
    assert_eq!(keys(r#"set(attributes, attributes["m"])"#), "x y");
}

#[test]
fn set_writes_every_field() {
    let span = run(
        &[
            r#"set(name, Concat([attributes["http.method"], "x"], "-"))"#,
            "set(kind, SPAN_KIND_CLIENT)",
            "set(status.code, STATUS_CODE_OK)",
            r#"set(status.message, "fine")"#,
            r#"set(trace_state["congo"], "9")"#,
            "set(start_time_unix_nano, start_time_unix_nano + 500000000)",
            "set(parent_span_id, SpanID(0x0000000000000000))",
            r#"set(span_id.string, "00000000000000ff")"#,
            r#"set(trace_id, TraceID("0000000000000000000000000000abcd"))"#,
            "set(dropped_attributes_count, 4)",
            "set(dropped_events_count, 5)",
            "set(dropped_links_count, 6)",
            "set(flags, 257)",
            r#"set(instrumentation_scope.name, "grpc")"#,
            r#"set(scope.version, "2")"#,
            r#"set(scope.attributes["s"], 1)"#,
            r#"set(resource.attributes["env"], "test")"#,
            r#"set(resource.schema_url, "u")"#,
        ],
        request(),
    );
    assert_eq!(
        (span.name.as_str(), span.status_message.as_str()),
        ("GET-x", "fine")
    );
    assert_eq!((span.kind.to_otlp(), span.status.to_otlp()), (3, 1));
    assert_eq!(span.trace_state, "congo=9,rojo=1");
    assert_eq!(span.start_ns, crate::START_NS + 500_000_000);
    assert_eq!(
        span.end_ns,
        crate::START_NS + 1_500_000_000,
        "the end stays"
    );
    assert!(span.parent_span_id.is_zero());
    assert_eq!(span.span_id.to_string(), "00000000000000ff");
    assert_eq!(
        span.trace_id.to_string(),
        "0000000000000000000000000000abcd"
    );
    assert_eq!((span.dropped, span.flags), ([4, 5, 6], 257));
    assert_eq!(
        (span.scope_name.as_str(), span.scope_version.as_str()),
        ("grpc", "2")
    );
    assert_eq!(span.scope, [("s".to_owned(), AnyValue::Int(1))]);
    assert!(span.resource.contains(&("env".to_owned(), text("test"))));
    assert_eq!(span.resource_schema_url, "u");
    let span = run(
        &[
            "set(end_time, start_time + Duration(\"2s\"))",
            r#"set(kind.string, "Consumer")"#,
            r#"set(trace_state, "a=b")"#,
            r#"set(parent_span_id.string, "0000000000000001")"#,
            r#"set(trace_id.string, "0000000000000000000000000000abce")"#,
            "set(end_time_unix_nano, end_time_unix_nano + 1)",
            "set(start_time, Unix(1700000001))",
        ],
        request(),
    );
    assert_eq!(
        (span.start_ns, span.end_ns),
        (
            crate::START_NS + 1_000_000_000,
            crate::START_NS + 2_000_000_001
        )
    );
    assert_eq!((span.kind.to_otlp(), span.trace_state.as_str()), (5, "a=b"));
    assert_eq!(span.parent_span_id.to_string(), "0000000000000001");
}

#[test]
fn keys_are_taken_away_and_kept() {
    for (written, wanted) in [
        (r#"delete_key(attributes, "a")"#, "b l m n"),
        (
            r#"delete_key(attributes, Concat(["a", ""], ""))"#,
            "b l m n",
        ),
        (r#"delete_matching_keys(attributes, "^[abl]$")"#, "m n"),
        (r#"keep_matching_keys(attributes, "^[abl]$")"#, "a b l"),
        (r#"keep_keys(attributes, ["n", "none"])"#, "n"),
        (r#"keep_keys(attributes, [])"#, ""),
        (r#"limit(attributes, 3, ["n"])"#, "a b n"),
        (r#"limit(attributes, 9, [])"#, "a b l m n"),
        (
            r#"delete_key(attributes, "a") where name == "other""#,
            "a b l m n",
        ),
        (r#"flatten(attributes)"#, "a b l.0 l.1 m.x m.y.z n"),
        (
            r#"flatten(attributes, "p", 1)"#,
            "p.a p.b p.l.0 p.l.1 p.m.x p.m.y p.n",
        ),
        (r#"flatten(attributes, depth=0)"#, "a b l m n"),
        (
            r#"flatten(attributes, resolveConflicts=true)"#,
            "a b l l.0 m.x m.y.z n",
        ),
        (
            r#"replace_all_patterns(attributes, "key", "^([ab])$", "k.$1")"#,
            "k.a k.b l m n",
        ),
        (
            r#"merge_maps(attributes, {"a": 1, "new": 2}, "insert")"#,
            "a b l m n new",
        ),
        (
            r#"merge_maps(attributes, {"a": 1, "new": 2}, "update")"#,
            "a b l m n",
        ),
    ] {
        assert_eq!(keys(written), wanted, "{written}");
    }
}

#[test]
fn maps_within_attributes_are_edited_too() {
    for (written, wanted) in [
        (
            r#"delete_key(attributes["m"], "x")"#,
            pairs(&[("y", pairs(&[("z", text("deep"))]))]),
        ),
        (
            r#"keep_keys(attributes["m"]["y"], ["q"])"#,
            pairs(&[("x", AnyValue::Int(1)), ("y", pairs(&[]))]),
        ),
        (
            r#"flatten(attributes["m"])"#,
            pairs(&[("x", AnyValue::Int(1)), ("y.z", text("deep"))]),
        ),
        (
            r#"merge_maps(attributes["m"], {"x": 2})"#,
            pairs(&[
                ("x", AnyValue::Int(2)),
                ("y", pairs(&[("z", text("deep"))])),
            ]),
        ),
        (
            r#"truncate_all(attributes["m"]["y"], 2)"#,
            pairs(&[("x", AnyValue::Int(1)), ("y", pairs(&[("z", text("de"))]))]),
        ),
    ] {
        assert_eq!(value(written, "m"), Some(wanted), "{written}");
    }
}

#[test]
fn texts_are_replaced_and_cut() {
    for (written, key, wanted) in [
        (
            r#"replace_match(attributes["a"], "/user/*/list/*", "/user/{id}")"#,
            "a",
            "/user/{id}",
        ),
        (
            r#"replace_match(attributes["a"], "/user/*", "no")"#,
            "a",
            "/user/1/list/2",
        ),
        (
            r#"replace_match(attributes["a"], "/user/*/list/?", "x", ToUpperCase, "<%s>")"#,
            "a",
            "<X>",
        ),
        (
            r#"replace_pattern(attributes["b"], "\\d+", "N")"#,
            "b",
            "account/N",
        ),
        (
            r#"replace_pattern(attributes["b"], "(\\d)(\\d)", "$2$1")"#,
            "b",
            "account/2143",
        ),
        (
            r#"replace_pattern(attributes["b"], "(\\d\\d)", "$1", Hex, "[%s]")"#,
            "b",
            "account/[3132][3334]",
        ),
        (
            r#"replace_all_matches(attributes, "/user/*/list/*", "u")"#,
            "a",
            "u",
        ),
        (
            r#"replace_all_matches(attributes, "account/*", name)"#,
            "b",
            "op",
        ),
        (
            r#"replace_all_patterns(attributes, "value", "\\d", "N")"#,
            "b",
            "account/NNNN",
        ),
        (
            r#"replace_all_patterns(attributes, "value", "\\d+", "x", ToUpperCase)"#,
            "b",
            "account/X",
        ),
        (r#"truncate_all(attributes, 4)"#, "b", "acco"),
        (
            r#"truncate_all(attributes, 6, truncation_marker="..")"#,
            "b",
            "acco..",
        ),
        (r#"truncate_all(attributes, 100)"#, "b", "account/1234"),
        (
            r#"stringify_all(attributes)"#,
            "m",
            r#"{"x":1,"y":{"z":"deep"}}"#,
        ),
        (r#"stringify_all(attributes)"#, "n", "5"),
    ] {
        assert_eq!(value(written, key), Some(text(wanted)), "{written}");
    }
    let span = run(&[r#"replace_pattern(name, "/\\d+$", "/{id}")"#], request());
    assert_eq!(span.name, "GET /cart/{id}");
}

#[test]
fn lists_grow_and_shrink() {
    for (written, key, wanted) in [
        (
            r#"append(attributes["l"], "three")"#,
            "l",
            texts(&["one", "two", "three"]),
        ),
        (
            r#"append(attributes["l"], values=["3", attributes["b"]])"#,
            "l",
            texts(&["one", "two", "3", "account/1234"]),
        ),
        (
            r#"append(attributes["n"], 6)"#,
            "n",
            AnyValue::Array(vec![AnyValue::Int(5), AnyValue::Int(6)]),
        ),
        (r#"append(attributes["new"], "x")"#, "new", texts(&["x"])),
        (r#"delete_index(attributes["l"], 0)"#, "l", texts(&["two"])),
        (
            r#"delete_index(attributes["l"], Index(attributes["l"], "two"))"#,
            "l",
            texts(&["one"]),
        ),
        (r#"delete_index(attributes["l"], 0, 2)"#, "l", texts(&[])),
    ] {
        assert_eq!(value(written, key), Some(wanted), "{written}");
    }
}

#[test]
fn a_row_that_fails_stays_as_it_was_and_the_others_change() {
    let spans = [
        request(),
        request().with_text("n", "x"),
        request().with("n", AnyValue::Int(2)),
    ];
    let mut edited = batch(&spans);
    let halved = statement(
        r#"set(name, Concat([Len(attributes["n"])], ""))"#,
        Context::Span,
    );
    let ran = halved.run(&mut edited, None, &mut Cache::default());
    assert_eq!(
        (ran.changed, ran.failed.iter().collect::<Vec<_>>()),
        (1, vec![0, 2])
    );
    assert_eq!(
        ran.first_error.as_deref(),
        Some("expected a text, bytes, a list or a map, found nil")
    );
    let names: Vec<String> = flatten(&edited).into_iter().map(|span| span.name).collect();
    assert_eq!(names, ["GET /cart/42", "1", "GET /cart/42"]);
    let wrong = statement(r#"set(name, attributes["n"])"#, Context::Span);
    let ran = wrong.run(&mut edited, None, &mut Cache::default());
    assert_eq!(
        (ran.changed, ran.failed.iter().collect::<Vec<_>>()),
        (1, vec![2])
    );
}

#[test]
fn a_value_that_nobody_could_read_is_not_written() {
    let deep = format!("{}1{}", "[".repeat(40), "]".repeat(40));
    for written in [
        format!("set(attributes[\"a\"], {deep})"),
        format!("set(attributes[\"m\"][\"x\"], {deep})"),
        format!("merge_maps(attributes, {{\"a\": {deep}}}, \"upsert\")"),
        format!("set(cache[\"a\"], {deep})"),
    ] {
        let mut spans = batch(&[request()]);
        let ran = statement(&written, Context::Span).run(&mut spans, None, &mut Cache::default());
        let why = ran.first_error.unwrap_or_default();
        assert_eq!(
            why, "the value is nested deeper than 32 levels",
            "{written}"
        );
        assert_eq!(spans, batch(&[request()]));
    }
}

//! Statements for resources, scopes and events; looking upward; the cache.

use tracewell_model::batch::concat::BatchJoiner;
use tracewell_model::{AnyValue, Level, RowSet, SpanBatch};
use tracewell_ottl::{Cache, Context, infer_context};
use tracewell_testkit::{TestSpan, flatten};

use crate::{condition, request, statement, text};

fn two_services() -> Vec<TestSpan> {
    let mut other =
        TestSpan::new(8, 1, "cart", "b", crate::START_NS).with_event("exception", 5, vec![]);
    other.scope_name = "http".to_owned();
    other.scope_version = "1.2".to_owned();
    vec![
        request(),
        other.clone(),
        TestSpan {
            name: "c".to_owned(),
            ..other
        },
    ]
}

/// Equal resources and equal scopes have one row, as in batches that were joined.
fn batch(spans: &[TestSpan]) -> SpanBatch {
    let mut joiner = BatchJoiner::new();
    joiner
        .append(&tracewell_testkit::batch(spans))
        .expect("a few spans fit");
    joiner.finish()
}

#[track_caller]
fn rows(written: &str, context: Context) -> Vec<usize> {
    let judged = condition(written, context).holds(&batch(&two_services()));
    assert_eq!(judged.first_error, None);
    judged.rows.iter().collect()
}

#[test]
fn each_context_answers_with_rows_of_its_own_table() {
    assert_eq!(
        rows(r#"attributes["service.name"] == "cart""#, Context::Resource),
        [1]
    );
    assert_eq!(
        rows(
            r#"resource.attributes["service.name"] == "cart""#,
            Context::Resource
        ),
        [1]
    );
    assert_eq!(rows(r#"name == "http""#, Context::Scope), [0]);
    assert_eq!(
        rows(r#"name == "exception""#, Context::SpanEvent),
        [0, 2, 3]
    );
    assert_eq!(
        rows(
            r#"spanevent.name == "exception" and span.name == "c""#,
            Context::SpanEvent
        ),
        [3]
    );
    assert_eq!(
        rows(
            r#"resource.attributes["service.name"] == "shop""#,
            Context::SpanEvent
        ),
        [0, 1]
    );
    assert_eq!(
        rows(
            r#"attributes["type"] == "Timeout" and scope.name == "http""#,
            Context::SpanEvent
        ),
        [0]
    );
    assert_eq!(rows("event_index == 1", Context::SpanEvent), [1]);
    assert_eq!(
        rows("time_unix_nano == 1700000000000000500", Context::SpanEvent),
        [0]
    );
    assert_eq!(
        rows(
            "time > span.start_time + Duration(\"600ns\")",
            Context::SpanEvent
        ),
        [1]
    );
}

#[test]
fn statements_for_events_and_resources() {
    let mut spans = batch(&two_services());
    let mut cache = Cache::default();
    let mut run = |written, context| {
        let ran = statement(written, context).run(&mut spans, None, &mut cache);
        assert_eq!(ran.first_error, None, "{written}");
        ran.changed
    };
    assert_eq!(
        run(
            r#"set(attributes["span"], span.name) where name == "exception""#,
            Context::SpanEvent
        ),
        3
    );
    assert_eq!(
        run(
            r#"set(name, "again") where name == "retry""#,
            Context::SpanEvent
        ),
        1
    );
    assert_eq!(
        run(
            "set(time, span.start_time) where event_index == 0",
            Context::SpanEvent
        ),
        3
    );
    assert_eq!(
        run(r#"set(attributes["env"], "test")"#, Context::Resource),
        2
    );
    assert_eq!(run(r#"set(version, "2")"#, Context::Scope), 1);
    let read = flatten(&spans);
    assert_eq!(
        read[2].events[0].attributes,
        [("span".to_owned(), text("c"))]
    );
    assert_eq!(
        (read[0].events[1].name.as_str(), read[0].events[0].time_ns),
        ("again", crate::START_NS)
    );
    assert!(
        read.iter()
            .all(|span| span.resource.contains(&("env".to_owned(), text("test"))))
    );
    assert!(read.iter().all(|span| span.scope_version == "2"));
}

#[test]
fn of_spans_that_write_to_their_resource_the_last_counts() {
    let mut spans = batch(&two_services());
    let upward = statement(
        r#"set(resource.attributes["last"], name) where name != "x""#,
        Context::Span,
    );
    let ran = upward.run(&mut spans, None, &mut Cache::default());
    assert_eq!(ran.changed, 2);
    let last = |span: &TestSpan| span.resource.iter().find(|(key, _)| key == "last").cloned();
    let read: Vec<_> = flatten(&spans)
        .iter()
        .filter_map(last)
        .map(|(_, value)| value)
        .collect();
    assert_eq!(read, [text("GET /cart/42"), text("c"), text("c")]);
    let mut spans = batch(&two_services());
    statement(
        r#"delete_key(resource.attributes, "service.name") where name == "b""#,
        Context::Span,
    )
    .run(&mut spans, None, &mut Cache::default());
    assert_eq!(spans.resource_services(), ["shop", ""]);
}

#[test]
fn a_scope_that_resources_share_is_written_for_each() {
    let mut spans = batch(&two_services());
    assert_eq!(spans.level_len(Level::Scope), 1);
    let upward = r#"set(scope.attributes["of"], resource.attributes["service.name"])"#;
    statement(upward, Context::Span).run(&mut spans, None, &mut Cache::default());
    let read: Vec<AnyValue> = flatten(&spans)
        .into_iter()
        .map(|mut span| span.scope.remove(0).1)
        .collect();
    assert_eq!(read, [text("shop"), text("cart"), text("cart")]);
    assert!(flatten(&spans).iter().all(|span| span.scope_name == "http"));
}

#[test]
fn only_rows_among_those_that_are_given() {
    let mut spans = batch(&two_services());
    let among = RowSet::from_fn(3, |row| row > 0);
    let ran = statement(r#"set(name, "x") where name != "b""#, Context::Span).run(
        &mut spans,
        Some(&among),
        &mut Cache::default(),
    );
    assert_eq!(ran.changed, 1);
    let names: Vec<String> = flatten(&spans).into_iter().map(|span| span.name).collect();
    assert_eq!(names, ["GET /cart/42", "b", "x"]);
}

#[test]
fn the_cache_hands_on_what_a_statement_found() {
    let (mut spans, mut cache) = (batch(&two_services()), Cache::default());
    for written in [
        r#"set(cache["parts"], Split(name, "/")) where name != "b""#,
        r#"set(cache["deep"]["first"], cache["parts"][0]) where cache["parts"] != nil"#,
        r#"delete_key(cache, "parts")"#,
        r#"merge_maps(attributes, cache, "upsert")"#,
        r#"set(attributes["left"], Len(cache))"#,
    ] {
        let ran = statement(written, Context::Span).run(&mut spans, None, &mut cache);
        assert_eq!(ran.first_error, None, "{written}");
    }
    let deep = |first| crate::pairs(&[("first", text(first))]);
    let read = flatten(&spans);
    assert!(
        read[0]
            .attributes
            .contains(&("deep".to_owned(), deep("GET ")))
    );
    assert!(read[2].attributes.contains(&("deep".to_owned(), deep("c"))));
    assert_eq!(read[1].attributes, [("left".to_owned(), AnyValue::Int(0))]);
}

#[test]
fn the_context_follows_from_the_paths() {
    let of =
        |statements: &[&str]| infer_context(statements, &[]).map_err(|mistake| mistake.message);
    assert_eq!(
        of(&[r#"set(resource.attributes["a"], 1)"#]),
        Ok(Context::Resource)
    );
    assert_eq!(
        of(&[r#"set(span.name, "x") where resource.attributes["a"] == 1"#]),
        Ok(Context::Span)
    );
    assert_eq!(
        of(&["set(span.name, Concat([spanevent.name], \"\"))"]),
        Ok(Context::SpanEvent)
    );
    assert_eq!(of(&[r#"set(scope.name, "x")"#]), Ok(Context::Scope));
    assert_eq!(
        of(&[r#"set(scope.name, "x") where resource.attributes["a"] == 1"#]),
        Ok(Context::Span)
    );
    assert_eq!(
        of(&[r#"set(resource.attributes["a"], 1) where IsRootSpan()"#]),
        Ok(Context::Span)
    );
    assert_eq!(
        infer_context(&[], &["span.kind == 1", "spanevent.name == \"x\""]),
        Ok(Context::SpanEvent)
    );
    assert_eq!(
        of(&[r#"set(name, "x")"#]).unwrap_err(),
        "`name` names no context in front, such as `span.name` or `resource.name`"
    );
    assert!(infer_context(&[], &["true"]).is_err());
}

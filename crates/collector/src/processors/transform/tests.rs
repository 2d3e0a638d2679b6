//! Statements in a pipeline.

use tracewell_model::{AnyValue, SpanKind};
use tracewell_testkit::{TestSpan, batch, flatten};

use super::*;
use crate::written::section;

fn read(text: &str) -> Result<Arc<TransformConfig>, String> {
    section::read("p", text, |fields| Arc::new(TransformConfig::read(fields)))
        .map_err(|mistakes| mistakes.join("; "))
}

fn changed(text: &str) -> Result<(Vec<TestSpan>, u64), StoreError> {
    let account = ProcessorAccount::new("traces".to_owned(), "transform".to_owned());
    let spans = [
        TestSpan::new(1, 1, "shop", "GET /users/42", 1_000).kind(SpanKind::Server),
        TestSpan::new(1, 2, "shop", "GET /users/43", 1_000).with("n", 7.into()),
    ];
    let changed = read(text)
        .unwrap()
        .change(Arc::new(batch(&spans)), &account)?;
    Ok((flatten(&changed), account.snapshot().errors))
}

#[test]
fn statements_are_run_in_order_where_their_conditions_hold() {
    let (spans, errors) = changed(
        r#"
trace_statements:
- context: resource
  statements:
  - set(attributes["env"], "prod")
- conditions: ['span.attributes["n"] == 7', 'span.name == "none"']
  statements:
  - set(span.attributes["m"], span.attributes["n"] + 1)
  - set(span.attributes["env"], resource.attributes["env"])
- replace_pattern(span.name, "/users/[0-9]+", "/users/{id}") where span.kind == SPAN_KIND_SERVER
"#,
    )
    .unwrap();
    assert_eq!(errors, 0);
    assert_eq!(spans[0].name, "GET /users/{id}");
    assert_eq!(spans[1].name, "GET /users/43");
    assert_eq!(spans[0].attributes, []);
    let attributes: Vec<_> = spans[1]
        .attributes
        .iter()
        .map(|(key, value)| (&**key, value.clone()))
        .collect();
    assert_eq!(
        attributes,
        [
            ("env", AnyValue::from("prod")),
            ("m", 8.into()),
            ("n", 7.into())
        ]
    );
}

#[test]
fn a_failure_leaves_its_row_or_refuses_the_batch_as_told() {
    let text = |mode: &str| {
        format!(
            "{{error_mode: {mode}, trace_statements: ['set(span.attributes[\"j\"], ParseJSON(span.name))']}}"
        )
    };
    let (spans, errors) = changed(&text("ignore")).unwrap();
    assert_eq!((spans[0].attributes.len(), errors), (0, 2));
    let refused = changed(&text("propagate")).unwrap_err();
    assert!(matches!(refused, StoreError::Refused(why) if why.contains("transform in traces")));
}

#[test]
fn mistakes_stand_where_they_were_written() {
    for (text, message) in [
        (
            "{trace_statements: ['set(attributes[\"a\"], 1)']}",
            "p.trace_statements: column",
        ),
        (
            "{trace_statements: [{context: span}]}",
            "p.trace_statements[0].statements is missing",
        ),
        (
            "{trace_statements: [{context: metric, statements: ['set(name, \"a\")']}]}",
            "not one of resource",
        ),
        ("{trace_statements: ['sett(span.name, \"a\")']}", "set"),
    ] {
        let mistake = read(text).map(|_| ()).unwrap_err();
        assert!(mistake.contains(message), "{text}: {mistake}");
    }
}

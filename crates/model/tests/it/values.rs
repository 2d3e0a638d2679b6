//! Where conditions look and which value a span has is what ADR-014 says.

use tracewell_model::filter::{CompareOp, Condition, Field, Literal, Place};
use tracewell_model::values::attribute_values;
use tracewell_model::{AnyValue, SpanBatch, SpanFilter, semconv};
use tracewell_testkit::decisions::{give, table, value};
use tracewell_testkit::{TestSpan, batch};

const ADR: &str = "014-unscoped-attributes.md";

fn batch_of(cell: &str) -> SpanBatch {
    let mut span = TestSpan::new(1, 1, "shop", "op", 1);
    give(&mut span, cell);
    // Not alone: rows of owners are not rows of spans.
    let other = TestSpan::new(1, 2, "other", "op", 1).with_event("e", 1, vec![]);
    batch(&[other, span])
}

fn value_of(batch: &SpanBatch, place: Place, key: &str) -> Option<AnyValue> {
    let keys: Vec<Box<str>> = semconv::aliases(key).into_iter().map(Into::into).collect();
    let values = attribute_values(batch, place, &keys);
    assert_eq!(values.len(), 2);
    values[1].map(|value| value.to_any())
}

fn expected(cell: &str) -> Option<AnyValue> {
    (cell != "nil").then(|| value(cell))
}

#[test]
fn conditions_look_everywhere_and_values_have_an_order() {
    let columns = [
        "the span has",
        r#".k = "a""#,
        r#".k != "a""#,
        ".k = nil",
        "value of .k",
    ];
    for (line, cells) in table(ADR, &columns) {
        let batch = batch_of(&cells[0]);
        let compare = |op| Condition::Compare(op, Literal::Str("a".to_owned()));
        let conditions = [
            compare(CompareOp::Equal),
            compare(CompareOp::NotEqual),
            Condition::Absent,
        ];
        for (condition, cell) in conditions.into_iter().zip(&cells[1..]) {
            let field = Field::Attribute(Place::Any, vec!["k".into()]);
            let found = SpanFilter::Test(field, condition.clone()).matching(&batch);
            let found = if found.contains(1) { "yes" } else { "no" };
            assert_eq!(found, cell, "line {line}: {condition:?}");
        }
        let found = value_of(&batch, Place::Any, "k");
        assert_eq!(found, expected(&cells[4]), "line {line}");
    }
}

#[test]
fn values_of_a_scope_and_of_names_that_mean_the_same() {
    for (line, cells) in table(ADR, &["the span has", "value of", "is"]) {
        let (scope, key) = cells[1].split_once('.').unwrap();
        let place = match scope {
            "" => Place::Any,
            "event" => Place::Event,
            "link" => Place::Link,
            "resource" => Place::Resource,
            other => panic!("{other}"),
        };
        let found = value_of(&batch_of(&cells[0]), place, key);
        assert_eq!(found, expected(&cells[2]), "line {line}");
    }
}

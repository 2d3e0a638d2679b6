//! Where conditions look and which value a span has is what ADR-014 says.

use tracewell_model::filter::{CompareOp, Condition, Field, Literal, Place};
use tracewell_model::values::{Arithmetic, Value, attribute_values, compares};
use tracewell_model::{AnyValue, SpanBatch, SpanFilter, semconv};
use tracewell_testkit::decisions::{give, table, value};
use tracewell_testkit::{Random, TestSpan, batch};

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

#[test]
fn arithmetic_keeps_what_it_can_and_has_no_value_where_there_is_none() {
    use Value::{Bool, Double, DurationNs, Int};
    for (left, op, right, expected) in [
        (Int(7), '+', Int(2), Some(Int(9))),
        (Int(7), '/', Int(2), Some(Int(3))),
        (Int(-7), '%', Int(2), Some(Int(-1))),
        (Int(2), '^', Int(10), Some(Int(1024))),
        (Int(2), '^', Int(-1), Some(Double(0.5))),
        (Int(7), '/', Int(0), None),
        (Int(7), '%', Int(0), None),
        (Int(i64::MAX), '+', Int(1), None),
        (Int(i64::MIN), '/', Int(-1), None),
        (Int(7), '/', Double(2.0), Some(Double(3.5))),
        (Double(1.0), '/', Int(0), Some(Double(f64::INFINITY))),
        (DurationNs(5), '+', DurationNs(2), Some(DurationNs(7))),
        (DurationNs(5), '-', Int(2), Some(DurationNs(3))),
        (DurationNs(5), '*', Int(2), Some(DurationNs(10))),
        (Int(2), '*', DurationNs(5), Some(DurationNs(10))),
        (DurationNs(5), '/', Int(2), Some(DurationNs(2))),
        (DurationNs(5), '/', DurationNs(2), Some(Double(2.5))),
        (DurationNs(5), '*', DurationNs(2), Some(Double(10.0))),
        (Int(5), '/', DurationNs(2), Some(Double(2.5))),
        (DurationNs(5), '*', Double(0.5), Some(Double(2.5))),
        (Int(1), '+', Bool(true), None),
    ] {
        let op = Arithmetic::from_symbol(op).unwrap();
        let case = format!("{left:?} {} {right:?}", op.symbol());
        assert_eq!(op.of(&left, &right), expected, "{case}");
    }
    assert_eq!(Int(i64::MIN).negated(), None);
    assert_eq!(DurationNs(3).negated(), Some(DurationNs(-3)));
}

#[test]
fn values_compare_within_their_types() {
    let text = |text: &'static str| Value::Str(text.into());
    let list = |numbers: &[i64]| {
        let numbers = numbers.iter().map(|number| AnyValue::Int(*number));
        Value::Any(AnyValue::Array(numbers.collect()))
    };
    use CompareOp::{Equal, Greater, Less, NotEqual};
    for (left, op, right, expected) in [
        (Value::Int(1), Equal, Value::Double(1.0), true),
        (Value::DurationNs(5), Greater, Value::Int(4), true),
        (Value::Int(1), Equal, text("1"), false),
        (Value::Int(1), NotEqual, text("1"), false),
        (text("a"), Less, text("b"), true),
        (
            Value::Double(f64::NAN),
            Equal,
            Value::Double(f64::NAN),
            false,
        ),
        (list(&[1, 2]), Equal, Value::Int(2), true),
        (Value::Int(3), NotEqual, list(&[1, 2]), true),
        (Value::Int(2), NotEqual, list(&[1, 2]), false),
        (list(&[1, 5]), Greater, list(&[4, 9]), true),
        (list(&[]), NotEqual, Value::Int(1), false),
        (list(&[]), Equal, Value::Int(1), false),
    ] {
        let case = format!("{left:?} {op:?} {right:?}");
        assert_eq!(compares(op, &left, &right), expected, "{case}");
    }
}

#[test]
fn codes_say_the_same_as_values() {
    use tracewell_model::filter::{Field, Intrinsic};
    use tracewell_model::values::{coded_values, field_numbers, field_values};
    let attribute =
        |place, key: &str, alias: &str| Field::Attribute(place, vec![key.into(), alias.into()]);
    let mut fields: Vec<Field> = [
        Intrinsic::Name,
        Intrinsic::Kind,
        Intrinsic::Status,
        Intrinsic::StatusMessage,
        Intrinsic::Failed,
        Intrinsic::Duration,
        Intrinsic::EventName,
        Intrinsic::ScopeName,
        Intrinsic::TraceDuration,
    ]
    .map(Field::Intrinsic)
    .into();
    for place in [
        Place::Any,
        Place::Span,
        Place::Resource,
        Place::Scope,
        Place::Event,
    ] {
        fields.push(attribute(place, "http.status_code", "http.request.method"));
        fields.push(attribute(place, "items", "weight"));
        fields.push(attribute(place, "service.name", "payload"));
    }
    let mut present = 0;
    for seed in 0..8 {
        let batch = batch(&Random::new(seed).spans(300, 1_000));
        for field in &fields {
            let values = field_values(&batch, field, None);
            let coded = coded_values(&batch, field, None);
            let numbers = field_numbers(&batch, field, None);
            for (row, value) in values.iter().enumerate() {
                assert_eq!(coded.of_row(row), value.as_ref(), "{field:?} of row {row}");
                let number = value.as_ref().and_then(Value::number);
                let same = number.map_or(numbers[row].is_nan(), |number| number == numbers[row]);
                assert!(same, "{field:?} of row {row}: {number:?} {}", numbers[row]);
                present += usize::from(value.is_some());
            }
        }
    }
    assert!(present > 10_000, "{present}");
}

//! What is made ready beforehand is what is written span by span.

use super::{SpanAttributes, TAG, put_attributes};
use tracewell_model::AnyValue;
use tracewell_model::SpanBatch;
use tracewell_model::batch::concat::BatchJoiner;
use tracewell_model::batch::view::BatchView;
use tracewell_testkit::{Random, TestSpan};

/// Joined, so that equal texts are one.
fn joined(spans: &[TestSpan]) -> SpanBatch {
    let mut joiner = BatchJoiner::new();
    joiner.append(&tracewell_testkit::batch(spans)).unwrap();
    joiner.finish()
}

fn assert_equal(batch: &SpanBatch) {
    let (view, attributes) = (BatchView::new(batch), SpanAttributes::new(batch));
    for span in view.spans() {
        let (mut ready, mut plain) = (Vec::new(), Vec::new());
        attributes.put(&mut ready, &view, span.row());
        put_attributes(&mut plain, TAG, span.attributes());
        assert_eq!(ready, plain, "span {}", span.row());
    }
}

#[test]
fn lengths_and_types_of_every_kind() {
    let long = |length: usize| "x".repeat(length);
    let mut spans = Vec::new();
    for number in 0..40u64 {
        let mut span = TestSpan::new(1, number + 1, "shop", "span", 1_700_000_000_000_000_000)
            .with_text("repeated", ["GET", "PUT", ""][number as usize % 3])
            .with_text("repeated long", &long(120 + number as usize % 2 * 20_000))
            .with_text("single", &format!("value {number}"))
            .with_text("single long", &long(100 + 3 * number as usize))
            .with_text(&long(90), &long(number as usize * 2))
            .with_text(&long(20_000), "value")
            .with("int", AnyValue::Int(-1 << number))
            .with("small", AnyValue::Int(number as i64 * 5))
            .with("bool", AnyValue::Bool(number % 2 == 0))
            .with("double", AnyValue::Double(number as f64 / 3.0))
            .with("bytes", AnyValue::Bytes(vec![7; number as usize * 9]))
            .with("empty", AnyValue::Empty);
        if number % 4 == 0 {
            span = span.with("repeated", AnyValue::Int(1));
        }
        spans.push(span);
    }
    assert_equal(&tracewell_testkit::batch(&spans));
    assert_equal(&joined(&spans));
}

#[test]
fn more_attributes_than_columns() {
    let spans: Vec<TestSpan> = (0..1_100u64)
        .map(|number| {
            TestSpan::new(1, number + 1, "shop", "span", 1_700_000_000_000_000_000)
                .with_text(&format!("key {number}"), "value")
                .with_text("common", "value")
        })
        .collect();
    let batch = joined(&spans);
    assert!(!batch.overflow().rows.is_empty());
    assert_equal(&batch);
}

#[test]
fn spans_of_chance() {
    for seed in 0..40 {
        let spans = Random::new(seed).spans(30, 1_700_000_000_000_000_000);
        assert_equal(&tracewell_testkit::batch(&spans));
        assert_equal(&joined(&spans));
    }
}

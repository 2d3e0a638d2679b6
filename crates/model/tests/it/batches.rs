//! Building, joining, selecting, encoding: nothing is lost or invented.

use proptest::prelude::*;
use tracewell_model::batch::builder::RawValue;
use tracewell_model::batch::columns::ColumnValues;
use tracewell_model::batch::concat::BatchJoiner;
use tracewell_model::{AnyValue, Level, RowSet, SpanBatch, SpanBatchBuilder, SpanHeader};
use tracewell_testkit::{Random, TestSpan, batch, flatten};

const START_NS: u64 = 1_700_000_000_000_000_000;

fn join(batches: &[SpanBatch]) -> SpanBatch {
    let mut joiner = BatchJoiner::new();
    batches
        .iter()
        .for_each(|batch| joiner.append(batch).unwrap());
    joiner.finish()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn spans_come_out_as_they_went_in(seed: u64, count in 0usize..120) {
        let spans = Random::new(seed).spans(count, START_NS);
        prop_assert_eq!(flatten(&batch(&spans)), spans);
    }

    #[test]
    fn encoding_is_exact(seed: u64, count in 0usize..120) {
        let before = batch(&Random::new(seed).spans(count, START_NS));
        let mut bytes = Vec::new();
        before.encode(&mut bytes);
        prop_assert_eq!(SpanBatch::decode(&bytes).unwrap(), before);
    }

    #[test]
    fn damaged_encodings_are_refused_or_read_without_panic(seed: u64, at: prop::sample::Index, bit in 0u8..8, cut: prop::sample::Index) {
        let mut bytes = Vec::new();
        batch(&Random::new(seed).spans(20, START_NS)).encode(&mut bytes);
        prop_assert!(SpanBatch::decode(&bytes[..cut.index(bytes.len())]).is_err());
        let place = at.index(bytes.len());
        bytes[place] ^= 1 << bit;
        if let Ok(read) = SpanBatch::decode(&bytes) {
            // Whatever was read must be safe to look at and bounded by its bytes.
            let spans = flatten(&read);
            prop_assert_eq!(spans.len(), read.len());
            prop_assert!(read.memory_bytes() < 200 * bytes.len() + 10_000);
        }
    }

    #[test]
    fn joining_keeps_every_span_in_order(seed: u64, sizes in prop::collection::vec(0usize..40, 0..6)) {
        let mut random = Random::new(seed);
        let parts: Vec<_> = sizes.iter().map(|size| random.spans(*size, START_NS)).collect();
        let joined = join(&parts.iter().map(|part| batch(part)).collect::<Vec<_>>());
        prop_assert_eq!(flatten(&joined), parts.concat());
        // Equal resources of different batches have become one.
        let mut resources: Vec<_> = flatten(&joined).iter().map(|span| format!("{:?}{}", span.resource, span.resource_schema_url)).collect();
        resources.sort();
        resources.dedup();
        prop_assert_eq!(joined.level_len(Level::Resource), resources.len());
    }

    #[test]
    fn chosen_rows_come_out_alone(seed: u64, keep_one_in in 1u64..30) {
        let mut random = Random::new(seed);
        let spans = random.spans(100, START_NS);
        let rows = RowSet::from_fn(spans.len(), |_| random.once_in(keep_one_in));
        let mut joiner = BatchJoiner::new();
        joiner.append_rows(&batch(&spans), &rows).unwrap();
        let wanted: Vec<TestSpan> = rows.iter().map(|row| spans[row].clone()).collect();
        prop_assert_eq!(flatten(&joiner.finish()), wanted);
    }
}

#[test]
fn many_spans_that_say_the_same_are_encoded_and_read() {
    // The last column is one value for all rows: nothing but its count is large.
    let span = |id| TestSpan::new(1, id, "cart", "add", START_NS).with_text("same", "value");
    let spans: Vec<_> = (1..=2_000).map(span).collect();
    let mut bytes = Vec::new();
    batch(&spans).encode(&mut bytes);
    assert_eq!(flatten(&SpanBatch::decode(&bytes).unwrap()), spans);
}

#[test]
fn an_abandoned_span_leaves_no_trace() {
    let good = Random::new(7).spans(3, START_NS);
    let mut builder = SpanBatchBuilder::new();
    let resource = builder.resource(b"", 0, b"").unwrap();
    let scope = builder.scope(b"", b"", b"", 0).unwrap();
    for span in &good {
        let row = builder.next_span();
        builder
            .attribute(Level::Span, row, b"kept", RawValue::Int(1))
            .unwrap();
        let header = SpanHeader {
            trace_id: span.trace_id,
            span_id: span.span_id,
            resource,
            scope,
            ..SpanHeader::default()
        };
        builder.span(&header).unwrap();

        let row = builder.next_span();
        builder
            .attribute(Level::Span, row, b"gone", RawValue::Str(b"x"))
            .unwrap();
        builder
            .attribute(Level::Span, row, b"kept", RawValue::Int(2))
            .unwrap();
        let event = builder.event(1, b"gone", 1).unwrap();
        builder
            .attribute(Level::Event, event, b"gone", RawValue::Bool(true))
            .unwrap();
        builder.abandon_span();
    }
    let batch = builder.finish();
    let spans = flatten(&batch);
    assert_eq!(spans.len(), 3);
    assert!(
        spans
            .iter()
            .all(|span| span.attributes == [("kept".to_owned(), AnyValue::Int(1))])
    );
    assert!(spans.iter().all(|span| span.events.is_empty()));
    assert_eq!(batch.attributes().len(), 1, "no empty column is left");
}

#[test]
fn more_keys_than_columns_overflow_and_survive() {
    let mut spans = vec![
        TestSpan::new(1, 1, "wide", "op", START_NS),
        TestSpan::new(1, 2, "wide", "op", START_NS),
    ];
    for index in 0..1500 {
        let value = match index % 4 {
            0 => AnyValue::Int(index),
            1 => AnyValue::String(format!("é{index}")),
            2 => AnyValue::Bytes(vec![index as u8; 3]),
            _ => AnyValue::Array(vec![AnyValue::Bool(true)]),
        };
        spans[(index % 2) as usize]
            .attributes
            .push((format!("key{index:05}"), value));
    }
    let wide = batch(&spans);
    assert!(!wide.overflow().rows.is_empty());
    assert_eq!(flatten(&wide), spans);
    let mut bytes = Vec::new();
    wide.encode(&mut bytes);
    assert_eq!(SpanBatch::decode(&bytes).unwrap(), wide);
    assert_eq!(
        flatten(&join(&[wide.clone(), wide])),
        [spans.clone(), spans].concat()
    );
}

/// A span with `count` integer attributes whose keys begin with `prefix`.
fn push_span(builder: &mut SpanBatchBuilder, prefix: &str, count: usize) {
    let resource = builder.resource(b"", 0, b"").unwrap();
    let scope = builder.scope(b"", b"", b"", 0).unwrap();
    let row = builder.next_span();
    for number in 0..count {
        let key = format!("{prefix}-{number}");
        let value = RawValue::Int(number as i64);
        builder
            .attribute(Level::Span, row, key.as_bytes(), value)
            .unwrap();
    }
    let header = SpanHeader {
        name: prefix.as_bytes(),
        resource,
        scope,
        ..SpanHeader::default()
    };
    builder.span(&header).unwrap();
}

#[test]
fn a_builder_that_is_used_again_remembers_nothing_that_shows() {
    let mut used = SpanBatchBuilder::new();
    // Few and many keys, new and known ones; 1,024 columns, and more.
    let batches = [
        ("a", 3),
        ("b", 400),
        ("a", 3),
        ("c", 1_024),
        ("a", 2),
        ("b", 500),
        ("d", 1_024),
        ("d", 1_030),
        ("a", 3),
    ];
    for (prefix, count) in batches {
        let mut fresh = SpanBatchBuilder::new();
        push_span(&mut used, prefix, count);
        push_span(&mut fresh, prefix, count);
        let (again, once) = (used.take_batch(), fresh.finish());
        assert!(used.is_empty());
        assert_eq!(flatten(&again), flatten(&once), "{prefix} {count}");
        assert_eq!(again.attributes().len(), once.attributes().len());
        assert_eq!(again.memory_bytes(), once.memory_bytes());
    }
}

#[test]
fn joined_columns_keep_dictionaries_of_hundreds_of_values() {
    // Distinct values, dictionary entries at most.
    let cases = [(200, 200), (1_000, 1_000), (4_000, 4_000)];
    for (values, most) in cases {
        let mut random = Random::new(7);
        let mut batches = Vec::new();
        for _ in 0..80 {
            let mut builder = SpanBatchBuilder::new();
            let resource = builder.resource(b"", 0, b"").unwrap();
            let scope = builder.scope(b"", b"", b"", 0).unwrap();
            for row in 0..500 {
                let text = format!("value-{}", random.below(values));
                let value = RawValue::Str(text.as_bytes());
                builder.attribute(Level::Span, row, b"key", value).unwrap();
                let header = SpanHeader {
                    resource,
                    scope,
                    ..SpanHeader::default()
                };
                builder.span(&header).unwrap();
            }
            batches.push(builder.finish());
        }
        let joined = join(&batches);
        let ColumnValues::Str(column) = &joined.attributes()[0].values else {
            panic!("not a column of text")
        };
        assert!(
            column.dict.len() <= most,
            "{} for {values}",
            column.dict.len()
        );
    }
}

#[test]
fn exact_duplicates_go_and_others_that_share_an_id_stay() {
    let span = |name: &str| {
        TestSpan::new(1, 1, "cart", name, START_NS)
            .with_text("a", "1")
            .with_text("b", "2")
    };
    let mut reordered = span("same");
    reordered.attributes.reverse();
    let mut late = span("same");
    late.events.push(tracewell_testkit::TestEvent {
        time_ns: 5,
        name: "e".into(),
        attributes: vec![],
        dropped: 0,
    });
    let spans = [
        span("same"),
        reordered,
        span("other"),
        late,
        span("same"),
        span("other"),
    ];
    let distinct: Vec<_> = batch(&spans).distinct_rows().iter().collect();
    assert_eq!(distinct, [0, 2, 3]);
}

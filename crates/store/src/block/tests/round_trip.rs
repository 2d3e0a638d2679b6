//! What goes in comes out.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use proptest::prelude::*;
use tracewell_model::batch::view::BatchView;
use tracewell_model::store::ScanReport;
use tracewell_model::{AnyValue, SpanId, StatusCode, TraceId, ValueRef};
use tracewell_testkit::spans::{TestLink, span_id, trace_id};
use tracewell_testkit::{Random, TestSpan, batch};

use super::{all_ids, block_of, operations_of, read_all, sorted, traces};
use crate::block::{Birth, Block, BlockError, write};
use crate::files::faulty::{EIO, ENOSPC, Fault, FaultyFiles, Operation};
use crate::files::{Access, Files};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_span_comes_back_as_it_was(seed: u64, count in 1usize..600) {
        let spans = Random::new(seed).spans(count, 1_700_000_000_000_000_000);
        let batch = batch(&spans);
        let (_, block) = block_of(&batch);
        prop_assert_eq!(read_all(&block, &all_ids(&batch)), sorted(spans));
    }
}

#[test]
fn traces_across_row_groups_come_back_whole() {
    let mut spans = Vec::new();
    for trace in 0..3 {
        for span in 1..=50_000 {
            spans.push(
                TestSpan::new(trace, span, "cart", "GET /", 1_000 + span)
                    .with_text("n", &span.to_string()),
            );
        }
    }
    let (_, block) = block_of(&batch(&spans));
    assert!(block.index.core.row_groups.len() > 1);
    for trace in 0..3 {
        let want: Vec<TestSpan> = spans
            .iter()
            .filter(|s| s.trace_id == trace_id(trace))
            .cloned()
            .collect();
        assert_eq!(read_all(&block, &[trace_id(trace)]), want);
    }
    assert_eq!(read_all(&block, &[trace_id(2), trace_id(0)]).len(), 100_000);
    assert_eq!(
        read_all(&block, &[trace_id(7), TraceId([0; 16]), TraceId([255; 16])]),
        []
    );
}

#[test]
fn what_is_odd_survives() {
    let far = TestSpan {
        start_ns: u64::MAX - 3,
        end_ns: 5,
        ..TestSpan::new(1, 1, "", "", 0)
    };
    let late = TestSpan::new(1, 2, "größe", "n\u{0}ul", 1 << 63);
    let mut heavy = TestSpan::new(2, 3, "cart", "x", 0).status(StatusCode::Error);
    heavy.dropped = [u32::MAX, 1, 0];
    heavy.flags = u32::MAX;
    heavy.trace_state = "a=b".to_owned();
    heavy.status_message = "no".to_owned();
    heavy
        .resource
        .push(("service.name".to_owned(), AnyValue::Int(5)));
    let mut spans = vec![far, late, heavy];
    // More keys than columns, names that differ in case, names like suffixes.
    for n in 0..300 {
        spans[0]
            .attributes
            .push((format!("key.{n:03}"), AnyValue::Int(n)));
    }
    for (key, value) in [
        ("A", AnyValue::Int(1)),
        ("a", AnyValue::Int(2)),
        ("b", AnyValue::Int(2)),
        ("b", AnyValue::String("two".to_owned())),
        ("b:int", AnyValue::Int(3)),
        ("b:str", AnyValue::Bool(true)),
        ("", AnyValue::Double(-0.0)),
    ] {
        spans[1].attributes.push((key.to_owned(), value));
    }
    let batch = batch(&spans);
    let (_, block) = block_of(&batch);
    spans[0].attributes.sort_by(|a, b| a.0.cmp(&b.0));
    let read = read_all(&block, &all_ids(&batch));
    for (read, span) in read.iter().zip(sorted(spans)) {
        let by_key = |mut all: Vec<(String, AnyValue)>| {
            all.sort_by_key(|attribute| format!("{attribute:?}"));
            all
        };
        assert_eq!(
            by_key(read.attributes.clone()),
            by_key(span.attributes.clone())
        );
        assert_eq!(by_key(read.resource.clone()), by_key(span.resource.clone()));
        let attributes = read.attributes.clone();
        let resource = read.resource.clone();
        assert_eq!(
            *read,
            TestSpan {
                attributes,
                resource,
                ..span
            }
        );
    }
    let keys = block.attribute_keys().filter(|key| key.key == "b").count();
    assert_eq!(keys, 2);
}

#[test]
fn a_key_sent_twice_keeps_both_values_in_order() {
    let span = |id: u64| {
        ["first", "second", "third"].iter().fold(
            TestSpan::new(1, id, "cart", "GET /", id),
            |span, value| {
                span.with_text("k", value)
                    .with("n", AnyValue::Int(id as i64))
            },
        )
    };
    let (_, block) = block_of(&batch(&[span(2), span(1)]));
    let found = traces(&block, &[trace_id(1)]).unwrap();
    let view = BatchView::new(&found[0].1);
    for row in 0..2 {
        let of_key = |key: &str| -> Vec<ValueRef<'_>> {
            view.span(row)
                .attributes()
                .filter(|(name, _)| *name == key)
                .map(|(_, v)| v)
                .collect()
        };
        assert_eq!(of_key("k"), ["first", "second", "third"].map(ValueRef::Str));
        assert_eq!(of_key("n"), [ValueRef::Int(row as i64 + 1); 3]);
    }
}

#[test]
fn the_block_says_what_is_in_it() {
    let spans = [
        TestSpan::new(1, 1, "cart", "GET /", 50).status(StatusCode::Error),
        TestSpan::new(1, 2, "cart", "GET /", 40).with_text("k", "v"),
        TestSpan::new(2, 3, "pay", "charge", 90).with_event("exception", 1, vec![]),
    ];
    let (_, block) = block_of(&batch(&spans));
    let meta = block.meta();
    assert_eq!(
        (
            meta.spans,
            meta.traces,
            meta.min_start_ns,
            meta.max_start_ns
        ),
        (3, 2, 40, 90)
    );
    let operations = operations_of(&block);
    let operations: Vec<_> = operations
        .iter()
        .map(|o| (o.service.as_str(), o.name.as_str(), o.spans, o.failed))
        .collect();
    assert_eq!(
        operations,
        [("cart", "GET /", 2, 1), ("pay", "charge", 1, 1)]
    );
    let keys: Vec<_> = block
        .attribute_keys()
        .map(|key| (key.level.name(), key.key.as_str()))
        .collect();
    assert_eq!(keys, [("span", "k"), ("resource", "service.name")]);
}

#[test]
fn a_disk_that_fails_gives_an_error_and_no_block() {
    let files = FaultyFiles::new();
    let dir = Path::new("/blocks");
    files.create_dir(dir).unwrap();
    let one = batch(&[TestSpan::new(1, 1, "cart", "GET /", 1)]);
    for (operation, errno) in [
        (Operation::Create, EIO),
        (Operation::Write, ENOSPC),
        (Operation::Sync, EIO),
        (Operation::Rename, EIO),
        (Operation::SyncDir, EIO),
    ] {
        files.fail(Fault {
            operation,
            name: "",
            skip: 0,
            times: 1,
            errno,
        });
        let error = write(&files, dir, 1, &Birth::default(), &one).unwrap_err();
        assert!(
            matches!(error, BlockError::File(_)),
            "{operation:?}: {error}"
        );
        files.heal();
        for entry in files.list(dir).unwrap() {
            files.remove(&dir.join(entry.name)).unwrap();
        }
    }
    assert!(matches!(
        write(&files, dir, 1, &Birth::default(), &batch(&[])),
        Err(BlockError::Empty)
    ));
    let meta = write(&files, dir, 1, &Birth::default(), &one).unwrap();
    let names = files.list(dir).unwrap();
    assert_eq!(
        names.iter().map(|entry| entry.bytes).sum::<u64>(),
        meta.bytes
    );
    let block = Block::open(&files, dir, meta.clone()).unwrap();
    files.remove(&dir.join("0000000001.parquet")).unwrap();
    assert_eq!(traces(&block, &[trace_id(1)]).unwrap().len(), 1);
    let error = Block::open(&files, dir, meta).unwrap_err();
    assert_eq!(
        error.to_string().split(':').next(),
        Some("cannot open /blocks/0000000001.parquet")
    );
    assert!(
        files
            .open(Path::new("/blocks/0000000001.parquet.tmp"), Access::Read)
            .is_err()
    );
    let (ids, mut report) = ([trace_id(1), TraceId([9; 16])], ScanReport::default());
    let cancelled = block.find_traces(&ids, &AtomicBool::new(true), &mut report);
    assert!(cancelled.is_err());
    assert_eq!(SpanId::default(), span_id(0));
}

#[test]
fn row_groups_of_their_own_count_nothing_twice() {
    const NOW_NS: u64 = 1_800_000_000_000_000_000;
    let starts = [0, 1, 2, 3].map(|n| NOW_NS + n).into_iter();
    let starts = starts.chain([3, 2 * NOW_NS, u64::MAX]);
    let spans: Vec<TestSpan> = (1..)
        .zip(starts)
        .map(|(trace, start_ns)| {
            let note = ("note".to_owned(), AnyValue::Int(1));
            let mut span = TestSpan::new(trace, 1, "cart", "add", start_ns)
                .with("own", AnyValue::Bool(true))
                .with_event("noted", 0, vec![note.clone()]);
            span.links.push(TestLink {
                trace_id: trace_id(9),
                span_id: span_id(9),
                trace_state: String::new(),
                flags: 0,
                attributes: vec![note],
                dropped: 0,
            });
            span
        })
        .collect();
    let (_, block) = block_of(&batch(&spans));
    assert_eq!(block.group_rows().collect::<Vec<_>>(), [1, 4, 2]);
    let counts = block.key_counts();
    let counts: Vec<(&str, u64)> = counts.map(|count| (count.key, count.count)).collect();
    let expected = [("own", 7), ("service.name", 7), ("note", 7), ("note", 7)];
    assert_eq!(counts, expected);
    assert_eq!(read_all(&block, &all_ids(&batch(&spans))), sorted(spans));
}

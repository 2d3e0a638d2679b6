//! Files are read back with the Parquet implementation of the Arrow project,
//! which knows nothing of ours.

mod outside;

use std::path::Path;

use proptest::prelude::*;
use tracewell_model::batch::columns::ValueType;
use tracewell_model::{AnyValue, SpanBatch, StatusCode};
use tracewell_testkit::{Random, TestSpan, batch, flatten};

use super::*;
use crate::files::faulty::{ENOSPC, Fault, FaultyFiles, Operation};
use outside::Outside;

const DIR: &str = "/blocks";

fn disk() -> FaultyFiles {
    let files = FaultyFiles::new();
    files.create_dir(Path::new(DIR)).unwrap();
    files
}

fn written(batch: &SpanBatch) -> Outside {
    let files = disk();
    let entry = write(&files, Path::new(DIR), 3, &Birth::default(), batch).unwrap();
    assert_eq!(entry.spans as usize, batch.len());
    Outside::open(&files, &entry.name)
}

/// The spans in the documented order of a block.
fn in_block_order(spans: &[TestSpan]) -> Vec<TestSpan> {
    let batch = batch(spans);
    let all = flatten(&batch);
    let order = order::block_order(&batch);
    order
        .parts()
        .flatten()
        .map(|row| all[*row as usize].clone())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn other_programs_read_every_span_as_it_was(seed: u64, count in 1usize..600) {
        let spans = Random::new(seed).spans(count, 1_700_000_000_000_000_000);
        let outside = written(&batch(&spans));
        prop_assert_eq!(outside.spans(), in_block_order(&spans));
    }
}

#[test]
fn row_groups_and_pages_hold_as_many_rows_as_documented() {
    let spans: Vec<TestSpan> = (0..ROW_GROUP_ROWS as u64 + 5000)
        .map(|n| TestSpan::new(n / 40, n, "cart", "GET /", n))
        .collect();
    let outside = written(&batch(&spans));
    assert_eq!(outside.group_rows(), [ROW_GROUP_ROWS, 5000]);
    assert_eq!(outside.longs("start_ns").len(), spans.len());
    assert!(outside.longs("start_ns").is_sorted());
}

#[test]
fn attributes_beyond_the_columns_are_messages() {
    let mut spans = vec![
        TestSpan::new(1, 1, "cart", "x", 1),
        TestSpan::new(1, 2, "cart", "x", 2),
        TestSpan::new(1, 3, "cart", "x", 3),
    ];
    // Last, so that its keys and not `twice` overflow the batch's columns.
    for n in 0..1500 {
        spans[2]
            .attributes
            .push((format!("key.{n:04}"), AnyValue::Int(n)));
    }
    for value in ["first", "second"] {
        spans[1] = spans[1].clone().with_text("twice", value);
    }
    let outside = written(&batch(&spans));
    assert_eq!(outside.attribute_columns().len(), 128);
    assert_eq!(
        outside.texts("span.twice"),
        [None, Some("first".to_owned()), None]
    );
    assert_eq!(outside.spans(), in_block_order(&spans));
}

#[test]
fn columns_that_a_batch_lacks_are_null_in_its_row_group() {
    let first = batch(&[TestSpan::new(1, 1, "cart", "x", 1).with_text("a", "1")]);
    let second = batch(&[
        TestSpan::new(2, 1, "cart", "x", 2).with("b", AnyValue::Bool(true)),
        TestSpan::new(2, 2, "cart", "x", 3).with("a", AnyValue::Int(1)),
    ]);
    let counts =
        [("a", ValueType::Str), ("b", ValueType::Bool)].map(|(key, value_type)| choose::KeyCount {
            level: Level::Span,
            key,
            value_type,
            count: 1,
        });
    let files = disk();
    let chosen = choose::columns(counts.into_iter(), 3);
    let mut block = BlockWriter::create(&files, Path::new(DIR), 1, chosen, false).unwrap();
    block.row_group(&first, &[0], None).unwrap();
    block.row_group(&second, &[0, 1], None).unwrap();
    let entry = block.finish(&Birth::default()).unwrap();
    assert_eq!((entry.spans, entry.traces), (3, 2));
    assert_eq!((entry.min_start_ns, entry.max_start_ns), (1, 3));
    let outside = Outside::open(&files, &entry.name);
    assert_eq!(outside.attribute_columns(), ["span.a", "span.b"]);
    assert_eq!(outside.texts("span.a"), [Some("1".to_owned()), None, None]);
    let mut spans = flatten(&first);
    spans.extend(flatten(&second));
    assert_eq!(outside.spans(), spans);
}

#[test]
fn derived_columns_are_null_until_somebody_knows_them() {
    let spans = batch(&[
        TestSpan::new(1, 1, "web", "GET /", 5),
        TestSpan::new(1, 2, "cart", "load", 6)
            .child_of(1)
            .status(StatusCode::Error),
    ]);
    let sealed = written(&spans);
    for column in ["self_ns", "critical_ns", "trace_duration_ns"] {
        assert_eq!(sealed.longs(column), [None, None], "{column}");
    }
    assert_eq!(sealed.texts("root_name"), [None, None]);
    let derived = DerivedRows {
        parent_row: vec![None, Some(0)],
        depth: vec![0, 1],
        subtree_spans: vec![2, 1],
        self_ns: vec![Some(70), None],
        critical_ns: vec![None, Some(0)],
        root: vec![1, 1],
        roots: vec![
            ("cart".to_owned(), "load".to_owned()),
            ("web".to_owned(), "GET /".to_owned()),
        ],
        trace_duration_ns: vec![Some(100), None],
    };
    let files = disk();
    let mut block = BlockWriter::create(&files, Path::new(DIR), 1, Vec::new(), true).unwrap();
    block.row_group(&spans, &[0, 1], Some(&derived)).unwrap();
    let entry = block.finish(&Birth::default()).unwrap();
    let compacted = Outside::open(&files, &entry.name);
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(compacted.ints("parent_row"), [None, Some(0)]);
    assert_eq!(compacted.ints("depth"), [Some(0), Some(1)]);
    assert_eq!(compacted.ints("subtree_spans"), [Some(2), Some(1)]);
    assert_eq!(compacted.longs("self_ns"), [Some(70), None]);
    assert_eq!(compacted.longs("critical_ns"), [None, Some(0)]);
    assert_eq!(compacted.texts("root_service"), [text("web"), text("web")]);
    assert_eq!(compacted.texts("root_name"), [text("GET /"), text("GET /")]);
    assert_eq!(compacted.longs("trace_duration_ns"), [Some(100), None]);
}

#[test]
fn what_does_not_fit_a_row_group_is_refused() {
    let spans = batch(&[TestSpan::new(1, 1, "cart", "x", 1)]);
    let files = disk();
    let begin =
        |has_derived| BlockWriter::create(&files, Path::new(DIR), 9, Vec::new(), has_derived);
    let too_many = vec![0; ROW_GROUP_ROWS + 1];
    let cases: [(&[u32], Option<DerivedRows>, &str); 4] = [
        (&[1], None, "a row that the batch does not have"),
        (
            &too_many,
            None,
            "a row group of 131073 rows, at most 131072 fit",
        ),
        (
            &[0],
            Some(DerivedRows::default()),
            "derived columns that do not fit the rows",
        ),
        (&[], None, ""),
    ];
    for (order, derived, reason) in cases {
        let mut block = begin(derived.is_some()).unwrap();
        match block.row_group(&spans, order, derived.as_ref()) {
            Ok(()) => assert!(matches!(
                block.finish(&Birth::default()),
                Err(BlockError::Empty)
            )),
            Err(error) => assert_eq!(
                error.to_string(),
                format!("block 9 cannot be encoded: {reason}")
            ),
        }
    }
    let mut block = begin(true).unwrap();
    assert!(block.row_group(&spans, &[0], None).is_err());
    drop(block);
    assert_eq!(files.list(Path::new(DIR)).unwrap(), []);
}

#[test]
fn a_full_disk_is_not_kept_full() {
    let spans = batch(&[TestSpan::new(1, 1, "cart", "x", 1)]);
    for (operation, skip) in [
        (Operation::Write, 0),
        (Operation::Write, 2),
        (Operation::Sync, 0),
        (Operation::Sync, 1),
        (Operation::Rename, 0),
        (Operation::Rename, 1),
        (Operation::SyncDir, 0),
    ] {
        let files = disk();
        files.fail(Fault {
            operation,
            name: "",
            skip,
            times: 1,
            errno: ENOSPC,
        });
        let error = write(&files, Path::new(DIR), 1, &Birth::default(), &spans).unwrap_err();
        assert!(
            matches!(error, BlockError::File(_)),
            "{operation:?}: {error}"
        );
        assert_eq!(
            files.list(Path::new(DIR)).unwrap(),
            [],
            "{operation:?} {skip}"
        );
    }
}

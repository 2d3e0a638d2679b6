//! Merging real block files on a disk in memory.

use super::*;
use crate::block::{Birth, write};
use crate::files::faulty::{EIO, Fault, FaultyFiles, Operation};
use crate::files::{Access, read_exact_at, write_all_at};
use std::ops::Range;
use std::sync::atomic::AtomicBool;
use tracewell_parquet::{ChunkDecoder, DecodedCells, DecodedValues};
use tracewell_testkit::random::Random;
use tracewell_testkit::{TestSpan, batch, flatten};

const DIR: &str = "/blocks";
const NOW_NS: u64 = 1_800_000_000_000_000_000;

fn disk() -> FaultyFiles {
    let files = FaultyFiles::new();
    files.create_dir(Path::new(DIR)).unwrap();
    files
}

fn sealed(files: &FaultyFiles, number: u64, spans: &[TestSpan]) -> Arc<Block> {
    let entry = write(
        files,
        Path::new(DIR),
        number,
        &Birth::default(),
        &batch(spans),
    )
    .unwrap();
    Arc::new(Block::open(files, Path::new(DIR), entry).unwrap())
}

fn merge(
    files: &FaultyFiles,
    inputs: &[Arc<Block>],
    step: &mut Step<'_>,
) -> Result<(Block, u64), MergeError> {
    let progress = Progress::default();
    let merge = Merge {
        files,
        dir: Path::new(DIR),
        number: 99,
        birth: &Birth::default(),
        memory_bytes: 192 << 20,
        inputs,
        progress: &progress,
    };
    let merged = merge.run(step)?;
    let block = Block::open(files, Path::new(DIR), merged.entry).unwrap();
    Ok((block, merged.duplicates))
}

fn merged(files: &FaultyFiles, inputs: &[Arc<Block>]) -> (Block, u64) {
    merge(files, inputs, &mut |_| true).unwrap()
}

/// Every span of a block, in its order.
fn rows(block: &Block) -> Vec<TestSpan> {
    let groups: Vec<usize> = block.group_rows().collect();
    let read = groups.iter().enumerate().map(|(group, rows)| {
        let all: Range<usize> = 0..*rows;
        block.rows(group, std::slice::from_ref(&all)).unwrap()
    });
    read.flat_map(|batch| flatten(&batch)).collect()
}

fn sorted(mut spans: Vec<TestSpan>) -> Vec<TestSpan> {
    spans.sort_by_cached_key(|span| format!("{span:?}"));
    spans
}

/// A column of the file as any other reader of Parquet sees it.
fn column(files: &FaultyFiles, block: &Block, name: &str) -> Vec<DecodedCells> {
    let path = Path::new(DIR).join(format!("{}.parquet", block.meta().name));
    let file = files.open(&path, Access::Read).unwrap();
    let mut bytes = vec![0; file.size().unwrap() as usize];
    read_exact_at(&*file, &mut bytes, 0).unwrap();
    let reader = tracewell_parquet::FileReader::open(&bytes).unwrap();
    let place = reader
        .columns()
        .iter()
        .position(|column| column.name == name);
    let mut decoder = ChunkDecoder::new();
    let cells = |group| {
        let chunk = reader.cells(&mut decoder, group, place.unwrap());
        chunk.unwrap()
    };
    (0..reader.row_groups().len()).map(cells).collect()
}

/// The numbers of a column; `None` where it has none.
fn numbers(files: &FaultyFiles, block: &Block, name: &str) -> Vec<Option<i64>> {
    let mut found = Vec::new();
    for cells in column(files, block, name) {
        let values: Vec<i64> = match cells.values {
            DecodedValues::I32(values) => values.into_iter().map(i64::from).collect(),
            DecodedValues::I64(values) => values,
            other => panic!("{name} holds {other:?}"),
        };
        let first = found.len();
        found.resize(first + cells.rows, None);
        let present = cells
            .present
            .unwrap_or_else(|| (0..cells.rows as u32).collect());
        for (row, value) in present.into_iter().zip(values) {
            found[first + row as usize] = Some(value);
        }
    }
    found
}

#[test]
fn a_merged_block_holds_every_span_of_its_parts_trace_by_trace_in_time_order() {
    let files = disk();
    let mut spans = Random::new(5).spans(3_000, NOW_NS);
    for (odd, span) in spans.iter_mut().step_by(97).enumerate() {
        span.start_ns = [7, 2 * NOW_NS, u64::MAX][odd % 3];
    }
    let mut parts: Vec<Vec<TestSpan>> = vec![Vec::new(); 5];
    for (index, span) in spans.iter().enumerate() {
        parts[index * 7 % 5].push(span.clone());
    }
    let inputs: Vec<_> = parts
        .iter()
        .zip(0..)
        .map(|(part, number)| sealed(&files, number, part))
        .collect();
    let (block, duplicates) = merged(&files, &inputs);
    assert_eq!(duplicates, 0);
    block.verify(&AtomicBool::new(false)).unwrap();
    assert!(block.has_derived());
    let rows = rows(&block);
    let traces: Vec<&[TestSpan]> = rows.chunk_by(|a, b| a.trace_id == b.trace_id).collect();
    assert_eq!(traces.len() as u64, block.meta().traces);
    // As a block that was sealed from all spans at once.
    let at_once = sealed(&files, 90, &spans);
    assert_eq!(rows, self::rows(&at_once));
    assert!(block.group_rows().len() >= 3);
    assert!(block.group_rows().eq(at_once.group_rows()));
    for trace in &traces {
        assert!(trace.is_sorted_by_key(|span| (span.start_ns, span.span_id)));
    }
    assert_eq!(sorted(rows), sorted(spans));
    let mut counts: HashMap<String, u64> = HashMap::new();
    for count in inputs.iter().flat_map(|block| block.key_counts()) {
        *counts
            .entry(format!("{:?} {}", count.level, count.key))
            .or_default() += count.count;
    }
    for count in block
        .key_counts()
        .filter(|count| count.level == Level::Span)
    {
        let expected = counts[&format!("{:?} {}", count.level, count.key)];
        assert!(
            count.count <= expected,
            "{count:?}, {expected} in the parts"
        );
    }
}

#[test]
fn of_equal_spans_one_stays_and_of_others_all() {
    let files = disk();
    let span = |id: u64| TestSpan::new(1, id, "cart", "add", 1_000 + id);
    let other = span(2).with_text("attempt", "second");
    let often: Vec<TestSpan> = std::iter::repeat_n(span(9), 6_000).collect();
    let inputs = [
        sealed(&files, 1, &[span(1), span(2), span(2)]),
        sealed(&files, 2, &[span(2), other.clone(), span(3)]),
        sealed(&files, 3, &often),
        sealed(&files, 4, &often),
    ];
    let (block, duplicates) = merged(&files, &inputs);
    assert_eq!(duplicates, 2 + 11_999);
    let expected = vec![span(1), span(2), span(3), span(9), other];
    assert_eq!(sorted(rows(&block)), sorted(expected));
}

#[test]
fn a_trace_in_several_blocks_is_derived_as_one() {
    let files = disk();
    let span = |trace, id, start_ns| TestSpan::new(trace, id, "cart", "load", start_ns);
    let root = TestSpan::new(7, 1, "web", "GET /", 1_000).lasting_ns(100);
    let inputs = [
        sealed(&files, 1, &[span(7, 3, 1_030).child_of(2).lasting_ns(20)]),
        sealed(
            &files,
            2,
            &[root, span(8, 1, 900).child_of(5).lasting_ns(10)],
        ),
        sealed(&files, 3, &[span(7, 2, 1_010).child_of(1).lasting_ns(60)]),
    ];
    let (block, _) = merged(&files, &inputs);
    #[rustfmt::skip]
    let expected: [(&str, [Option<i64>; 4]); 6] = [
        ("parent_row", [None, None, Some(1), Some(2)]),
        ("depth", [Some(0), Some(0), Some(1), Some(2)]),
        ("subtree_spans", [Some(1), Some(3), Some(2), Some(1)]),
        ("self_ns", [None, Some(40), Some(40), None]),
        ("critical_ns", [None, None, None, None]),
        ("trace_duration_ns", [Some(10), Some(100), None, None]),
    ];
    for (name, values) in expected {
        assert_eq!(numbers(&files, &block, name), values, "{name}");
    }
    for (name, values) in [
        ("root_service", ["", "web", "web", "web"]),
        ("root_name", ["", "GET /", "GET /", "GET /"]),
    ] {
        assert_eq!(texts(&files, &block, name), values, "{name}");
    }
}

fn texts(files: &FaultyFiles, block: &Block, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    for cells in column(files, block, name) {
        let DecodedValues::Coded { codes, ends, bytes } = cells.values else {
            panic!("{name} holds no text");
        };
        for code in codes.into_iter().map(|code| code as usize) {
            let from = code.checked_sub(1).map_or(0, |last| ends[last]) as usize;
            let text = bytes[from..ends[code] as usize].to_vec();
            found.push(String::from_utf8(text).unwrap());
        }
    }
    found
}

#[test]
fn a_trace_longer_than_a_row_group_is_derived_whole() {
    let files = disk();
    let spans = 140_000;
    // Clocks differ: the root says that it started last.
    let root = TestSpan::new(1, 1, "web", "GET /", 10_000_000).lasting_ns(50);
    let child = |id| TestSpan::new(1, id, "cart", "load", 1_000 + id).child_of(1);
    let mut all: Vec<TestSpan> = (2..=spans).map(child).collect();
    all.push(root);
    let (first, second) = all.split_at(70_000);
    let inputs = [sealed(&files, 1, first), sealed(&files, 2, second)];
    let (block, _) = merged(&files, &inputs);
    assert_eq!(block.group_rows().len(), 2);
    let parents = numbers(&files, &block, "parent_row");
    let last = spans as i64 - 1;
    assert!(
        parents[..last as usize]
            .iter()
            .all(|parent| *parent == Some(last))
    );
    assert_eq!(parents[last as usize], None);
    assert_eq!(
        numbers(&files, &block, "subtree_spans")[last as usize],
        Some(last + 1)
    );
    let durations = numbers(&files, &block, "trace_duration_ns");
    assert_eq!(
        durations
            .iter()
            .filter(|duration| duration.is_some())
            .count(),
        1
    );
    assert!(
        texts(&files, &block, "root_name")
            .iter()
            .all(|name| name == "GET /")
    );
}

#[test]
fn a_merge_that_is_stopped_or_fails_leaves_nothing_behind() {
    let files = disk();
    let spans = Random::new(8).spans(400, 1_000_000);
    let inputs = [
        sealed(&files, 1, &spans[..200]),
        sealed(&files, 2, &spans[200..]),
    ];
    let before = files.list(Path::new(DIR)).unwrap();
    for steps in 0..3 {
        let mut left = steps;
        let stopped = merge(&files, &inputs, &mut |_| {
            left -= 1;
            left >= 0
        });
        assert!(matches!(stopped, Err(MergeError::Stopped)), "{steps} steps");
        assert_eq!(files.list(Path::new(DIR)).unwrap(), before, "{steps} steps");
    }
    for operation in [
        Operation::Create,
        Operation::Write,
        Operation::Sync,
        Operation::Rename,
        Operation::SyncDir,
    ] {
        let name = if operation == Operation::SyncDir {
            "blocks"
        } else {
            "0000000099"
        };
        for skip in 0..2 {
            files.fail(Fault {
                operation,
                name,
                skip,
                times: 1,
                errno: EIO,
            });
            let failed = merge(&files, &inputs, &mut |_| true);
            files.heal();
            if let Ok((block, _)) = failed {
                assert!(skip > 0, "{operation:?} did not fail");
                crate::block::remove(&files, Path::new(DIR), &block.meta().name).unwrap();
            }
            assert_eq!(files.list(Path::new(DIR)).unwrap(), before, "{operation:?}");
        }
    }
    assert_eq!(sorted(rows(&merged(&files, &inputs).0)), sorted(spans));
}

#[test]
fn a_damaged_part_is_named() {
    let files = disk();
    let inputs = [
        sealed(&files, 1, &Random::new(1).spans(50, 1_000)),
        sealed(&files, 2, &Random::new(2).spans(50, 1_000)),
    ];
    let path = Path::new(DIR).join("0000000002.parquet");
    let file = files.open(&path, Access::Write).unwrap();
    write_all_at(&*file, &[0xff; 64], 40).unwrap();
    let error = merge(&files, &inputs, &mut |_| true).unwrap_err();
    assert_eq!(error.damaged_input(), Some("0000000002"));
    assert!(error.to_string().contains("0000000002"), "{error}");
}

//! Files that were damaged: what lies in the damaged part is left out and
//! counted, all else is there; never a panic, never other spans than were
//! written.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use proptest::prelude::*;
use tracewell_model::store::{ScanColumns, ScanReport, ScanRequest};
use tracewell_model::{QueryMemory, SpanFilter, TimeRange, TraceId};
use tracewell_testkit::{Random, TestSpan, batch, flatten};

use super::{DIR, all_ids, block_of, read_all, scan_whole, sorted, traces_told};
use crate::block::{Block, BlockError};
use crate::files::faulty::FaultyFiles;
use crate::files::{Access, Files, read_exact_at, write_all_at};
use crate::gather::Gathering;

fn contents(files: &FaultyFiles, name: &str) -> Vec<u8> {
    let file = files
        .open(&Path::new(DIR).join(name), Access::Read)
        .unwrap();
    let mut bytes = vec![0; file.size().unwrap() as usize];
    read_exact_at(&*file, &mut bytes, 0).unwrap();
    bytes
}

fn replace(files: &FaultyFiles, name: &str, bytes: &[u8]) {
    let path = Path::new(DIR).join(name);
    let file = files.open(&path, Access::Write).unwrap();
    file.set_size(0).unwrap();
    write_all_at(&*file, bytes, 0).unwrap();
}

/// Everything, or less and the report and the block say so.
fn assert_right_or_told(block: &Block, ids: &[TraceId], spans: &[TestSpan]) {
    let never = AtomicBool::new(false);
    let mut report = ScanReport::default();
    let found = traces_told(block, ids, &mut report).unwrap();
    let by_id: Vec<_> = found.iter().flat_map(|(_, batch)| flatten(batch)).collect();
    assert_rest(by_id, spans, &report, block);

    let mut report = ScanReport::default();
    let request = ScanRequest {
        range: TimeRange::ALL,
        filter: &SpanFilter::All,
        traces: None,
        columns: ScanColumns::default(),
        cancelled: &never,
    };
    let mut scanned = 0;
    let scan = scan_whole(block, &request, &mut report, &mut |part, _| {
        scanned += part.rows.count() as u64;
        ControlFlow::Continue(())
    });
    assert!(scan.unwrap().is_continue());
    assert_eq!(scanned + report.unread_spans, spans.len() as u64);
    assert_eq!(report.unread_blocks > 0, report.unread_spans > 0);
}

fn assert_rest(found: Vec<TestSpan>, all: &[TestSpan], report: &ScanReport, block: &Block) {
    let missing = all.len() - found.len();
    assert!(
        report.unread_spans >= missing as u64,
        "{missing} missing silently"
    );
    if missing == 0 {
        assert_eq!(sorted(found), sorted(all.to_vec()));
    } else {
        assert_eq!(report.unread_blocks, 1);
        assert!(block.damage().is_some_and(|damage| damage.is_lasting));
        assert!(found.iter().all(|span| all.contains(span)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn flipped_and_missing_bytes_are_noticed(
        seed in 0u64..4,
        parquet: bool,
        place: prop::sample::Index,
        flip in 0u8..,
    ) {
        let spans = Random::new(seed).spans(60, 1_000);
        let original = batch(&spans);
        let (files, block) = block_of(&original);
        let meta = block.meta().clone();
        let name = if parquet { "0000000007.parquet" } else { "0000000007.index" };
        let mut bytes = contents(&files, name);
        let place = place.index(bytes.len());
        if flip == 0 {
            bytes.truncate(place);
        } else {
            bytes[place] ^= flip;
        }
        replace(&files, name, &bytes);
        let ids = all_ids(&original);
        let open = || Block::open(&files, Path::new(DIR), meta.clone());
        let noticed = |error: BlockError| {
            let path = match error {
                BlockError::Damaged { path, .. } | BlockError::Version { path, .. } => path,
                other => panic!("{other}"),
            };
            assert!(path.ends_with(name), "{}", path.display());
        };
        match open() {
            Ok(block) => assert_right_or_told(&block, &ids, &spans),
            Err(error) => noticed(error),
        }
        let verified = open().and_then(|block| block.verify(&AtomicBool::new(false)));
        noticed(verified.expect_err("every byte is verified"));
        prop_assert_eq!(read_all(&block_of(&original).1, &ids), sorted(spans));
    }
}

#[test]
fn a_later_version_is_refused_by_name() {
    let (files, block) = block_of(&batch(&Random::new(1).spans(5, 1_000)));
    let mut bytes = contents(&files, "0000000007.index");
    bytes[8] = 9;
    replace(&files, "0000000007.index", &bytes);
    let error = Block::open(&files, Path::new(DIR), block.meta().clone()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "block file /blocks/0000000007.index has format version 9, this program reads up to 4"
    );
}

/// Three pages of rows, in every one of them a bit of every column.
#[test]
fn a_damaged_page_costs_the_rows_of_that_page_and_an_index_page_costs_nothing() {
    let spans: Vec<_> = (0..9_000)
        .map(|n| {
            TestSpan::new(n / 3, n + 1, "cart", "add", 1_000_000 + n)
                .with_text("id", &format!("value {n}"))
        })
        .collect();
    let original = batch(&spans);
    let (files, block) = block_of(&original);
    let meta = block.meta().clone();
    let ids: Vec<_> = all_ids(&original).into_iter().step_by(20).collect();
    let wanted: Vec<_> = spans
        .iter()
        .filter(|span| ids.contains(&span.trace_id))
        .cloned()
        .collect();
    for (name, steps) in [("0000000007.index", 40), ("0000000007.parquet", 120)] {
        let bytes = contents(&files, name);
        for place in (0..bytes.len()).step_by(bytes.len() / steps) {
            let mut damaged = bytes.clone();
            damaged[place] ^= 1;
            replace(&files, name, &damaged);
            let Ok(block) = Block::open(&files, Path::new(DIR), meta.clone()) else {
                assert!(name.ends_with("index"), "{name} at {place}");
                continue;
            };
            let mut report = ScanReport::default();
            let found = traces_told(&block, &ids, &mut report).unwrap();
            let found: Vec<_> = found.iter().flat_map(|(_, batch)| flatten(batch)).collect();
            let missing = wanted.len() - found.len();
            assert!(missing as u64 <= report.unread_spans, "{name} at {place}");
            assert!(found.iter().all(|span| wanted.contains(span)));
            let is_told = block.damage().is_some() == (report.unread_blocks > 0);
            assert!(is_told || name.ends_with("index"), "{name} at {place}");
        }
        replace(&files, name, &bytes);
    }
}

#[test]
fn a_damaged_trace_index_costs_time_and_no_span() {
    let spans: Vec<_> = (0..9_000)
        .map(|n| TestSpan::new(n / 3, n + 1, "cart", "add", 1_000_000 + n))
        .collect();
    let original = batch(&spans);
    let (files, block) = block_of(&original);
    let bytes = contents(&files, "0000000007.index");
    let ids = all_ids(&original);
    let missed = TraceId([9; 16]);
    let mut found_damage = 0;
    // The table of 3,000 traces takes 18,000 bytes; nothing else is as large.
    for place in (0..bytes.len()).step_by(500) {
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x10;
        replace(&files, "0000000007.index", &damaged);
        let Ok(block) = Block::open(&files, Path::new(DIR), block.meta().clone()) else {
            continue;
        };
        let mut report = ScanReport::default();
        let wanted: Vec<_> = ids.iter().copied().chain([missed]).collect();
        let found = traces_told(&block, &wanted, &mut report).unwrap();
        if report.unread_spans == 0 {
            assert_eq!(found.len(), ids.len(), "at {place}");
        }
        let is_index_only = block.damage().is_some() && report.unread_blocks == 0;
        found_damage += usize::from(is_index_only);
    }
    assert!(found_damage > 10, "{found_damage}");
}

/// A trace of three pages, and a span of each that is asked for by itself.
#[test]
fn a_damaged_page_costs_the_wanted_spans_of_that_page() {
    let spans: Vec<_> = (0..9_000)
        .map(|n| {
            TestSpan::new(1, n + 1, "cart", "add", 1_000_000 + n)
                .with_text("id", &format!("value {n}"))
        })
        .collect();
    let original = batch(&spans);
    let (files, block) = block_of(&original);
    let rows = [100, 5_000, 8_900];
    let wanted: HashSet<_> = rows.iter().map(|row| original.outline(*row)).collect();
    let good: Vec<_> = rows.iter().map(|row| spans[*row].clone()).collect();
    let ids = [spans[0].trace_id];
    let never = AtomicBool::new(false);
    let read = |block: &Block| {
        let mut report = ScanReport::default();
        let mut gathered = Gathering::new(&ids, &QueryMemory::default());
        let read = block.gather_spans(ids[0], &wanted, &mut gathered, &never, &mut report);
        read.unwrap();
        let traces = gathered.finish(ScanReport::default()).traces;
        let found: Vec<_> = traces.into_iter().flatten().collect();
        let found: Vec<_> = found.iter().flat_map(flatten).collect();
        (found, report)
    };
    let name = "0000000007.parquet";
    let bytes = contents(&files, name);
    let mut partial = 0;
    for place in (0..bytes.len()).step_by(bytes.len() / 120) {
        let mut damaged = bytes.clone();
        damaged[place] ^= 1;
        replace(&files, name, &damaged);
        let block = Block::open(&files, Path::new(DIR), block.meta().clone()).unwrap();
        let (found, report) = read(&block);
        assert!(found.iter().all(|span| good.contains(span)), "at {place}");
        let missing = good.len() - found.len();
        assert!(missing as u64 <= report.unread_spans, "at {place}");
        assert_eq!(report.unread_blocks, u64::from(report.unread_spans > 0));
        assert_eq!(block.damage().is_some(), report.unread_spans > 0);
        partial += usize::from(missing == 1);
    }
    assert!(partial > 10, "{partial}");
    // What the disk refused once is forgotten with the first good answer.
    replace(&files, name, &bytes);
    block.note_fault("refused", false);
    assert_eq!(sorted(read(&block).0), sorted(good));
    assert_eq!(block.damage(), None);
}

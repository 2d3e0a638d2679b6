//! Files that are lost, older ones put back, files that are not ours: nothing
//! stored goes because of them, and people are told.

use crate::embedded::{assert_traces, eager, spans, wait_until};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tracewell_model::TraceStore;
use tracewell_model::clock::SystemClock;
use tracewell_store::embedded::{EmbeddedStore, OpenReport, StoreOptions};
use tracewell_store::files::faulty::{FaultyFiles, Survival};
use tracewell_store::files::{Access, Files, read_exact_at, write_all_at};
use tracewell_store::repair::repair;
use tracewell_store::verify::{VerifyReport, verify};
use tracewell_testkit::conformance;

pub(crate) const DIR: &str = "/data";

pub(crate) fn open(disk: &FaultyFiles, options: StoreOptions) -> (EmbeddedStore, OpenReport) {
    let (files, clock) = (Arc::new(disk.clone()), Arc::new(SystemClock));
    EmbeddedStore::open(files, Path::new(DIR), options, clock).expect("it opens")
}

/// Nothing is sealed, so that everything stays in the log.
pub(crate) fn lazy() -> StoreOptions {
    StoreOptions {
        seal_bytes: u64::MAX,
        ..eager()
    }
}

/// A block after every batch or two, and none merged.
pub(crate) fn unmerged() -> StoreOptions {
    let mut options = eager();
    options.compaction.max_spans = 1;
    options
}

/// The log has segments of a few entries, and soon recycles them.
pub(crate) fn small(options: StoreOptions) -> StoreOptions {
    StoreOptions {
        wal: tracewell_store::wal::WalOptions {
            segment_bytes: 4 << 10,
            ..options.wal
        },
        ..options
    }
}

pub(crate) fn append(store: &EmbeddedStore, traces: std::ops::Range<u64>) {
    traces.for_each(|trace| conformance::append(store, &spans(trace)).expect("the disk is well"));
}

/// Traces 0 to 40 in several blocks, 40 to 60 in the log.
pub(crate) fn filled() -> FaultyFiles {
    let disk = FaultyFiles::new();
    let (store, report) = open(&disk, unmerged());
    assert_eq!(report.warnings, [""; 0]);
    append(&store, 0..40);
    wait_until("blocks are sealed", || store.status().blocks > 2);
    drop(store);
    let unsealed = StoreOptions {
        seal_bytes: u64::MAX,
        ..unmerged()
    };
    let (store, _) = open(&disk, unsealed);
    append(&store, 40..60);
    drop(store);
    disk
}

pub(crate) fn path(name: &str) -> PathBuf {
    Path::new(DIR).join(name)
}

pub(crate) fn read(disk: &FaultyFiles, name: &str) -> Vec<u8> {
    let file = disk
        .open(&path(name), Access::Read)
        .expect("the disk is well");
    let mut bytes = vec![0; file.size().expect("the disk is well") as usize];
    read_exact_at(&*file, &mut bytes, 0).expect("the disk is well");
    bytes
}

pub(crate) fn write(disk: &FaultyFiles, name: &str, bytes: &[u8]) {
    disk.remove(&path(name)).unwrap_or_default();
    let file = disk.create(&path(name)).expect("the disk is well");
    write_all_at(&*file, bytes, 0).expect("the disk is well");
    file.sync().expect("the disk is well");
    disk.sync_dir(path(name).parent().expect("the disk is well"))
        .expect("the disk is well");
}

pub(crate) fn names(disk: &FaultyFiles, dir: &str) -> Vec<String> {
    let entries = disk.list(&path(dir)).unwrap_or_default();
    let mut names: Vec<String> = entries.into_iter().map(|entry| entry.name).collect();
    names.sort();
    names
}

pub(crate) fn block_names(disk: &FaultyFiles) -> Vec<String> {
    let names = names(disk, "blocks").into_iter();
    names.filter(|name| name.ends_with(".parquet")).collect()
}

pub(crate) fn check(disk: &FaultyFiles) -> VerifyReport {
    let cancelled = AtomicBool::new(false);
    verify(disk, Path::new(DIR), &cancelled, &mut |_| {}).expect("the disk is well")
}

pub(crate) fn assert_quiet(disk: &FaultyFiles, traces: std::ops::Range<u64>) {
    let (store, report) = open(disk, lazy());
    assert_eq!(report.warnings, [""; 0]);
    assert_eq!(report.wal.warnings, [""; 0]);
    assert_traces(&store, traces);
}

#[test]
fn a_lost_list_is_made_again_from_the_blocks_and_said() {
    let disk = filled();
    disk.remove(&path("MANIFEST")).unwrap();
    assert_eq!(check(&disk).damages, 1);
    let blocks = block_names(&disk);
    let (store, report) = open(&disk, lazy());
    assert!(
        report.warnings[0].contains("/data/MANIFEST is missing"),
        "{:?}",
        report.warnings
    );
    assert_traces(&store, 0..60);
    assert_eq!(store.status().spans, 300, "nothing twice");
    drop(store);
    assert_eq!(block_names(&disk), blocks);
    assert_quiet(&disk, 0..60);
    assert_eq!(check(&disk).damages, 0);
}

#[test]
fn a_segment_that_is_lost_after_the_list_was_made_again_is_missed() {
    for is_repaired in [false, true] {
        let disk = filled();
        disk.remove(&path("MANIFEST")).unwrap();
        match is_repaired {
            true => drop(repair(&disk, Path::new(DIR), &SystemClock).unwrap()),
            false => drop(open(&disk, lazy())),
        }
        let mut told = 0;
        let segments = names(&disk, "wal");
        for (index, gone) in segments.iter().enumerate() {
            let copy = disk.copy();
            copy.remove(&path(&format!("wal/{gone}"))).unwrap();
            let (store, report) = open(&copy, lazy());
            match report.wal.warnings.is_empty() {
                // Nobody speaks of the newest, if the process ended before it
                // had made one to follow.
                true if index > 0 && index + 1 == segments.len() => {}
                true => assert_traces(&store, 0..60),
                false => told += 1,
            }
        }
        assert!(told > 0, "repaired: {is_repaired}");
    }
}

#[test]
fn an_older_list_costs_nothing_for_good() {
    let disk = FaultyFiles::new();
    let (store, _) = open(&disk, small(unmerged()));
    append(&store, 0..20);
    wait_until("blocks are sealed", || store.status().blocks > 1);
    drop(store);
    let (store, _) = open(&disk, small(lazy()));
    store.compact_now().unwrap();
    drop(store);
    let old = read(&disk, "MANIFEST");
    let (store, _) = open(&disk, small(eager()));
    let before = store.status();
    append(&store, 20..60);
    wait_until("blocks are sealed", || {
        let now = store.status();
        now.blocks > before.blocks + 1 || now.compaction.merges > before.compaction.merges
    });
    store.compact_now().unwrap();
    append(&store, 60..70);
    drop(store);
    write(&disk, "MANIFEST", &old);
    assert!(check(&disk).damages > 0);
    let (store, report) = open(&disk, lazy());
    assert!(!report.warnings.is_empty());
    append(&store, 70..75);
    if report.wal.is_whole() {
        // Then a block may go whose spans are in the log.
        assert_traces(&store, 20..75);
    }
    drop(store);
    for place in names(&disk, "quarantine") {
        let files = names(&disk, &format!("quarantine/{place}"));
        assert!(files.contains(&"WHY".to_owned()), "{files:?}");
    }
    let repaired = repair(&disk, Path::new(DIR), &SystemClock).unwrap();
    assert!(!repaired.changes.is_empty());
    assert_quiet(&disk, 0..75);
    assert_eq!(check(&disk).damages, 0);
}

#[test]
fn files_that_are_not_ours_stay() {
    let disk = filled();
    let block = block_names(&disk).remove(0);
    let strangers = [
        "blocks/thesis.docx".to_owned(),
        "blocks/x.tmp".to_owned(),
        format!("blocks/{block}.bak"),
        "wal/thesis.docx.tmp".to_owned(),
        "wal/notes.seg".to_owned(),
        "wal/00000000000000000001.seg.bak".to_owned(),
    ];
    strangers
        .iter()
        .for_each(|name| write(&disk, name, b"mine"));
    for ours in [
        "blocks/0000000900.parquet.tmp",
        "wal/00000000000000000900.tmp",
    ] {
        write(&disk, ours, b"unfinished");
    }
    assert_quiet(&disk, 0..60);
    for name in &strangers {
        assert_eq!(read(&disk, name), b"mine", "{name}");
    }
    assert!(!names(&disk, "blocks").contains(&"0000000900.parquet.tmp".to_owned()));
    assert!(!names(&disk, "wal").contains(&"00000000000000000900.tmp".to_owned()));
}

#[test]
fn a_block_of_another_directory_goes_aside_and_is_not_listed() {
    let (disk, other) = (filled(), filled());
    for kind in ["parquet", "index"] {
        let file = names(&other, "blocks");
        let file = file.iter().find(|name| name.ends_with(kind)).unwrap();
        let theirs = read(&other, &format!("blocks/{file}"));
        write(&disk, &format!("blocks/0000000777.{kind}"), &theirs);
    }
    let (store, report) = open(&disk, lazy());
    assert_eq!(report.warnings.len(), 1, "{:?}", report.warnings);
    assert_eq!(store.status().spans, 300);
    drop(store);
    assert_eq!(names(&disk, "quarantine/0000000777").len(), 3);
    repair(&disk, Path::new(DIR), &SystemClock).unwrap();
    let (store, _) = open(&disk, lazy());
    assert_eq!(store.status().spans, 300, "repair does not take it in");
}

#[test]
fn a_segment_of_the_log_that_is_gone_is_missed() {
    let disk = FaultyFiles::new();
    let (store, _) = open(&disk, eager());
    append(&store, 0..10);
    wait_until("a block is sealed", || store.status().blocks > 0);
    drop(store);
    let (store, _) = open(&disk, small(lazy()));
    append(&store, 10..200);
    drop(store);
    let (store, report) = open(&disk, small(lazy()));
    assert_eq!(report.wal.warnings, [""; 0]);
    append(&store, 200..210);
    drop(store);
    let segments: Vec<String> = names(&disk, "wal");
    assert!(segments.len() > 4, "{segments:?}");
    let mut missed = 0;
    // The last but one closes with the word that another follows.
    for gone in &segments[..segments.len() - 2] {
        let copy = disk.copy();
        copy.remove(&path(&format!("wal/{gone}"))).unwrap();
        let damages = check(&copy).damages;
        let (store, report) = open(&copy, small(lazy()));
        if report.wal.missing_segments.is_empty() {
            // All of it was in a block.
            assert_traces(&store, 0..210);
            continue;
        }
        missed += 1;
        assert!(damages > 0, "{gone} of {segments:?}");
        let is_told = report
            .wal
            .warnings
            .iter()
            .any(|warning| warning.contains(gone));
        assert!(is_told, "{gone}: {:?}", report.wal.warnings);
    }
    assert!(missed + 3 >= segments.len() - 2, "{missed} of {segments:?}");
}

#[test]
fn a_lost_or_damaged_index_is_made_again() {
    for damage in ["lost", "damaged"] {
        let disk = filled();
        let block = block_names(&disk).remove(0);
        let index = format!("blocks/{}", block.replace("parquet", "index"));
        let bytes = read(&disk, &index);
        match damage {
            "lost" => disk.remove(&path(&index)).unwrap(),
            _ => write(&disk, &index, &bytes[..bytes.len() / 2]),
        }
        let before = check(&disk).block_spans;
        let repaired_disk = disk.after_power_cut(Survival::Everything);
        let repaired = repair(&repaired_disk, Path::new(DIR), &SystemClock).unwrap();
        assert!(
            repaired.changes[0].contains("was written again"),
            "{repaired:?}"
        );
        assert_quiet(&repaired_disk, 0..60);
        assert_eq!(check(&repaired_disk).damages, 0);

        let (store, report) = open(&disk, lazy());
        assert!(
            report.warnings[0].contains("nothing of it is lost"),
            "{report:?}"
        );
        let degraded = store.status().degraded().unwrap();
        assert!(degraded.contains("was written again"), "{degraded}");
        assert_traces(&store, 0..60);
        drop(store);
        let name = block.replace(".parquet", "");
        assert!(names(&disk, &format!("quarantine/{name}")).contains(&block));
        assert_quiet(&disk, 0..60);
        let after = check(&disk);
        assert_eq!(after.damages, 0);
        assert!(after.block_spans > before, "the block is back");
    }
}

#[test]
fn a_damaged_part_of_an_index_that_opens_is_repaired() {
    let disk = filled();
    let index = block_names(&disk).remove(0).replace("parquet", "index");
    let index = format!("blocks/{index}");
    let mut bytes = read(&disk, &index);
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    write(&disk, &index, &bytes);
    assert_eq!(check(&disk).damages, 1);
    let repaired = repair(&disk, Path::new(DIR), &SystemClock).unwrap();
    assert!(
        repaired.changes[0].contains("was written again"),
        "{repaired:?}"
    );
    assert_quiet(&disk, 0..60);
    assert_eq!(check(&disk).damages, 0);
}

#[test]
fn a_start_that_ends_while_it_makes_an_index_again_leaves_nothing_odd() {
    let filled = filled();
    let block = block_names(&filled).remove(0);
    let index = path(&format!("blocks/{}", block.replace("parquet", "index")));
    filled.remove(&index).unwrap();
    filled.sync_dir(&path("blocks")).unwrap();
    let whole = filled.after_power_cut(Survival::Everything);
    drop(open(&whole, lazy()).0);
    // Every step of the start, until it got to its end.
    for step in 0..whole.operations() {
        let disk = filled.after_power_cut(Survival::Everything);
        disk.cut_power_at(step);
        let (files, clock) = (Arc::new(disk.clone()), Arc::new(SystemClock));
        drop(EmbeddedStore::open(files, Path::new(DIR), lazy(), clock));
        for survival in [Survival::SyncedOnly, Survival::Torn { seed: step }] {
            let disk = disk.after_power_cut(survival);
            let (store, _) = open(&disk, lazy());
            assert_traces(&store, 0..60);
            assert_eq!(store.status().damaged, [], "step {step}");
            drop(store);
            assert_eq!(check(&disk).damages, 0, "step {step}");
        }
    }
}

#[test]
fn a_damaged_list_is_put_aside_and_made_again() {
    let disk = filled();
    let mut bytes = read(&disk, "MANIFEST");
    bytes[100] ^= 1;
    write(&disk, "MANIFEST", &bytes);
    repair(&disk, Path::new(DIR), &SystemClock).unwrap();
    assert_eq!(read(&disk, "quarantine/MANIFEST/MANIFEST"), bytes);
    assert_quiet(&disk, 0..60);
}

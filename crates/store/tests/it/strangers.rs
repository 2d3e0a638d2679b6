//! Files of other data directories, and files that changed places: nobody's
//! spans are shown as ours, nothing of it is removed, and people are told.

use crate::embedded::{assert_traces, spans, wait_until};
use crate::lost_files::{
    DIR, append, assert_quiet, check, filled, lazy, names, open, path, read, small, unmerged, write,
};
use std::ops::Range;
use std::path::Path;
use tracewell_model::TraceStore;
use tracewell_model::clock::SystemClock;
use tracewell_store::files::faulty::FaultyFiles;
use tracewell_store::manifest::Manifest;
use tracewell_store::repair::repair;
use tracewell_testkit::conformance;
use tracewell_testkit::spans::trace_id;

/// A store with a log of several segments and nothing else.
fn logged(traces: Range<u64>) -> FaultyFiles {
    let disk = FaultyFiles::new();
    let (store, _) = open(&disk, small(lazy()));
    append(&store, traces);
    drop(store);
    disk
}

#[test]
fn segments_of_another_log_are_left_alone_and_said() {
    let other = logged(1_000..1_200);
    let theirs = names(&other, "wal");
    // With a place in the log that is behind, among and before theirs.
    for traces in [0..1, 0..60, 0..400] {
        let disk = logged(traces.clone());
        let mut foreign = Vec::new();
        for name in &theirs {
            if !names(&disk, "wal").contains(name) || foreign.is_empty() {
                let number: u64 = name[..20].parse().unwrap();
                let name = match names(&disk, "wal").contains(name) {
                    true => format!("wal/{:020}.seg", number + 5_000),
                    false => format!("wal/{name}"),
                };
                write(&disk, &name, &read(&other, &format!("wal/{}", &theirs[0])));
                foreign.push(name);
            }
        }
        for _ in 0..3 {
            let (store, report) = open(&disk, small(unmerged()));
            assert_eq!(report.wal.warnings.len(), foreign.len());
            assert!(report.wal.warnings[0].contains("another log"));
            assert_traces(&store, traces.clone());
            let expected = spans(0).len() as u64 * traces.end;
            assert_eq!(store.status().spans, expected, "theirs are not shown");
        }
        let first = read(&other, &format!("wal/{}", &theirs[0]));
        for name in &foreign {
            assert_eq!(read(&disk, name), first, "{name}");
        }
        assert!(check(&disk).damages > 0);
    }
}

#[test]
fn a_segment_below_the_place_in_the_log_is_not_used_again_when_it_is_foreign() {
    let (disk, other) = (FaultyFiles::new(), logged(1_000..1_010));
    let (store, _) = open(&disk, small(unmerged()));
    append(&store, 0..200);
    let free = "wal/00000000000000000001.seg";
    let is_past = || {
        let manifest = Manifest::load(&disk, Path::new(DIR)).expect("the disk is well");
        manifest.wal_from.segment > 1
    };
    wait_until("nobody needs the first segment", is_past);
    drop(store);
    let theirs = read(&other, &format!("wal/{}", names(&other, "wal")[0]));
    write(&disk, free, &theirs);
    let (store, _) = open(&disk, small(unmerged()));
    append(&store, 200..400);
    drop(store);
    assert_eq!(read(&disk, free), theirs);
}

#[test]
fn a_log_without_list_and_blocks_is_still_ours() {
    let disk = logged(0..60);
    disk.take_away(&path("MANIFEST")).unwrap();
    assert_quiet(&disk, 0..60);
    assert_quiet(&disk, 0..60);
}

#[test]
fn segments_that_changed_places_are_said_and_kept() {
    let disk = logged(0..200);
    let segments = names(&disk, "wal");
    let (first, second) = (&segments[1], &segments[2]);
    let (a, b) = (
        read(&disk, &format!("wal/{first}")),
        read(&disk, &format!("wal/{second}")),
    );
    write(&disk, &format!("wal/{first}"), &b);
    write(&disk, &format!("wal/{second}"), &a);
    let (store, report) = open(&disk, small(lazy()));
    assert!(report.wal.warnings.len() >= 2, "{:?}", report.wal.warnings);
    append(&store, 200..300);
    let missing = (0..200).filter(|trace| conformance::trace(&store, trace_id(*trace)).is_empty());
    assert!(missing.count() > 0);
    assert_traces(&store, 200..300);
    drop(store);
    assert_eq!(read(&disk, &format!("wal/{first}")), b);
    assert_eq!(read(&disk, &format!("wal/{second}")), a);
    // Put right by a person.
    write(&disk, &format!("wal/{first}"), &a);
    write(&disk, &format!("wal/{second}"), &b);
    assert_quiet(&disk, 0..300);
}

#[test]
fn a_log_that_is_gone_is_missed_even_if_nothing_was_sealed() {
    let disk = logged(0..60);
    disk.take_away(&path("wal")).unwrap();
    assert!(check(&disk).damages > 0);
    let (_, report) = open(&disk, lazy());
    assert!(
        report.warnings[0].contains("/data/wal is missing"),
        "{report:?}"
    );
}

#[test]
fn blocks_that_changed_places_give_no_wrong_answer() {
    let disk = filled();
    let files = names(&disk, "blocks");
    for kind in ["parquet", "index"] {
        let of_kind: Vec<&String> = files.iter().filter(|name| name.ends_with(kind)).collect();
        let copy = disk.copy();
        let (a, b) = (
            format!("blocks/{}", of_kind[0]),
            format!("blocks/{}", of_kind[1]),
        );
        write(&copy, &a, &read(&disk, &b));
        write(&copy, &b, &read(&disk, &a));
        let (store, report) = open(&copy, lazy());
        let is_told = !report.warnings.is_empty() || check(&copy).damages > 0;
        for trace in 0..60 {
            let found = conformance::trace(&store, trace_id(trace));
            assert!(
                found.iter().all(|span| spans(trace).contains(span)),
                "{found:?}"
            );
            assert!(
                found.len() == 5 || is_told,
                "trace {trace} is missing in silence"
            );
        }
    }
}

#[test]
fn a_foreign_block_with_the_name_of_one_that_went_is_not_taken_for_it() {
    let (disk, other) = (filled(), filled());
    let before = names(&disk, "blocks");
    let (store, _) = open(&disk, lazy());
    store.compact_now().expect("the disk is well");
    drop(store);
    let name = before[0].split('.').next().unwrap();
    for kind in ["parquet", "index"] {
        let file = format!("blocks/{name}.{kind}");
        write(&disk, &file, &read(&other, &file));
    }
    let (store, report) = open(&disk, lazy());
    assert_eq!(report.warnings.len(), 1, "{:?}", report.warnings);
    assert_eq!(store.status().spans, 300);
    let aside = format!("quarantine/{name}/{name}.parquet");
    assert_eq!(
        read(&disk, &aside),
        read(&other, &format!("blocks/{name}.parquet"))
    );
}

#[test]
fn a_foreign_block_in_quarantine_is_not_ours_when_all_else_is_lost() {
    let (disk, other) = (logged(0..10), filled());
    let name = names(&other, "blocks")[0]
        .split('.')
        .next()
        .unwrap()
        .to_owned();
    for kind in ["parquet", "index"] {
        let file = format!("blocks/{name}.{kind}");
        write(&disk, &file, &read(&other, &file));
    }
    drop(open(&disk, lazy()));
    assert_eq!(names(&disk, "quarantine"), [name]);
    for lost in ["MANIFEST", "wal"] {
        disk.take_away(&path(lost)).unwrap();
    }
    for _ in 0..2 {
        repair(&disk, Path::new(DIR), &SystemClock).unwrap();
        let (store, _) = open(&disk, lazy());
        assert_eq!(store.status().spans, 0);
    }
}

//! Only what is proved to be elsewhere goes.

use super::*;
use crate::block;
use crate::files::ensure_dir;
use crate::files::faulty::FaultyFiles;
use crate::manifest::Removed;
use crate::wal::WalPosition;
use tracewell_testkit::Random;
use tracewell_testkit::spans::batch;

const DIR: &str = "/blocks";

fn at(segment: u64) -> WalPosition {
    WalPosition { segment, offset: 0 }
}

fn manifest() -> Manifest {
    Manifest {
        history: "ours".to_owned(),
        wal_from: at(5),
        ..Manifest::default()
    }
}

/// A disk with block 1 of this birth and ten spans, and what becomes of it
/// when the log gave back so many from its place in the list.
fn fate(birth: Birth, manifest: &Manifest, logged: Option<u32>) -> Fate {
    let log = RecoveryReport {
        given_back: logged.map(|spans| (at(5), spans)).into_iter().collect(),
        ..RecoveryReport::default()
    };
    let (files, dir) = (FaultyFiles::new(), Path::new(DIR));
    ensure_dir(&files, dir).unwrap();
    let spans = batch(&Random::new(1).spans(10, 1_700_000_000_000_000_000));
    block::write(&files, dir, 1, &birth, &spans).unwrap();
    judge(&files, dir, "0000000001", manifest, &log).unwrap()
}

fn removed(name: &str, spans: u64) -> Removed {
    Removed {
        name: name.to_owned(),
        written: Some((0, spans)),
        is_merged: true,
    }
}

fn sealed(from: u64, until: u64) -> Birth {
    Birth {
        history: "ours".to_owned(),
        log_from: at(from),
        log_until: at(until),
        ..Birth::default()
    }
}

#[test]
fn only_what_is_proved_to_be_elsewhere_is_a_leftover() {
    let ours = manifest();
    assert_eq!(fate(sealed(5, 6), &ours, Some(10)), Fate::Leftover);
    let went = Manifest {
        removed: vec![removed("0000000001", 10)],
        ..manifest()
    };
    assert_eq!(fate(sealed(3, 4), &went, Some(10)), Fate::Leftover);
}

/// The list was an older one: the number was given to another block.
#[test]
fn a_block_that_has_only_the_name_of_one_that_went_is_kept() {
    let went = Manifest {
        removed: vec![removed("0000000001", 11)],
        ..manifest()
    };
    let fate = fate(sealed(3, 4), &went, Some(10));
    assert!(
        matches!(&fate, Fate::Keep(why) if why.contains("no MANIFEST says")),
        "{fate:?}"
    );
}

/// Blocks 7 and 8 were merged into block 2: what says that they went is worth
/// something only together with what they went into.
#[test]
fn a_merged_block_is_a_leftover_while_a_part_or_another_merge_of_it_is_there() {
    let merged = |parts: &[&str]| Birth {
        parts: parts.iter().map(|part| (*part).to_owned()).collect(),
        ..sealed(1, 4)
    };
    let both: &[&str] = &["0000000007", "0000000008"];
    for (went, listed, is_leftover) in [
        (&both[..1], None, false),
        (both, None, false),
        (both, Some((1, merged(both))), true),
        (&both[..1], Some((8, sealed(2, 4))), true),
        (&[], Some((8, sealed(2, 4))), false),
    ] {
        let (files, dir) = (FaultyFiles::new(), Path::new(DIR));
        ensure_dir(&files, dir).unwrap();
        let spans = batch(&Random::new(1).spans(10, 1_700_000_000_000_000_000));
        block::write(&files, dir, 2, &merged(both), &spans).unwrap();
        let mut manifest = manifest();
        manifest.note_removed(went.iter().map(|name| removed(name, 10)));
        if let Some((number, birth)) = &listed {
            let entry = block::write(&files, dir, *number, birth, &spans).unwrap();
            manifest.blocks.push(entry);
        }
        let log = RecoveryReport::default();
        let fate = judge(&files, dir, "0000000002", &manifest, &log).unwrap();
        assert_eq!(fate == Fate::Leftover, is_leftover, "{went:?}: {fate:?}");
    }
}

/// The merge had its block written, and a kill came before its list.
#[test]
fn a_merged_block_is_a_leftover_when_all_its_parts_went_with_retention() {
    let merged = Birth {
        parts: vec!["0000000007".to_owned(), "0000000008".to_owned()],
        ..sealed(1, 4)
    };
    let aged = |name: &str| Removed {
        is_merged: false,
        ..removed(name, 10)
    };
    let mut manifest = manifest();
    manifest.note_removed(["0000000007", "0000000008"].map(aged).into_iter());
    assert_eq!(fate(merged, &manifest, None), Fate::Leftover);
}

#[test]
fn what_a_listed_block_holds_as_well_is_a_leftover() {
    for (listed, is_leftover) in [
        (sealed(2, 4), true),
        (sealed(2, 3), false),
        (sealed(1, 4), false),
    ] {
        let (files, dir) = (FaultyFiles::new(), Path::new(DIR));
        ensure_dir(&files, dir).unwrap();
        let spans = batch(&Random::new(1).spans(10, 1_700_000_000_000_000_000));
        let entry = block::write(&files, dir, 1, &listed, &spans).unwrap();
        block::write(&files, dir, 2, &sealed(2, 4), &spans).unwrap();
        let manifest = Manifest {
            blocks: vec![entry],
            ..manifest()
        };
        let log = RecoveryReport::default();
        let fate = judge(&files, dir, "0000000002", &manifest, &log).unwrap();
        assert_eq!(fate == Fate::Leftover, is_leftover, "{fate:?}");
    }
}

#[test]
fn an_index_without_its_parquet_file_is_a_leftover() {
    let (files, dir) = (FaultyFiles::new(), Path::new(DIR));
    ensure_dir(&files, dir).unwrap();
    files.create(&dir.join("0000000001.index")).unwrap();
    let log = RecoveryReport::default();
    assert_eq!(
        judge(&files, dir, "0000000001", &manifest(), &log).unwrap(),
        Fate::Leftover
    );
}

#[test]
fn everything_else_is_kept_with_a_reason() {
    let foreign = Birth {
        history: "theirs".to_owned(),
        ..sealed(5, 6)
    };
    for (birth, manifest, logged, reason) in [
        (sealed(5, 6), manifest(), Some(9), "the log has lost"),
        (sealed(5, 6), manifest(), None, "the log has lost"),
        (sealed(4, 6), manifest(), Some(10), "MANIFEST is older"),
        (sealed(3, 4), manifest(), Some(10), "no MANIFEST says"),
        (foreign, manifest(), Some(10), "another data directory"),
        (
            sealed(5, 6),
            Manifest::default(),
            Some(10),
            "before MANIFEST was lost",
        ),
    ] {
        let fate = fate(birth, &manifest, logged);
        assert!(
            matches!(&fate, Fate::Keep(why) if why.contains(reason)),
            "{fate:?}"
        );
    }
}

#[test]
fn files_are_told_apart_by_their_whole_names() {
    let (files, dir) = (FaultyFiles::new(), Path::new(DIR));
    let empty = Inventory::take(&files, dir, &manifest()).unwrap();
    assert_eq!(empty, Inventory::default());
    ensure_dir(&files, dir).unwrap();
    for name in [
        "0000000001.parquet",
        "0000000001.index",
        "0000000009.parquet",
        "0000000003.index.tmp",
        "0000000001.parquet.bak",
        "x.tmp",
        "thesis.docx",
        "12.parquet",
    ] {
        files.create(&dir.join(name)).unwrap();
    }
    let mut listed = manifest();
    for name in ["0000000001", "0000000002"] {
        listed.blocks.push(crate::manifest::BlockEntry {
            name: name.to_owned(),
            bytes: 0,
            spans: 0,
            traces: 0,
            min_start_ns: 0,
            max_start_ns: 0,
            listed_ns: 0,
        });
    }
    let found = Inventory::take(&files, dir, &listed).unwrap();
    let unlisted: Vec<&str> = found.unlisted.keys().map(String::as_str).collect();
    assert_eq!(unlisted, ["0000000009"]);
    assert_eq!(found.missing, ["0000000002"]);
    assert_eq!(found.unfinished, [dir.join("0000000003.index.tmp")]);
    assert_eq!(found.foreign.len(), 4);
    assert_eq!(found.last_number, 9);
}

//! The manifest is the old one or the new one after any crash, and a strange
//! one is refused without being touched.

use super::*;
use crate::files::ensure_dir;
use crate::files::faulty::{EIO, ENOSPC, Fault, FaultyFiles, Operation, Survival};

const DIR: &str = "data";

fn manifest(blocks: u64) -> Manifest {
    let block = |number: u64| BlockEntry {
        name: format!("{number:06}"),
        bytes: number * 1_000_000,
        spans: number * 10_000,
        traces: number * 1000,
        min_start_ns: u64::MAX - number,
        max_start_ns: u64::MAX,
        listed_ns: number,
    };
    Manifest {
        blocks: (0..blocks).map(block).collect(),
        wal_from: WalPosition {
            segment: blocks,
            offset: 32,
        },
        next_block: blocks,
        history: "00000000000000aa".to_owned(),
        first_segment: Some(blocks),
        removed: vec![Removed {
            name: "000700".to_owned(),
            written: Some((700, 10)),
            is_merged: true,
        }],
    }
}

fn saved(blocks: u64) -> FaultyFiles {
    let files = FaultyFiles::new();
    ensure_dir(&files, Path::new(DIR)).unwrap();
    manifest(blocks).save(&files, Path::new(DIR)).unwrap();
    files
}

fn load(files: &FaultyFiles) -> Result<Manifest, ManifestError> {
    Manifest::load(files, Path::new(DIR))
}

fn write(files: &FaultyFiles, text: &[u8]) {
    let file = files
        .open(&Path::new(DIR).join(MANIFEST_FILE), Access::Write)
        .unwrap();
    file.set_size(0).unwrap();
    write_all_at(&*file, text, 0).unwrap();
}

#[test]
fn no_directory_and_no_manifest_are_an_empty_store() {
    let files = FaultyFiles::new();
    assert_eq!(load(&files).unwrap(), Manifest::default());
    ensure_dir(&files, Path::new(DIR)).unwrap();
    assert_eq!(load(&files).unwrap(), Manifest::default());
}

#[test]
fn a_power_cut_during_a_save_leaves_the_old_or_the_new() {
    let (old, new) = (manifest(2), manifest(60));
    for power_until in 0..20 {
        for survival in [
            Survival::SyncedOnly,
            Survival::Torn { seed: power_until },
            Survival::Torn { seed: !power_until },
        ] {
            let files = saved(2);
            files.set_short_writes(true);
            files.cut_power_at(files.operations() + power_until);
            let saved = new.save(&files, Path::new(DIR)).is_ok();
            let disk = files.after_power_cut(survival);
            let found = load(&disk).unwrap();
            assert!(found == new || !saved && found == old, "at {power_until}");
            remove_unfinished(&disk, Path::new(DIR)).unwrap();
            let names = disk.list(Path::new(DIR)).unwrap();
            assert!(names.iter().map(|e| e.name.as_str()).eq([MANIFEST_FILE]));
        }
    }
}

#[test]
fn a_save_that_fails_says_where_and_the_next_one_works() {
    for (operation, errno, expected) in [
        (Operation::Create, ENOSPC, "cannot create data/MANIFEST.tmp"),
        (Operation::Write, ENOSPC, "cannot write data/MANIFEST.tmp"),
        (Operation::Sync, EIO, "cannot sync data/MANIFEST.tmp"),
        (Operation::Rename, EIO, "cannot rename data/MANIFEST.tmp"),
        (Operation::SyncDir, EIO, "cannot sync directory data"),
    ] {
        let files = saved(1);
        files.fail(Fault {
            operation,
            name: "",
            skip: 0,
            times: 1,
            errno,
        });
        let error = manifest(3).save(&files, Path::new(DIR)).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
        let found = load(&files).unwrap();
        assert!(found == manifest(1) || found == manifest(3));
        manifest(4).save(&files, Path::new(DIR)).unwrap();
        let disk = files.after_power_cut(Survival::SyncedOnly);
        assert_eq!(load(&disk).unwrap(), manifest(4));
    }
}

#[test]
fn a_newer_version_is_refused_with_both_versions_and_left_alone() {
    let files = saved(1);
    let mut text = b"tracewell-manifest 9\n{\"a\": \"shape to come\"}\n".to_vec();
    let check = format!("crc32c {:08x}\n", crc32c::crc32c(&text));
    text.extend_from_slice(check.as_bytes());
    write(&files, &text);
    let operations = files.operations();
    assert_eq!(
        load(&files).unwrap_err().to_string(),
        "data/MANIFEST has format version 9, this version reads up to 3; start the newer version \
         that wrote it, or choose another directory with --data-dir"
    );
    assert_eq!(files.operations(), operations);
}

#[test]
fn version_2_knew_blocks_that_went_by_their_names() {
    let mut named = manifest(1);
    named.removed[0].written = None;
    let text = String::from_utf8(format::encode(&named)).unwrap();
    assert!(
        text.contains("\"removed\": [\n    \"000700\"\n  ]"),
        "{text}"
    );
    let (body, _) = text.rsplit_once("crc32c ").unwrap();
    let body = body.replace("manifest 3", "manifest 2");
    let crc = crc32c::crc32c(body.as_bytes());
    let files = saved(2);
    write(&files, format!("{body}crc32c {crc:08x}\n").as_bytes());
    assert_eq!(load(&files).unwrap(), named);
}

#[test]
fn any_flipped_bit_and_any_cut_is_damage() {
    let whole = format::encode(&manifest(2));
    let files = saved(1);
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        for text in [flipped.as_slice(), &whole[..at]] {
            write(&files, text);
            let error = load(&files).unwrap_err();
            assert!(matches!(error, ManifestError::Damaged { .. }), "{error}");
        }
    }
}

#[test]
fn a_block_name_never_leads_out_of_the_directory() {
    for name in ["", "..", "../x", "a/b", "a.b"] {
        let mut strange = manifest(1);
        name.clone_into(&mut strange.blocks[0].name);
        let files = saved(1);
        write(&files, &format::encode(&strange));
        let error = load(&files).unwrap_err().to_string();
        assert!(error.contains(&format!("block name {name:?} is no plain name")));
    }
}

#[test]
fn a_manifest_that_no_start_would_read_is_not_written() {
    let files = saved(1);
    let mut large = manifest(1);
    large.blocks[0].name = "9".repeat(65 << 20);
    let error = large.save(&files, Path::new("data")).unwrap_err();
    assert!(matches!(error, ManifestError::TooLarge { .. }), "{error}");
    assert!(error.to_string().contains("retention"), "{error}");
    assert_eq!(load(&files).unwrap(), manifest(1));
}

#[test]
fn without_a_byte_free_the_manifest_is_replaced_out_of_its_reserve() {
    let dir = Path::new("data");
    let files = saved(300);
    manifest(300).ensure_reserve(&files, dir).unwrap();
    files.set_capacity_bytes(Some(0));
    manifest(299).save(&files, dir).unwrap();
    assert_eq!(load(&files).unwrap(), manifest(299));
    manifest(298).save(&files, dir).unwrap_err();
    assert_eq!(load(&files).unwrap(), manifest(299));
    files.set_capacity_bytes(None);
    manifest(299).ensure_reserve(&files, dir).unwrap();
    files.set_capacity_bytes(Some(0));
    manifest(298).save(&files, dir).unwrap();
    let after = files.after_power_cut(Survival::SyncedOnly);
    assert_eq!(load(&after).unwrap(), manifest(298));
}

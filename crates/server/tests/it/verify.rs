//! `tracewell verify` on data directories that are sound, damaged, in use, or
//! none.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tracewell_testkit::Random;
use tracewell_testkit::spans::batch;
use tracewell_wire::otlp;

use crate::process::{Finished, run};
use crate::running::Running;

const START_NS: u64 = 1_700_000_000_000_000_000;

/// Seals at every opportunity, so that there are blocks.
fn server_with_spans(dir: &Path) -> Running {
    let server = Running::start(dir, &[]);
    for part in Random::new(3).spans(1_000, START_NS).chunks(250) {
        server.store(otlp::protobuf::encode(&batch(part)));
    }
    server
}

fn verify(dir: &Path, more: &[&str]) -> Finished {
    run(&[&["verify", "--data-dir", dir.to_str().unwrap()], more].concat())
}

/// Every file below a directory with its content.
pub(crate) fn files_of(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_of(&path));
        } else {
            files.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    files
}

fn first_file(dir: &Path, ending: &str) -> PathBuf {
    let mut found: Vec<PathBuf> = files_of(dir)
        .into_keys()
        .filter(|path| path.to_str().unwrap().ends_with(ending))
        .collect();
    found.sort();
    found.swap_remove(0)
}

fn flip(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at] ^= 0x10;
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_killed_store_is_sound_and_is_left_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    server_with_spans(dir.path()).kill();
    let before = files_of(dir.path());
    let done = verify(dir.path(), &[]);
    assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
    assert_eq!(
        done.stdout,
        "  blocks     0 blocks sound, 0 spans, 0 B\n  \
           log        4 entries sound, 1,000 spans not yet in a block\n  \
           damage     none\n"
    );
    assert_eq!(files_of(dir.path()), before, "nothing was changed");
}

#[test]
fn damage_is_told_with_the_file_and_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    server_with_spans(dir.path()).kill();
    // Early in the first entry, so that later ones prove that it was durable.
    let segment = first_file(dir.path(), ".seg");
    flip(&segment, 200);
    let before = files_of(dir.path());
    let done = verify(dir.path(), &[]);
    assert_eq!(done.code, Some(1));
    let problem = format!(
        "damage: {}: at byte 32 an entry of 250 spans is damaged; tracewell starts without these \
         spans; keep a copy of the log first if they matter\n",
        segment.display()
    );
    assert!(done.stdout.starts_with(&problem), "{}", done.stdout);
    assert!(
        done.stdout.contains("3 entries sound, 750 spans"),
        "{}",
        done.stdout
    );
    let expected = format!(
        "error: 1 damage in {}; what to do stands with each\n",
        dir.path().display()
    );
    assert_eq!(done.stderr, expected);
    assert_eq!(files_of(dir.path()), before, "nothing was changed");

    let manifest = dir.path().join("MANIFEST");
    if manifest.exists() {
        flip(&manifest, 10);
    } else {
        std::fs::write(&manifest, "rubbish").unwrap();
    }
    let done = verify(dir.path(), &["--json"]);
    assert_eq!(done.code, Some(1));
    let result: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(
        (&result["damages"], &result["damagedSpans"]),
        (&2.into(), &250.into())
    );
    let files: Vec<&str> = result["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| problem["file"].as_str().unwrap())
        .collect();
    assert_eq!(
        files,
        [manifest.to_str().unwrap(), segment.to_str().unwrap()]
    );
}

#[test]
fn beside_a_running_server_only_blocks_are_checked() {
    let dir = tempfile::tempdir().unwrap();
    let server = server_with_spans(dir.path());
    let done = verify(dir.path(), &[]);
    assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
    assert!(
        done.stdout.contains("  log        not checked\n"),
        "{}",
        done.stdout
    );
    assert!(done.stderr.starts_with("note: process "), "{}", done.stderr);
    let status = server.get("/api/status").json();
    assert_eq!(status["spans"]["stored"], 1_000, "the server goes on");
}

#[test]
fn what_is_no_data_directory_cannot_be_checked() {
    let dir = tempfile::tempdir().unwrap();
    for path in [dir.path().to_path_buf(), dir.path().join("absent")] {
        let done = verify(&path, &[]);
        assert_eq!((done.code, done.stdout.as_str()), (Some(2), ""));
        let expected = format!(
            "error: cannot check: {} is no data directory",
            path.display()
        );
        assert!(done.stderr.starts_with(&expected), "{}", done.stderr);
    }
}

#[test]
fn a_damaged_list_is_repaired_and_nothing_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    server_with_spans(dir.path()).kill();
    let path = dir.path().to_str().unwrap();
    flip(&dir.path().join("MANIFEST"), 10);
    assert_eq!(verify(dir.path(), &[]).code, Some(1));
    let done = run(&["repair", "--data-dir", path]);
    assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
    assert!(
        done.stdout.starts_with("MANIFEST was damaged"),
        "{}",
        done.stdout
    );
    let done = verify(dir.path(), &[]);
    assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
    assert!(done.stdout.contains("1,000 spans not yet in a block"));
    let absent = run(&["repair", "--data-dir", path, "--set-aside", "0000000012"]);
    assert_eq!(absent.code, Some(2));
    assert!(
        absent.stderr.contains("no block 0000000012"),
        "{}",
        absent.stderr
    );
    let nowhere = run(&["repair", "--data-dir", "/nowhere/at/all"]);
    assert_eq!(nowhere.code, Some(2));
    assert!(!Path::new("/nowhere").exists(), "nothing is created");
}

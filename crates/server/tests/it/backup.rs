//! `tracewell backup` beside a server under load, and the copy opened by a
//! second server.

use crate::crash::{acknowledged, assert_all_there, interrupt, load};
use crate::process::{Finished, run};
use crate::running::Running;
use serde_json::Value;
use std::path::Path;
use std::time::{Duration, Instant};

/// A condition that takes longer never comes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Little memory makes many small blocks.
const SETTINGS: &[&str] = &["--memory-limit", "64MiB"];

fn back_up(data: &Path, target: &Path, more: &[&str]) -> Finished {
    let (data, target) = (data.to_str().unwrap(), target.to_str().unwrap());
    run(&[&["backup", "--data-dir", data, target], more].concat())
}

/// Spans that this process acknowledged.
fn acknowledged_spans(server: &Running) -> u64 {
    let status = server.get("/api/status").json();
    status["spans"]["stored"].as_u64().unwrap()
}

/// Spans that are there, whoever received them.
fn held_spans(server: &Running) -> u64 {
    let status = server.get("/api/status").json();
    status["store"]["spans"].as_u64().unwrap()
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let since = Instant::now();
    while !is_so() {
        assert!(since.elapsed() < PATIENCE, "never: {what}");
        std::thread::yield_now();
    }
}

#[test]
fn a_backup_under_load_holds_what_was_acknowledged_before_it_began() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let server = Running::start(&data, SETTINGS);
    // All of this is acknowledged before any of the backups.
    let first = directory.path().join("first");
    let early = load(&server, &first, "1");
    wait_until("spans arrive", || acknowledged_spans(&server) > 20_000);
    interrupt(early);
    let traces = acknowledged(&first);

    let second = directory.path().join("second");
    // Far from the first: each worker of a load takes the next seed.
    let late = load(&server, &second, "1000000");
    for (round, more) in [&["--json"][..], &["--json", "--copy"]].iter().enumerate() {
        let before = acknowledged_spans(&server);
        wait_until("the load goes on", || {
            acknowledged_spans(&server) > before + 2_000
        });
        let target = directory.path().join(format!("backup-{round}"));
        let at_begin = acknowledged_spans(&server);
        let done = back_up(&data, &target, more);
        assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
        let report: Value = serde_json::from_str(&done.stdout).unwrap();
        assert!(report["spans"].as_u64().unwrap() >= at_begin, "{report}");
        let restored = Running::start(&target, SETTINGS);
        assert!(held_spans(&restored) >= at_begin);
        assert_all_there(&restored, &traces, round as u64);
    }
    interrupt(late);
    assert_all_there(&server, &acknowledged(&second), 0);
}

#[test]
fn a_destination_with_something_in_it_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let (data, target) = (directory.path().join("data"), directory.path().join("to"));
    let mut server = Running::start(&data, &[]);
    assert_eq!(server.terminate(), Some(0));
    std::fs::create_dir(&target).unwrap();
    std::fs::write(target.join("mine"), "precious").unwrap();
    let done = back_up(&data, &target, &[]);
    assert_eq!(done.code, Some(2));
    let expected = format!(
        "error: cannot back up: {} is not empty; name a directory that is, or one that does not \
         exist\n",
        target.display()
    );
    assert_eq!((done.stdout.as_str(), done.stderr), ("", expected));
    assert_eq!(std::fs::read_dir(&target).unwrap().count(), 1);

    std::fs::remove_file(target.join("mine")).unwrap();
    let done = back_up(&data, &target, &[]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let expected = format!(
        "{}: 0 blocks, 0 log entries, 0 spans, 0 B; checked\n",
        target.display()
    );
    assert_eq!(done.stdout, expected);
}

#[test]
fn an_archive_holds_the_same_and_is_there_only_when_it_is_whole() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let server = Running::start(&data, SETTINGS);
    let ledger = directory.path().join("ledger");
    let load = load(&server, &ledger, "1");
    wait_until("spans arrive", || acknowledged_spans(&server) > 5_000);
    interrupt(load);
    let archive = directory.path().join("monday.tar");
    let done = back_up(&data, &archive, &[]);
    assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
    assert!(!directory.path().join("monday.tar.unfinished").exists());

    let restored = directory.path().join("restored");
    let file = std::fs::File::open(&archive).unwrap();
    tar::Archive::new(file).unpack(&restored).unwrap();
    let restored = Running::start(&restored, SETTINGS);
    assert_all_there(&restored, &acknowledged(&ledger), 0);

    let again = back_up(&data, &archive, &[]);
    assert_eq!(again.code, Some(2));
    assert!(again.stderr.contains("is there already"), "{}", again.stderr);
    let compressed = back_up(&data, &directory.path().join("monday.tar.gz"), &[]);
    assert_eq!(compressed.code, Some(2));
    assert!(compressed.stderr.contains("ends in .tar"), "{}", compressed.stderr);
    let left = directory.path().join("tuesday.tar.unfinished");
    std::fs::create_dir(&left).unwrap();
    let refused = back_up(&data, &directory.path().join("tuesday.tar"), &[]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("interrupted"), "{}", refused.stderr);
}

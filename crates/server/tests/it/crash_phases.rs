//! Kills that are aimed: at the moment a block is being written, a manifest
//! replaced, blocks merged, an old block removed.

use crate::crash::{acknowledged, assert_all_there, interrupt, load};
use crate::crash_full_disk::{SPANS, send};
use crate::running::{Running, until};
use std::path::Path;
use std::time::{Duration, Instant};
use tracewell_testkit::Random;

/// Kills in each phase.
const ROUNDS: u64 = 6;

/// Kills during merges, each of which takes eight blocks to come.
const MERGE_ROUNDS: u64 = 3;

/// Kills during retention, after the first has filled what it leaves.
const RETENTION_ROUNDS: u64 = 4;

/// Little memory makes many small blocks.
const SETTINGS: &[&str] = &["--memory-limit", "64MiB"];

/// A phase that does not come within this time never does.
const PATIENCE: Duration = Duration::from_secs(60);

/// Watches a directory, without a pause, until a name fits.
fn wait_for_name(directory: &Path, fits: impl Fn(&str) -> bool) {
    let since = Instant::now();
    while !names(directory).iter().any(|name| fits(name)) {
        assert!(since.elapsed() < PATIENCE, "the phase never came");
    }
}

fn names(directory: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return Vec::new();
    };
    // A file may go while the directory is read.
    let names = entries
        .flatten()
        .map(|entry| entry.file_name().into_string());
    names.flatten().collect()
}

/// Loads a server, kills it when `is_phase` answers, and looks for everything
/// that was acknowledged, again and again.
fn kill_under_load(rounds: u64, is_phase: impl Fn(&Running, &Path)) {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let seed = std::process::id().into();
    println!("seed {seed}");
    let mut random = Random::new(seed);
    let mut total = 0;
    let mut server = Running::start_apart(&data, SETTINGS);
    for round in 0..rounds {
        let verify_file = directory.path().join(format!("acknowledged-{round}"));
        let load = load(&server, &verify_file, &random.number().to_string());
        is_phase(&server, &data);
        // Anywhere in the phase, not only at its beginning.
        std::thread::sleep(Duration::from_micros(random.below(3_000)));
        server.kill();
        interrupt(load);
        server = Running::start_apart(&data, SETTINGS);
        let traces = acknowledged(&verify_file);
        total += traces.values().sum::<u64>();
        assert_all_there(&server, &traces, round);
        let unfinished = |name: &String| name.ends_with(".tmp");
        // What this server is writing itself is there for a moment.
        until("a start leaves nothing behind", || {
            (!names(&data).iter().any(unfinished)).then_some(())
        });
    }
    assert!(total > 1_000, "only {total} spans: that proves nothing");
    assert_eq!(server.terminate(), Some(0), "and it still ends cleanly");
}

#[test]
fn killed_while_a_block_is_written_nothing_acknowledged_is_lost() {
    kill_under_load(ROUNDS, |_, data| {
        wait_for_name(&data.join("blocks"), |name| name.ends_with(".tmp"));
    });
}

#[test]
fn killed_while_the_manifest_is_replaced_nothing_acknowledged_is_lost() {
    kill_under_load(ROUNDS, |_, data| {
        wait_for_name(data, |name| name == "MANIFEST.tmp")
    });
}

#[test]
fn killed_while_blocks_are_merged_nothing_acknowledged_is_lost() {
    kill_under_load(MERGE_ROUNDS, |server, _| {
        let since = Instant::now();
        while !is_merging(server) {
            assert!(since.elapsed() < PATIENCE, "nothing is ever merged");
        }
    });
}

fn is_merging(server: &Running) -> bool {
    let status = server.get("/api/status").json();
    !status["store"]["compaction"]["running"].is_null()
}

/// Bytes that retention leaves: the log's segments (8 MiB each under this
/// limit), and a few blocks.
const KEPT: &str = "128MiB";

/// Traces that are in the log or in the newest blocks for sure.
const NEWEST: u64 = 20;

/// Of the older traces, only some are looked at.
const SAMPLE: usize = 5;

/// Whether a block's file vanishes from the directory before the time is over.
fn is_block_removed(blocks: &Path, within: Duration) -> bool {
    let since = Instant::now();
    let mut known = names(blocks);
    while since.elapsed() < within {
        let now = names(blocks);
        let is_gone = |name: &String| !name.ends_with(".tmp") && !now.contains(name);
        if known.iter().any(is_gone) {
            return true;
        }
        known = now;
    }
    false
}

/// Fails unless the traces that are gone are the oldest, and all others whole.
fn assert_only_oldest_are_gone(server: &Running, traces: u64, round: u64) {
    let newest = traces.saturating_sub(NEWEST)..traces;
    let older = (0..newest.start).step_by(SAMPLE);
    let mut first_kept = None;
    for number in older.chain(newest.clone()) {
        match spans_of(server, number) {
            0 => {
                assert!(
                    first_kept.is_none() && number < newest.start,
                    "round {round}: trace {number} of {traces} is lost, trace {first_kept:?} is not"
                );
            }
            spans => {
                first_kept.get_or_insert(number);
                assert_eq!(spans as u64, SPANS, "round {round}: trace {number}");
            }
        }
    }
}

/// Spans of a trace that are there, each counted once.
fn spans_of(server: &Running, number: u64) -> usize {
    let answer = server.get(&format!("/api/traces/{:032x}", number + 1));
    match answer.status {
        404 => 0,
        _ => answer.json()["data"][0]["spans"].as_array().unwrap().len(),
    }
}

#[test]
fn killed_while_retention_removes_blocks_only_the_oldest_are_gone() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let blocks = data.join("blocks");
    let forgetful = [SETTINGS, &["--retention-bytes", KEPT]].concat();
    let mut traces = 0;
    for round in 0..RETENTION_ROUNDS {
        let mut server = Running::start(&data, &forgetful);
        let since = Instant::now();
        while !is_block_removed(&blocks, Duration::from_millis(5)) {
            assert!(since.elapsed() < PATIENCE, "nothing is ever removed");
            let answer = send(&server, traces);
            // Sealing may not keep up; who is told so sends again.
            if answer.status != 429 {
                assert_eq!(answer.status, 200, "{answer:?}");
                traces += 1;
            }
        }
        server.kill();
        // Without a limit, so that only the kill decides what is there.
        let server = Running::start_apart(&data, SETTINGS);
        assert_only_oldest_are_gone(&server, traces, round);
    }
}

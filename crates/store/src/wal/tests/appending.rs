//! Appending on a healthy disk: order, visibility, limits, recycling.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use super::*;
use crate::files::faulty::Survival;
use crate::files::{DiskFiles, Files};
use crate::wal::{Durability, MAX_PAYLOAD_BYTES};

#[test]
fn what_was_appended_comes_back_in_order_after_a_restart() {
    let files = FaultyFiles::new();
    let payloads: Vec<Vec<u8>> = (0..40)
        .map(|i| match i % 3 {
            0 => noise(i, 300),
            1 => vec![i as u8; 2000],
            _ => Vec::new(),
        })
        .collect();
    let first = open(&files);
    assert_eq!(first.report, RecoveryReport::default());
    let mut positions = Vec::new();
    for payload in &payloads {
        positions.push(append(&first.wal, payload).unwrap());
    }
    assert!(positions.is_sorted(), "{positions:?}");
    first.wal.close().unwrap();

    let second = open(&files);
    assert_eq!(second.payloads(), payloads);
    let spans = payloads.iter().map(|payload| payload.len() as u32);
    let given_back = positions.iter().copied().zip(spans).collect();
    assert!(second.replayed.iter().map(|r| r.position).eq(positions));
    let bytes: u64 = payloads.iter().map(|p| p.len() as u64).sum();
    let expected = RecoveryReport {
        entries: 40,
        spans: bytes,
        given_back,
        bytes,
        first_segment: Some(1),
        ..RecoveryReport::default()
    };
    assert_eq!(second.report, expected);
    let later = append(&second.wal, b"more").unwrap();
    assert!(later > second.replayed[39].position);
}

#[test]
fn replay_begins_where_it_is_told() {
    let files = FaultyFiles::new();
    let log = open(&files);
    let positions: Vec<_> = (0..30)
        .map(|i| append(&log.wal, &noise(i, 500)).unwrap())
        .collect();
    drop(log);
    for (i, position) in positions.iter().enumerate() {
        for (from, count) in [(*position, 30 - i), (position.after(), 29 - i)] {
            let disk = files.after_power_cut(Survival::SyncedOnly);
            let opened = open_from(&disk, &small(), from).unwrap();
            assert_eq!(opened.replayed.len(), count, "from {from:?}");
        }
    }
}

#[test]
fn items_are_visible_in_order_before_their_acknowledgement() {
    let visible = Arc::new(Mutex::new(Vec::new()));
    let theirs = Arc::clone(&visible);
    let (wal, _) = Wal::open(
        Arc::new(FaultyFiles::new()),
        Path::new(DIR),
        &WalOptions {
            segment_bytes: 64 << 10,
            ..WalOptions::default()
        },
        Known::default(),
        |_, _, _| (),
        Box::new(move |items| theirs.lock().unwrap().extend(items)),
    )
    .unwrap();
    let acknowledged = Arc::new(AtomicU64::new(0));
    std::thread::scope(|scope| {
        for thread in 0..8_u32 {
            let (wal, visible, acknowledged) = (&wal, &visible, &acknowledged);
            scope.spawn(move || {
                let (answer, answers) = channel();
                for i in 0..200 {
                    let item = thread * 1000 + i;
                    let (answer, visible) = (answer.clone(), Arc::clone(visible));
                    let acknowledged = Arc::clone(acknowledged);
                    let ack = move |result: Result<WalPosition, WalError>| {
                        let entry = (result.unwrap(), item);
                        let seen = visible.lock().unwrap().binary_search(&entry).is_ok();
                        acknowledged.fetch_add(1, Ordering::Relaxed);
                        answer.send((seen, entry.0)).unwrap();
                    };
                    wal.append(&noise(item, 200), 1, item, Box::new(ack));
                }
                drop(answer);
                let answers: Vec<(bool, WalPosition)> = answers.iter().collect();
                assert_eq!(answers.iter().filter(|(seen, _)| *seen).count(), 200);
                assert!(answers.iter().map(|(_, position)| position).is_sorted());
            });
        }
    });
    assert_eq!(acknowledged.load(Ordering::Relaxed), 1600);
    let visible = visible.lock().unwrap();
    assert!(visible.is_sorted());
    for thread in 0..8 {
        let of_one = visible.iter().filter(|(_, item)| item / 1000 == thread);
        assert!(of_one.map(|(_, item)| item % 1000).eq(0..200));
    }
}

#[test]
fn a_full_queue_refuses_at_once_and_takes_more_later() {
    let (open_gate, gate) = channel::<()>();
    let (wal, _) = Wal::<u32>::open(
        Arc::new(FaultyFiles::new()),
        Path::new(DIR),
        &WalOptions {
            queue_bytes: 1000,
            ..small()
        },
        Known::default(),
        |_, _, _| (),
        Box::new(move |items| {
            drop(items);
            gate.recv().unwrap_or(());
        }),
    )
    .unwrap();
    // Larger than the queue, but alone. The writer then waits at the gate,
    // having given back the room of what it wrote.
    let first = send(&wal, &[1; 1500]);
    let mut waiting = Vec::new();
    let refused = loop {
        let answer = send(&wal, &[2; 400]);
        match answer.try_recv() {
            Ok(Err(error)) => break error,
            Ok(Ok(_)) => unreachable!("the gate is closed"),
            Err(_) => waiting.push(answer),
        }
        assert!(waiting.len() <= 5, "the queue has no limit");
    };
    let WalError::Backlogged { limit_bytes, .. } = refused else {
        panic!("{refused}");
    };
    assert_eq!(limit_bytes, 1000);
    drop(open_gate);
    assert!(first.recv().unwrap().is_ok());
    for answer in waiting {
        assert!(answer.recv().unwrap().is_ok());
    }
    append(&wal, &[3; 400]).unwrap();
    assert_eq!(wal.stats().queued_bytes, 0);
}

#[test]
fn an_entry_that_can_never_fit_is_refused_and_the_next_one_taken() {
    let log = open(&FaultyFiles::new());
    let limit_bytes = 4096 - 32 - 40;
    let cases = [
        (noise(1, 3984), true),
        (noise(2, 3985), false),
        (noise(3, 5000), false),
        (vec![0; 1 << 20], true),
        (vec![0; MAX_PAYLOAD_BYTES as usize + 1], false),
    ];
    for (payload, fits) in cases {
        match append(&log.wal, &payload) {
            Ok(_) => assert!(fits, "{} bytes", payload.len()),
            Err(WalError::TooLarge { limit_bytes: l, .. }) => {
                assert!(!fits, "{} bytes", payload.len());
                assert!(l == limit_bytes || l == u64::from(MAX_PAYLOAD_BYTES));
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(log.wal.health(), Ok(()));
}

#[test]
fn a_segment_is_kept_for_its_last_entry_alone() {
    let files = FaultyFiles::new();
    let log = open(&files);
    let positions: Vec<_> = (0..40)
        .map(|i| append(&log.wal, &noise(i, 500)).unwrap())
        .collect();
    let mut segments = positions.chunk_by(|a, b| a.segment == b.segment);
    let last = *segments.next().and_then(|first| first.last()).unwrap();
    let held = log.wal.stats().held_segments;
    log.wal.release_before(last, None);
    assert_eq!(log.wal.stats().held_segments, held);
    log.wal.release_before(last.after(), None);
    assert_eq!(log.wal.stats().held_segments, held - 1);
    // Whatever is asked, the one being written stays.
    log.wal.release_before(positions[39].after(), None);
    assert_eq!(log.wal.stats().held_segments, 1);
}

#[test]
fn released_segments_are_reused_and_their_old_entries_stay_gone() {
    let files = FaultyFiles::new();
    let log = open(&files);
    let mut written = HashMap::new();
    let mut last = WalPosition::default();
    let mut most = 0;
    for i in 0..400 {
        last = append(&log.wal, &noise(i, 700)).unwrap();
        written.insert(last, noise(i, 700));
        log.wal.release_before(last, None);
        let on_disk = files.list(Path::new(DIR)).unwrap().len();
        most = most.max(on_disk);
    }
    // The one being written, the one before it, the ready one, the spare ones,
    // and what is on its way between them.
    assert!(most <= 8, "{most} segments on disk");
    assert_eq!(log.wal.stats().held_segments, 1);
    log.wal.close().unwrap();
    let old = files.after_power_cut(Survival::SyncedOnly);
    for replayed in open(&old).replayed {
        assert_eq!(written[&replayed.position], replayed.payload);
    }
    let needed = open_from(&files, &small(), last).unwrap();
    assert_eq!(needed.payloads(), [noise(399, 700)]);
    assert_eq!(needed.report.corrupt_entries, 0);
}

#[test]
fn processes_that_come_and_go_do_not_fill_the_disk() {
    let files = FaultyFiles::new();
    for i in 0..50 {
        let log = open(&files);
        assert_eq!(log.replayed.len(), i);
        append(&log.wal, &[i as u8; 10]).unwrap();
    }
    let bytes: u64 = files
        .list(Path::new(DIR))
        .unwrap()
        .iter()
        .map(|entry| entry.bytes)
        .sum();
    assert!(bytes < 10 * 4096, "{bytes} bytes for 50 small entries");
}

#[test]
fn every_durability_keeps_everything_over_a_clean_end_on_a_real_disk() {
    for durability in [Durability::Fsync, Durability::Os, Durability::None] {
        let temp = tempfile::tempdir().unwrap();
        let options = WalOptions {
            segment_bytes: 1 << 20,
            durability,
            ..WalOptions::default()
        };
        let dir = temp.path().join("data/wal");
        let open = |seen: &mut Vec<u8>| {
            let replay = |_, _, payload: &[u8]| seen.push(payload[0]);
            let files = Arc::new(DiskFiles);
            let known = Known::default();
            let on_durable = Box::new(|items: std::vec::Drain<'_, _>| drop(items));
            Wal::<u32>::open(files, &dir, &options, known, replay, on_durable).unwrap()
        };
        let (wal, _) = open(&mut Vec::new());
        for i in 0..100 {
            append(&wal, &[i; 30_000]).unwrap();
        }
        drop(wal);
        let mut seen = Vec::new();
        let (wal, report) = open(&mut seen);
        assert!(seen.into_iter().eq(0..100), "{durability:?}");
        assert_eq!(report.warnings, Vec::<String>::new());
        drop(wal);
    }
}

//! A disk that fails or fills up: refuse, say why, and lie to nobody.

use std::time::Instant;

use super::*;
use crate::files::faulty::{EIO, ENOSPC, Fault, Operation, Survival};
use crate::wal::Durability;
use crate::wal::compress::Stored;
use crate::wal::log::Log;
use crate::wal::prepare::Preparer;

/// The segment that a new log writes first.
const FIRST: &str = "00000000000000000001.seg";

/// Lets the next operation of this kind on the first segment fail.
fn fail_next(files: &FaultyFiles, operation: Operation, errno: i32) {
    files.fail(Fault {
        operation,
        name: FIRST,
        skip: 0,
        times: 1,
        errno,
    });
}

/// Appends until the log takes an entry again.
fn append_when_possible(wal: &Wal<u32>, payload: &[u8]) -> WalPosition {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        match append(wal, payload) {
            Ok(position) => return position,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
    }
}

#[test]
fn a_failed_write_or_sync_stops_the_log_for_good_with_the_first_reason() {
    for (operation, expected) in [
        (Operation::Write, "cannot write data/wal/"),
        (Operation::Sync, "cannot sync data/wal/"),
    ] {
        let files = FaultyFiles::new();
        let log = open(&files);
        let kept = append(&log.wal, b"kept").unwrap();
        fail_next(&files, operation, EIO);
        let refused = append(&log.wal, b"lost").unwrap_err();
        assert!(matches!(refused, WalError::Poisoned { .. }), "{refused}");
        assert!(refused.to_string().contains(expected), "{refused}");
        assert!(refused.to_string().contains("os error 5"), "{refused}");
        // The disk is healthy again, but nobody knows what it holds.
        for _ in 0..3 {
            assert_eq!(append(&log.wal, b"after").unwrap_err(), refused);
        }
        assert_eq!(log.wal.health(), Err(refused.clone()));
        assert_eq!(log.wal.close(), Err(refused));

        let disk = files.after_power_cut(Survival::SyncedOnly);
        let opened = open(&disk);
        assert_eq!(opened.payloads(), [b"kept"]);
        assert_eq!(opened.replayed[0].position, kept);
        assert_eq!(opened.report.corrupt_entries, 0);
        append(&opened.wal, b"works again").unwrap();
    }
}

#[test]
fn a_disk_full_before_the_first_segment_refuses_until_there_is_space() {
    let files = FaultyFiles::new();
    files.set_capacity_bytes(Some(3000));
    let log = open(&files);
    let refused = append(&log.wal, b"early").unwrap_err();
    assert!(matches!(refused, WalError::DiskFull { .. }), "{refused}");
    assert!(refused.to_string().contains("No space left on device"));
    assert!(log.wal.health().is_err());
    files.set_capacity_bytes(None);
    append_when_possible(&log.wal, b"late");
    assert_eq!(log.wal.health(), Ok(()));
    drop(log);
    assert_eq!(open(&files).payloads(), [b"late"]);
}

#[test]
fn a_disk_that_fills_up_keeps_what_was_acknowledged_and_recovers_by_itself() {
    let files = FaultyFiles::new();
    files.set_capacity_bytes(Some(5 * 4096));
    let log = open(&files);
    let mut taken = Vec::new();
    let refused = loop {
        let payload = noise(taken.len() as u32, 600);
        match append(&log.wal, &payload) {
            Ok(_) => taken.push(payload),
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, WalError::DiskFull { .. }), "{refused}");
    assert!(taken.len() > 20, "{} taken", taken.len());
    files.set_capacity_bytes(Some(20 * 4096));
    let last = noise(99, 600);
    append_when_possible(&log.wal, &last);
    taken.push(last);
    drop(log);
    assert_eq!(open(&files).payloads(), taken);
}

#[test]
fn health_recovers_without_an_append_when_space_comes_back() {
    let files = FaultyFiles::new();
    files.set_capacity_bytes(Some(3000));
    let log = open(&files);
    let refused = append(&log.wal, b"refused").unwrap_err();
    assert!(matches!(log.wal.health(), Err(WalError::DiskFull { .. })));
    assert!(refused.to_string().starts_with("disk is full"), "{refused}");
    files.set_capacity_bytes(None);
    let deadline = Instant::now() + Duration::from_secs(30);
    while let Err(error) = log.wal.health() {
        assert!(Instant::now() < deadline, "{error}");
        std::thread::yield_now();
    }
    append(&log.wal, b"taken").unwrap();
}

#[test]
fn a_panic_on_the_writer_thread_fails_appends_instead_of_losing_them() {
    let log = open(&FaultyFiles::new());
    let ack = Box::new(|_| panic!("a bug of the caller, told on purpose"));
    log.wal.append(b"first", 1, 0, ack);
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        // Until the thread has ended, answers are dropped or given as usual.
        if let Ok(Err(WalError::Poisoned { reason })) = send(&log.wal, b"later").recv() {
            break assert_eq!(&*reason, "the writer thread panicked");
        }
        assert!(Instant::now() < deadline);
    }
    assert!(matches!(log.wal.health(), Err(WalError::Poisoned { .. })));
    assert!(log.wal.close().is_err());
}

#[test]
fn a_group_refused_for_lack_of_space_never_comes_back() {
    // File systems that copy on write run out of space within a segment. The
    // log is driven without its threads, so that the group is known.
    let files = FaultyFiles::new();
    crate::files::ensure_dir(&files, Path::new(DIR)).unwrap();
    let preparer = Preparer {
        files: Arc::new(files.clone()),
        dir: DIR.into(),
        segment_bytes: 4096,
        spare_segments: 0,
        next_sequence: 1,
        previous: None,
        log: 0,
        free: Vec::new(),
    };
    let mut log = Log::new(preparer, Durability::Fsync, Arc::default(), Arc::default());
    let place = |log: &mut Log<Preparer>, payload: &[u8]| {
        log.place(&Stored::new(payload, 1)).unwrap().unwrap();
    };
    place(&mut log, b"kept");
    log.flush().unwrap();
    for payload in [noise(1, 300), noise(2, 100), noise(3, 1500)] {
        place(&mut log, &payload);
    }
    files.set_short_writes(true);
    files.fail(Fault {
        operation: Operation::Write,
        name: FIRST,
        skip: 1,
        times: 1,
        errno: ENOSPC,
    });
    let refused = log.flush().unwrap_err();
    assert!(matches!(refused, WalError::DiskFull { .. }), "{refused}");
    place(&mut log, b"later");
    log.flush().unwrap();
    for survival in [Survival::SyncedOnly, Survival::Torn { seed: 3 }] {
        let opened = open(&files.after_power_cut(survival));
        assert_eq!(opened.payloads(), [b"kept".as_slice(), b"later"]);
        assert_eq!(opened.report.corrupt_entries, 0);
        assert_eq!(opened.report.torn_tail_bytes, 0);
    }
}

#[test]
fn appends_go_on_after_a_write_was_refused_for_lack_of_space() {
    let files = FaultyFiles::new();
    let log = open(&files);
    append(&log.wal, b"kept").unwrap();
    fail_next(&files, Operation::Write, ENOSPC);
    let refused = append(&log.wal, &noise(1, 800)).unwrap_err();
    assert!(matches!(refused, WalError::DiskFull { .. }), "{refused}");
    append_when_possible(&log.wal, b"later");
    drop(log);
    assert_eq!(open(&files).payloads(), [b"kept".as_slice(), b"later"]);
}

#[test]
fn trouble_while_making_a_segment_is_no_reason_to_stop() {
    for operation in [
        Operation::Create,
        Operation::Write,
        Operation::Sync,
        Operation::Rename,
        Operation::SyncDir,
    ] {
        let files = FaultyFiles::new();
        crate::files::ensure_dir(&files, Path::new(DIR)).unwrap();
        // Asking for the directory at the start is a create and a sync as well.
        let skip = u64::from(matches!(operation, Operation::Create | Operation::SyncDir));
        files.fail(Fault {
            operation,
            name: "",
            skip,
            times: 1,
            errno: EIO,
        });
        let log = open(&files);
        append_when_possible(&log.wal, b"taken");
        assert_eq!(log.wal.health(), Ok(()));
        drop(log);
        assert_eq!(open(&files).payloads(), [b"taken"], "{operation:?}");
    }
}

#[test]
fn a_refused_append_says_so_before_and_after_the_end() {
    let files = FaultyFiles::new();
    let log = open(&files);
    fail_next(&files, Operation::Sync, EIO);
    let answers: Vec<_> = (0..50).map(|i| send(&log.wal, &noise(i, 50))).collect();
    let acknowledged = answers.iter().filter(|a| a.recv().unwrap().is_ok()).count();
    drop(log);
    let kept = open(&files.after_power_cut(Survival::SyncedOnly)).replayed;
    assert_eq!(kept.len(), acknowledged);
}

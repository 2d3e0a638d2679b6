//! What a spool promises, on a disk in memory that fails when it is told to.

mod crash;
mod trouble;

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use tracewell_model::StoreError;
use tracewell_model::spool::{Spool, SpoolAck, SpoolEntry, SpoolPlace, SpoolRecord, Spools};
use tracewell_testkit::{TestSpan, batch};

use super::opened::OpenSpool;
use super::{SpoolDirectory, record};
use crate::files::faulty::FaultyFiles;
use crate::files::{DiskFiles, Files};
use crate::wal::{RecoveryReport, WalOptions};

const DIR: &str = "queues/otlp";
const ENDLESS: u64 = u64::MAX;

fn small() -> WalOptions {
    WalOptions {
        segment_bytes: 4096,
        spare_segments: 1,
        queue_bytes: u64::MAX,
        retry_after: Duration::from_millis(1),
        ..WalOptions::default()
    }
}

struct Opened {
    spool: OpenSpool,
    found: Vec<(SpoolPlace, SpoolRecord)>,
    report: RecoveryReport,
}

fn try_open(files: &FaultyFiles, limit_bytes: u64) -> Result<Opened, String> {
    let mut found = Vec::new();
    let (spool, report) = OpenSpool::open(
        Arc::new(files.clone()),
        Path::new(DIR),
        &small(),
        limit_bytes,
        &mut |place, _, payload| {
            found.push((place, record::decode(payload).unwrap()));
            Ok(())
        },
    )?;
    Ok(Opened {
        spool,
        found,
        report,
    })
}

fn open(files: &FaultyFiles) -> Opened {
    try_open(files, ENDLESS).unwrap()
}

type Answer = Receiver<Result<SpoolPlace, StoreError>>;

fn send(spool: &dyn Spool, record: &SpoolRecord) -> Answer {
    let (told, answer) = channel();
    let ack = Box::new(move |fate| told.send(fate).unwrap_or(()));
    if let Err(not_taken) = spool.append(record, ack) {
        not_taken.tell();
    }
    answer
}

fn append(spool: &dyn Spool, record: &SpoolRecord) -> Result<SpoolPlace, StoreError> {
    send(spool, record)
        .recv()
        .expect("every append is answered")
}

/// A batch of one span, of some hundred bytes and more that do not compress.
fn spans(number: u64, more_bytes: usize) -> SpoolRecord {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut letter = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b'!' + (state % 90) as u8)
    };
    let text: String = (0..more_bytes).map(|_| letter()).collect();
    let span = TestSpan::new(1, number, "a", "x", number).with_text("text", &text);
    SpoolRecord::Batch(Arc::new(batch(&[span])))
}

fn note(text: &str) -> SpoolRecord {
    SpoolRecord::Note(text.as_bytes().to_vec())
}

#[test]
fn what_was_appended_is_read_and_found_again_in_order() {
    let files = FaultyFiles::new();
    let Opened { spool, found, .. } = open(&files);
    assert_eq!(found, []);
    let records = [
        spans(1, 10),
        note("one"),
        spans(2, 2000),
        note(""),
        spans(3, 2000),
    ];
    let placed = records.map(|record| (append(&spool, &record).unwrap(), record));
    assert!(placed.is_sorted_by_key(|(place, _)| *place));
    for (place, record) in &placed {
        assert_eq!(spool.read(*place).as_ref(), Ok(record));
    }
    spool.shut_down();
    assert_eq!(append(&spool, &spans(4, 1)), Err(StoreError::ShuttingDown));
    drop(spool);

    let opened = open(&files);
    assert_eq!(opened.found, placed);
    assert_eq!(opened.report.warnings, Vec::<String>::new());
    let (place, record) = &placed[2];
    assert_eq!(opened.spool.read(*place).as_ref(), Ok(record));
    let later = append(&opened.spool, &note("later")).unwrap();
    assert!(later > placed[4].0, "places grow across restarts");
}

#[test]
fn what_was_given_up_goes_and_is_not_missed() {
    let files = FaultyFiles::new();
    let Opened { spool, .. } = open(&files);
    let places: Vec<SpoolPlace> = (0..40)
        .map(|number| append(&spool, &spans(number, 1000)).unwrap())
        .collect();
    let used_bytes = files.used_bytes();
    assert!(spool.status().held_bytes > 40_000);
    for place in &places[..30] {
        spool.release_before(*place);
    }
    // Never backwards.
    spool.release_before(places[3]);
    spool.release_before(places[30]);
    let held_bytes = spool.status().held_bytes;
    assert!((10_000..14_000).contains(&held_bytes), "{held_bytes}");
    spool.shut_down();
    drop(spool);

    let opened = open(&files);
    let left_bytes = files.used_bytes();
    assert!(
        left_bytes < used_bytes * 2 / 3,
        "{left_bytes} of {used_bytes}"
    );
    assert_eq!(opened.report.warnings, Vec::<String>::new());
    let found: Vec<SpoolPlace> = opened.found.iter().map(|(place, _)| *place).collect();
    let kept = &places[30..];
    assert!(found.ends_with(kept), "all that is needed is there");
    // Those that lie in a segment with others may be.
    assert!(found.len() < kept.len() + 5);
    opened.spool.release_before(places[39].after());
    assert_eq!(opened.spool.status().held_bytes, 0);
}

#[test]
fn at_the_limit_batches_wait_and_notes_do_not() {
    let files = FaultyFiles::new();
    let spool = try_open(&files, 5000).unwrap().spool;
    // One that is larger than the limit is let in alone.
    let large = append(&spool, &spans(1, 3800)).unwrap();
    spool.release_before(large.after());
    assert_eq!(spool.status().held_bytes, 0);
    let first = append(&spool, &spans(2, 2000)).unwrap();
    append(&spool, &spans(3, 2000)).unwrap();
    let told = append(&spool, &spans(4, 2000));
    let Err(StoreError::Busy(why)) = told else {
        panic!("{told:?}");
    };
    assert!(
        why.contains("queues/otlp holds") && why.ends_with("the limit is 5000"),
        "{why}"
    );
    for _ in 0..100 {
        append(&spool, &note("still taken")).unwrap();
    }
    assert!(spool.status().held_bytes > 5000);
    let newest = append(&spool, &note("the last")).unwrap();
    spool.release_before(first.after());
    spool.release_before(newest);
    append(&spool, &spans(4, 2000)).unwrap();
}

fn append_together(spool: &dyn Spool, sizes: &[usize]) -> Vec<Result<SpoolPlace, StoreError>> {
    let records: Vec<SpoolRecord> = sizes.iter().zip(1..).map(|(b, n)| spans(n, *b)).collect();
    let (acks, answers): (Vec<SpoolAck>, Vec<Answer>) = sizes
        .iter()
        .map(|_| {
            let (told, answer) = channel();
            let ack: SpoolAck = Box::new(move |fate| told.send(fate).unwrap());
            (ack, answer)
        })
        .unzip();
    if let Err(not_taken) = spool.append_together(records.iter().zip(acks).collect()) {
        not_taken.tell();
    }
    answers
        .iter()
        .map(|answer| answer.recv().unwrap())
        .collect()
}

#[test]
fn records_that_belong_together_are_all_taken_or_none() {
    let files = FaultyFiles::new();
    let spool = try_open(&files, 5000).unwrap().spool;
    let first = append_together(&spool, &[700, 700]);
    let places: Vec<SpoolPlace> = first.into_iter().map(Result::unwrap).collect();
    assert!(places[0] < places[1], "in their order");
    let held_bytes = spool.status().held_bytes;
    // There is room for one of these.
    for fate in append_together(&spool, &[1000, 1000, 1000]) {
        assert!(matches!(fate, Err(StoreError::Busy(_))), "{fate:?}");
    }
    assert_eq!(spool.status().held_bytes, held_bytes, "nothing was taken");
    spool.release_before(places[1].after());
    // One that can never be taken keeps no other back, and leaves nothing behind.
    for _ in 0..3 {
        let fates = append_together(&spool, &[10, 6000, 10]);
        let places = [0, 2].map(|index: usize| fates[index].clone().unwrap());
        assert!(matches!(fates[1], Err(StoreError::Refused(_))), "{fates:?}");
        spool.release_before(places[1].after());
    }
    let taken = append_together(&spool, &[700, 700]);
    assert!(taken.iter().all(Result::is_ok), "{taken:?}");
}

/// Whoever is told that there is no room may come again at once, on the same thread
/// and from within.
#[test]
fn who_is_refused_may_append_from_within() {
    let files = FaultyFiles::new();
    let spool = Arc::new(try_open(&files, 10).unwrap().spool);
    append(&*spool, &spans(1, 10)).unwrap();
    let (told, answer) = channel();
    let again = Arc::clone(&spool);
    let ack: SpoolAck = Box::new(move |fate| {
        assert!(matches!(fate, Err(StoreError::Busy(_))), "{fate:?}");
        told.send(append(&*again, &note("instead"))).unwrap();
    });
    spool.append(&spans(2, 10), ack).unwrap_err().tell();
    answer.recv().unwrap().unwrap();
}

#[test]
fn a_directory_has_a_place_for_each_name_and_one_owner() {
    let temp = tempfile::tempdir().unwrap();
    let spools = SpoolDirectory::new(&temp.path().join("deep"));
    let mut kept = Vec::new();
    for name in ["otlp", "otlp/backup", "..", "otlp%2fbackup", "größe"] {
        let open =
            |replay: &mut dyn FnMut(SpoolPlace, SpoolRecord)| spools.open(name, ENDLESS, replay);
        let spool = open(&mut |_, _| panic!("{name} is new")).unwrap();
        append(&*spool, &spans(1, 1)).unwrap();
        append(&*spool, &note(name)).unwrap();
        let second = open(&mut |_, _| ()).err().unwrap();
        assert!(second.contains("is in use by process"), "{second}");
        assert!(!second.contains("--data-dir"), "{second}");
        kept.push((name, spool));
    }
    for (name, spool) in kept {
        spool.shut_down();
        drop(spool);
        let mut listed = Vec::new();
        let mut show = |_, entry| listed.push(entry);
        spools.open_listed(name, ENDLESS, &mut show).unwrap();
        let expected = [
            SpoolEntry::Batch { spans: 1 },
            SpoolEntry::Note(name.as_bytes().to_vec()),
        ];
        assert_eq!(listed, expected);
    }
    let names = DiskFiles.list(&temp.path().join("deep")).unwrap();
    let mut names: Vec<String> = names.into_iter().map(|entry| entry.name).collect();
    names.sort();
    let expected = [
        "%2e.",
        "gr%c3%b6%c3%9fe",
        "otlp",
        "otlp%252fbackup",
        "otlp%2fbackup",
    ];
    assert_eq!(names, expected);
    for name in ["", &"x".repeat(201)] {
        let told = spools.open(name, ENDLESS, &mut |_, _| ()).err().unwrap();
        assert!(told.contains("1 to 200"), "{told}");
    }
}

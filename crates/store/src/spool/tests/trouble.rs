//! Disks that are full, that fail, or that changed what they hold.

use std::time::Instant;

use super::*;
use crate::files::faulty::{EIO, ENOSPC, Fault, Operation, Survival};
use crate::files::{Access, Files, write_all_at};
use crate::spool::released::RELEASED_FILE;
use crate::wal::segment_path;

fn append_when_possible(spool: &dyn Spool, record: &SpoolRecord) -> SpoolPlace {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        match append(spool, record) {
            Ok(place) => return place,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
    }
}

fn overwrite(files: &FaultyFiles, path: &Path, at: u64, bytes: &[u8]) {
    let file = files.open(path, Access::Write).unwrap();
    write_all_at(&*file, bytes, at).unwrap();
    file.sync().unwrap();
}

#[test]
fn a_full_disk_is_named_and_what_is_delivered_makes_room() {
    let files = FaultyFiles::new();
    files.set_capacity_bytes(Some(8192 + 5 * 4096));
    let spool = open(&files).spool;
    let mut places = Vec::new();
    let refused = loop {
        match append(&spool, &spans(places.len() as u64, 1200)) {
            Ok(place) => places.push(place),
            Err(error) => break error,
        }
    };
    let StoreError::Unavailable(why) = &refused else {
        panic!("{refused}");
    };
    assert!(why.starts_with("disk is full"), "{why}");
    assert!(places.len() > 6, "{} taken", places.len());
    // Letting go needs no room; and what has gone makes some.
    spool.release_before(places[places.len() - 1]);
    places.push(append_when_possible(&spool, &spans(99, 1200)));
    drop(spool);

    let opened = open(&files);
    assert_eq!(opened.report.warnings, Vec::<String>::new());
    let found: Vec<SpoolPlace> = opened.found.iter().map(|(place, _)| *place).collect();
    assert!(found.ends_with(&places[places.len() - 2..]));
}

/// What decides, and so what gives room back, is written in notes: they have room
/// when batches have none, and after a kill again.
#[test]
fn notes_find_room_on_a_disk_that_batches_have_filled() {
    let files = FaultyFiles::new();
    files.set_capacity_bytes(Some(8192 + 8 * 4096));
    let spool = open(&files).spool;
    spool.keep_for_notes(3000);
    let (mut places, mut number) = (Vec::new(), 0);
    // The last ones fill the rest of a segment.
    for more_bytes in [1200, 10] {
        let refused = loop {
            number += 1;
            match append(&spool, &spans(number, more_bytes)) {
                Ok(place) => places.push(place),
                Err(error) => break error,
            }
        };
        let told = refused.to_string();
        assert!(told.contains("disk is full"), "{told}");
    }
    // As many bytes as were asked for; batches are refused meanwhile.
    for _ in 0..3 {
        append(&spool, &note(&"x".repeat(1000))).unwrap();
        append(&spool, &spans(1, 10)).unwrap_err();
    }

    // Who is killed meanwhile leaves it full, and begins another segment.
    let files = files.after_power_cut(Survival::Everything);
    files.set_capacity_bytes(Some(files.used_bytes()));
    let spool = open(&files).spool;
    spool.keep_for_notes(3000);
    append(&spool, &spans(1, 10)).unwrap_err();
    append(&spool, &note("after a kill")).unwrap();

    // And what is given up is there for batches.
    spool.release_before(places[places.len() - 1]);
    append_when_possible(&spool, &spans(1, 1000));
}

#[test]
fn a_disk_that_is_full_at_the_start_is_waited_for() {
    let files = FaultyFiles::new();
    files.set_capacity_bytes(Some(1));
    let spool = open(&files).spool;
    let refused = append(&spool, &spans(1, 10)).unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused}");
    files.set_capacity_bytes(None);
    let place = append_when_possible(&spool, &spans(1, 5000 - 1300));
    let other = append_when_possible(&spool, &spans(2, 3500));
    spool.release_before(place.after());
    drop(spool);
    let opened = open(&files);
    assert_eq!(opened.found.len(), 1);
    assert_eq!(opened.found[0].0, other);
}

#[test]
fn where_the_mark_cannot_be_written_nothing_goes() {
    let files = FaultyFiles::new();
    let spool = open(&files).spool;
    let places: Vec<SpoolPlace> = (0..8)
        .map(|number| append(&spool, &spans(number, 2500)).unwrap())
        .collect();
    files.fail(Fault {
        operation: Operation::Sync,
        name: RELEASED_FILE,
        skip: 0,
        times: 1,
        errno: EIO,
    });
    spool.release_before(places[3]);
    let left = files.after_power_cut(Survival::SyncedOnly);
    assert_eq!(open(&left).found.len(), 8);
    spool.release_before(places[4]);
    let left = files.after_power_cut(Survival::SyncedOnly);
    let opened = open(&left);
    assert_eq!(opened.report.warnings, Vec::<String>::new());
    assert_eq!(opened.found.len(), 4);
}

#[test]
fn a_mark_that_is_damaged_is_the_one_before_or_none() {
    let files = FaultyFiles::new();
    let spool = open(&files).spool;
    let places: Vec<SpoolPlace> = (0..4)
        .map(|number| append(&spool, &spans(number, 2500)).unwrap())
        .collect();
    for place in &places[1..3] {
        spool.release_before(*place);
    }
    drop(spool);
    let path = Path::new(DIR).join(RELEASED_FILE);
    // The second stands first. What is shown besides depends on how far the
    // segments that were given up are gone.
    for damaged in [&[][..], &[4096_u64][..], &[0], &[0, 4096]] {
        let disk = files.after_power_cut(Survival::SyncedOnly);
        for at in damaged {
            overwrite(&disk, &path, at + 9, &[0xff]);
        }
        let found = open(&disk).found;
        let found: Vec<SpoolPlace> = found.iter().map(|(place, _)| *place).collect();
        assert!(found.ends_with(&places[2..]), "{damaged:?}");
        assert!(found.len() == 2 || damaged.contains(&0), "{damaged:?}");
    }
}

#[test]
fn a_mark_of_a_newer_version_is_left_alone() {
    let files = FaultyFiles::new();
    drop(open(&files));
    let mut bytes = [0; 44];
    bytes[0..8].copy_from_slice(b"TWELLREL");
    bytes[8] = 2;
    let crc = crc32c::crc32c(&bytes[..40]);
    bytes[40..].copy_from_slice(&crc.to_le_bytes());
    overwrite(&files, &Path::new(DIR).join(RELEASED_FILE), 0, &bytes);
    let told = try_open(&files, ENDLESS).err().unwrap();
    let expected = "queues/otlp/RELEASED has format version 2, this program reads up to 1";
    assert!(told.starts_with(expected), "{told}");
}

#[test]
fn damage_takes_one_record_and_no_other() {
    let files = FaultyFiles::new();
    let spool = open(&files).spool;
    let places: Vec<SpoolPlace> = (0..5)
        .map(|number| append(&spool, &spans(number, 600)).unwrap())
        .collect();
    let path = segment_path(Path::new(DIR), places[1].0);
    overwrite(&files, &path, u64::from(places[1].1) + 60, &[0; 8]);
    let read = spool.read(places[1]).unwrap_err();
    assert!(
        read.to_string().contains("its check sum is wrong"),
        "{read}"
    );
    spool.read(places[2]).unwrap();
    files.fail(Fault {
        operation: Operation::Read,
        name: "",
        skip: 0,
        times: 1,
        errno: EIO,
    });
    let read = spool.read(places[2]);
    assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
    drop(spool);

    let opened = open(&files);
    let found: Vec<SpoolPlace> = opened.found.iter().map(|(place, _)| *place).collect();
    let intact = [places[0], places[2], places[3], places[4]];
    assert_eq!(found, intact);
    assert_eq!(opened.report.warnings.len(), 1);
}

#[test]
fn after_a_failed_sync_nothing_is_taken_and_everything_is_read() {
    let files = FaultyFiles::new();
    let spool = open(&files).spool;
    let place = append(&spool, &spans(1, 10)).unwrap();
    for (operation, errno) in [(Operation::Write, ENOSPC), (Operation::Sync, EIO)] {
        files.fail(Fault {
            operation,
            name: ".seg",
            skip: 0,
            times: 1,
            errno,
        });
        let told = append(&spool, &spans(2, 10));
        assert!(matches!(told, Err(StoreError::Unavailable(_))), "{told:?}");
    }
    let told = append(&spool, &note("never")).unwrap_err();
    assert!(told.to_string().contains("check the disk"), "{told}");
    spool.read(place).unwrap();
}

//! Damaged and hostile segments: lose what was touched, say so, never panic.

use proptest::prelude::*;

use super::*;
use crate::files::faulty::Survival;
use crate::files::{Access, Files, read_exact_at, write_all_at};
use crate::wal::scan::scan;
use crate::wal::segment::{SegmentHeader, segment_path};

const ENTRIES: u32 = 9;

/// Segment, first byte, first byte behind, payload of an entry.
type Standing = (u64, u32, u32, Vec<u8>);

/// Two segments of entries, written in groups of one, and where each stands.
fn written(clean: bool) -> (FaultyFiles, Vec<Standing>) {
    let files = FaultyFiles::new();
    let log = open(&files);
    let mut entries = Vec::new();
    for i in 0..ENTRIES {
        let payload = noise(i, 500 + i as usize);
        let at = append(&log.wal, &payload).unwrap();
        let end = at.offset + 40 + (payload.len() as u32).next_multiple_of(8);
        entries.push((at.segment, at.offset, end, payload));
    }
    assert_eq!(entries[ENTRIES as usize - 1].0, entries[0].0 + 1);
    let crashed = files.after_power_cut(Survival::SyncedOnly);
    log.wal.close().unwrap();
    (if clean { files } else { crashed }, entries)
}

fn edit(files: &FaultyFiles, segment: u64, edit: impl FnOnce(&mut [u8])) {
    let path = segment_path(Path::new(DIR), segment);
    let file = files.open(&path, Access::Write).unwrap();
    let mut bytes = vec![0; file.size().unwrap() as usize];
    read_exact_at(&*file, &mut bytes, 0).unwrap();
    edit(&mut bytes);
    write_all_at(&*file, &bytes, 0).unwrap();
    file.sync().unwrap();
}

/// Flips a bit, unless the file ends before.
fn flip(bytes: &mut [u8], byte: usize, bit: u32) {
    if let Some(byte) = bytes.get_mut(byte) {
        *byte ^= 1 << bit;
    }
}

#[test]
fn a_torn_last_entry_is_cut_silently_at_every_byte() {
    let (files, entries) = written(false);
    let (segment, start, end, last) = entries.last().unwrap().clone();
    let payload_end = start + 40 + last.len() as u32;
    for cut in start..=end {
        // What a recycled segment has there: zeros, or older bytes.
        for rest in [0_u8, 0xa5] {
            let disk = files.after_power_cut(Survival::SyncedOnly);
            let mut header_is_visible = false;
            edit(&disk, segment, |bytes| {
                let begun = bytes[start as usize..][..16].to_vec();
                bytes[cut as usize..].fill(rest);
                header_is_visible = bytes[start as usize..][..16] == begun;
            });
            for start_number in 0..2 {
                let opened = open(&disk);
                let whole = cut >= payload_end;
                let expected = ENTRIES as usize - usize::from(!whole);
                assert_eq!(opened.replayed.len(), expected, "cut at {cut}");
                assert_eq!(opened.report.corrupt_entries, 0, "cut at {cut}");
                assert_eq!(opened.report.warnings, Vec::<String>::new());
                let expected = header_is_visible && !whole && start_number == 0;
                let told = opened.report.torn_tail_bytes > 0;
                assert_eq!(told, expected, "cut at {cut}");
            }
        }
    }
}

#[test]
fn a_flipped_bit_loses_at_most_the_entry_it_is_in_and_is_told() {
    let (files, entries) = written(true);
    let segments = [entries[0].0, entries[0].0 + 1];
    for segment in segments {
        for byte in 0..4096_usize {
            let disk = files.after_power_cut(Survival::SyncedOnly);
            edit(&disk, segment, |bytes| flip(bytes, byte, byte as u32 % 8));
            let opened = open(&disk);
            let touched = entries.iter().find(|(s, start, end, _)| {
                *s == segment && (*start as usize..*end as usize).contains(&byte)
            });
            let lost = ENTRIES as usize - opened.replayed.len();
            let untouched = entries.iter().filter(|e| Some(*e) != touched);
            for (_, _, _, payload) in untouched {
                assert!(
                    opened.payloads().contains(&payload.as_slice()),
                    "byte {byte}"
                );
            }
            assert!(lost <= 1, "byte {byte}");
            if lost == 1 {
                assert_eq!(opened.report.corrupt_entries, 1, "byte {byte}");
                assert_eq!(opened.report.warnings.len(), 1, "byte {byte}");
            }
        }
    }
}

#[test]
fn damage_is_described_with_file_place_and_spans() {
    let (files, entries) = written(true);
    let (segment, start, _, payload) = &entries[2];
    edit(&files, *segment, |bytes| bytes[*start as usize + 60] ^= 1);
    let report = open(&files).report;
    let expected = format!(
        "data/wal/{segment:020}.seg: at byte {start} an entry of {} spans is damaged",
        payload.len()
    );
    assert_eq!(report.warnings, [expected]);
    assert_eq!(report.lost_spans, payload.len() as u64);
    assert_eq!(report.entries, u64::from(ENTRIES) - 1);
}

#[test]
fn an_entry_copied_elsewhere_is_no_entry() {
    let (files, entries) = written(false);
    let (segment, start, end, _) = entries[0].clone();
    let (last_segment, _, last_end, _) = entries.last().unwrap().clone();
    edit(&files, segment, |bytes| {
        // Over the second entry, eight bytes off its place.
        let copy = bytes[start as usize..end as usize].to_vec();
        bytes[end as usize + 8..][..copy.len()].copy_from_slice(&copy);
    });
    let mut copy = Vec::new();
    edit(&files, segment, |bytes| {
        copy = bytes[start as usize..end as usize].to_vec()
    });
    edit(&files, last_segment, |bytes| {
        bytes[last_end as usize..][..copy.len()].copy_from_slice(&copy);
    });
    let opened = open(&files);
    let first = noise(0, 500);
    let copies = opened.payloads().iter().filter(|p| **p == first).count();
    assert_eq!(copies, 1);
}

#[test]
fn a_segment_of_a_newer_version_is_refused_and_nothing_is_touched() {
    let (files, entries) = written(false);
    let newest = entries.last().unwrap().0;
    edit(&files, newest, |bytes| {
        bytes[8..12].copy_from_slice(&7_u32.to_le_bytes());
        let crc = crc32c::crc32c(&bytes[..28]);
        bytes[28..32].copy_from_slice(&crc.to_le_bytes());
    });
    let operations = files.operations();
    let error = open_from(&files, &small(), WalPosition::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "data/wal/{newest:020}.seg has log format 7, this version reads up to 1; start the \
             newer version that wrote it, or choose another directory with --data-dir"
        )
    );
    // Two: asking whether the directory exists means trying to create it, and
    // its name is made durable.
    assert_eq!(files.operations(), operations + 2);
}

#[test]
fn a_segment_cut_short_gives_what_is_left() {
    let (files, entries) = written(true);
    let segment = entries[0].0;
    for size in 0..4096_u64 {
        let disk = files.after_power_cut(Survival::SyncedOnly);
        let path = segment_path(Path::new(DIR), segment);
        let file = disk.open(&path, Access::Write).unwrap();
        file.set_size(size).unwrap();
        let opened = open(&disk);
        let whole = |(s, _, end, _): &&Standing| *s != segment || u64::from(*end) <= size;
        assert_eq!(opened.replayed.len(), entries.iter().filter(whole).count());
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_scanned_without_panic(
        mut bytes in proptest::collection::vec(any::<u8>(), 0..3000),
        marks in proptest::collection::vec(0_usize..3000, 0..20),
    ) {
        for mark in marks {
            if let Some(place) = bytes.get_mut(mark / 8 * 8..mark / 8 * 8 + 2) {
                place.copy_from_slice(b"TW");
            }
        }
        let found = scan(&bytes, 1);
        prop_assert!(found.entries.is_empty());
        SegmentHeader::decode(&bytes);
    }

    #[test]
    fn many_flips_never_panic_and_never_alter_an_entry(
        flips in proptest::collection::vec((0_usize..4096, 0_u32..8), 1..200),
        second: bool,
    ) {
        let (files, entries) = written(true);
        edit(&files, entries[0].0 + u64::from(second), |bytes| {
            for (byte, bit) in flips {
                flip(bytes, byte, bit);
            }
        });
        let opened = open(&files);
        for replayed in &opened.replayed {
            prop_assert!(entries.iter().any(|(_, _, _, payload)| *payload == replayed.payload));
        }
    }
}

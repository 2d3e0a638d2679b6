//! Blocks, orphans and files of a store that is verified.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use tracewell_testkit::Random;
use tracewell_testkit::spans::batch;

use super::{Problem, VerifyError, VerifyEvent, VerifyReport, verify};
use crate::block;
use crate::files::faulty::FaultyFiles;
use crate::files::{Access, Files, ensure_dir, read_exact_at, write_all_at};
use crate::layout::BLOCKS_DIR;
use crate::lock::DirLock;
use crate::manifest::Manifest;

const DIR: &str = "/data";

/// A store of two blocks and nothing else.
fn store() -> FaultyFiles {
    let files = FaultyFiles::new();
    let blocks = Path::new(DIR).join(BLOCKS_DIR);
    ensure_dir(&files, &blocks).unwrap();
    let mut manifest = Manifest::default();
    for number in 1..=2 {
        let spans = Random::new(number).spans(300, 1_700_000_000_000_000_000);
        let entry = block::write(
            &files,
            &blocks,
            number,
            &block::Birth::default(),
            &batch(&spans),
        )
        .unwrap();
        manifest.blocks.push(entry);
    }
    manifest.next_block = 3;
    manifest.save(&files, Path::new(DIR)).unwrap();
    files
}

fn check(files: &dyn Files) -> (Result<VerifyReport, VerifyError>, Vec<Problem>) {
    let mut problems = Vec::new();
    let report = verify(
        files,
        Path::new(DIR),
        &AtomicBool::new(false),
        &mut |event| {
            if let VerifyEvent::Problem(problem) = event {
                problems.push(problem.clone());
            }
        },
    );
    (report, problems)
}

fn block_file(name: &str) -> PathBuf {
    Path::new(DIR).join(BLOCKS_DIR).join(name)
}

#[test]
fn every_byte_of_a_block_is_looked_at() {
    let files = store();
    let (report, problems) = check(&files);
    let report = report.unwrap();
    assert_eq!(
        (report.blocks, report.block_spans, report.damages),
        (2, 600, 0)
    );
    assert_eq!(problems, []);
    for name in ["0000000001.parquet", "0000000002.index"] {
        let path = block_file(name);
        let file = files.open(&path, Access::Write).unwrap();
        let size = file.size().unwrap();
        for at in (0..size).step_by(size as usize / 40) {
            let mut byte = [0];
            read_exact_at(&*file, &mut byte, at).unwrap();
            write_all_at(&*file, &[byte[0] ^ 0x40], at).unwrap();
            let (report, problems) = check(&files);
            let report = report.unwrap();
            assert_eq!((report.blocks, report.damages), (1, 1), "{name} byte {at}");
            assert_eq!(report.damaged_spans, 300);
            assert_eq!(problems[0].spans, Some(300));
            let told = problems[0].file.with_extension("");
            assert_eq!(told, path.with_extension(""));
            write_all_at(&*file, &byte, at).unwrap();
        }
    }
}

#[test]
fn missing_files_are_damage_and_strangers_are_not() {
    let files = store();
    files.remove(&block_file("0000000001.parquet")).unwrap();
    files.create(&block_file("0000000009.parquet.tmp")).unwrap();
    let (report, problems) = check(&files);
    let report = report.unwrap();
    assert_eq!((report.damages, report.oddities), (1, 1));
    let told: Vec<_> = problems
        .iter()
        .map(|problem| (problem.file.clone(), problem.is_damage))
        .collect();
    assert_eq!(
        told,
        [
            (block_file("0000000001.parquet"), true),
            (block_file("0000000009.parquet.tmp"), false),
        ]
    );
    assert!(
        files.list(&block_file("")).unwrap().len() >= 4,
        "all is still there"
    );
}

#[test]
fn beside_the_owner_blocks_are_checked_and_strangers_are_not_judged() {
    let files = store();
    files.create(&block_file("0000000003.parquet")).unwrap();
    let lock = DirLock::acquire(&files, Path::new(DIR)).unwrap();
    let (report, problems) = check(&files);
    let report = report.unwrap();
    let process = format!("process {}", std::process::id());
    assert_eq!(report.in_use_by, Some(process));
    assert_eq!((report.blocks, problems.len()), (2, 0));
    drop(lock);
    // The lock was given back at once each time.
    DirLock::acquire(&files, Path::new(DIR)).unwrap();
}

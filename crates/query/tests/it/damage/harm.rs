//! Ways in which a disk harms a file, by chance.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tracewell_store::files::faulty::FaultyFiles;
use tracewell_store::files::{Access, Files, read_exact_at, write_all_at};
use tracewell_testkit::random::Random;

use super::DIR;

/// Bytes of a page of an index file, with its checksum.
const INDEX_PAGE_BYTES: usize = 4096;

const WELL: &str = "the disk is well";

/// Does one harm, and says which.
pub(super) fn one(disk: &FaultyFiles, random: &mut Random) -> String {
    let files = files_below(disk, Path::new(DIR));
    let path = random.pick(&files).clone();
    let bytes = read(disk, &path);
    let name = path.display();
    match random.below(10) {
        0..=3 if !bytes.is_empty() => {
            let (at, bit) = (random.below(bytes.len() as u64), random.below(8));
            let mut bytes = bytes;
            bytes[at as usize] ^= 1 << bit;
            write(disk, &path, &bytes);
            format!("bit {bit} of byte {at} of {name} flipped")
        }
        4 | 5 => exchange_pages(disk, random, &path, bytes),
        6 | 7 => exchange_files(disk, random, &files),
        8 => {
            disk.remove(&path).expect(WELL);
            format!("{name} removed")
        }
        _ => {
            let left = random.below(bytes.len() as u64 + 1);
            write(disk, &path, &bytes[..left as usize]);
            format!("{name} cut from {} to {left} bytes", bytes.len())
        }
    }
}

/// Pages of an index file, or runs of as many bytes of another.
fn exchange_pages(
    disk: &FaultyFiles,
    random: &mut Random,
    path: &Path,
    mut bytes: Vec<u8>,
) -> String {
    let is_index = path.extension().is_some_and(|ending| ending == "index");
    let (from, page) = match is_index {
        true => (20 + u32_at(&bytes, 16), INDEX_PAGE_BYTES),
        false => (0, 64 + random.below(2_000) as usize),
    };
    let pages = (bytes.len() - from.min(bytes.len())) / page;
    if pages < 2 {
        return format!("nothing: {} has no two pages", path.display());
    }
    let place = |page_number: u64| from + page_number as usize * page;
    let (a, b) = (
        place(random.below(pages as u64)),
        place(random.below(pages as u64)),
    );
    let (a, b) = (a.min(b), a.max(b));
    if a < b {
        let (head, tail) = bytes.split_at_mut(b);
        head[a..a + page].swap_with_slice(&mut tail[..page]);
        write(disk, path, &bytes);
    }
    let name = path.display();
    format!("{page} bytes at {a} and {b} of {name} exchanged")
}

fn u32_at(bytes: &[u8], at: usize) -> usize {
    let number = bytes[at..].first_chunk().expect("an index has a header");
    u32::from_le_bytes(*number) as usize
}

/// Two files of one size.
fn exchange_files(disk: &FaultyFiles, random: &mut Random, files: &[PathBuf]) -> String {
    let mut by_size: BTreeMap<usize, Vec<&PathBuf>> = BTreeMap::new();
    for path in files {
        by_size
            .entry(read(disk, path).len())
            .or_default()
            .push(path);
    }
    by_size.retain(|_, paths| paths.len() > 1);
    let sizes: Vec<_> = by_size.into_values().collect();
    assert!(!sizes.is_empty(), "no two files are of one size");
    let paths = random.pick(&sizes);
    let first = random.below(paths.len() as u64) as usize;
    let second = (first + 1) % paths.len();
    let (a, b) = (paths[first], paths[second]);
    let (of_a, of_b) = (read(disk, a), read(disk, b));
    write(disk, a, &of_b);
    write(disk, b, &of_a);
    format!("{} and {} exchanged", a.display(), b.display())
}

fn files_below(disk: &FaultyFiles, dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut entries = disk.list(dir).expect(WELL);
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    for entry in entries {
        let path = dir.join(entry.name);
        match entry.is_dir {
            true => files.extend(files_below(disk, &path)),
            false => files.push(path),
        }
    }
    files
}

fn read(disk: &FaultyFiles, path: &Path) -> Vec<u8> {
    let file = disk.open(path, Access::Read).expect(WELL);
    let mut bytes = vec![0; file.size().expect(WELL) as usize];
    read_exact_at(&*file, &mut bytes, 0).expect(WELL);
    bytes
}

fn write(disk: &FaultyFiles, path: &Path, bytes: &[u8]) {
    let file = disk.open(path, Access::Write).expect(WELL);
    file.set_size(bytes.len() as u64).expect(WELL);
    write_all_at(&*file, bytes, 0).expect(WELL);
}

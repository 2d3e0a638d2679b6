//! Files before the present one: `traces-2026-11-30T06-42-40.123.json` beside
//! `traces.json`, named as the Collector names them, in UTC.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{fs, io};

use tracewell_model::clock::{Clock, SystemClock, utc_text};

use super::config::Rotation;

const MS_NS: u64 = 1_000_000;
const DAY_NS: u64 = 86_400 * 1_000 * MS_NS;

/// As many characters as every time has.
const STAMP_LEN: usize = "2026-11-30T06-42-40.123".len();

/// Gives the file another name, which it answers.
pub(super) fn put_aside(path: &Path) -> io::Result<PathBuf> {
    let mut now_ns = SystemClock.now_ns();
    loop {
        let aside = named(path, &stamp(now_ns));
        if !aside.try_exists()? {
            fs::rename(path, &aside)?;
            return Ok(aside);
        }
        now_ns += MS_NS;
    }
}

/// Deletes those that are too old or too many.
pub(super) fn remove_old(path: &Path, rotation: Rotation) -> io::Result<()> {
    let now_ns = SystemClock.now_ns();
    for old in too_old(backups(path)?, rotation, now_ns) {
        fs::remove_file(named(path, &old))?;
    }
    Ok(())
}

/// Of the times of files, those that have had theirs.
fn too_old(mut stamps: Vec<String>, rotation: Rotation, now_ns: u64) -> Vec<String> {
    // The newest first; as text they are in the order of time.
    stamps.sort_unstable_by(|a, b| b.cmp(a));
    let kept = match rotation.max_backups {
        0 => usize::MAX,
        kept => kept,
    };
    let oldest = match rotation.max_days {
        0 => String::new(),
        days => stamp(now_ns.saturating_sub(days.saturating_mul(DAY_NS))),
    };
    let numbered = stamps.into_iter().enumerate();
    let old = numbered.filter(|(number, stamp)| *number >= kept || *stamp < oldest);
    old.map(|(_, stamp)| stamp).collect()
}

fn stamp(ns: u64) -> String {
    utc_text(ns).replace(' ', "T").replace(':', "-")
}

/// `traces-` and `.json`.
fn around(path: &Path) -> (String, String) {
    let text =
        |part: Option<&std::ffi::OsStr>| part.map(|part| part.to_string_lossy().into_owned());
    let before = text(path.file_stem()).unwrap_or_default();
    let behind = text(path.extension()).map(|extension| format!(".{extension}"));
    (format!("{before}-"), behind.unwrap_or_default())
}

fn named(path: &Path, stamp: &str) -> PathBuf {
    let (before, behind) = around(path);
    path.with_file_name(OsString::from(format!("{before}{stamp}{behind}")))
}

/// The times in the names of the files before.
fn backups(path: &Path) -> io::Result<Vec<String>> {
    let (before, behind) = around(path);
    let directory = path.parent().filter(|path| !path.as_os_str().is_empty());
    let mut stamps = Vec::new();
    for entry in fs::read_dir(directory.unwrap_or(Path::new(".")))? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        let stamp = name
            .strip_prefix(&before)
            .and_then(|rest| rest.strip_suffix(&behind));
        stamps.extend(stamp.filter(|stamp| is_stamp(stamp)).map(str::to_owned));
    }
    Ok(stamps)
}

/// Nothing else of the user's is ever deleted.
fn is_stamp(text: &str) -> bool {
    let pattern = b"0000-00-00T00-00-00.000";
    text.len() == STAMP_LEN
        && text
            .bytes()
            .zip(pattern)
            .all(|(byte, expected)| match expected {
                b'0' => byte.is_ascii_digit(),
                _ => byte == *expected,
            })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_collector_and_nothing_else_is_one() {
        let path = Path::new("/a/traces.json");
        let aside = named(path, &stamp(1_795_984_960_123 * MS_NS));
        assert_eq!(aside, Path::new("/a/traces-2026-11-29T20-42-40.123.json"));
        assert!(is_stamp("2026-11-29T19-22-40.123"));
        assert!(!is_stamp("2026-11-29T19-22-40.12x"));
        assert!(!is_stamp("notes"));
    }

    #[test]
    fn the_oldest_go_by_number_and_by_age() {
        let day = |day: u64| stamp(day * DAY_NS);
        let rotation = |max_backups, max_days| Rotation {
            max_bytes: 1,
            max_days,
            max_backups,
        };
        let days = || vec![day(3), day(1), day(2)];
        let now_ns = 4 * DAY_NS;
        assert_eq!(too_old(days(), rotation(0, 0), now_ns), [""; 0]);
        assert_eq!(too_old(days(), rotation(2, 0), now_ns), [day(1)]);
        assert_eq!(too_old(days(), rotation(0, 2), now_ns), [day(1)]);
        assert_eq!(too_old(days(), rotation(1, 2), now_ns), [day(2), day(1)]);
    }
}

//! The machine that measured: figures without it mean nothing.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Serialize;
use tracewell_model::clock::{Clock, SystemClock};

/// What a reader needs to compare figures with those of another machine.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Machine {
    pub(crate) date_utc: String,
    pub(crate) revision: String,
    pub(crate) binary: String,
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    pub(crate) memory_mib: u64,
    pub(crate) kernel: String,
    /// Of the directory that data directories are made in.
    pub(crate) file_system: String,
    /// Before anything of ours ran.
    pub(crate) load_average: String,
}

/// Describes this machine.
pub(crate) fn describe(binary: &Path, work_dir: &Path) -> anyhow::Result<Machine> {
    fs::create_dir_all(work_dir)?;
    let file = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let value_of = |text: &str, key: &str| {
        let line = text.lines().find(|line| line.starts_with(key));
        let value = line.and_then(|line| line.split_once(':'));
        value.map_or_else(String::new, |(_, value)| value.trim().to_owned())
    };
    let memory = value_of(&file("/proc/meminfo"), "MemTotal");
    let memory_kib: u64 = memory.trim_end_matches(" kB").parse().unwrap_or(0);
    Ok(Machine {
        date_utc: date_utc(SystemClock.now_ns() / 1_000_000_000),
        revision: revision(),
        binary: said(Command::new(binary).arg("--version")),
        cpu: value_of(&file("/proc/cpuinfo"), "model name"),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        memory_mib: memory_kib / 1024,
        kernel: file("/proc/sys/kernel/osrelease").trim().to_owned(),
        file_system: file_system(work_dir)?,
        load_average: file("/proc/loadavg").trim().to_owned(),
    })
}

fn said(command: &mut Command) -> String {
    let output = command.output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.unwrap_or_default()
}

/// The commit, with a mark when the tree differs from it.
fn revision() -> String {
    let commit = said(Command::new("git").args(["rev-parse", "--short=12", "HEAD"]));
    let changes = said(Command::new("git").args(["status", "--porcelain", "-uno"]));
    match (commit.is_empty(), changes.is_empty()) {
        (true, _) => "unknown".to_owned(),
        (false, true) => commit,
        (false, false) => format!("{commit}, with local changes"),
    }
}

/// Type and options of the mount that holds a directory.
fn file_system(dir: &Path) -> anyhow::Result<String> {
    let dir = dir.canonicalize()?;
    let mounts = fs::read_to_string("/proc/mounts")?;
    let holding = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        let (point, kind) = (fields.next()?, fields.next()?);
        dir.starts_with(point)
            .then(|| (point.len(), kind.to_owned()))
    });
    // Of mounts on the same place, the last one is on top.
    let innermost = holding.max_by_key(|(length, _)| *length);
    Ok(innermost.map_or_else(|| "unknown".to_owned(), |(_, kind)| kind))
}

/// A day and time of the Gregorian calendar (Hinnant's algorithm for days).
fn date_utc(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    let (hour, minute) = (rest / 3_600, rest / 60 % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_dates() {
        assert_eq!(date_utc(0), "1970-01-01 00:00");
        assert_eq!(date_utc(951_782_400), "2000-02-29 00:00");
        assert_eq!(date_utc(1_790_000_000), "2026-09-21 14:13");
    }
}

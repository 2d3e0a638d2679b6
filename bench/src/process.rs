//! What Linux tells about a process: CPU time, memory, threads.

use std::collections::BTreeMap;
use std::fs;

use anyhow::Context;

/// Ticks a second in `/proc/PID/stat`; fixed by the kernel's interface on all
/// machines that Tracewell is built for.
const TICKS_PER_SECOND: f64 = 100.0;

/// CPU seconds of the whole process, user and system, threads that have ended
/// included.
pub(crate) fn cpu_seconds(pid: u32) -> anyhow::Result<f64> {
    let path = format!("/proc/{pid}/stat");
    let stat = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    // The name of the program may hold spaces and parentheses; it ends at the
    // last one.
    let (_, fields) = stat.rsplit_once(')').context("no name in /proc/PID/stat")?;
    let ticks = |index: usize| -> anyhow::Result<f64> {
        let field = fields.split_whitespace().nth(index);
        Ok(field.context("too few fields in /proc/PID/stat")?.parse()?)
    };
    // utime and stime are the fields 14 and 15; the name was the second.
    Ok((ticks(11)? + ticks(12)?) / TICKS_PER_SECOND)
}

/// A line of `/proc/PID/status` in bytes, such as `VmHWM` or `VmRSS`.
pub(crate) fn memory_bytes(pid: u32, line: &str) -> anyhow::Result<u64> {
    let path = format!("/proc/{pid}/status");
    let status = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    let value = status
        .lines()
        .find_map(|text| text.strip_prefix(line)?.strip_prefix(':'))
        .with_context(|| format!("no {line} in {path}"))?;
    let kib: u64 = value.trim().trim_end_matches(" kB").parse()?;
    Ok(kib * 1024)
}

/// CPU nanoseconds of the threads that live, added up by name without a
/// number at its end.
pub(crate) fn thread_cpu_ns(pid: u32) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    let threads = fs::read_dir(format!("/proc/{pid}/task"));
    for thread in threads.into_iter().flatten().flatten() {
        // A thread may end between any two of these steps.
        let name = fs::read_to_string(thread.path().join("comm"));
        let times = fs::read_to_string(thread.path().join("schedstat"));
        let (Ok(name), Ok(times)) = (name, times) else {
            continue;
        };
        let on_cpu = times.split_whitespace().next();
        let ns: u64 = on_cpu.and_then(|text| text.parse().ok()).unwrap_or(0);
        let is_number = |letter: char| letter.is_ascii_digit() || letter == '-';
        let group = name.trim().trim_end_matches(is_number).to_owned();
        *sums.entry(group).or_insert(0) += ns;
    }
    sums
}

/// CPU nanoseconds of the thread that asks: what others do meanwhile on the
/// same cores does not count.
pub(crate) fn own_cpu_ns() -> anyhow::Result<u64> {
    let path = "/proc/thread-self/schedstat";
    let times = fs::read_to_string(path).with_context(|| format!("cannot read {path}"))?;
    let on_cpu = times
        .split_whitespace()
        .next()
        .context("no time on the CPU")?;
    Ok(on_cpu.parse()?)
}

/// Threads that serve a request somebody waits for; the kernel cuts names to
/// 15 bytes. All others seal, compact or tidy up.
const FOREGROUND: [&str; 6] = ["tracewell", "tokio", "decode", "wal", "query", "blocking"];

/// CPU nanoseconds of threads that nobody waits for.
pub(crate) fn background_cpu_ns(pid: u32) -> u64 {
    let threads = thread_cpu_ns(pid);
    let background = threads
        .iter()
        .filter(|(name, _)| !FOREGROUND.iter().any(|known| name.starts_with(known)));
    background.map(|(_, ns)| ns).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_process_has_used_time_and_memory() {
        let pid = std::process::id();
        assert!(cpu_seconds(pid).unwrap() >= 0.0);
        let (now, peak) = ("VmRSS", "VmHWM");
        assert!(memory_bytes(pid, peak).unwrap() >= memory_bytes(pid, now).unwrap() / 2);
        assert!(!thread_cpu_ns(pid).is_empty());
        assert!(own_cpu_ns().unwrap() > 0);
        assert!(cpu_seconds(u32::MAX).is_err());
    }
}

//! What the operating system says about this process.
//!
//! From `/proc` (Linux, proc(5)); elsewhere nothing is said. **No other file
//! is ever read here.**

/// Memory and time of the process.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Usage {
    /// Bytes in RAM.
    pub(super) resident_bytes: u64,
    /// CPU time, user and system.
    pub(super) cpu_seconds: f64,
}

/// The unit of times in `/proc/self/stat`: `USER_HZ`, 100 on every
/// architecture that Rust's standard library runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// What is known now.
pub(super) fn usage() -> Option<Usage> {
    let read = |file| std::fs::read_to_string(file).ok();
    parse(&read("/proc/self/status")?, &read("/proc/self/stat")?)
}

fn parse(status: &str, stat: &str) -> Option<Usage> {
    let resident = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let resident_kib: u64 = resident.trim().strip_suffix("kB")?.trim().parse().ok()?;
    // The name of the program, in parentheses, may hold spaces and parentheses.
    let after_name = &stat[stat.rfind(')')? + 1..];
    let ticks = |field: usize| -> Option<u64> {
        after_name.split_whitespace().nth(field - 3)?.parse().ok()
    };
    Some(Usage {
        resident_bytes: resident_kib * 1024,
        cpu_seconds: (ticks(14)? + ticks(15)?) as f64 / TICKS_PER_SECOND,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_linux_are_understood() {
        let status = "Name:\ttracewell\nVmHWM:\t    9000 kB\nVmRSS:\t    1234 kB\nThreads:\t5\n";
        let stat = "42 (trace) well) S 1 42 42 0 -1 4194560 1 2 3 4 150 25 7 8 20 0 5 0 100 1 2";
        let want = Usage {
            resident_bytes: 1234 * 1024,
            cpu_seconds: 1.75,
        };
        assert_eq!(parse(status, stat), Some(want));
        assert_eq!(parse("", stat), None);
        assert_eq!(parse(status, "42 (tracewell"), None);
    }
}

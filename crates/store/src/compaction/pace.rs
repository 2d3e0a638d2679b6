//! How fast compaction may go: pure arithmetic.
//!
//! Work comes in steps of some hundred milliseconds; after each the worker
//! rests as long as its share of a core and of the disk ask for. It never
//! measures and never sleeps itself.

use std::time::Duration;

/// What compaction may take from ingest and queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Share of one core, in percent: 100 never rests, 0 counts as 1.
    pub cpu_percent: u32,
    /// Bytes read and written in a second.
    pub bytes_per_second: u64,
}

impl Pace {
    /// How long to rest after a step that took `worked` and moved `bytes`.
    pub(crate) fn rest(&self, worked: Duration, bytes: u64) -> Duration {
        let percent = self.cpu_percent.clamp(1, 100);
        let for_cpu = worked * (100 - percent) / percent;
        let seconds = bytes as f64 / self.bytes_per_second.max(1) as f64;
        let at_rate = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        for_cpu.max(at_rate.saturating_sub(worked))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slower_of_both_limits_counts() {
        let ms = Duration::from_millis;
        for (cpu_percent, bytes_per_second, worked, bytes, expected) in [
            (100, u64::MAX, ms(300), 1 << 30, ms(0)),
            (50, u64::MAX, ms(300), 0, ms(300)),
            (25, u64::MAX, ms(100), 0, ms(300)),
            (100, 1_000, ms(300), 1_000, ms(700)),
            (50, 1_000, ms(600), 1_000, ms(600)),
            (0, 0, ms(1), 0, ms(99)),
        ] {
            let pace = Pace {
                cpu_percent,
                bytes_per_second,
            };
            assert_eq!(pace.rest(worked, bytes), expected, "{pace:?}");
        }
    }
}

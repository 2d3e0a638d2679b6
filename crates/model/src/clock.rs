//! The time of day, injected.
//!
//! Everything that asks for the time takes a [`Clock`], so that retention,
//! defaults of searches and sealing by age can be tested without waiting. No
//! other place in the workspace reads the system clock.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A source of the time of day.
pub trait Clock: std::fmt::Debug + Send + Sync + 'static {
    /// Nanoseconds since the Unix epoch.
    fn now_ns(&self) -> u64;

    /// Nanoseconds since some moment of this process, which nobody sets: what
    /// tells a jump of the clock from time that went by. A clock that is never
    /// set needs no other.
    fn steady_ns(&self) -> u64 {
        self.now_ns()
    }
}

/// A point in time in UTC with milliseconds: `2026-11-22 14:30:33.123`.
#[must_use]
pub fn utc_text(ns: u64) -> String {
    let (ms, seconds) = (ns / 1_000_000 % 1_000, ns / 1_000_000_000);
    let (days, second_of_day) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil_date(days);
    format!(
        "{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}.{ms:03}",
        second_of_day / 3_600,
        second_of_day / 60 % 60,
        second_of_day % 60
    )
}

/// Days since 1970-01-01 → year, month, day in the Gregorian calendar.
fn civil_date(days_since_epoch: u64) -> (u64, u64, u64) {
    // Years are counted from 1 March of year 0, so that a leap day comes last.
    let days = days_since_epoch + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

/// The clock of the machine.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the clock"
    )]
    fn now_ns(&self) -> u64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| {
                u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
            })
    }

    fn steady_ns(&self) -> u64 {
        static START: OnceLock<Instant> = OnceLock::new();
        let start = START.get_or_init(Instant::now);
        u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// A clock that stands still until it is told otherwise.
#[derive(Debug)]
pub struct ManualClock {
    now_ns: AtomicU64,
    steady_ns: AtomicU64,
}

impl ManualClock {
    /// Starts at `now_ns`.
    #[must_use]
    pub fn new(now_ns: u64) -> Self {
        Self {
            now_ns: AtomicU64::new(now_ns),
            steady_ns: AtomicU64::new(0),
        }
    }

    /// Lets time go by.
    pub fn advance_ns(&self, by_ns: u64) {
        self.steady_ns.fetch_add(by_ns, Ordering::SeqCst);
        self.now_ns.fetch_add(by_ns, Ordering::SeqCst);
    }

    /// Sets the time of day, as a person or a time service does; no time goes
    /// by.
    pub fn set_ns(&self, now_ns: u64) {
        self.now_ns.store(now_ns, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now_ns(&self) -> u64 {
        self.now_ns.load(Ordering::SeqCst)
    }

    fn steady_ns(&self) -> u64 {
        self.steady_ns.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_calendar_dates() {
        for (seconds, shown) in [
            (0, "1970-01-01 00:00:00.000"),
            (951_782_399, "2000-02-28 23:59:59.000"),
            (951_782_400, "2000-02-29 00:00:00.000"),
            (1_709_251_199, "2024-02-29 23:59:59.000"),
            (4_102_444_800, "2100-01-01 00:00:00.000"),
        ] {
            assert_eq!(utc_text(seconds * 1_000_000_000), shown);
        }
    }
}

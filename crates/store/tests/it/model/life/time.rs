//! The clock of a life, and what retention by age may have removed.
//!
//! Real time is the steady clock. The clock of the machine goes with it, but
//! for the jumps, which the store has to believe only when they have lasted an
//! hour.

use super::Life;
use tracewell_model::clock::Clock;

const HOUR_NS: u64 = 3_600_000_000_000;

impl Life {
    /// Sets the clock of the machine; no time goes by.
    pub(super) fn set_clock(&mut self, by_seconds: i64, while_running: bool) {
        if !while_running {
            if self.doom.is_some() {
                self.crash();
            }
            self.store = None;
            self.hear_the_last();
        }
        let now_ns = self.clock.now_ns();
        let by_ns = by_seconds.unsigned_abs() * 1_000_000_000;
        self.clock.set_ns(match by_seconds < 0 {
            true => now_ns.saturating_sub(by_ns),
            false => now_ns + by_ns,
        });
        self.jumps_ns.push(self.clock.steady_ns());
        if !while_running {
            self.heal();
            self.open_whole();
        }
    }

    /// The time before which what was appended may have been removed: as old
    /// as retention says, or before a jump that has lasted an hour.
    pub(super) fn removable_before_ns(&self) -> u64 {
        let Some(age) = self.options.retention.age else {
            return 0;
        };
        let now_ns = self.clock.steady_ns();
        let confirmed = self
            .jumps_ns
            .iter()
            .filter(|jump| now_ns - **jump >= HOUR_NS);
        let confirmed_ns = confirmed.max().copied().unwrap_or(0);
        confirmed_ns.max(now_ns.saturating_sub(age.as_nanos() as u64))
    }
}

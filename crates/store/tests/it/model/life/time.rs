//! The clock of a life, and what retention by age may have removed.
//!
//! Real time is the steady clock. The clock of the machine goes with it, but
//! for the jumps, which the store has to believe only when they have lasted an
//! hour.

use super::losses::held_by;
use super::{BEGINNING_NS, Life, PATIENCE};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use tracewell_model::clock::Clock;
use tracewell_testkit::TestSpan;

const HOUR_NS: u64 = 3_600_000_000_000;

/// A seal and a look at what is too old take no longer, or come later.
const LOOK: Duration = Duration::from_millis(150);

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

    /// Nothing that was sealed stays for ever, whatever the clock said then.
    pub(super) fn outlive_retention(&mut self) {
        let Some(age) = self.options.retention.age else {
            return;
        };
        if self.jumps_ns.is_empty() {
            return;
        }
        let mut paths = self.disk.paths();
        paths.retain(|path| path.starts_with("/data/blocks"));
        let mut sealed = held_by(&self.ledger, &self.disk, &paths);
        let mut paths = self.disk.paths();
        paths.retain(|path| path.starts_with("/data/wal"));
        let logged = held_by(&self.ledger, &self.disk, &paths);
        sealed.retain(|span| !logged.contains(span));
        self.open_whole();
        let since = Instant::now();
        for number in 0.. {
            if self.is_gone(&sealed) {
                break;
            }
            assert!(since.elapsed() < PATIENCE, "what was sealed stays for ever");
            self.clock
                .advance_ns(HOUR_NS / 3 + age.as_nanos() as u64 / 2);
            self.seal_fresh_spans(number);
            let looked = Instant::now();
            while looked.elapsed() < LOOK && !self.is_gone(&sealed) {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        self.store = None;
        self.hear_the_last();
    }

    /// Whether none of these spans is shown.
    fn is_gone(&self, spans: &BTreeSet<usize>) -> bool {
        let reading = self.read().expect("the disk is well");
        self.ledger.numbers(&reading).is_disjoint(spans)
    }

    /// A seal also looks for what is too old.
    fn seal_fresh_spans(&mut self, number: u64) {
        let mut bytes = 0;
        for more in 0.. {
            let trace = 1 << 40 | number << 20 | more;
            let span = |id| TestSpan::new(trace, id, "last", "GET /", BEGINNING_NS);
            bytes += self.append(usize::MAX, &(1..20).map(span).collect::<Vec<_>>());
            // What is refused waits for a seal, which is what is wanted.
            if !self.hear_all() || bytes >= self.options.seal_bytes {
                break;
            }
        }
    }
}

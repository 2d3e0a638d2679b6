//! What one tenant may send: so many spans a second, and so many traces at once.
//!
//! A tenant that sends more is told to come again later, and the others notice
//! nothing. Its spans are counted here, in an account of its own. **What is
//! refused was never kept.**

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tracewell_model::{Ack, Consumer, SpanBatch, StoreError, TraceId};

use crate::accounting::{Accounting, ReceiverAccount};
use crate::refusal::rejection_reason;

/// A trace is alive until nothing of it has come for so long.
const IDLE: Duration = Duration::from_secs(10);

/// Name of the one account of a tenant: of all receivers together.
const ALL_RECEIVERS: &str = "all";

/// `None` is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ration {
    /// Spans a second, over some seconds.
    pub spans_per_second: Option<u64>,
    /// Traces of which something came in the last ten seconds.
    pub live_traces: Option<u64>,
}

/// A stage before a tenant's store.
pub struct Rationed {
    ration: Ration,
    account: Arc<ReceiverAccount>,
    taken: Mutex<Taken>,
    next: Arc<dyn Consumer>,
}

/// What a tenant has taken of its ration.
#[derive(Debug)]
struct Taken {
    /// Spans that may come now; below 0 after a request that was larger.
    left: f64,
    since: Instant,
    alive: HashMap<TraceId, Instant>,
}

impl Rationed {
    /// Counts in `accounting`, which is the tenant's own.
    #[must_use]
    pub fn new(ration: Ration, accounting: &Accounting, next: Arc<dyn Consumer>) -> Self {
        Self {
            ration,
            account: accounting.receiver(ALL_RECEIVERS),
            taken: Mutex::new(Taken {
                left: ration.spans_per_second.unwrap_or_default() as f64,
                since: Instant::now(),
                alive: HashMap::new(),
            }),
            next,
        }
    }

    fn admit(&self, batch: &SpanBatch) -> Result<(), (&'static str, StoreError)> {
        if self.ration == Ration::default() {
            return Ok(());
        }
        let mut taken = self.taken();
        let now = Instant::now();
        if let Some(most) = self.ration.spans_per_second {
            taken.check_rate(most, now)?;
        }
        if let Some(most) = self.ration.live_traces {
            taken.take_traces(&batch.spans().trace_id, most, now)?;
        }
        // Last: what is refused for another reason takes nothing of the rate.
        taken.left -= batch.len() as f64;
        Ok(())
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    /// A request passes while anything is left, and may take more than that: the
    /// mean holds, and no request is too large for ever.
    fn check_rate(&mut self, most: u64, now: Instant) -> Result<(), (&'static str, StoreError)> {
        let passed = now.saturating_duration_since(self.since);
        self.since = now;
        let most_left = most as f64;
        self.left = (self.left + passed.as_secs_f64() * most_left).min(most_left);
        if self.left > 0.0 {
            return Ok(());
        }
        let text = format!("the tenant sends more than its {most} spans a second");
        Err(("refused_rate", StoreError::Busy(text)))
    }

    fn take_traces(
        &mut self,
        ids: &[TraceId],
        most: u64,
        now: Instant,
    ) -> Result<(), (&'static str, StoreError)> {
        let is_alive = |seen: &Instant| now.saturating_duration_since(*seen) < IDLE;
        let mut new: Vec<TraceId> = ids
            .iter()
            .filter(|id| !self.alive.get(*id).is_some_and(is_alive))
            .copied()
            .collect();
        new.sort_unstable();
        new.dedup();
        if new.len() as u64 > most {
            let text = format!(
                "one request begins {} traces, and the tenant may have {most} at once; send \
                 smaller batches",
                new.len()
            );
            return Err(("refused_live_traces", StoreError::Refused(text)));
        }
        if (self.alive.len() + new.len()) as u64 > most {
            self.alive.retain(|_, seen| is_alive(seen));
        }
        if (self.alive.len() + new.len()) as u64 > most && !new.is_empty() {
            let text = format!(
                "the tenant has {} traces at once and begins {} more, its limit is {most}",
                self.alive.len(),
                new.len()
            );
            return Err(("refused_live_traces", StoreError::Busy(text)));
        }
        for id in ids {
            self.alive.insert(*id, now);
        }
        Ok(())
    }
}

impl Consumer for Rationed {
    fn consume(&self, batch: Arc<SpanBatch>, ack: Ack) {
        let in_flight = self.account.spans_arrived(batch.len() as u64);
        if let Err((reason, error)) = self.admit(&batch) {
            in_flight.rejected(reason);
            return ack(Err(error));
        }
        let ack = move |fate: Result<(), StoreError>| {
            match &fate {
                Ok(()) => in_flight.stored(),
                Err(error) => in_flight.rejected(rejection_reason(error)),
            }
            ack(fate);
        };
        self.next.consume(batch, Box::new(ack));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken() -> Taken {
        Taken {
            left: 100.0,
            since: Instant::now(),
            alive: HashMap::new(),
        }
    }

    #[test]
    fn over_some_seconds_no_more_spans_come_than_a_second_may_have() {
        let mut taken = taken();
        let begin = taken.since;
        let mut passed = 0;
        // A request of 30 spans every 50 ms: six times as much as there may be.
        for request in 0..200 {
            let now = begin + Duration::from_millis(50) * request;
            if taken.check_rate(100, now).is_ok() {
                taken.left -= 30.0;
                passed += 30;
            }
        }
        assert!((1_000..=1_130).contains(&passed), "{passed}");
        // One that is larger than a second's share passes, and is paid for.
        taken.left = 100.0;
        assert!(taken.check_rate(100, taken.since).is_ok());
        taken.left -= 1_000.0;
        let soon = taken.since + Duration::from_secs(8);
        assert!(taken.check_rate(100, soon).is_err());
        assert!(taken.check_rate(100, soon + Duration::from_secs(2)).is_ok());
    }

    #[test]
    fn new_traces_wait_until_old_ones_are_idle_and_known_ones_go_on() {
        let id = |number: u8| TraceId([number; 16]);
        let mut taken = taken();
        let begin = taken.since;
        assert!(taken.take_traces(&[id(1), id(2), id(1)], 3, begin).is_ok());
        let (_, refused) = taken
            .take_traces(&[id(3), id(4)], 3, begin)
            .expect_err("four at once");
        assert!(refused.to_string().contains("its limit is 3"), "{refused}");
        assert!(taken.take_traces(&[id(3), id(1)], 3, begin).is_ok());
        assert!(
            taken
                .take_traces(&[id(1), id(2)], 3, begin + IDLE / 2)
                .is_ok()
        );
        assert!(taken.take_traces(&[id(4)], 3, begin + IDLE / 2).is_err());
        assert!(
            taken.take_traces(&[id(4)], 3, begin + IDLE).is_ok(),
            "3 is idle"
        );
        assert_eq!(taken.alive.len(), 3);
        let many: Vec<_> = (10..14).map(id).collect();
        let never = taken.take_traces(&many, 3, begin + IDLE * 3);
        assert!(matches!(never, Err((_, StoreError::Refused(_)))));
    }
}

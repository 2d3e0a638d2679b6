//! One connection: a request when it is due, again while that makes sense.
//!
//! The load is open-loop: requests are due at fixed times whether or not the
//! server keeps up, and latency counts from when a request was due. A connection
//! that falls behind by more than [`MAX_LAG`] skips what it missed and says so;
//! it holds one request at a time, so memory does not grow with the backlog.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::Instant;
use tracewell_model::clock::{Clock, SystemClock};

use super::batch::{Batch, Batches};
use super::encoding::Templates;
use super::histogram::Histogram;
use super::random::Random;
use super::sender::{Answer, Sender};
use super::totals::Totals;
use super::verify_file::VerifyFile;

/// How late a request may leave before it counts as not sent.
const MAX_LAG: Duration = Duration::from_secs(1);
/// First pause between attempts when the server names none.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
/// Longest pause between attempts when the server names none.
const MAX_BACKOFF: Duration = Duration::from_secs(5);

/// What all connections share.
pub(super) struct Run {
    pub(super) templates: Templates,
    pub(super) totals: Totals,
    pub(super) verify: Option<VerifyFile>,
    /// Spans still to be sent, if their number is limited.
    pub(super) remaining: Option<AtomicU64>,
    pub(super) seed: u64,
    pub(super) batch_spans: usize,
    pub(super) connections: usize,
    /// Time between two requests of a connection; zero sends without pause.
    pub(super) interval: Duration,
    pub(super) start: Instant,
    pub(super) duration: Duration,
    /// How long a request is tried before it counts as failed.
    pub(super) retry_for: Duration,
}

impl Run {
    /// Takes up to a batch from what remains; 0 when all is sent.
    fn claim(&self) -> usize {
        let Some(remaining) = &self.remaining else {
            return self.batch_spans;
        };
        let batch = self.batch_spans as u64;
        let before = remaining
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                Some(left.saturating_sub(batch))
            })
            .unwrap_or(0);
        before.min(batch) as usize
    }
}

/// The seed of a connection, given that of the run.
pub(super) fn seed(run: u64, connection: usize) -> u64 {
    run.wrapping_add(connection as u64 + 1)
}

/// Sends until the time is over, everything is sent, or `stop` turns true.
pub(super) async fn work(
    run: Arc<Run>,
    index: usize,
    mut sender: Sender,
    mut stop: watch::Receiver<bool>,
) -> Histogram {
    let mut latencies = Histogram::new();
    let seed = seed(run.seed, index);
    let mut batches = Batches::new(&run.templates, seed);
    let mut jitter = Random::new(!seed);
    let end = run.start + run.duration;
    let step = run.interval;
    // Connections take turns, so that requests are spread evenly.
    let mut due = run.start + step.mul_f64(index as f64 / run.connections as f64);

    while due < end && !*stop.borrow() {
        tokio::select! {
            () = tokio::time::sleep_until(due) => {}
            _ = stop.wait_for(|stopped| *stopped) => break,
        }
        let now = Instant::now();
        let lag = now.saturating_duration_since(due);
        if step.is_zero() {
            if now >= end {
                break;
            }
            due = now;
        } else if lag > MAX_LAG.max(step) {
            let missed = missed_requests(lag.min(end - due), step);
            run.totals
                .unsent
                .add(u64::from(missed) * run.batch_spans as u64);
            due += step * missed;
            continue;
        }
        let spans = run.claim();
        if spans == 0 {
            break;
        }
        let batch = batches.next(spans, SystemClock.now_ns());
        if deliver(&run, &mut sender, &batch, &mut jitter, &mut stop).await {
            latencies.record(due.elapsed());
        }
        due += step;
    }
    latencies
}

/// Requests that were due within `span` of the first one, itself included.
fn missed_requests(span: Duration, step: Duration) -> u32 {
    u32::try_from(span.as_nanos().div_ceil(step.as_nanos())).unwrap_or(u32::MAX)
}

/// Sends one batch until it is taken or refused, or trying has lasted too long.
async fn deliver(
    run: &Run,
    sender: &mut Sender,
    batch: &Batch,
    jitter: &mut Random,
    stop: &mut watch::Receiver<bool>,
) -> bool {
    let totals = &run.totals;
    let body: Bytes = match sender.prepare(batch.body.clone()) {
        Ok(body) => body,
        Err(error) => {
            totals.failed.add(batch.spans);
            totals.reason(format!("cannot compress: {error}"), batch.spans);
            return false;
        }
    };
    let give_up = Instant::now() + run.retry_for;
    let mut backoff = FIRST_BACKOFF;
    loop {
        totals.requests.add(1);
        totals.bytes.add(body.len() as u64);
        let (after, reason) = match sender.send(body.clone()).await {
            Answer::Accepted {
                rejected_spans,
                message,
            } => {
                let rejected = rejected_spans.min(batch.spans);
                totals.acknowledged.add(batch.spans - rejected);
                totals.traces.add(batch.new_traces);
                totals.rejected.add(rejected);
                if rejected > 0 {
                    totals.reason(message, rejected);
                } else if let Some(verify) = &run.verify {
                    verify.acknowledged(&batch.contents);
                }
                return true;
            }
            Answer::Refused { reason } => {
                totals.rejected.add(batch.spans);
                totals.reason(reason, batch.spans);
                return false;
            }
            Answer::Retry { after, reason } => (after, reason),
        };
        // Half to all of the pause, so that connections do not come back at once.
        let share = 0.5 + jitter.below(1_000) as f64 / 2_000.0;
        let pause = after.unwrap_or_else(|| backoff.mul_f64(share));
        if Instant::now() + pause > give_up || *stop.borrow() {
            totals.failed.add(batch.spans);
            totals.reason(reason, batch.spans);
            return false;
        }
        totals.retries.add(1);
        totals.noted(reason);
        backoff = (backoff * 2).min(MAX_BACKOFF);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stop.wait_for(|stopped| *stopped) => {}
        }
    }
}

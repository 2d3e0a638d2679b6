//! A batch at its destination, and what became of it.
//!
//! ```text
//! batch ─ send ─┬ taken, in part or in whole ─ count
//!               ├ too large ─ each half by itself
//!               ├ come again much later ─ back to the worker
//!               └ lost ─ count, and say so
//! ```
//!
//! It exists so that every item ends in one count, whatever the backend
//! answers. It must never send to a backend that asked to be left alone.

use super::complaints::Complaints;
use super::otlp::{Otlp, Outcome};
use super::source::Source;
use std::io::{self, Write};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::Instant;

/// Where batches go.
pub(crate) enum Destination {
    Otlp(Box<Otlp>),
    /// Lines on standard output, for a first look without a backend.
    Console,
}

/// The destination and what was said about it.
pub(super) struct Sink<S: Source> {
    source: &'static S,
    destination: Destination,
    last_failure: String,
    complaints: Complaints,
    /// Dropped because the queue was full, as far as it was said.
    known_full: u64,
    /// Of the batch under way, how many are in a count already.
    settled: usize,
    /// What a backend that found a request too large is likely to take.
    max_bytes: usize,
    rests_until: Option<Instant>,
    /// The backend has no place for what is sent: until the rest is over it is
    /// not kept.
    is_not_served: bool,
}

impl<S: Source> Sink<S> {
    pub(super) fn new(source: &'static S, destination: Destination, max_bytes: usize) -> Sink<S> {
        Sink {
            source,
            destination,
            last_failure: String::new(),
            complaints: Complaints::default(),
            known_full: 0,
            settled: 0,
            max_bytes,
            rests_until: None,
            is_not_served: false,
        }
    }

    /// Why something was lost; empty if nothing was.
    pub(super) fn last_failure(&self) -> &str {
        &self.last_failure
    }

    /// How many of the last batch are in a count.
    pub(super) fn settled(&self) -> usize {
        self.settled
    }

    /// How many bytes a batch may have.
    pub(super) fn max_bytes(&self) -> usize {
        self.max_bytes
    }

    /// Until when the backend wants to hear nothing, while what is to be sent
    /// can wait.
    pub(super) fn rests_until(&self) -> Option<Instant> {
        self.rests_until
            .filter(|until| !self.is_not_served && Instant::now() < *until)
    }

    /// Sends a batch, and counts what became of it. What is not [`settled`]
    /// afterwards is its end, and is to be sent after the rest.
    ///
    /// [`settled`]: Sink::settled
    pub(super) async fn export(&mut self, batch: &[S::Item]) {
        self.settled = 0;
        if self.is_not_served && self.rests_until.is_some_and(|until| Instant::now() < until) {
            self.lose(batch.len());
            return;
        }
        let deadline = match &self.destination {
            Destination::Otlp(otlp) => otlp.deadline(),
            Destination::Console => Instant::now(),
        };
        // In their order: the last is sent first.
        let mut parts = vec![batch];
        while let Some(part) = parts.pop() {
            match self.send(part, deadline).await {
                Outcome::TooLarge { why } if part.len() > 1 => {
                    let bytes: usize = part.iter().map(S::bytes_of).sum();
                    self.max_bytes = self.max_bytes.min(bytes / 2);
                    let (first, second) = part.split_at(part.len() / 2);
                    parts.extend([second, first]);
                    self.last_failure = why;
                }
                Outcome::Later { after, why } => return self.rest(after, &why),
                outcome => self.account(outcome, part),
            }
        }
    }

    async fn send(&mut self, part: &[S::Item], deadline: Instant) -> Outcome {
        let otlp = match &mut self.destination {
            Destination::Otlp(otlp) => otlp,
            Destination::Console => {
                return match write_lines(self.source, part) {
                    Ok(()) => Outcome::Accepted {
                        rejected: 0,
                        message: String::new(),
                    },
                    Err(error) => Outcome::Failed {
                        why: error.to_string(),
                    },
                };
            }
        };
        let (source, complaints) = (self.source, &mut self.complaints);
        let endpoint = otlp.endpoint().clone();
        let mut on_failure = |why: &str| {
            source.is_failing().store(true, Ordering::Relaxed);
            let what = format!("cannot send {} to {endpoint}: {why}", S::ITEMS);
            complaints.say(&format!("unsent: {why}"), &what);
        };
        let message = source.encode(otlp.resource(), part);
        otlp.export(message, deadline, &mut on_failure).await
    }

    /// Leaves the backend alone, as it asked.
    fn rest(&mut self, after: Duration, why: &str) {
        self.is_not_served = false;
        self.rests_until = Some(Instant::now() + after);
        let (items, seconds) = (S::ITEMS, after.as_secs());
        self.last_failure = format!("{why} and asked to be left alone for {seconds} s");
        let what = format!("{items} wait: {}", self.last_failure);
        self.complaints.say(&format!("deferred: {why}"), &what);
    }

    fn account(&mut self, outcome: Outcome, part: &[S::Item]) {
        let (sent, items) = (part.len(), S::ITEMS);
        let counters = self.source.counters();
        let is_failing = !matches!(outcome, Outcome::Accepted { .. });
        self.source
            .is_failing()
            .store(is_failing, Ordering::Relaxed);
        match outcome {
            Outcome::Accepted { rejected, message } => {
                // A backend cannot refuse more than it was sent.
                let rejected = usize::try_from(rejected).unwrap_or(usize::MAX).min(sent);
                counters.rejected.add(rejected);
                counters.exported.add(sent - rejected);
                self.settled += sent;
                if rejected > 0 {
                    let what = format!("the backend refused {rejected} {items}: {message}");
                    self.complaints.say("refused", &what);
                    self.last_failure = message;
                } else if counters.dropped_queue_full.get() > self.known_full {
                    self.known_full = counters.dropped_queue_full.get();
                    let what = format!("{items} are dropped because the queue is full");
                    self.complaints.say("full", &what);
                } else {
                    self.complaints.recover();
                }
            }
            Outcome::TooLarge { why } => {
                let bytes: usize = part.iter().map(S::bytes_of).sum();
                let what = format!("{items} are lost: one of {bytes} bytes is too large: {why}");
                self.lose(sent);
                self.complaints.say("too large", &what);
                self.last_failure = why;
            }
            Outcome::Failed { why } | Outcome::Later { why, .. } => {
                self.lose(sent);
                let what = format!("{items} are lost: {why}");
                self.complaints.say(&format!("lost: {why}"), &what);
                self.last_failure = why;
            }
            Outcome::NotServed { why } => {
                self.lose(sent);
                let what = format!("{items} are lost: {why}{}", S::ADVICE);
                self.complaints.say("not served", &what);
                self.last_failure = why;
                self.is_not_served = true;
                self.rests_until = Some(Instant::now() + S::REST);
            }
        }
    }

    fn lose(&mut self, count: usize) {
        self.source.counters().dropped_export_failed.add(count);
        self.settled += count;
    }
}

fn write_lines<S: Source>(source: &S, batch: &[S::Item]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    source.write_lines(&mut out, batch)?;
    out.flush()
}

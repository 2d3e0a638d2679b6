//! A batch at its destination, and what became of it.
//!
//! It exists so that every item ends in one count, whatever the backend
//! answers. What goes wrong is said once and must never be said through
//! `tracing` or `log`, which might end up here again.

use super::otlp::{Otlp, Outcome};
use super::source::Source;
use crate::statistics::Counters;
use std::io::{self, Write};
use std::sync::atomic::Ordering;
use std::time::Instant;

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
    has_warned: bool,
    /// Of a backend that has no place for them, whatever was said before.
    has_said_not_served: bool,
    rests_until: Option<Instant>,
}

impl<S: Source> Sink<S> {
    pub(super) fn new(source: &'static S, destination: Destination) -> Sink<S> {
        Sink {
            source,
            destination,
            last_failure: String::new(),
            has_warned: false,
            has_said_not_served: false,
            rests_until: None,
        }
    }

    /// Why something was lost; empty if nothing was.
    pub(super) fn last_failure(&self) -> &str {
        &self.last_failure
    }

    pub(super) async fn export(&mut self, batch: &[S::Item]) {
        if self.rests_until.is_some_and(|until| Instant::now() < until) {
            let counters = self.source.counters();
            counters.dropped_export_failed.add(batch.len());
            return;
        }
        let outcome = match &mut self.destination {
            Destination::Console => match write_lines(self.source, batch) {
                Ok(()) => Outcome::Accepted {
                    rejected: 0,
                    message: String::new(),
                },
                Err(error) => Outcome::Failed {
                    why: error.to_string(),
                },
            },
            Destination::Otlp(otlp) => {
                let (source, has_warned) = (self.source, &mut self.has_warned);
                let endpoint = otlp.endpoint().clone();
                let mut on_failure = |why: &str| {
                    source.is_failing().store(true, Ordering::Relaxed);
                    let what = format!("cannot send {} to {endpoint}: {why}", S::ITEMS);
                    warn_once(has_warned, &what);
                };
                let message = source.encode(otlp.resource(), batch);
                otlp.export(message, &mut on_failure).await
            }
        };
        self.account(outcome, batch.len());
    }

    fn account(&mut self, outcome: Outcome, sent: usize) {
        let counters: &Counters = self.source.counters();
        let is_failing = !matches!(outcome, Outcome::Accepted { .. });
        let failing = self.source.is_failing();
        failing.store(is_failing, Ordering::Relaxed);
        match outcome {
            Outcome::Accepted { rejected, message } => {
                // A backend cannot refuse more than it was sent.
                let rejected = usize::try_from(rejected).unwrap_or(usize::MAX).min(sent);
                counters.rejected.add(rejected);
                counters.exported.add(sent - rejected);
                if rejected > 0 {
                    let what = format!("the backend refused {rejected} {}: {message}", S::ITEMS);
                    warn_once(&mut self.has_warned, &what);
                    self.last_failure = message;
                } else if counters.dropped_queue_full.get() > 0 {
                    let what = format!("{} are dropped because the queue is full", S::ITEMS);
                    warn_once(&mut self.has_warned, &what);
                }
            }
            Outcome::Failed { why } => {
                counters.dropped_export_failed.add(sent);
                let what = format!("{} are lost: {why}", S::ITEMS);
                warn_once(&mut self.has_warned, &what);
                self.last_failure = why;
            }
            Outcome::NotServed { why } => {
                counters.dropped_export_failed.add(sent);
                let what = format!("{} are lost: {why}{}", S::ITEMS, S::ADVICE);
                warn_once(&mut self.has_said_not_served, &what);
                self.last_failure = why;
                self.rests_until = Some(Instant::now() + S::REST);
            }
        }
    }
}

fn write_lines<S: Source>(source: &S, batch: &[S::Item]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    source.write_lines(&mut out, batch)?;
    out.flush()
}

/// One line on standard error. The rest is in the statistics.
fn warn_once(has_warned: &mut bool, what: &str) {
    if !std::mem::replace(has_warned, true) {
        // A closed standard error is no reason to fail.
        writeln!(
            io::stderr(),
            "tracewell-instrument: {what} (said once; the guard's statistics count)"
        )
        .unwrap_or_default();
    }
}

//! The exporter's thread.
//!
//! ```text
//! a batch is full ─┐
//! the delay passed ├─ gather ─ take a batch ─ export ─┐
//! flush, shutdown ─┘            └── while there are ──┘
//! ```
//!
//! It exists so that sending never happens on an application's thread. While a
//! batch is under way it must still hear a shutdown, and its deadline.

use super::console::Console;
use super::otlp::{Otlp, Outcome};
use super::settings::BatchSettings;
use super::worker_handle::{Command, FlushError, WorkerHandle};
use crate::record::{Core, SpanData, suppress_this_thread};
use std::io::Write;
use std::sync::atomic::Ordering;
use std::thread;
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::time::{Instant, sleep_until};

/// Where batches go.
pub(crate) enum Destination {
    Otlp(Box<Otlp>),
    Console(Console),
}

struct Worker {
    core: &'static Core,
    sink: Sink,
    settings: BatchSettings,
    pending: Pending,
}

/// The destination and what was said about it.
struct Sink {
    core: &'static Core,
    destination: Destination,
    last_failure: String,
    has_warned: bool,
}

/// Commands that are not answered yet.
struct Pending {
    core: &'static Core,
    commands: UnboundedReceiver<Command>,
    waiting: Vec<Waiting>,
    /// Grows with each flush, so that a command that comes during one waits
    /// for the next.
    round: u64,
}

struct Waiting {
    command: Command,
    round: u64,
    lost_before: u64,
}

impl WorkerHandle {
    /// Starts the thread.
    pub(crate) fn start(
        core: &'static Core,
        destination: Destination,
        settings: BatchSettings,
    ) -> std::io::Result<WorkerHandle> {
        let (commands, receiver) = mpsc::unbounded_channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let worker = Worker {
            core,
            sink: Sink {
                core,
                destination,
                last_failure: String::new(),
                has_warned: false,
            },
            settings,
            pending: Pending {
                core,
                commands: receiver,
                waiting: Vec::new(),
                round: 0,
            },
        };
        thread::Builder::new()
            .name("tracewell-spans".to_owned())
            .spawn(move || {
                suppress_this_thread();
                run_quietly(|| runtime.block_on(worker.run()));
                // A name that is still being resolved must not hold up the end.
                runtime.shutdown_background();
            })?;
        Ok(WorkerHandle { commands })
    }
}

/// The libraries that send also log: not into the application's subscriber,
/// which may send in turn.
#[cfg(feature = "tracing")]
fn run_quietly(work: impl FnOnce()) {
    let nothing = tracing_core::subscriber::NoSubscriber::new();
    tracing_core::dispatcher::with_default(&tracing_core::Dispatch::new(nothing), work);
}

#[cfg(not(feature = "tracing"))]
fn run_quietly(work: impl FnOnce()) {
    work();
}

impl Worker {
    async fn run(mut self) {
        let mut next = Instant::now() + self.settings.scheduled_delay;
        loop {
            let mut is_due = false;
            tokio::select! {
                biased;
                command = self.pending.commands.recv() => match command {
                    Some(command) => self.pending.accept(command),
                    // All handles are gone; what is recorded is still sent.
                    None => return self.export_all(1).await,
                },
                () = sleep_until(next) => is_due = true,
                () = self.core.queue().filled() => {}
            }
            if is_due {
                next = Instant::now() + self.settings.scheduled_delay;
                self.core.follow_wall_clock();
                self.core.gather();
                self.export_all(1).await;
            } else {
                self.export_all(self.settings.max_export_batch_size).await;
            }
            if self.serve().await {
                return;
            }
        }
    }

    /// Answers what is asked; true after a shutdown.
    async fn serve(&mut self) -> bool {
        while !self.pending.waiting.is_empty() {
            let round = self.pending.round;
            self.pending.round += 1;
            let is_shutdown = self.pending.is_shutdown();
            // More gathers than one: the queue may be too full to take what
            // lies with the threads.
            while !self.core.gather() && !self.pending.is_late() {
                self.export_all(1).await;
            }
            if is_shutdown {
                self.core.close();
            }
            self.export_all(1).await;
            if is_shutdown {
                let left = self.core.queue().take(usize::MAX);
                self.core.counters.dropped_export_failed.add(left.len());
                self.pending.answer(u64::MAX, &self.sink.last_failure);
                return true;
            }
            self.pending.answer(round, &self.sink.last_failure);
        }
        false
    }

    /// Sends batches while at least this many spans wait, or until a shutdown
    /// runs out of time.
    async fn export_all(&mut self, at_least: usize) {
        while self.core.queue().len() >= at_least && !self.pending.is_late() {
            let batch = self.core.queue().take(self.settings.max_export_batch_size);
            if batch.is_empty() {
                return;
            }
            if !self.pending.listen_during(self.sink.export(&batch)).await {
                self.core.counters.dropped_export_failed.add(batch.len());
            }
            self.core.queue().recycle(batch);
        }
    }
}

impl Pending {
    fn accept(&mut self, command: Command) {
        let lost_before = self.lost();
        self.waiting.push(Waiting {
            command,
            round: self.round,
            lost_before,
        });
    }

    fn lost(&self) -> u64 {
        let counters = &self.core.counters;
        counters.dropped_export_failed.get() + counters.rejected.get()
    }

    fn is_shutdown(&self) -> bool {
        self.waiting
            .iter()
            .any(|waiting| waiting.command.is_shutdown)
    }

    /// Whether a shutdown has run out of time.
    fn is_late(&self) -> bool {
        let now = std::time::Instant::now();
        let is_late =
            |waiting: &Waiting| waiting.command.is_shutdown && waiting.command.deadline <= now;
        self.waiting.iter().any(is_late)
    }

    /// Runs `work` while taking commands; false if a shutdown's time ran out
    /// before it was done.
    async fn listen_during(&mut self, work: impl Future<Output = ()>) -> bool {
        tokio::pin!(work);
        loop {
            let deadlines = self.waiting.iter().map(|waiting| waiting.command.deadline);
            let first = deadlines.min().map(Instant::from_std);
            // Never reached where nobody waits.
            let until = first.unwrap_or_else(Instant::now);
            tokio::select! {
                biased;
                () = &mut work => return true,
                Some(command) = self.commands.recv() => self.accept(command),
                () = sleep_until(until), if first.is_some() => {
                    if self.is_late() {
                        return false;
                    }
                    self.expire();
                }
            }
        }
    }

    /// Tells those whose time has run out.
    fn expire(&mut self) {
        let now = std::time::Instant::now();
        for waiting in self
            .waiting
            .extract_if(.., |waiting| waiting.command.deadline <= now)
        {
            let timeout = waiting.command.timeout;
            (waiting.command.reply)(Err(FlushError::TimedOut { timeout }));
        }
    }

    /// Answers what was asked before this round was served.
    fn answer(&mut self, round: u64, why: &str) {
        let (lost, now) = (self.lost(), std::time::Instant::now());
        for waiting in self
            .waiting
            .extract_if(.., |waiting| waiting.round <= round)
        {
            let spans = lost - waiting.lost_before;
            let timeout = waiting.command.timeout;
            (waiting.command.reply)(match spans {
                0 => Ok(()),
                _ if waiting.command.deadline <= now => Err(FlushError::TimedOut { timeout }),
                _ => Err(FlushError::Failed {
                    spans,
                    why: why.to_owned(),
                }),
            });
        }
    }
}

impl Sink {
    async fn export(&mut self, batch: &[Box<SpanData>]) {
        let Sink {
            core,
            destination,
            last_failure,
            has_warned,
        } = self;
        let core: &'static Core = core;
        let outcome = match destination {
            Destination::Console(console) => match console.write(batch) {
                Ok(()) => Outcome::Accepted {
                    rejected: 0,
                    message: String::new(),
                },
                Err(error) => Outcome::Failed {
                    why: error.to_string(),
                },
            },
            Destination::Otlp(otlp) => {
                let endpoint = otlp.endpoint().clone();
                let mut on_failure = |why: &str| {
                    core.is_failing.store(true, Ordering::Relaxed);
                    warn_once(
                        has_warned,
                        &format!("cannot send spans to {endpoint}: {why}"),
                    );
                };
                otlp.export(core, batch, &mut on_failure).await
            }
        };
        match outcome {
            Outcome::Accepted { rejected, message } => {
                core.is_failing.store(false, Ordering::Relaxed);
                // A backend cannot refuse more than it was sent.
                let rejected = usize::try_from(rejected)
                    .unwrap_or(usize::MAX)
                    .min(batch.len());
                core.counters.rejected.add(rejected);
                core.counters.exported.add(batch.len() - rejected);
                if rejected > 0 {
                    *last_failure = message;
                    let why = format!("the backend refused {rejected} spans: {last_failure}");
                    warn_once(has_warned, &why);
                } else if core.counters.dropped_queue_full.get() > 0 {
                    warn_once(has_warned, "spans are dropped because the queue is full");
                }
            }
            Outcome::Failed { why } => {
                core.is_failing.store(true, Ordering::Relaxed);
                core.counters.dropped_export_failed.add(batch.len());
                warn_once(has_warned, &format!("spans are lost: {why}"));
                *last_failure = why;
            }
        }
    }
}

/// One line on standard error, not through `tracing` or `log`, which might end
/// up here again. The rest is in the statistics.
fn warn_once(has_warned: &mut bool, what: &str) {
    if !std::mem::replace(has_warned, true) {
        // A closed standard error is no reason to fail.
        writeln!(
            std::io::stderr(),
            "tracewell-instrument: {what} (said once; Guard::statistics() counts)"
        )
        .unwrap_or_default();
    }
}

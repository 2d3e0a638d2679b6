//! A lane: from one queue to its destination, on the exporter's thread.
//!
//! ```text
//! a batch is full ─┐
//! the delay passed ├─ gather ─ take a batch ─ export ─┐
//! flush, shutdown ─┘            └── while there are ──┘
//! ```
//!
//! It exists so that sending never happens on an application's thread, and is
//! the same for spans and log records. While a batch is under way it must still
//! hear a shutdown, and its deadline.

use super::settings::BatchSettings;
use super::sink::{Destination, Sink};
use super::source::Source;
use super::worker_handle::{Command, FlushError};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep_until};

pub(super) struct Worker<S: Source> {
    source: &'static S,
    sink: Sink<S>,
    settings: BatchSettings,
    pending: Pending<S>,
}

/// Commands that are not answered yet.
struct Pending<S: Source> {
    source: &'static S,
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

impl<S: Source> Worker<S> {
    pub(super) fn new(
        source: &'static S,
        destination: Destination,
        settings: BatchSettings,
        commands: UnboundedReceiver<Command>,
    ) -> Worker<S> {
        Worker {
            source,
            sink: Sink::new(source, destination),
            settings,
            pending: Pending {
                source,
                commands,
                waiting: Vec::new(),
                round: 0,
            },
        }
    }

    pub(super) async fn run(mut self) {
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
                () = self.source.filled() => {}
            }
            if is_due {
                next = Instant::now() + self.settings.scheduled_delay;
                self.source.follow_wall_clock();
                self.source.gather();
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
            while !self.source.gather() && !self.pending.is_late() {
                self.export_all(1).await;
            }
            if is_shutdown {
                self.source.close();
            }
            self.export_all(1).await;
            if is_shutdown {
                let left = self.source.take(usize::MAX);
                self.source.counters().dropped_export_failed.add(left.len());
                self.pending.answer(u64::MAX, self.sink.last_failure());
                return true;
            }
            self.pending.answer(round, self.sink.last_failure());
        }
        false
    }

    /// Sends batches while at least this many spans wait, or until a shutdown
    /// runs out of time.
    async fn export_all(&mut self, at_least: usize) {
        while self.source.waiting() >= at_least && !self.pending.is_late() {
            let batch = self.source.take(self.settings.max_export_batch_size);
            if batch.is_empty() {
                return;
            }
            if !self.pending.listen_during(self.sink.export(&batch)).await {
                self.source
                    .counters()
                    .dropped_export_failed
                    .add(batch.len());
            }
            self.source.recycle(batch);
        }
    }
}

impl<S: Source> Pending<S> {
    fn accept(&mut self, command: Command) {
        let lost_before = self.lost();
        self.waiting.push(Waiting {
            command,
            round: self.round,
            lost_before,
        });
    }

    fn lost(&self) -> u64 {
        let counters = self.source.counters();
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
            let lost = lost - waiting.lost_before;
            let timeout = waiting.command.timeout;
            (waiting.command.reply)(match lost {
                0 => Ok(()),
                _ if waiting.command.deadline <= now => Err(FlushError::TimedOut { timeout }),
                _ => Err(S::lost(lost, why.to_owned())),
            });
        }
    }
}

//! A lane: from one queue to its destination, on the exporter's thread.
//!
//! ```text
//! a batch is full ─┐
//! the delay passed ├─ gather ─ take a batch ─ export ─┐
//! flush, shutdown ─┘            └── while there are ──┘
//! ```
//!
//! It exists so that sending never happens on an application's thread, and is
//! the same for spans and log records. While a batch is under way, and while the
//! backend wants to be left alone, it must still hear a shutdown, and its
//! deadline.

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
    /// Taken from the queue and to be sent before the rest of it: the backend
    /// asked to be left alone for a while.
    held: Vec<S::Item>,
}

/// What of the queue is sent.
#[derive(Debug, Clone, Copy)]
enum Send {
    /// Only full requests.
    Batches,
    Everything,
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
            sink: Sink::new(source, destination, settings.max_export_batch_bytes),
            settings,
            held: Vec::new(),
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
            // When the backend may be asked again, if that is sooner.
            let rest = self.sink.rests_until();
            let until = rest.map_or(next, |rest| rest.min(next));
            tokio::select! {
                biased;
                command = self.pending.commands.recv() => match command {
                    Some(command) => self.pending.accept(command),
                    // All handles are gone; what is recorded is still sent.
                    None => return self.export_all(Send::Everything).await,
                },
                () = sleep_until(until) => {}
                () = self.source.filled() => {}
            }
            if Instant::now() >= next {
                next = Instant::now() + self.settings.scheduled_delay;
                self.source.follow_wall_clock();
                self.source.gather();
                self.export_all(Send::Everything).await;
            } else {
                self.export_all(Send::Batches).await;
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
            // lies with the threads. Nobody may wait for it any more: what is
            // left then has the next export's time.
            while !self.source.gather() && !self.is_hopeless() && !self.pending.waiting.is_empty() {
                self.export_all(Send::Everything).await;
            }
            if is_shutdown {
                self.source.close();
            }
            self.export_all(Send::Everything).await;
            if is_shutdown {
                let left = self.source.take(usize::MAX, usize::MAX).len() + self.held.len();
                self.source.counters().dropped_export_failed.add(left);
                self.pending.answer(u64::MAX, self.sink.last_failure());
                return true;
            }
            self.pending.answer(round, self.sink.last_failure());
        }
        false
    }

    /// Whether nothing can be sent before a shutdown runs out of time.
    fn is_hopeless(&self) -> bool {
        let rest = self.sink.rests_until();
        self.pending
            .shutdown_deadline()
            .is_some_and(|deadline| rest.unwrap_or_else(Instant::now) >= deadline)
    }

    /// Sends what waits, while the backend takes it and no shutdown runs out of
    /// time.
    async fn export_all(&mut self, what: Send) {
        while !self.is_hopeless() {
            if let Some(until) = self.sink.rests_until() {
                // Who asks for a flush waits for the end of the rest as well.
                if self.pending.waiting.is_empty() || !self.pending.sleep(until).await {
                    return;
                }
                continue;
            }
            let batch = match what {
                _ if !self.held.is_empty() => std::mem::take(&mut self.held),
                Send::Batches if !self.source.has_batch() => return,
                Send::Batches | Send::Everything => self
                    .source
                    .take(self.settings.max_export_batch_size, self.sink.max_bytes()),
            };
            if batch.is_empty() {
                return;
            }
            self.export(batch).await;
        }
    }

    async fn export(&mut self, mut batch: Vec<S::Item>) {
        let is_done = self.pending.listen_during(self.sink.export(&batch)).await;
        let unsettled = batch.split_off(self.sink.settled());
        self.source.recycle(batch);
        if is_done {
            self.held = unsettled;
        } else {
            let counters = self.source.counters();
            counters.dropped_export_failed.add(unsettled.len());
            self.source.recycle(unsettled);
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

    /// When the first shutdown runs out of time.
    fn shutdown_deadline(&self) -> Option<Instant> {
        let shutdowns = self.waiting.iter().filter(|it| it.command.is_shutdown);
        let deadlines = shutdowns.map(|it| it.command.deadline);
        deadlines.min().map(Instant::from_std)
    }

    /// Whether a shutdown has run out of time.
    fn is_late(&self) -> bool {
        let deadline = self.shutdown_deadline();
        deadline.is_some_and(|deadline| deadline <= Instant::now())
    }

    /// Waits while somebody waits for an answer; false if nobody does any more,
    /// or a shutdown makes it pointless.
    async fn sleep(&mut self, until: Instant) -> bool {
        while Instant::now() < until {
            let deadlines = self.waiting.iter().map(|waiting| waiting.command.deadline);
            let Some(first) = deadlines.min().map(Instant::from_std) else {
                return false;
            };
            tokio::select! {
                biased;
                Some(command) = self.commands.recv() => {
                    let is_shutdown = command.is_shutdown;
                    self.accept(command);
                    if is_shutdown {
                        return false;
                    }
                }
                () = sleep_until(first.min(until)) => {
                    if self.is_late() {
                        return false;
                    }
                    self.expire();
                }
            }
        }
        true
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

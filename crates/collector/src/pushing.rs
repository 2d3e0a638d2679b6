//! Numbers leave: what connectors count of spans is sent to peers, at intervals.
//!
//! ```text
//! connector ─► round (metrics_flush_interval) ─┬─► Desk ─► Sender ─► Peer
//!                                              └─► Desk ─► Sender ─► Peer
//! ```
//!
//! A round reads a connector once for all its peers. A desk keeps the newest value of
//! each series until the peer has it; a sender brings it there as OTLP or as remote
//! write, over the connections, credentials and packings that [`exporters`] have.
//! **Counting never waits for a peer**, and nothing that was counted is lost while the
//! process lives.
//!
//! [`exporters`]: crate::exporters

mod account;
mod desk;
mod instance;
mod otlp;
mod remote_write;
mod sender;
#[cfg(test)]
mod tests;
mod value;

pub use account::{PushAccount, PushSnapshot};

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use crate::exporters::{ExporterConfig, MetricsAs};
use crate::pipelines::graph::{Accounts, Surroundings};
use crate::pipelines::{ComponentId, PipelineFile};
use crate::series::{Reader, SeriesSource};
use account::Tally;
use desk::Desk;
use remote_write::RemoteWrite;
use sender::{Sender, Write};

/// How long a message on its way, and the last one, may take when the process ends.
const END_PATIENCE: Duration = Duration::from_secs(1);

/// Running connectors that count, by name.
pub(crate) type Sources = BTreeMap<ComponentId, Arc<dyn SeriesSource>>;

/// Starts to send what the pipelines of metrics of a file send; the accounts are added
/// to `accounts`. Connects to nobody yet.
///
/// # Errors
/// An exporter cannot be made: which, and why.
pub(crate) fn start(
    file: &PipelineFile,
    sources: &Sources,
    surroundings: &Surroundings<'_>,
    accounts: &Accounts,
) -> Result<(), String> {
    let (stop, stopping) = watch::channel(false);
    // By connector, the desks where its values go, and which of their sources it is.
    let mut rounds: BTreeMap<&ComponentId, Vec<(Arc<Desk>, usize)>> = BTreeMap::new();
    let mut senders = Vec::new();
    for (id, config) in &file.exporters {
        let connectors = file.sent_to(id);
        if connectors.is_empty() {
            continue;
        }
        let wrong = |why| format!("exporters.{id}: {why}");
        let Some(to) = config.metrics_to(surroundings).map_err(wrong)? else {
            continue;
        };
        let knows_deltas = !matches!(config, ExporterConfig::PrometheusRemoteWrite(_));
        let are_delta: Vec<bool> = connectors
            .iter()
            .map(|id| knows_deltas && file.rounds(id).is_some_and(|(_, is_delta)| is_delta))
            .collect();
        let tally = Tally::new(
            id.to_string(),
            crate::exporters::shown(to.endpoint).to_owned(),
        );
        let desk = Desk::new(&are_delta, tally);
        accounts.pushes(PushAccount::of(&desk));
        for (source, id) in connectors.into_iter().enumerate() {
            let desks = rounds.entry(id).or_default();
            desks.push((Arc::clone(&desk), source));
        }
        let sender = Sender {
            name: id.to_string(),
            desk,
            peer: Arc::new(to.peer),
            write: write(&to.write),
            retry: to.retry.clone(),
        };
        let running = surroundings.runtime.spawn(sender.run(stopping.clone()));
        senders.push(running);
    }
    let mut reading = Vec::new();
    for (id, desks) in rounds {
        if let (Some(source), Some((interval, _))) = (sources.get(id), file.rounds(id)) {
            let round = Round {
                source: Arc::clone(source),
                desks,
            };
            let runtime = surroundings.runtime;
            reading.push(runtime.spawn(round.run(interval, stopping.clone())));
        }
    }
    if !senders.is_empty() {
        surroundings.endings.add(end(stop, reading, senders));
    }
    Ok(())
}

fn write(write: &MetricsAs<'_>) -> Arc<Write> {
    match write {
        MetricsAs::Protobuf => Arc::new(otlp::protobuf),
        MetricsAs::Json => Arc::new(otlp::json),
        MetricsAs::RemoteWrite(config) => {
            let write = RemoteWrite {
                naming: config.naming.clone(),
                message_bytes_max: config.message_bytes_max,
                says_metadata: config.says_metadata,
            };
            Arc::new(move |points| write.messages(points))
        }
    }
}

/// What a connector counts, for all its peers.
struct Round {
    source: Arc<dyn SeriesSource>,
    desks: Vec<(Arc<Desk>, usize)>,
}

impl Round {
    /// Reads it at intervals until it is told to stop, and then once more.
    async fn run(self, interval: Duration, mut stopping: watch::Receiver<bool>) {
        let this = Arc::new(self);
        let mut ticks = interval_at(Instant::now() + interval, interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let is_last = tokio::select! {
                _ = ticks.tick() => false,
                _either_way = stopping.wait_for(|stopping| *stopping) => true,
            };
            let this = Arc::clone(&this);
            // Thousands of series take milliseconds.
            let read = tokio::task::spawn_blocking(move || this.read());
            if read.await.is_err() || is_last {
                return;
            }
        }
    }

    fn read(&self) {
        let counted = self.source.read(Reader::Sender);
        for (desk, source) in &self.desks {
            desk.put(*source, &counted);
        }
    }
}

/// Brings to peers what was counted last.
async fn end(
    stop: watch::Sender<bool>,
    reading: Vec<JoinHandle<()>>,
    senders: Vec<JoinHandle<Sender>>,
) {
    stop.send_replace(true);
    for round in reading {
        // One that failed has nothing to add.
        round.await.ok();
    }
    let last = senders.into_iter().map(|sender| async {
        let Ok(Ok(sender)) = timeout(END_PATIENCE, sender).await else {
            return;
        };
        let is_late = timeout(END_PATIENCE, sender.push()).await.is_err();
        let left = sender.desk.snapshot().in_flight;
        if is_late || left > 0 {
            tracing::warn!(
                "{}: {left} values of metrics were not taken before the end",
                sender.name
            );
        }
    });
    let last: Vec<_> = last
        .map(|sending| Handle::current().spawn(sending))
        .collect();
    for sending in last {
        sending.await.ok();
    }
}

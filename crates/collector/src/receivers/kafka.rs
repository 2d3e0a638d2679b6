//! `kafka`: spans from the records of topics.
//!
//! Every partition of every topic is read, by this process alone: there are no groups of
//! consumers. Where each partition goes on is kept on our disk. **It goes on behind a
//! record only when what stands behind the receiver has the record's spans**, so that a
//! broker that dies, and a process that is killed, lose none; what was read since the
//! position was last kept is read again, and stored twice at most.

pub mod config;
mod encoding;
mod offsets;
mod partition;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;
use tracewell_model::spool::Spools;

use self::config::KafkaReceiverConfig;
use self::offsets::{Offsets, PartitionName};
use self::partition::{Partition, Taking};
use crate::accounting::Accounting;
use crate::exporters::kafka::brokers::{Brokers, Failure, partitions};
use crate::intake::Intake;
use crate::pipelines::ComponentId;

/// Name in the accounts.
pub const RECEIVER: &str = "kafka";

/// For one attempt to connect.
const CONNECTING_MAX: Duration = Duration::from_secs(20);

/// Between two attempts.
const PAUSE: Duration = Duration::from_secs(1);

/// The receiver, running.
#[derive(Debug)]
pub struct KafkaReceiver {
    stop: watch::Sender<bool>,
    reading: JoinHandle<()>,
    offsets: Arc<Offsets>,
}

impl KafkaReceiver {
    /// Reads from now on, as the file calls it `id`; positions are kept in `spools`.
    /// Connects to nobody yet, and may wait for a disk. Needs a runtime.
    ///
    /// # Errors
    /// Positions cannot be kept, or certificates cannot be read: why.
    pub fn start(
        config: &KafkaReceiverConfig,
        (id, spools): (&ComponentId, &dyn Spools),
        (max_request_bytes, intake, accounting): (usize, &Arc<Intake>, &Accounting),
    ) -> Result<Self, String> {
        let name = format!("receivers.{id}.{}", config.group);
        let offsets = Arc::new(Offsets::open(spools, &name)?);
        let (stop, stopped) = watch::channel(false);
        let run = Run {
            name: format!("receivers.{id}"),
            config: config.clone(),
            brokers: Brokers::new(&config.brokers)?,
            offsets: Arc::clone(&offsets),
            taking: Arc::new(Taking {
                intake: Arc::clone(intake),
                account: accounting.named(&id.name).receiver(RECEIVER),
                decoder: config.encoding.decoder(),
                limit_bytes: max_request_bytes.min(intake.admission().limit_bytes() / 2),
            }),
        };
        Ok(Self {
            reading: tokio::spawn(run.until(stopped)),
            stop,
            offsets,
        })
    }

    /// Reads no more, waits up to `patience` for what was read, and keeps how far it
    /// came.
    pub async fn stop(mut self, patience: Duration) {
        self.stop.send_replace(true);
        if timeout(patience, &mut self.reading).await.is_err() {
            self.reading.abort();
        }
        self.offsets.keep().await;
        self.offsets.shut_down().await;
    }
}

/// What runs.
struct Run {
    /// For messages.
    name: String,
    config: KafkaReceiverConfig,
    brokers: Brokers,
    offsets: Arc<Offsets>,
    taking: Arc<Taking>,
}

impl Run {
    async fn until(self, mut stopped: watch::Receiver<bool>) {
        // Dropped with this future, they end.
        let mut reading: JoinSet<()> = JoinSet::new();
        let mut keeping = JoinSet::new();
        keeping.spawn(Arc::clone(&self.offsets).keep_every(self.config.keep_interval));
        let mut known = Known::default();
        let mut said = String::new();
        loop {
            let found = self.find(&mut known, &mut reading, &stopped).await;
            let why = match found {
                Ok(()) => known.missing(&self.config.topics),
                Err(failure) => Some(failure.to_string()),
            };
            if let Some(why) = why.as_ref().filter(|why| **why != said) {
                tracing::warn!("{}: {why}", self.name);
            }
            let pause = why.as_ref().map_or(self.config.refresh_interval, |_| PAUSE);
            said = why.unwrap_or_default();
            tokio::select! {
                _either_way = stopped.wait_for(|stopped| *stopped) => break,
                () = tokio::time::sleep(pause) => {}
            }
        }
        // They end by themselves, when what they handed on is answered.
        while reading.join_next().await.is_some() {}
    }

    /// Looks for partitions that are not read yet, and begins to.
    async fn find(
        &self,
        known: &mut Known,
        reading: &mut JoinSet<()>,
        stopped: &watch::Receiver<bool>,
    ) -> Result<(), Failure> {
        let client = timeout(CONNECTING_MAX, self.brokers.client(CONNECTING_MAX)).await;
        let late = || Failure::Passing(format!("no broker answers within {CONNECTING_MAX:?}"));
        let client = Arc::new(client.map_err(|_| late())??);
        for topic in &self.config.topics {
            for number in partitions(&client, topic).await? {
                if !known.partitions.insert((topic.clone(), number)) {
                    continue;
                }
                let partition = Partition {
                    topic: topic.clone(),
                    number,
                    client: Arc::clone(&client),
                    // Of one that came later nothing was there when we began.
                    begins_at_end: self.config.begins_at_end && !known.has_looked,
                    fetch: self.config.fetch,
                    offsets: Arc::clone(&self.offsets),
                    taking: Arc::clone(&self.taking),
                };
                reading.spawn(partition.read(stopped.clone()));
            }
        }
        known.has_looked = true;
        Ok(())
    }
}

/// Partitions that are read.
#[derive(Default)]
struct Known {
    partitions: BTreeSet<PartitionName>,
    /// Were all topics looked at once?
    has_looked: bool,
}

impl Known {
    /// Topics that are not there yet.
    fn missing(&self, topics: &[String]) -> Option<String> {
        let is_there = |topic: &&String| self.partitions.iter().any(|(of, _)| of == *topic);
        let missing: Vec<&str> = topics
            .iter()
            .filter(|topic| !is_there(topic))
            .map(String::as_str)
            .collect();
        let missing = missing.join(", ");
        (!missing.is_empty())
            .then(|| format!("there is no topic {missing} yet; it is read when there is"))
    }
}

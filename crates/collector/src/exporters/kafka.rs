//! `kafka`: records in a topic.
//!
//! A message is taken when the broker says that all replicas in sync have its records.
//! Partitions, and who leads each, are asked for with the first message and then from
//! time to time; the client follows a leader that moves by itself, within the time of
//! one attempt. **Where one of several partitions takes nothing, the message is sent
//! again as a whole**: the others may get their records twice.

pub(crate) mod brokers;
mod config;
mod encoding;
#[cfg(test)]
mod tests;

pub use brokers::{BrokersConfig, Sasl};
pub use config::{KafkaCompression, KafkaConfig};
pub use encoding::Encoding;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use bytes::Bytes;
use rskafka::chrono::DateTime;
use rskafka::client::Client;
use rskafka::client::error::Error;
use rskafka::client::partition::{Compression, PartitionClient, UnknownTopicHandling};
use rskafka::record::Record;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tracewell_model::SpanBatch;
use tracewell_model::clock::{Clock, SystemClock};

use super::peer::Answer;
use brokers::{Brokers, Failure, judge, partitions};

/// See the module's text.
#[derive(Debug)]
pub(crate) struct Peer {
    config: KafkaConfig,
    brokers: Brokers,
    topic: Mutex<Option<Arc<Topic>>>,
    /// Whose turn it is among partitions, for records without a key.
    turn: AtomicUsize,
}

/// What is known of the topic.
#[derive(Debug)]
struct Topic {
    client: Client,
    partitions: Vec<i32>,
    /// Those that were sent to.
    leaders: Mutex<BTreeMap<i32, Arc<PartitionClient>>>,
    asked: Instant,
}

impl Peer {
    /// Connects to nobody yet.
    pub(super) fn new(config: &KafkaConfig) -> Result<Self, String> {
        Ok(Self {
            brokers: Brokers::new(&config.brokers)?,
            config: config.clone(),
            topic: Mutex::default(),
            turn: AtomicUsize::new(0),
        })
    }

    pub(super) fn encode(&self, batch: &SpanBatch) -> Vec<u8> {
        let by_trace = self.config.partitions_by_trace;
        self.config.encoding.encode(batch, by_trace)
    }

    /// Larger messages, of several spans, go in pieces.
    pub(super) fn message_bytes_max(&self) -> usize {
        self.config.max_message_bytes
    }

    pub(super) async fn send(&self, message: Bytes) -> Answer {
        let produced = tokio::time::timeout(self.config.timeout, self.produce(message)).await;
        let failure = match produced {
            Ok(Ok(())) => return Answer::Taken { left_out: None },
            Ok(Err(failure)) => failure,
            Err(_late) => Failure::Passing(format!("no answer within {:?}", self.config.timeout)),
        };
        // Brokers may be others by now.
        *self.topic.lock().await = None;
        match failure {
            Failure::Passing(why) => Answer::Again { after: None, why },
            Failure::ForGood(why) => Answer::Refused(why),
            Failure::Denied(why) => Answer::Denied(why),
        }
    }

    async fn produce(&self, message: Bytes) -> Result<(), Failure> {
        let topic = self.topic().await?;
        let timestamp = DateTime::from_timestamp_nanos(SystemClock.now_ns() as i64);
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let mut by_partition: BTreeMap<i32, Vec<Record>> = BTreeMap::new();
        for record in encoding::records(message) {
            let count = topic.partitions.len();
            let index = encoding::partition(&record.key, turn, count);
            let records = by_partition.entry(topic.partitions[index]).or_default();
            records.push(Record {
                key: (!record.key.is_empty()).then(|| record.key.to_vec()),
                value: Some(record.value.to_vec()),
                headers: BTreeMap::new(),
                timestamp,
            });
        }
        let compression = match self.config.compression {
            KafkaCompression::None => Compression::NoCompression,
            KafkaCompression::Gzip => Compression::Gzip,
            KafkaCompression::Snappy => Compression::Snappy,
            KafkaCompression::Zstd => Compression::Zstd,
        };
        let mut on_their_way = JoinSet::new();
        for (partition, records) in by_partition {
            let (topic, name) = (Arc::clone(&topic), self.config.topic.clone());
            on_their_way.spawn(async move {
                let leader = topic.leader(&name, partition).await?;
                leader.produce(records, compression).await.map(|_| ())
            });
        }
        let mut result = Ok(());
        while let Some(produced) = on_their_way.join_next().await {
            let produced = match produced {
                Ok(produced) => produced.map_err(|error| judge(&error)),
                Err(gone) => Err(Failure::Passing(gone.to_string())),
            };
            if rank(&produced) > rank(&result) {
                result = produced;
            }
        }
        result
    }

    /// What is known of the topic, asked for where that is long ago.
    async fn topic(&self) -> Result<Arc<Topic>, Failure> {
        let mut known = self.topic.lock().await;
        if let Some(topic) = &*known
            && topic.asked.elapsed() < self.config.refresh_interval
        {
            return Ok(Arc::clone(topic));
        }
        let topic = Arc::new(self.ask().await?);
        *known = Some(Arc::clone(&topic));
        Ok(topic)
    }

    async fn ask(&self) -> Result<Topic, Failure> {
        let client = self.brokers.client(self.config.timeout).await?;
        let name = &self.config.topic;
        let mut partitions = partitions(&client, name).await?;
        if partitions.is_empty() && self.config.makes_topic {
            // Asking for it by name is what makes it, if the broker may.
            let asked = client.partition_client(name, 0, UnknownTopicHandling::Retry);
            asked.await.map_err(|error| judge(&error))?;
            partitions = self::partitions(&client, name).await?;
        }
        if partitions.is_empty() {
            return Err(Failure::Denied(format!(
                "there is no topic {name}, and the broker may not make it"
            )));
        }
        Ok(Topic {
            client,
            partitions,
            leaders: Mutex::default(),
            asked: Instant::now(),
        })
    }
}

/// Which of several answers counts: what may pass later goes before what is refused for
/// good.
fn rank(result: &Result<(), Failure>) -> u8 {
    match result {
        Ok(()) => 0,
        Err(Failure::ForGood(_)) => 1,
        Err(Failure::Denied(_)) => 2,
        Err(Failure::Passing(_)) => 3,
    }
}

impl Topic {
    async fn leader(&self, name: &str, partition: i32) -> Result<Arc<PartitionClient>, Error> {
        if let Some(leader) = self.leaders.lock().await.get(&partition) {
            return Ok(Arc::clone(leader));
        }
        let client = &self.client;
        let leader = client.partition_client(name, partition, UnknownTopicHandling::Retry);
        let leader = Arc::new(leader.await?);
        let mut leaders = self.leaders.lock().await;
        leaders.insert(partition, Arc::clone(&leader));
        Ok(leader)
    }
}

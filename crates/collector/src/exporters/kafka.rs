//! `kafka`: records in a topic.
//!
//! A message is taken when the broker says that all replicas in sync have its records.
//! Partitions, and who leads each, are asked for with the first message and then from
//! time to time; the client follows a leader that moves by itself, within the time of
//! one attempt. **Where one of several partitions takes nothing, the message is sent
//! again as a whole**: the others may get their records twice.

mod config;
mod encoding;
#[cfg(test)]
mod tests;

pub use config::{KafkaCompression, KafkaConfig, Sasl};
pub use encoding::Encoding;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rskafka::BackoffConfig;
use rskafka::chrono::DateTime;
use rskafka::client::error::{Error, ProtocolError};
use rskafka::client::partition::{Compression, PartitionClient, UnknownTopicHandling};
use rskafka::client::{Client, ClientBuilder, Credentials, SaslConfig};
use rskafka::record::Record;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tracewell_model::SpanBatch;
use tracewell_model::clock::{Clock, SystemClock};

use super::peer::Answer;
use super::tls::Tls;
use config::Mechanism;

/// Pauses of the client while a partition has no leader.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// See the module's text.
#[derive(Debug)]
pub(crate) struct Peer {
    config: KafkaConfig,
    tls: Option<Arc<Tls>>,
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

/// Why nothing was taken, and whether waiting helps.
enum Failure {
    Passing(String),
    ForGood(String),
    Denied(String),
}

impl Peer {
    /// Connects to nobody yet.
    pub(super) fn new(config: &KafkaConfig) -> Result<Self, String> {
        let tls = config.tls.as_ref().map(|tls| Tls::load(tls, b""));
        Ok(Self {
            config: config.clone(),
            tls: tls.transpose()?,
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
        let client = self.client().await?;
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

    async fn client(&self) -> Result<Client, Failure> {
        let mut builder = ClientBuilder::new(self.config.brokers.clone())
            .client_id(self.config.client_id.as_str())
            .backoff_config(BackoffConfig {
                init_backoff: FIRST_PAUSE,
                max_backoff: LONGEST_PAUSE,
                base: 2.0,
                // So that what is wrong is said before time is up.
                deadline: Some(self.config.timeout.mul_f64(0.75)),
            });
        if let Some(tls) = &self.tls {
            let tls = Arc::clone(tls);
            let client = tokio::task::spawn_blocking(move || tls.current()).await;
            builder =
                builder.tls_config(client.map_err(|gone| Failure::Passing(gone.to_string()))?);
        }
        if let Some(sasl) = &self.config.sasl {
            let line = |secret: &super::secret::Secret| secret.line().map_err(Failure::Denied);
            let credentials = Credentials::new(line(&sasl.username)?, line(&sasl.password)?);
            builder = builder.sasl_config(match sasl.mechanism {
                Mechanism::Plain => SaslConfig::Plain(credentials),
                Mechanism::ScramSha256 => SaslConfig::ScramSha256(credentials),
                Mechanism::ScramSha512 => SaslConfig::ScramSha512(credentials),
            });
        }
        builder.build().await.map_err(|error| judge(&error))
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

async fn partitions(client: &Client, name: &str) -> Result<Vec<i32>, Failure> {
    let topics = client.list_topics().await.map_err(|error| judge(&error))?;
    let topic = topics.into_iter().find(|topic| topic.name == *name);
    Ok(topic.map_or_else(Vec::new, |topic| topic.partitions.into_iter().collect()))
}

/// What an error means for the spans.
fn judge(error: &Error) -> Failure {
    let why = error.to_string();
    match error {
        Error::ServerError { protocol_error, .. } => match protocol_error {
            ProtocolError::MessageTooLarge
            | ProtocolError::RecordListTooLarge
            | ProtocolError::InvalidRecord
            | ProtocolError::InvalidTimestamp => Failure::ForGood(why),
            // Spans are not to blame, so whoever sent them keeps them.
            ProtocolError::TopicAuthorizationFailed
            | ProtocolError::ClusterAuthorizationFailed
            | ProtocolError::SaslAuthenticationFailed
            | ProtocolError::UnsupportedSaslMechanism
            | ProtocolError::InvalidTopicException => Failure::Denied(why),
            _ => Failure::Passing(why),
        },
        _ => Failure::Passing(why),
    }
}

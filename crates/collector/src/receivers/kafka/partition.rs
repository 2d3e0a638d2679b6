//! One partition: fetched from its leader, handed on, and gone on from there.
//!
//! What finds no room is tried again, for as long as that takes; meanwhile nothing more
//! is fetched. What cannot be read, or is refused for good, is counted, said and passed
//! over: **one bad record holds up no other**.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rskafka::client::Client;
use rskafka::client::error::{Error, ProtocolError};
use rskafka::client::partition::{OffsetAt, PartitionClient, UnknownTopicHandling};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracewell_access::Admitted;
use tracewell_wire::decompress::Encoding;

use super::config::Fetch;
use super::offsets::{Offsets, PartitionName};
use crate::accounting::{Outcome, ReceiverAccount};
use crate::exporters::kafka::brokers::judge;
use crate::intake::{Accepted, Decode, Decoder, Intake, RequestBody};
use crate::refusal::Refusal;

/// Records that are handed on at once.
const AT_ONCE: usize = 64;

/// Pauses after something did not work.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A broker answers within this, beyond what it was told to wait.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// Takes the spans of records.
pub(super) struct Taking {
    pub(super) intake: Arc<Intake>,
    pub(super) account: Arc<ReceiverAccount>,
    pub(super) decoder: Decoder,
    pub(super) limit_bytes: usize,
}

/// See the module's text.
pub(super) struct Partition {
    pub(super) topic: String,
    pub(super) number: i32,
    pub(super) client: Arc<Client>,
    pub(super) begins_at_end: bool,
    pub(super) fetch: Fetch,
    pub(super) offsets: Arc<Offsets>,
    pub(super) taking: Arc<Taking>,
}

impl Partition {
    /// Reads until it is told to stop. What was fetched by then and not taken is
    /// fetched again the next time.
    pub(super) async fn read(self, stopped: watch::Receiver<bool>) {
        let name = (self.topic.clone(), self.number);
        let mut pause = Pause::default();
        let mut leader = None;
        loop {
            let fetched = {
                let mut stopped = stopped.clone();
                tokio::select! {
                    _either_way = stopped.wait_for(|stopped| *stopped) => return,
                    fetched = self.fetch(&mut leader, &name) => fetched,
                }
            };
            let records = match fetched {
                Ok(records) => records,
                Err(why) => {
                    if pause.is_first() {
                        let (topic, number) = &name;
                        tracing::warn!(
                            "kafka: partition {number} of {topic} cannot be read: {why}"
                        );
                    }
                    leader = None;
                    pause.wait(&stopped).await;
                    continue;
                }
            };
            pause = Pause::default();
            let Some(last) = records.last().map(|(offset, _)| *offset) else {
                continue;
            };
            if !self.taking.all(records, &stopped).await {
                return;
            }
            self.offsets.set(&name, last + 1);
        }
    }

    /// The next records, with their offsets; none when none has come.
    async fn fetch(
        &self,
        leader: &mut Option<PartitionClient>,
        name: &PartitionName,
    ) -> Result<Vec<(i64, Bytes)>, String> {
        let asked = timeout(self.fetch.wait + ANSWER_MAX, self.ask(leader, name)).await;
        asked.map_err(|_late| format!("no answer within {ANSWER_MAX:?}"))?
    }

    async fn ask(
        &self,
        leader: &mut Option<PartitionClient>,
        name: &PartitionName,
    ) -> Result<Vec<(i64, Bytes)>, String> {
        let said = |error: Error| judge(&error).to_string();
        let leader = match leader {
            Some(leader) => leader,
            None => {
                let unknown = UnknownTopicHandling::Error;
                let found = self
                    .client
                    .partition_client(&self.topic, self.number, unknown);
                leader.insert(found.await.map_err(said)?)
            }
        };
        let next = match self.offsets.next(name) {
            Some(next) => next,
            None => {
                let at = if self.begins_at_end {
                    OffsetAt::Latest
                } else {
                    OffsetAt::Earliest
                };
                let begins = leader.get_offset(at).await.map_err(said)?;
                // Where it begins is known from now on, whatever comes until the next start.
                self.offsets.set(name, begins);
                begins
            }
        };
        let wait_ms = i32::try_from(self.fetch.wait.as_millis()).unwrap_or(i32::MAX);
        let bytes = self.fetch.least_bytes..self.fetch.most_bytes;
        match leader.fetch_records(next, bytes, wait_ms).await {
            Ok((records, _)) => {
                let records = records.into_iter().filter(|record| record.offset >= next);
                let value = |value: Option<Vec<u8>>| Bytes::from(value.unwrap_or_default());
                Ok(records
                    .map(|record| (record.offset, value(record.record.value)))
                    .collect())
            }
            Err(Error::ServerError {
                protocol_error: ProtocolError::OffsetOutOfRange,
                ..
            }) => {
                let first = leader.get_offset(OffsetAt::Earliest).await.map_err(said)?;
                self.offsets.set(name, first);
                let (topic, number) = name;
                tracing::error!(
                    "kafka: partition {number} of {topic} has no record {next} any more; it goes on at \
                     {first}, and what lay between was never read"
                );
                Ok(Vec::new())
            }
            Err(error) => Err(said(error)),
        }
    }
}

impl Taking {
    /// Hands records on, some at once. Answers whether all were taken or passed over;
    /// else it was told to stop.
    async fn all(
        self: &Arc<Self>,
        records: Vec<(i64, Bytes)>,
        stopped: &watch::Receiver<bool>,
    ) -> bool {
        let mut on_their_way = JoinSet::new();
        let mut is_whole = true;
        for (_, value) in records {
            // A tombstone: it has no spans.
            if value.is_empty() {
                continue;
            }
            if on_their_way.len() >= AT_ONCE
                && let Some(taken) = on_their_way.join_next().await
            {
                is_whole &= taken.unwrap_or(false);
            }
            let (this, stopped) = (Arc::clone(self), stopped.clone());
            on_their_way.spawn(async move { this.one(value, &stopped).await });
        }
        while let Some(taken) = on_their_way.join_next().await {
            is_whole &= taken.unwrap_or(false);
        }
        is_whole
    }

    /// Hands one on, until it is taken or can never be. Answers `false` when it was
    /// told to stop before.
    async fn one(&self, value: Bytes, stopped: &watch::Receiver<bool>) -> bool {
        let mut pause = Pause::default();
        loop {
            let request = self.account.request();
            let refusal = match self.accept(value.clone()).await {
                Ok(Accepted {
                    rejected_spans: 0, ..
                }) => {
                    request.end(Outcome::Accepted);
                    return true;
                }
                Ok(accepted) => {
                    request.end(Outcome::PartlyAccepted);
                    let why = accepted.message.unwrap_or_default();
                    tracing::warn!("kafka: spans of a record are left out: {why}");
                    return true;
                }
                Err(refusal) => refusal,
            };
            let verdict = refusal.verdict();
            request.end(verdict.outcome);
            if verdict.retry_delay.is_none() {
                tracing::warn!(
                    "kafka: a record of {} bytes is passed over: {refusal}",
                    value.len()
                );
                return true;
            }
            if pause.is_first() {
                tracing::debug!("kafka: a record waits: {refusal}");
            }
            pause.wait(stopped).await;
            if *stopped.borrow() {
                return false;
            }
        }
    }

    async fn accept(&self, bytes: Bytes) -> Result<Accepted, Refusal> {
        let to = self
            .intake
            .destination()
            .of(&Admitted::default(), self.account.name())?;
        let limit_bytes = self.limit_bytes;
        if bytes.len() > limit_bytes {
            return Err(Refusal::TooLarge { limit_bytes });
        }
        let mut permit = self.intake.admission().permit();
        permit.resize(bytes.len())?;
        let body = RequestBody {
            bytes,
            encoding: Encoding::Identity,
            decode: Decode::Stated(self.decoder),
            limit_bytes,
            permit,
        };
        self.intake.accept(body, &self.account, to).await
    }
}

/// When something is tried again.
#[derive(Debug, Default)]
struct Pause {
    times: u32,
}

impl Pause {
    fn is_first(&self) -> bool {
        self.times == 0
    }

    /// Waits, or until it is told to stop.
    async fn wait(&mut self, stopped: &watch::Receiver<bool>) {
        let pause = FIRST_PAUSE * 2u32.pow(self.times.min(10));
        self.times += 1;
        let mut stopped = stopped.clone();
        tokio::select! {
            _either_way = stopped.wait_for(|stopped| *stopped) => {}
            () = sleep(pause.min(LONGEST_PAUSE)) => {}
        }
    }
}

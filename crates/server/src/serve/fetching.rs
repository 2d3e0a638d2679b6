//! Receivers that fetch spans themselves, and so have no port: those of Kafka.
//!
//! They keep on the disk how far they came, so **one is stopped before another goes on in
//! its place**.

use super::spools;
use crate::config::{PipelineFile, Storage};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tracewell_collector::pipelines::ComponentId;
use tracewell_collector::processors::tail_sampling::DATA_DIRECTORY;
use tracewell_collector::{Accounting, Intake, KafkaReceiver, KafkaReceiverConfig};

/// What they find around them.
pub(super) struct Around {
    pub(super) max_request_bytes: usize,
    pub(super) intake: Arc<Intake>,
    pub(super) accounting: Arc<Accounting>,
    pub(super) storage: Storage,
    pub(super) data_dir: PathBuf,
}

/// All that run, as the file calls them.
pub(super) struct Fetching {
    around: Around,
    running: Running,
}

type Running = BTreeMap<ComponentId, (KafkaReceiverConfig, KafkaReceiver)>;

impl Fetching {
    /// None yet.
    pub(super) fn new(around: Around) -> Self {
        Self {
            around,
            running: Running::new(),
        }
    }

    /// Those of a file run from now on. Answers which could not be started, and why.
    pub(super) async fn become_those_of(
        &mut self,
        file: &PipelineFile,
        patience: Duration,
    ) -> Vec<String> {
        let wanted = wanted(file);
        let running = std::mem::take(&mut self.running).into_iter();
        let (stay, gone): (Running, Running) =
            running.partition(|(id, (config, _))| wanted.get(id) == Some(config));
        self.running = stay;
        stop_all(gone, patience).await;
        let mut troubles = Vec::new();
        for (id, config) in wanted {
            if self.running.contains_key(&id) {
                continue;
            }
            match self.around.start(&id, &config, file).await {
                Ok(receiver) => {
                    self.running.insert(id, (config, receiver));
                }
                Err(why) => troubles.push(format!("receivers.{id}: {why}")),
            }
        }
        troubles
    }

    /// Fetches no more, and waits for what was fetched.
    pub(super) async fn stop(&mut self, patience: Duration) {
        stop_all(std::mem::take(&mut self.running), patience).await;
    }
}

/// All at once.
async fn stop_all(running: Running, patience: Duration) {
    let running = running.into_values();
    let stopping: JoinSet<_> = running.map(|(_, it)| it.stop(patience)).collect();
    stopping.join_all().await;
}

fn wanted(file: &PipelineFile) -> BTreeMap<ComponentId, KafkaReceiverConfig> {
    let of_kafka = file.receivers.iter().filter_map(|(id, config)| {
        let config = config.kafka.as_deref()?;
        Some((id.clone(), config.clone()))
    });
    of_kafka.collect()
}

impl Around {
    async fn start(
        &self,
        id: &ComponentId,
        config: &KafkaReceiverConfig,
        file: &PipelineFile,
    ) -> Result<KafkaReceiver, String> {
        let spools = spools::of(file, (self.storage, &self.data_dir));
        let spools = spools.map_err(|error| format!("{error:#}"))?;
        let of_process = spools.get(&ComponentId::parse(DATA_DIRECTORY)?);
        let spools = of_process.cloned().ok_or_else(|| {
            "how far it was read is kept on the disk, and there is no data directory; leave out \
             --storage memory"
                .to_owned()
        })?;
        let (id, config) = (id.clone(), config.clone());
        let (bytes, intake) = (self.max_request_bytes, Arc::clone(&self.intake));
        let accounting = Arc::clone(&self.accounting);
        let runtime = tokio::runtime::Handle::current();
        // It waits for a disk.
        let started = tokio::task::spawn_blocking(move || {
            let _entered = runtime.enter();
            KafkaReceiver::start(&config, (&id, &*spools), (bytes, &intake, &accounting))
        });
        started.await.map_err(|error| error.to_string())?
    }
}

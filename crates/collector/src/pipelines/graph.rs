//! Builds the running graph: from exporters back to receivers, because each
//! stage is made before those that hand to it.
//!
//! ```text
//! receiver ─┬─► pipeline: processor ─► … ─► fan-out ─┬─► exporter
//!           └─► pipeline: …                          └─► exporter
//! ```
//!
//! One exporter is shared by all pipelines that name it; a processor is each
//! pipeline's own. A batch that goes several ways is shared, not copied.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::runtime::Handle;
use tracewell_model::store::Ack;
use tracewell_model::{Consumer, SpanBatch};

use super::file::{ExporterConfig, PipelineConfig, PipelineFile, ProcessorConfig};
use super::id::ComponentId;
use super::ports::account_of;
use crate::destination::Entries;
use crate::exporters::{Debug, ExporterAccount, JAEGER, OTLP, Sending};
use crate::processors::batch::Batch;
use crate::shared_ack::shared;

/// A running graph.
pub struct Graph {
    /// What takes the spans of a receiver, by the name of its account.
    entries: Entries,
    exporters: Vec<Arc<ExporterAccount>>,
}

impl Graph {
    /// Builds it; `store` is what the exporter `tracewell` hands to, and
    /// `watched` puts whoever looks at all spans before what takes those of a
    /// receiver. Connects to nobody yet.
    ///
    /// # Errors
    /// An exporter cannot be made: which, and why.
    pub fn build(
        file: &PipelineFile,
        store: &Arc<dyn Consumer>,
        runtime: &Handle,
        watched: &dyn Fn(Arc<dyn Consumer>) -> Arc<dyn Consumer>,
    ) -> Result<Self, String> {
        let mut accounts = Vec::new();
        let mut exporters = BTreeMap::new();
        for (id, config) in &file.exporters {
            let exporter = exporter(id, config, store, runtime, &mut accounts)
                .map_err(|why| format!("exporters.{id}: {why}"))?;
            exporters.insert(id, exporter);
        }
        let mut entries: BTreeMap<&'static str, Vec<Arc<dyn Consumer>>> = BTreeMap::new();
        for config in &file.pipelines {
            let first = pipeline(config, file, &exporters, runtime);
            for receiver in &config.receivers {
                for port in &file.receivers[receiver].ports {
                    let of_port = entries.entry(account_of(port.setting)).or_default();
                    of_port.push(Arc::clone(&first));
                }
            }
        }
        Ok(Self {
            entries: entries
                .into_iter()
                .map(|(account, pipelines)| (account, watched(fan_out(pipelines))))
                .collect(),
            exporters: accounts,
        })
    }

    /// What takes the spans of each receiver, by the name of its account, and the
    /// accounts of what sends on.
    #[must_use]
    pub fn into_parts(self) -> (Entries, Vec<Arc<ExporterAccount>>) {
        (self.entries, self.exporters)
    }
}

impl std::fmt::Debug for Graph {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let entries: Vec<_> = self.entries.keys().collect();
        let mut debug = formatter.debug_struct("Graph");
        debug.field("entries", &entries).finish_non_exhaustive()
    }
}

fn exporter(
    id: &ComponentId,
    config: &ExporterConfig,
    store: &Arc<dyn Consumer>,
    runtime: &Handle,
    accounts: &mut Vec<Arc<ExporterAccount>>,
) -> Result<Arc<dyn Consumer>, String> {
    let (protocol, config) = match config {
        ExporterConfig::Tracewell => return Ok(Arc::clone(store)),
        ExporterConfig::Debug(config) => {
            let debug = Debug::new(id.to_string(), config, runtime.clone());
            return Ok(Arc::new(debug));
        }
        ExporterConfig::Nop => return Ok(Arc::new(Nop)),
        ExporterConfig::Otlp(config) => (OTLP, config),
        ExporterConfig::Jaeger(config) => (JAEGER, config),
    };
    // What stands before an @ is nobody's to see.
    let (_, shown) = config
        .endpoint
        .rsplit_once('@')
        .unwrap_or(("", &config.endpoint));
    let account = ExporterAccount::new(id.to_string(), shown.to_owned());
    accounts.push(Arc::clone(&account));
    let sending = Sending::new(protocol, config, account, runtime.clone())?;
    Ok(Arc::new(sending))
}

/// The first stage of a pipeline.
fn pipeline(
    config: &PipelineConfig,
    file: &PipelineFile,
    exporters: &BTreeMap<&ComponentId, Arc<dyn Consumer>>,
    runtime: &Handle,
) -> Arc<dyn Consumer> {
    let ends = config.exporters.iter().map(|id| Arc::clone(&exporters[id]));
    let mut next = fan_out(ends.collect());
    for id in config.processors.iter().rev() {
        next = match &file.processors[id] {
            ProcessorConfig::Batch(config) => Batch::new(config.clone(), next, runtime.clone()),
            // Spans that come this far have their room already.
            ProcessorConfig::MemoryLimiter => next,
        };
    }
    next
}

/// Hands to all of them; one alone is asked without a detour.
fn fan_out(mut consumers: Vec<Arc<dyn Consumer>>) -> Arc<dyn Consumer> {
    match consumers.len() {
        1 => consumers.remove(0),
        _ => Arc::new(FanOut(consumers)),
    }
}

/// Acknowledges when all have acknowledged. Where one fails the sender hears of
/// it and sends again, to all of them.
struct FanOut(Vec<Arc<dyn Consumer>>);

impl Consumer for FanOut {
    fn consume(&self, batch: Arc<SpanBatch>, ack: Ack) {
        let acks = shared(self.0.len(), ack);
        for (consumer, ack) in self.0.iter().zip(acks) {
            consumer.consume(Arc::clone(&batch), ack);
        }
    }
}

/// Takes everything and keeps nothing, as it was told.
struct Nop;

impl Consumer for Nop {
    fn consume(&self, _batch: Arc<SpanBatch>, ack: Ack) {
        ack(Ok(()));
    }
}

//! Builds the running graph: from exporters back to receivers, because each
//! stage is made before those that hand to it.
//!
//! ```text
//! receiver ─┬─► pipeline: processor ─► … ─► fan-out ─┬─► exporter
//!           └─► pipeline: …                          └─► exporter
//! ```
//!
//! One exporter is shared by all pipelines that name it, as is a connector, which
//! stands at the end of some and before others; a processor is each pipeline's own. A batch that goes several ways is shared, not copied.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;
use tracewell_model::spool::Spools;
use tracewell_model::store::Ack;
use tracewell_model::{Consumer, SpanBatch};

use super::edges::{Copies, Edge, EdgeAccount, Kept, LeadsTo};
use super::file::{PipelineConfig, PipelineFile};
use super::id::ComponentId;
use super::ports::account_of;
use super::sum::{Sum, Summed};
use crate::connectors::{Begun, ConnectorConfig};
use crate::destination::Entries;
use crate::exporters::{ExporterAccount, ExporterConfig};
use crate::processors::{ProcessorAccount, ProcessorConfig};
use crate::pushing::{self, PushAccount, Sources};
use crate::series::{Naming, SeriesSource};
use crate::shared_ack::shared;

/// What components find around them.
pub struct Surroundings<'s> {
    /// What the exporter `tracewell` hands to.
    pub store: &'s Arc<dyn Consumer>,
    /// Timers and senders run here.
    pub runtime: &'s Handle,
    /// What may wait on the disk waits there, by the name of the extension.
    pub spools: &'s BTreeMap<ComponentId, Arc<dyn Spools>>,
    /// What is to be done when the process ends.
    pub endings: &'s Endings,
}

/// What components do at the end of the process, once receivers have stopped: those
/// that were built last begin, because they hand to those before them.
#[derive(Default)]
pub struct Endings(Mutex<Vec<Ending>>);

type Ending = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Endings {
    /// Adds what is to be done. It MUST end by itself, within a second or two.
    pub(crate) fn add(&self, ending: impl Future<Output = ()> + Send + 'static) {
        let mut endings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        endings.push(Box::pin(ending));
    }

    /// Does it all, once.
    pub async fn run(&self) {
        loop {
            let last = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(ending) = last else { return };
            ending.await;
        }
    }
}

impl std::fmt::Debug for Endings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Endings")
    }
}

/// The accounts of a graph.
#[derive(Debug, Default, Clone)]
pub struct Accounts {
    /// Of what sends on.
    pub exporters: Vec<Arc<ExporterAccount>>,
    /// Of what changes or drops, in the order of the pipelines.
    pub processors: Vec<Arc<ProcessorAccount>>,
    /// What connectors count of spans.
    pub series: Vec<Arc<dyn SeriesSource>>,
    /// Of what sends it on.
    pub pushing: Vec<Arc<PushAccount>>,
    /// What is to be scraped at ports of its own.
    pub scraped: Vec<Scraped>,
    /// Of what lies between components, in the order of the pipelines.
    pub edges: Vec<Arc<EdgeAccount>>,
    /// Pipelines of traces, in the order written.
    pub pipelines: Vec<PipelineConfig>,
    /// What stands at the end of some pipelines and before others, or counts.
    pub connectors: Vec<ComponentId>,
    /// Processors that keep what they hand on until it is acknowledged.
    keeping: Vec<Arc<ProcessorAccount>>,
    copies: Arc<Copies>,
}

impl Accounts {
    /// What is there several times, because it goes several ways.
    pub(crate) fn copies(&self) -> &Arc<Copies> {
        &self.copies
    }

    /// Where every span is; `None` without pipelines.
    #[must_use]
    pub fn sum(&self) -> Option<Sum> {
        let summed = Summed {
            edges: &self.edges,
            exporters: &self.exporters,
            processors: &self.processors,
            keeping: &self.keeping,
            copies: &self.copies,
        };
        (!self.pipelines.is_empty()).then(|| summed.read())
    }
}

/// What connectors count, for those who come to a port of an exporter.
#[derive(Debug, Clone)]
pub struct Scraped {
    /// The exporter's name in the file.
    pub exporter: String,
    /// Who counts.
    pub sources: Vec<Arc<dyn SeriesSource>>,
    /// How metrics are called there.
    pub naming: Naming,
    /// Is OpenMetrics answered to who asks for it?
    pub has_open_metrics: bool,
}

/// A running graph.
pub struct Graph {
    /// What takes the spans of a receiver, by the name of its account.
    entries: Entries,
    accounts: Accounts,
}

impl Graph {
    /// Builds it; `watched` puts whoever looks at all spans before what takes those
    /// of a receiver. Connects to nobody yet.
    ///
    /// # Errors
    /// A component cannot be made: which, and why.
    pub fn build(
        file: &PipelineFile,
        surroundings: &Surroundings<'_>,
        watched: &dyn Fn(Arc<dyn Consumer>) -> Arc<dyn Consumer>,
    ) -> Result<Self, String> {
        let mut building = Building {
            file,
            surroundings,
            ends: BTreeMap::new(),
            first_stages: BTreeMap::new(),
            sources: Sources::new(),
            accounts: Accounts::default(),
        };
        let is_of_traces = |id: &ComponentId| {
            let mut pipelines = file.pipelines.iter();
            pipelines.any(|pipeline| pipeline.exporters.contains(id))
        };
        for (id, config) in file.exporters.iter().filter(|(id, _)| is_of_traces(id)) {
            let exporters = &mut building.accounts.exporters;
            let exporter = config.build(id, surroundings, exporters);
            let exporter = exporter.map_err(|why| format!("exporters.{id}: {why}"))?;
            building.ends.insert(id, exporter);
        }
        let mut entries: BTreeMap<&'static str, Vec<Arc<dyn Consumer>>> = BTreeMap::new();
        for config in &file.pipelines {
            let first = building.pipeline(config)?;
            for id in &config.receivers {
                let Some(receiver) = file.receivers.get(id) else {
                    continue;
                };
                let ends = (Some(id), config.processors.first());
                let first = building.edge(config, ends, LeadsTo::Component, Arc::clone(&first));
                for port in &receiver.ports {
                    let of_port = entries.entry(account_of(port.setting)).or_default();
                    of_port.push(Arc::clone(&first));
                }
            }
        }
        building.metrics()?;
        // They were made from the end.
        let place = |account: &Arc<ProcessorAccount>| {
            let pipelines = file.pipelines.iter();
            let mut stages = pipelines.flat_map(|p| p.processors.iter().map(|id| (&p.name, id)));
            let is_it = |(pipeline, id): (&String, &ComponentId)| account.is_of(pipeline, id);
            stages.position(is_it).unwrap_or(usize::MAX)
        };
        building.accounts.processors.sort_by_key(place);
        building.accounts.edges.reverse();
        let in_order = |edge: &Arc<EdgeAccount>| file.pipelines.iter().position(|p| edge.is_of(p));
        building.accounts.edges.sort_by_key(in_order);
        building.accounts.pipelines.clone_from(&file.pipelines);
        building.accounts.connectors = file.connectors.keys().cloned().collect();
        let copies = Arc::clone(&building.accounts.copies);
        Ok(Self {
            entries: entries
                .into_iter()
                .map(|(account, pipelines)| (account, watched(fan_out(pipelines, &copies))))
                .collect(),
            accounts: building.accounts,
        })
    }

    /// What takes the spans of each receiver, by the name of its account, and the
    /// accounts of what stands behind.
    #[must_use]
    pub fn into_parts(self) -> (Entries, Accounts) {
        (self.entries, self.accounts)
    }
}

/// A graph on its way.
struct Building<'b> {
    file: &'b PipelineFile,
    surroundings: &'b Surroundings<'b>,
    /// Exporters and connectors that are made.
    ends: BTreeMap<&'b ComponentId, Arc<dyn Consumer>>,
    /// Of pipelines that are made.
    first_stages: BTreeMap<&'b str, Arc<dyn Consumer>>,
    /// Connectors that are made, and count.
    sources: Sources<'b>,
    accounts: Accounts,
}

impl<'b> Building<'b> {
    /// The first stage of a pipeline. Whoever read the file saw that pipelines do
    /// not go round.
    fn pipeline(&mut self, config: &'b PipelineConfig) -> Result<Arc<dyn Consumer>, String> {
        if let Some(first) = self.first_stages.get(&*config.name) {
            return Ok(Arc::clone(first));
        }
        let last = config.processors.last();
        let mut ends = Vec::new();
        for id in &config.exporters {
            let end = self.end(id)?;
            ends.push(self.edge(config, (last, Some(id)), self.leads_to(id), end));
        }
        let mut next = fan_out(ends, &self.accounts.copies);
        for (number, id) in config.processors.iter().enumerate().rev() {
            let place = (config.name.as_str(), id);
            let processor = &self.file.processors[id];
            let keeps = matches!(processor, ProcessorConfig::TailSampling(_));
            if keeps {
                let copies = Arc::clone(&self.accounts.copies);
                next = Arc::new(Kept { copies, next });
            }
            let processors = &mut self.accounts.processors;
            let built = processor.build(place, next, self.surroundings, processors);
            next = built.map_err(|why| format!("processors.{id}: {why}"))?;
            if keeps {
                self.accounts.keeping.extend(processors.last().cloned());
            }
            if let Some(before) = number.checked_sub(1).and_then(|n| config.processors.get(n)) {
                next = self.edge(config, (Some(before), Some(id)), LeadsTo::Component, next);
            }
        }
        self.first_stages.insert(&config.name, Arc::clone(&next));
        Ok(next)
    }

    fn end(&mut self, id: &'b ComponentId) -> Result<Arc<dyn Consumer>, String> {
        if let Some(end) = self.ends.get(id) {
            return Ok(Arc::clone(end));
        }
        let file = self.file;
        let mut begun = Vec::new();
        for config in file
            .pipelines
            .iter()
            .filter(|pipeline| pipeline.receivers.contains(id))
        {
            let first = self.pipeline(config)?;
            let ends = (Some(id), config.processors.first());
            begun.push(Begun {
                pipeline: config.name.clone(),
                first: self.edge(config, ends, LeadsTo::Component, first),
            });
        }
        let counted = self.accounts.series.len();
        let connector = file.connectors[id].build(id, begun, &mut self.accounts);
        if let Some(source) = self.accounts.series.get(counted) {
            self.sources.insert(id, Arc::clone(source));
        }
        self.ends.insert(id, Arc::clone(&connector));
        Ok(connector)
    }

    /// What stands before `next` and counts what is handed to it.
    fn edge(
        &mut self,
        pipeline: &PipelineConfig,
        (from, to): (Option<&ComponentId>, Option<&ComponentId>),
        leads_to: LeadsTo,
        next: Arc<dyn Consumer>,
    ) -> Arc<dyn Consumer> {
        let name = |id: Option<&ComponentId>| id.map(ToString::to_string);
        let is_entry = from.is_some_and(|id| self.file.receivers.contains_key(id))
            && from.is_some_and(|id| pipeline.receivers.contains(id));
        let ends = (name(from), name(to));
        let account = EdgeAccount::new(&pipeline.name, ends, leads_to, is_entry);
        self.accounts.edges.push(Arc::clone(&account));
        Arc::new(Edge { account, next })
    }

    /// What becomes of spans that an exporter or connector is handed.
    fn leads_to(&self, id: &ComponentId) -> LeadsTo {
        let exporter = self.file.exporters.get(id);
        let connector = self.file.connectors.get(id);
        match exporter {
            _ if connector.is_some_and(ConnectorConfig::ends_traces) => LeadsTo::Counting,
            _ if connector.is_some() => LeadsTo::Component,
            Some(ExporterConfig::Tracewell) => LeadsTo::Store,
            Some(ExporterConfig::Nop | ExporterConfig::Debug(_)) => LeadsTo::Nothing,
            _ => LeadsTo::Component,
        }
    }

    /// Where numbers go that were counted of spans.
    fn metrics(&mut self) -> Result<(), String> {
        pushing::start(
            self.file,
            &self.sources,
            self.surroundings,
            &mut self.accounts,
        )?;
        for (id, config) in &self.file.exporters {
            if let ExporterConfig::Prometheus(config) = config {
                let sources = self.file.sent_to(id).into_iter();
                let sources = sources.filter_map(|id| self.sources.get(id).map(Arc::clone));
                self.accounts.scraped.push(Scraped {
                    exporter: id.to_string(),
                    sources: sources.collect(),
                    naming: config.naming.clone(),
                    has_open_metrics: config.has_open_metrics,
                });
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for Graph {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let entries: Vec<_> = self.entries.keys().collect();
        let mut debug = formatter.debug_struct("Graph");
        debug.field("entries", &entries).finish_non_exhaustive()
    }
}

/// Hands to all of them; one alone is asked without a detour.
pub(crate) fn fan_out(
    mut consumers: Vec<Arc<dyn Consumer>>,
    copies: &Arc<Copies>,
) -> Arc<dyn Consumer> {
    match consumers.len() {
        1 => consumers.remove(0),
        _ => Arc::new(FanOut {
            consumers,
            copies: Arc::clone(copies),
        }),
    }
}

/// Acknowledges when all have acknowledged. Where one fails the sender hears of
/// it and sends again, to all of them.
struct FanOut {
    consumers: Vec<Arc<dyn Consumer>>,
    copies: Arc<Copies>,
}

impl Consumer for FanOut {
    fn consume(&self, batch: Arc<SpanBatch>, ack: Ack) {
        let copies = self.consumers.len().saturating_sub(1);
        self.copies.add((batch.len() * copies) as u64);
        let acks = shared(self.consumers.len(), ack);
        for (consumer, ack) in self.consumers.iter().zip(acks) {
            consumer.consume(Arc::clone(&batch), ack);
        }
    }
}

/// Takes everything and keeps nothing, as it was told.
pub(crate) struct Nop;

impl Consumer for Nop {
    fn consume(&self, _batch: Arc<SpanBatch>, ack: Ack) {
        ack(Ok(()));
    }
}

//! The accounts of a graph, by the names of its components: one that is made anew
//! goes on with the account that there is.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracewell_model::waiting::Waiting;

use super::ledger::Ledger;
use super::stage::StageId;
use crate::exporters::{ExporterAccount, ExporterConfig};
use crate::pipelines::edges::{Copies, EdgeAccount, Refusals};
use crate::pipelines::file::{PipelineConfig, PipelineFile};
use crate::pipelines::id::ComponentId;
use crate::pipelines::sum::{Sum, Summed};
use crate::processors::ProcessorAccount;
use crate::pushing::{PushAccount, Sources};
use crate::series::{Naming, SeriesSource};

/// See the module's text. Clones are the same accounts.
#[derive(Debug, Default, Clone)]
pub struct Accounts {
    lists: Arc<Mutex<Lists>>,
    /// Those of the graph as it runs, while a change to it is prepared.
    before: Option<Arc<Mutex<Lists>>>,
    copies: Arc<Copies>,
    refusals: Arc<Refusals>,
}

#[derive(Debug, Default, Clone)]
struct Lists {
    layout: Layout,
    /// With where they send now.
    exporters: Vec<(Arc<ExporterAccount>, String)>,
    processors: Vec<Arc<ProcessorAccount>>,
    series: Vec<(ComponentId, Arc<dyn SeriesSource>)>,
    pushing: Vec<Arc<PushAccount>>,
    scraped: Vec<ScrapedAt>,
    /// What is no longer in the file.
    gone: Ledger,
}

/// How components hang together.
#[derive(Debug, Default, Clone)]
pub struct Layout {
    /// Pipelines of traces, in the order written.
    pub pipelines: Vec<PipelineConfig>,
    /// What stands at the end of some pipelines and before others, or counts.
    pub connectors: Vec<ComponentId>,
    /// Of what lies between components, in the order of the pipelines.
    pub edges: Vec<Arc<EdgeAccount>>,
}

/// What connectors count, for those who come to a port of an exporter.
#[derive(Debug, Clone)]
pub struct Scraped {
    /// Who counts.
    pub sources: Vec<Arc<dyn SeriesSource>>,
    /// How metrics are called there.
    pub naming: Naming,
    /// Is OpenMetrics answered to who asks for it?
    pub has_open_metrics: bool,
}

/// An exporter of which this is the port.
#[derive(Debug, Clone)]
struct ScrapedAt {
    exporter: String,
    connectors: Vec<ComponentId>,
    naming: Naming,
    has_open_metrics: bool,
}

impl Accounts {
    /// Of what sends on.
    #[must_use]
    pub fn exporters(&self) -> Vec<Arc<ExporterAccount>> {
        let lists = lock(&self.lists);
        lists
            .exporters
            .iter()
            .map(|(of, _)| Arc::clone(of))
            .collect()
    }

    /// Of what changes or drops, in the order of the pipelines.
    #[must_use]
    pub fn processors(&self) -> Vec<Arc<ProcessorAccount>> {
        lock(&self.lists).processors.clone()
    }

    /// Where spans that wait can be looked at, those among them whose processor is no
    /// longer in the file and not done yet.
    #[must_use]
    pub fn waiting(&self) -> Vec<Arc<dyn Waiting>> {
        let lists = lock(&self.lists);
        let processors = lists.processors.iter().chain(&lists.gone.processors);
        processors.filter_map(|account| account.waiting()).collect()
    }

    /// What connectors count of spans.
    #[must_use]
    pub fn series(&self) -> Vec<Arc<dyn SeriesSource>> {
        let lists = lock(&self.lists);
        lists.series.iter().map(|(_, of)| Arc::clone(of)).collect()
    }

    /// Of what sends it on.
    #[must_use]
    pub fn pushing(&self) -> Vec<Arc<PushAccount>> {
        lock(&self.lists).pushing.clone()
    }

    /// What is read at the port of an exporter of this name; `None` if there is none.
    #[must_use]
    pub fn scraped(&self, exporter: &str) -> Option<Scraped> {
        let lists = lock(&self.lists);
        let mut scraped = lists.scraped.iter();
        let at = scraped.find(|at| at.exporter == exporter)?;
        let series = lists.series.iter();
        let sources = series.filter(|(id, _)| at.connectors.contains(id));
        Some(Scraped {
            sources: sources.map(|(_, source)| Arc::clone(source)).collect(),
            naming: at.naming.clone(),
            has_open_metrics: at.has_open_metrics,
        })
    }

    /// Connectors that count, by name.
    pub(crate) fn sources(&self) -> Sources {
        lock(&self.lists).series.iter().cloned().collect()
    }

    /// That of an exporter of numbers.
    pub(crate) fn pushes(&self, account: PushAccount) {
        let mut lists = lock(&self.lists);
        lists.pushing.retain(|other| other.snapshot().is_some());
        lists.pushing.push(Arc::new(account));
    }

    /// What connectors count is read at ports of these exporters.
    pub(super) fn scraped_as(&self, file: &PipelineFile) {
        let scraped = file.exporters.iter().filter_map(|(id, config)| {
            let ExporterConfig::Prometheus(config) = config else {
                return None;
            };
            Some(ScrapedAt {
                exporter: id.to_string(),
                connectors: file.sent_to(id).into_iter().cloned().collect(),
                naming: config.naming.clone(),
                has_open_metrics: config.has_open_metrics,
            })
        });
        lock(&self.lists).scraped = scraped.collect();
    }

    /// What is there several times, because it goes several ways.
    pub(crate) fn copies(&self) -> &Arc<Copies> {
        &self.copies
    }

    /// What came to components that were being opened, and was not taken.
    pub(super) fn refusals(&self) -> &Arc<Refusals> {
        &self.refusals
    }

    /// How components hang together.
    #[must_use]
    pub fn layout(&self) -> Layout {
        lock(&self.lists).layout.clone()
    }

    /// Where every span is; `None` without pipelines.
    #[must_use]
    pub fn sum(&self) -> Option<Sum> {
        let lists = lock(&self.lists);
        if lists.layout.pipelines.is_empty() {
            return None;
        }
        let (gone, exporters) = (&lists.gone, lists.exporters.iter().map(|(of, _)| of));
        let summed = Summed {
            settled: gone.settled.clone(),
            edges: lists
                .layout
                .edges
                .iter()
                .chain(&gone.edges)
                .cloned()
                .collect(),
            exporters: exporters.chain(&gone.exporters).cloned().collect(),
            processors: lists
                .processors
                .iter()
                .chain(&gone.processors)
                .cloned()
                .collect(),
            copies: Arc::clone(&self.copies),
            refusals: Arc::clone(&self.refusals),
        };
        // Accounts look into queues.
        drop(lists);
        Some(summed.read())
    }

    /// That of an exporter, which sends there.
    pub(crate) fn exporter(&self, id: &ComponentId, endpoint: &str) -> Arc<ExporterAccount> {
        let name = id.to_string();
        let known = self.lists().find_map(|lists| {
            let running = lists.exporters.iter().map(|(account, _)| account);
            let mut all = running.chain(&lists.gone.exporters);
            all.find(|account| account.exporter() == name).cloned()
        });
        let account = known.unwrap_or_else(|| ExporterAccount::new(name, endpoint.to_owned()));
        if self.before.is_none() {
            account.sends_to(endpoint);
        }
        let mut lists = lock(&self.lists);
        let mut listed = lists.exporters.iter_mut();
        match listed.find(|(of, _)| Arc::ptr_eq(of, &account)) {
            Some((_, sends_to)) => endpoint.clone_into(sends_to),
            None => {
                let entry = (Arc::clone(&account), endpoint.to_owned());
                lists.exporters.push(entry);
                lists.none_twice();
            }
        }
        account
    }

    /// That of the processor `id` of `pipeline`.
    pub(crate) fn processor(&self, (pipeline, id): (&str, &ComponentId)) -> Arc<ProcessorAccount> {
        let known = self.lists().find_map(|lists| {
            let mut all = lists.processors.iter().chain(&lists.gone.processors);
            all.find(|account| account.is_of(pipeline, id)).cloned()
        });
        let new = || ProcessorAccount::new(pipeline.to_owned(), id.to_string());
        let account = known.unwrap_or_else(new);
        let mut lists = lock(&self.lists);
        if !is_among(&lists.processors, &account) {
            lists.processors.push(Arc::clone(&account));
            lists.none_twice();
        }
        account
    }

    /// That of an edge: the one that there is, where it counts the same.
    pub(super) fn edge(&self, new: EdgeAccount) -> Arc<EdgeAccount> {
        let known = self.lists().find_map(|lists| {
            let mut all = lists.layout.edges.iter().chain(&lists.gone.edges);
            all.find(|account| account.is_same(&new)).cloned()
        });
        let account = known.unwrap_or_else(|| Arc::new(new));
        let mut lists = lock(&self.lists);
        if !is_among(&lists.layout.edges, &account) {
            lists.layout.edges.push(Arc::clone(&account));
        }
        account
    }

    /// What a connector counts.
    pub(crate) fn counted(&self, id: &ComponentId, source: Arc<dyn SeriesSource>) {
        let mut lists = lock(&self.lists);
        lists.series.retain(|(other, _)| other != id);
        lists.series.push((id.clone(), source));
    }

    /// Those for a change, which know these.
    pub(super) fn prepared(&self) -> Self {
        Self {
            lists: Arc::default(),
            before: Some(Arc::clone(&self.lists)),
            copies: Arc::clone(&self.copies),
            refusals: Arc::clone(&self.refusals),
        }
    }

    /// A component goes on, or will be made later with the account that it has.
    pub(super) fn keep(&self, id: &StageId) {
        let Some(before) = &self.before else { return };
        let before = lock(before).clone();
        let mut lists = lock(&self.lists);
        match id {
            StageId::Exporter(id) => {
                let name = id.to_string();
                let is_it = |(account, _): &(Arc<ExporterAccount>, _)| account.exporter() == name;
                lists
                    .exporters
                    .extend(before.exporters.into_iter().filter(is_it));
            }
            StageId::Connector(id) => {
                let series = before.series.into_iter().filter(|(other, _)| other == id);
                lists.series.extend(series);
            }
            StageId::Pushing => lists.pushing.extend(before.pushing),
            StageId::Processor(pipeline, id) => {
                let of = before.processors.into_iter();
                lists
                    .processors
                    .extend(of.filter(|account| account.is_of(pipeline, id)));
            }
        }
    }

    /// The change is made: from now on these are the accounts, in the order of the
    /// file. Answers those that were.
    pub(super) fn become_those(&self, prepared: &Self, file: &PipelineFile) -> Self {
        let mut new = lock(&prepared.lists).clone();
        // They were made from the end.
        let place = |account: &Arc<ProcessorAccount>| {
            let pipelines = file.pipelines.iter();
            let mut stages = pipelines.flat_map(|p| p.processors.iter().map(|id| (&p.name, id)));
            let is_it = |(pipeline, id): (&String, &ComponentId)| account.is_of(pipeline, id);
            stages.position(is_it).unwrap_or(usize::MAX)
        };
        new.processors.sort_by_key(place);
        new.exporters
            .sort_by(|(a, _), (b, _)| a.exporter().cmp(b.exporter()));
        for (account, endpoint) in &new.exporters {
            account.sends_to(endpoint);
        }
        let layout = &mut new.layout;
        layout.edges.reverse();
        let in_order = |edge: &Arc<EdgeAccount>| file.pipelines.iter().position(|p| edge.is_of(p));
        layout.edges.sort_by_key(in_order);
        layout.pipelines.clone_from(&file.pipelines);
        layout.connectors = file.connectors.keys().cloned().collect();

        let mut lists = lock(&self.lists);
        new.gone = std::mem::take(&mut lists.gone);
        let before = std::mem::replace(&mut *lists, new);
        let gone = &mut lists.gone;
        gone.edges.extend(before.layout.edges.iter().cloned());
        gone.processors.extend(before.processors.iter().cloned());
        let exporters = before.exporters.iter().map(|(account, _)| account);
        gone.exporters.extend(exporters.cloned());
        lists.none_twice();
        // Those that went just now are held by `before`, and by spans on their way.
        lists.gone.settle();
        drop(lists);
        Self {
            lists: Arc::new(Mutex::new(before)),
            ..Self::default()
        }
    }

    /// Those of a component that is no longer in the file, and not done yet.
    pub(super) fn take_over(&self, before: &Self, id: &StageId) {
        let kept = Self {
            before: Some(Arc::clone(&before.lists)),
            ..self.clone()
        };
        kept.keep(id);
        lock(&self.lists).none_twice();
    }

    /// A component is gone for good: what became of its spans still counts.
    pub(super) fn forget(&self, id: &StageId) {
        let mut lists = lock(&self.lists);
        let lists = &mut *lists;
        match id {
            StageId::Exporter(id) => {
                let name = id.to_string();
                let is_it = |(of, _): &mut (Arc<ExporterAccount>, _)| of.exporter() == name;
                let left = lists.exporters.extract_if(.., is_it);
                lists
                    .gone
                    .exporters
                    .extend(left.map(|(account, _)| account));
            }
            StageId::Connector(id) => lists.series.retain(|(other, _)| other != id),
            StageId::Pushing => lists.pushing.clear(),
            StageId::Processor(pipeline, id) => {
                let is_it = |of: &mut Arc<ProcessorAccount>| of.is_of(pipeline, id);
                let left = lists.processors.extract_if(.., is_it);
                lists.gone.processors.extend(left);
            }
        }
    }

    fn lists(&self) -> impl Iterator<Item = MutexGuard<'_, Lists>> {
        let before = self.before.iter().map(|before| lock(before));
        [&self.lists]
            .into_iter()
            .map(|lists| lock(lists))
            .chain(before)
    }
}

impl Lists {
    /// What runs is not among what is gone.
    fn none_twice(&mut self) {
        let Self {
            layout,
            exporters,
            processors,
            gone,
            ..
        } = self;
        gone.edges.retain(|of| !is_among(&layout.edges, of));
        gone.processors.retain(|of| !is_among(processors, of));
        let runs = |of: &Arc<_>| {
            exporters
                .iter()
                .any(|(running, _)| Arc::ptr_eq(running, of))
        };
        gone.exporters.retain(|of| !runs(of));
    }
}

fn is_among<T>(all: &[Arc<T>], one: &Arc<T>) -> bool {
    all.iter().any(|other| Arc::ptr_eq(other, one))
}

fn lock(lists: &Mutex<Lists>) -> MutexGuard<'_, Lists> {
    // Lists of accounts: a panic elsewhere cannot leave them half changed.
    lists.lock().unwrap_or_else(PoisonError::into_inner)
}

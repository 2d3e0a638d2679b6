//! The accounts of a graph, by the names of its components: one that is made anew
//! goes on with the account that there is.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::stage::StageId;
use crate::exporters::{ExporterAccount, ExporterConfig};
use crate::pipelines::file::PipelineFile;
use crate::pipelines::id::ComponentId;
use crate::processors::ProcessorAccount;
use crate::pushing::{PushAccount, Sources};
use crate::series::{Naming, SeriesSource};

/// See the module's text. Clones are the same accounts.
#[derive(Debug, Default, Clone)]
pub struct Accounts {
    lists: Arc<Mutex<Lists>>,
    /// Those of the graph as it runs, while a change to it is prepared.
    before: Option<Arc<Mutex<Lists>>>,
}

#[derive(Debug, Default, Clone)]
struct Lists {
    /// With where they send now.
    exporters: Vec<(Arc<ExporterAccount>, String)>,
    processors: Vec<Arc<ProcessorAccount>>,
    series: Vec<(ComponentId, Arc<dyn SeriesSource>)>,
    pushing: Vec<Arc<PushAccount>>,
    scraped: Vec<ScrapedAt>,
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

    /// That of an exporter, which sends there.
    pub(crate) fn exporter(&self, id: &ComponentId, endpoint: &str) -> Arc<ExporterAccount> {
        let name = id.to_string();
        let known = self.lists().find_map(|lists| {
            let mut exporters = lists.exporters.iter();
            let (account, _) = exporters.find(|(account, _)| account.exporter() == name)?;
            Some(Arc::clone(account))
        });
        let account = known.unwrap_or_else(|| ExporterAccount::new(name, endpoint.to_owned()));
        if self.before.is_none() {
            account.sends_to(endpoint);
        }
        let mut lists = lock(&self.lists);
        lists.exporters.retain(|(of, _)| !Arc::ptr_eq(of, &account));
        lists
            .exporters
            .push((Arc::clone(&account), endpoint.to_owned()));
        account
    }

    /// That of the processor `id` of `pipeline`.
    pub(crate) fn processor(&self, (pipeline, id): (&str, &ComponentId)) -> Arc<ProcessorAccount> {
        let known = self.lists().find_map(|lists| {
            let mut processors = lists.processors.iter();
            processors
                .find(|account| account.is_of(pipeline, id))
                .cloned()
        });
        let new = || ProcessorAccount::new(pipeline.to_owned(), id.to_string());
        let account = known.unwrap_or_else(new);
        let mut lists = lock(&self.lists);
        lists.processors.retain(|of| !Arc::ptr_eq(of, &account));
        lists.processors.push(Arc::clone(&account));
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
        let before = std::mem::replace(&mut *lock(&self.lists), new);
        Self {
            lists: Arc::new(Mutex::new(before)),
            before: None,
        }
    }

    /// Those of a component that is no longer in the file, and not done yet.
    pub(super) fn take_over(&self, before: &Self, id: &StageId) {
        let kept = Self {
            lists: Arc::clone(&self.lists),
            before: Some(Arc::clone(&before.lists)),
        };
        kept.keep(id);
    }

    /// A component is gone for good.
    pub(super) fn forget(&self, id: &StageId) {
        let mut lists = lock(&self.lists);
        match id {
            StageId::Exporter(id) => {
                let name = id.to_string();
                lists
                    .exporters
                    .retain(|(account, _)| account.exporter() != name);
            }
            StageId::Connector(id) => lists.series.retain(|(other, _)| other != id),
            StageId::Pushing => lists.pushing.clear(),
            StageId::Processor(pipeline, id) => {
                lists
                    .processors
                    .retain(|account| !account.is_of(pipeline, id));
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

fn lock(lists: &Mutex<Lists>) -> MutexGuard<'_, Lists> {
    // Lists of accounts: a panic elsewhere cannot leave them half changed.
    lists.lock().unwrap_or_else(PoisonError::into_inner)
}

//! Builds a graph, or what is to be changed of one: from exporters back to receivers,
//! because each stage is made before those that hand to it.
//!
//! What is written as before is kept, with all it has; only where it hands to may be
//! another. What cannot be there twice (a directory on the disk, a file) is made when
//! the one before has gone. **Nothing that runs is touched here.**

use std::collections::BTreeMap;
use std::sync::Arc;

use tracewell_model::Consumer;

use super::accounts::Accounts;
use super::endings::Endings;
use super::stage::{Stage, StageId};
use super::{Ground, Spooled, fan_out};
use crate::connectors::{Begun, ConnectorConfig};
use crate::exporters::ExporterConfig;
use crate::pipelines::edges::{Edge, EdgeAccount, LeadsTo};
use crate::pipelines::file::{PipelineConfig, PipelineFile};
use crate::pipelines::id::ComponentId;
use crate::pipelines::joint::Joint;

/// What takes the spans of each receiver, by the name of its account.
pub(super) type ByReceiver = BTreeMap<String, Arc<dyn Consumer>>;

/// What is to be done to a running graph.
#[derive(Default)]
pub(super) struct Plan {
    /// All components of the new graph, those before which others stand first.
    pub(super) stages: Vec<Arc<Stage>>,
    /// Those among them that were made for it.
    pub(super) made: Vec<Arc<Stage>>,
    /// Those among them that are made when the one before has gone.
    pub(super) to_open: Vec<Arc<Stage>>,
    /// Where running components hand to from now on.
    pub(super) leads: Vec<(Arc<Joint>, Arc<dyn Consumer>)>,
    pub(super) entries: ByReceiver,
    pub(super) accounts: Accounts,
}

pub(super) struct Building<'b> {
    pub(super) file: &'b PipelineFile,
    pub(super) ground: &'b Ground,
    pub(super) spools: &'b Spooled,
    /// What runs, and what has no place any more and still has something.
    pub(super) running: &'b [Arc<Stage>],
    pub(super) lingering: &'b [Arc<Stage>],
    /// Exporters and connectors that are made.
    ends: BTreeMap<&'b ComponentId, Arc<dyn Consumer>>,
    /// Of pipelines that are made.
    first_stages: BTreeMap<&'b str, Arc<dyn Consumer>>,
    plan: Plan,
}

impl<'b> Building<'b> {
    pub(super) fn new(
        file: &'b PipelineFile,
        (ground, spools): (&'b Ground, &'b Spooled),
        (running, lingering): (&'b [Arc<Stage>], &'b [Arc<Stage>]),
        accounts: Accounts,
    ) -> Self {
        Self {
            file,
            ground,
            spools,
            running,
            lingering,
            ends: BTreeMap::new(),
            first_stages: BTreeMap::new(),
            plan: Plan {
                accounts,
                ..Plan::default()
            },
        }
    }

    /// Plans it all, or as far as it went: a component cannot be made, and why.
    pub(super) fn plan(mut self) -> (Plan, Result<(), String>) {
        let result = self.all();
        (self.plan, result)
    }

    fn all(&mut self) -> Result<(), String> {
        let file = self.file;
        let is_of_traces = |id: &&ComponentId| {
            let mut pipelines = file.pipelines.iter();
            pipelines.any(|pipeline| pipeline.exporters.contains(id))
        };
        for id in file.exporters.keys().filter(is_of_traces) {
            let exporter = self.stage(StageId::Exporter(id.clone()), None)?;
            self.ends.insert(id, exporter);
        }
        let mut entries: BTreeMap<String, Vec<Arc<dyn Consumer>>> = BTreeMap::new();
        for config in &file.pipelines {
            let first = self.pipeline(config)?;
            for id in &config.receivers {
                let Some(receiver) = file.receivers.get(id) else {
                    continue;
                };
                let ends = (Some(id), config.processors.first());
                let first = self.edge(config, ends, LeadsTo::Component, Arc::clone(&first));
                for account in receiver.accounts(id) {
                    entries.entry(account).or_default().push(Arc::clone(&first));
                }
            }
        }
        if !file.metrics.is_empty() {
            self.stage(StageId::Pushing, None)?;
            // It ends when nothing is counted any more.
            self.plan.stages.rotate_right(1);
        }
        self.plan.accounts.scraped_as(file);
        let copies = self.plan.accounts.copies();
        let watched = |firsts| (self.ground.watched)(fan_out(firsts, copies));
        let entries = entries.into_iter();
        let entries = entries.map(|(account, firsts)| (account, watched(firsts)));
        self.plan.entries = entries.collect();
        Ok(())
    }

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
        let mut next = fan_out(ends, self.plan.accounts.copies());
        for (number, id) in config.processors.iter().enumerate().rev() {
            let stage = StageId::Processor(config.name.clone(), id.clone());
            next = self.stage(stage, Some(next))?;
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
        let config = &file.connectors[id];
        let connector = if config.ends_traces() {
            self.stage(StageId::Connector(id.clone()), None)?
        } else {
            let mut begun = Vec::new();
            let pipelines = file.pipelines.iter();
            for pipeline in pipelines.filter(|pipeline| pipeline.receivers.contains(id)) {
                let first = self.pipeline(pipeline)?;
                let ends = (Some(id), pipeline.processors.first());
                begun.push(Begun {
                    pipeline: pipeline.name.clone(),
                    first: self.edge(pipeline, ends, LeadsTo::Component, first),
                });
            }
            config.build(id, begun, &self.plan.accounts)
        };
        self.ends.insert(id, Arc::clone(&connector));
        Ok(connector)
    }

    /// What stands before `next` and counts what is handed to it.
    fn edge(
        &self,
        pipeline: &PipelineConfig,
        (from, to): (Option<&ComponentId>, Option<&ComponentId>),
        leads_to: LeadsTo,
        next: Arc<dyn Consumer>,
    ) -> Arc<dyn Consumer> {
        let name = |id: Option<&ComponentId>| id.map(ToString::to_string);
        let is_entry = from.is_some_and(|id| {
            self.file.receivers.contains_key(id) && pipeline.receivers.contains(id)
        });
        let ends = (name(from), name(to));
        let account = EdgeAccount::new(&pipeline.name, ends, leads_to, is_entry);
        let account = self.plan.accounts.edge(account);
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

    /// Where others hand to a component, which is there or is made.
    fn stage(
        &mut self,
        id: StageId,
        next: Option<Arc<dyn Consumer>>,
    ) -> Result<Arc<dyn Consumer>, String> {
        let written = id.as_written(self.file);
        let with_id = |stages: &'b [Arc<Stage>]| stages.iter().find(|stage| stage.id == id);
        let before = with_id(self.running);
        if let Some(before) = before.filter(|before| before.is(&written)) {
            if let (Some(joint), Some(next)) = (&before.next, next) {
                self.plan.leads.push((Arc::clone(joint), next));
            }
            self.plan.accounts.keep(&id);
            self.plan.stages.push(Arc::clone(before));
            return Ok(Arc::clone(&before.seat) as _);
        }
        let other = before.or_else(|| with_id(self.lingering));
        let must_wait = other.is_some_and(|other| !other.endings.are_over());
        // What lingers hands to it as well, when it is there again.
        let seat = other.map(|other| Arc::clone(&other.seat));
        let stage = Arc::new(Stage {
            seat: seat.unwrap_or_else(|| Joint::closed(self.plan.accounts.refusals())),
            next: next.map(Joint::to),
            endings: Endings::default(),
            is_other: false.into(),
            written,
            id,
        });
        if must_wait {
            self.plan.accounts.keep(&stage.id);
            self.plan.to_open.push(Arc::clone(&stage));
        } else {
            let around = (self.ground, self.spools);
            let made = stage.make(self.file, around, &self.plan.accounts)?;
            self.plan.leads.push((Arc::clone(&stage.seat), made));
            self.plan.made.push(Arc::clone(&stage));
        }
        self.plan.stages.push(Arc::clone(&stage));
        Ok(Arc::clone(&stage.seat) as _)
    }
}

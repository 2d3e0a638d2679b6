//! A Collector's file that is read again while the process runs, because it changed
//! or somebody asks for it with SIGHUP.
//!
//! ```text
//! read, understand ─► prepare components ─► bind new ports ─► close ports that are gone
//!                                        ─► change the graph ─► serve new ports
//! ```
//!
//! Up to the closing nothing that runs is touched: **a file that cannot be used, and a
//! port that somebody else has, leave everything as it was**, and are said. What only
//! a restart puts in force is said, too, and never passed over.

use std::collections::BTreeMap;
use std::sync::Arc;

use tracewell_api::{ProcessFacts, Reloaded};
use tracewell_collector::pipelines::graph::Graph;
use tracewell_model::clock::{Clock, SystemClock};

use super::changed_files::ChangedFiles;
use super::fetching::Fetching;
use super::receivers::Receivers;
use super::{Again, DRAIN_PATIENCE, scrape_ports, spools};
use crate::config::{Config, Loaded, PipelineFile, settings};

/// See the module's text.
pub(super) struct Reloading {
    again: Again,
    files: ChangedFiles,
    /// As the process was started.
    config: Config,
    /// Does the file that it was started with store anything?
    has_store: bool,
    /// Ports of exporters that are there.
    scrape_ports: BTreeMap<String, String>,
    /// `None` where there are no pipelines.
    graph: Option<Arc<Graph>>,
    facts: Arc<ProcessFacts>,
}

impl Reloading {
    pub(super) fn new(
        again: Again,
        files: ChangedFiles,
        (config, pipelines): (Config, Option<PipelineFile>),
        graph: Option<Arc<Graph>>,
        facts: Arc<ProcessFacts>,
    ) -> Self {
        Self {
            again,
            files,
            has_store: pipelines.as_ref().is_some_and(PipelineFile::stores),
            scrape_ports: scrape_ports::asked(pipelines.as_ref()),
            config,
            graph,
            facts,
        }
    }

    /// Waits until a file has changed that can be read again.
    pub(super) async fn due(&mut self) {
        match &self.graph {
            Some(_) => self.files.changed().await,
            None => std::future::pending().await,
        }
    }

    /// Reads it again, and says what became of that.
    pub(super) async fn reload(
        &mut self,
        receivers: (&mut Receivers, &mut Fetching),
        because: &str,
    ) {
        self.files.look();
        let Some(graph) = self.graph.clone() else {
            return tracing::warn!(
                "{because}: without pipelines there is nothing that is read again; files of \
                 certificates, tokens and sampling are when they change, all else needs a restart"
            );
        };
        let mut reloaded = Reloaded {
            at_ns: SystemClock.now_ns(),
            ..Reloaded::default()
        };
        match self.read_again(&graph, receivers).await {
            Ok(notes) => {
                tracing::info!("{because}: the configuration was read again");
                notes.iter().for_each(|note| tracing::warn!("{note}"));
                reloaded.notes = notes;
            }
            Err(why) => {
                tracing::error!(
                    "{because}: the configuration cannot be used, and what was before goes on: {why}"
                );
                reloaded.error = Some(why);
            }
        }
        self.facts.reload(reloaded);
    }

    /// Answers what of it is not in force.
    async fn read_again(
        &self,
        graph: &Arc<Graph>,
        (receivers, fetching): (&mut Receivers, &mut Fetching),
    ) -> Result<Vec<String>, String> {
        let loaded = (self.again)().map_err(|mistakes| mistakes.to_string())?;
        let Some(file) = &loaded.pipelines else {
            return Err("it has no pipelines any more; that needs a restart".to_owned());
        };
        if file.stores() && !self.has_store {
            let why = "exporters.tracewell: no store was opened at the start, because the file \
                       stored nothing then; that needs a restart";
            return Err(why.to_owned());
        }
        for warning in &loaded.warnings {
            tracing::warn!("{warning}");
        }
        let spools = spools::of(file, (self.config.storage, &self.config.data_dir));
        let spools = spools.map_err(|error| format!("{error:#}"))?;
        let (making, new) = (Arc::clone(graph), file.clone());
        // It may wait for a disk.
        let prepared = tokio::task::spawn_blocking(move || making.prepare(new, spools));
        let change = prepared.await.map_err(|error| error.to_string())??;
        let ports = &loaded.config.receivers;
        let bound = match receivers.bind(ports) {
            Ok(bound) => bound,
            Err(why) => {
                graph.leave(change).await;
                return Err(why);
            }
        };
        let coming = receivers.stop_gone(ports, bound, DRAIN_PATIENCE).await;
        let mut notes = graph.change(change).await;
        let (gone, new, troubles) = receivers.go_on(coming, DRAIN_PATIENCE).await;
        notes.extend(troubles);
        notes.extend(fetching.become_those_of(file, DRAIN_PATIENCE).await);
        for endpoint in &new {
            tracing::info!("listens on {} for {}", endpoint.address, endpoint.title);
        }
        self.facts.listens(&gone, new);
        for line in file.lines() {
            tracing::info!("pipeline {line}");
        }
        notes.extend(self.at_the_next_start(&loaded));
        Ok(notes)
    }

    /// Settings that only a restart puts in force.
    fn at_the_next_start(&self, loaded: &Loaded) -> Vec<String> {
        let changed = settings().filter(|setting| {
            let of_receivers = setting.key.starts_with("receivers.");
            // Where nothing is stored any more, the store stays open.
            let of_store = setting.key == "storage";
            let is_same = (setting.show)(&self.config) == (setting.show)(&loaded.config);
            !of_receivers && !of_store && !is_same
        });
        let note = |key| format!("{key} has changed, which needs a restart");
        let mut notes: Vec<String> = changed.map(|setting| note(setting.key)).collect();
        if scrape_ports::asked(loaded.pipelines.as_ref()) != self.scrape_ports {
            notes.push(note("the port of an exporter prometheus"));
        }
        notes
    }
}

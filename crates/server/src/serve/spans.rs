//! Where spans go and where answers come from: one store, or one for each tenant.
//!
//! The rest of the process is the same for both. **Which of the two it is, is
//! decided here alone.**

use super::limits::MemoryShares;
use super::tenants::{AllTenants, Sides, Tenants};
use super::{adapting, spools, stores};
use crate::config::{Config, PipelineFile, Storage};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::runtime::Handle;
use tracewell_access::Lock;
use tracewell_api::{Door, ProcessFacts, QueryState, UiConfig};
use tracewell_collector::pipelines::graph::{Accounts, Graph, Ground};
use tracewell_collector::{CountedRoots, Destination, Sampling};
use tracewell_model::clock::SystemClock;
use tracewell_model::{Consumer, TraceStore};
use tracewell_store::with_waiting::WithWaiting;

/// The stores of the process.
pub(super) struct Spans {
    /// The one store; where there are tenants, what is to be known of all of
    /// theirs.
    pub(super) store: Arc<dyn TraceStore>,
    tenants: Option<Arc<Tenants>>,
    /// The pipelines before it, if there are any.
    pub(super) graph: Option<Arc<Graph>>,
    storage: Storage,
    data_dir: PathBuf,
}

impl Spans {
    /// Opens them.
    ///
    /// # Errors
    /// What a store says, with its directory.
    pub(super) fn open(
        config: &Config,
        shares: &MemoryShares,
        sampling: &Arc<Sampling>,
    ) -> anyhow::Result<Self> {
        if config.tenants.is_on {
            let tenants = Tenants::open_all(config, shares, sampling)?;
            return Ok(Self {
                store: Arc::new(AllTenants::new(Arc::clone(&tenants))),
                tenants: Some(tenants),
                graph: None,
                storage: config.storage,
                data_dir: config.data_dir.clone(),
            });
        }
        let store = stores::open(config, shares)?;
        if !config.is_read_only {
            let is_kept = config.storage == Storage::Embedded;
            adapting::start(sampling, is_kept.then_some(&*config.data_dir));
        }
        Ok(Self {
            store,
            tenants: None,
            graph: None,
            storage: config.storage,
            data_dir: config.data_dir.clone(),
        })
    }

    /// What stands behind the receivers, and the accounts of the components
    /// there. Needs a runtime.
    ///
    /// # Errors
    /// Pipelines cannot be built: which component, and why.
    pub(super) fn destination(
        &mut self,
        sampling: &Arc<Sampling>,
        pipelines: Option<&PipelineFile>,
    ) -> anyhow::Result<(Destination, Accounts)> {
        let sampling = Arc::clone(sampling);
        if let Some(tenants) = &self.tenants {
            let tenants = Arc::<Tenants>::clone(tenants);
            return Ok((
                Destination::ByTenant { tenants, sampling },
                Accounts::default(),
            ));
        }
        let of_roots = Arc::clone(&sampling);
        let counted = move |consumer: Arc<dyn Consumer>| -> Arc<dyn Consumer> {
            let (sampling, clock) = (Arc::clone(&of_roots), Arc::new(SystemClock));
            Arc::new(CountedRoots::new(sampling, clock, consumer))
        };
        let store = stores::consumer(&self.store);
        let Some(file) = pipelines else {
            let consumer = counted(store);
            return Ok((Destination::One { consumer, sampling }, Accounts::default()));
        };
        let ground = Ground {
            store,
            runtime: Handle::current(),
            watched: Box::new(counted),
        };
        let spools = spools::of(file, (self.storage, &self.data_dir))?;
        let graph = Graph::start(file.clone(), spools, ground).map_err(anyhow::Error::msg)?;
        for line in file.lines() {
            tracing::info!("pipeline {line}");
        }
        let (entries, accounts) = (Arc::clone(graph.entries()), graph.accounts().clone());
        self.graph = Some(graph);
        Ok((Destination::ByReceiver { entries, sampling }, accounts))
    }

    /// What answers are made from: the store, and what waits in pipelines. Of tenants
    /// nothing waits, since they have no pipelines.
    pub(super) fn readable(&self) -> Arc<dyn TraceStore> {
        let store = Arc::clone(&self.store);
        let Some(graph) = &self.graph else {
            return store;
        };
        let accounts = graph.accounts().clone();
        Arc::new(WithWaiting::new(
            store,
            Box::new(move || accounts.waiting()),
        ))
    }

    /// What stands before the read side.
    pub(super) fn door(
        &self,
        lock: &Arc<Lock>,
        state: &Arc<QueryState>,
        facts: &Arc<ProcessFacts>,
        ui: &UiConfig,
    ) -> Door {
        let tenants = self.tenants.as_ref().map(|tenants| {
            let (tenants, state) = (Arc::clone(tenants), Arc::clone(state));
            let sides = Sides::new(tenants, state, Arc::clone(facts), ui.clone());
            Arc::new(sides) as _
        });
        Door::new(Arc::clone(lock), tenants)
    }
}

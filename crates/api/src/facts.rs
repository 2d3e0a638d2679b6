//! What the process knows about itself.
//!
//! The status page and the metrics read the same [`ProcessFacts`], so that
//! they can never tell different stories. Whoever starts the process fills it;
//! **nothing is asked of the operating system here** (see `process`).

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tracewell_access::Lock;
use tracewell_collector::exporters::ExporterSnapshot;
use tracewell_collector::pipelines::graph::Accounts;
use tracewell_collector::processors::ProcessorSnapshot;
use tracewell_collector::pushing::PushSnapshot;
use tracewell_collector::series::{Reader, SeriesPage};
use tracewell_collector::{
    Accounting, AdaptedOperation, Complaint, Connections, Intake, ReceiverSnapshot, Sampling,
};

/// The version in every answer.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// An address the process listens on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundEndpoint {
    /// Name for scripts: `otlp-grpc`.
    pub name: Cow<'static, str>,
    /// Name for people: `OTLP gRPC`.
    pub title: Cow<'static, str>,
    /// The address, with the port the system chose where 0 was asked.
    pub address: SocketAddr,
    /// Datagrams come here, of which nobody can be asked who sent them.
    pub is_udp: bool,
}

/// The connections that the read side may have.
#[derive(Debug, Clone)]
pub struct ReadPlaces {
    /// Those that are free.
    pub free: Arc<Semaphore>,
    /// All of them.
    pub limit: usize,
}

/// What became of the configuration when it was read again the last time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reloaded {
    /// Then, ns since the Unix epoch.
    pub at_ns: u64,
    /// Why it could not be used; what was before goes on.
    pub error: Option<String>,
    /// What of it is not in force, and why.
    pub notes: Vec<String>,
}

/// What the process knows about itself.
pub struct ProcessFacts {
    components: Accounts,
    endpoints: Arc<RwLock<Vec<BoundEndpoint>>>,
    reloaded: Arc<Mutex<Option<Reloaded>>>,
    warnings: Vec<String>,
    readers: ReadPlaces,
    accounting: Arc<Accounting>,
    intake: Arc<Intake>,
    sampling: Arc<Sampling>,
    started: Instant,
}

impl ProcessFacts {
    /// Uptime counts from here.
    pub fn new(
        endpoints: &[BoundEndpoint],
        warnings: Vec<String>,
        readers: ReadPlaces,
        accounting: Arc<Accounting>,
        intake: Arc<Intake>,
        sampling: Arc<Sampling>,
        components: Accounts,
    ) -> Self {
        Self {
            components,
            endpoints: Arc::new(RwLock::new(endpoints.to_vec())),
            reloaded: Arc::default(),
            warnings,
            readers,
            accounting,
            intake,
            sampling,
            started: Instant::now(),
        }
    }

    /// What became of the spans that were sent on.
    pub(crate) fn exporters(&self) -> Vec<ExporterSnapshot> {
        let accounts = self.components.exporters();
        accounts.iter().map(|account| account.snapshot()).collect()
    }

    /// What became of the spans that stand between receivers and exporters.
    pub(crate) fn processors(&self) -> Vec<ProcessorSnapshot> {
        let accounts = self.components.processors();
        accounts.iter().map(|account| account.snapshot()).collect()
    }

    /// What became of the numbers that connectors count.
    pub(crate) fn pushing(&self) -> Vec<PushSnapshot> {
        let accounts = self.components.pushing();
        let accounts = accounts.iter();
        accounts.filter_map(|account| account.snapshot()).collect()
    }

    /// What lies between receivers, processors and exporters.
    pub(crate) fn components(&self) -> &Accounts {
        &self.components
    }

    /// What connectors count of spans.
    pub(crate) fn write_series(&self, page: &mut SeriesPage) {
        for source in self.components.series() {
            page.put(&source.read(Reader::Scrape));
        }
    }

    /// The same process, as one tenant may see it: with what is counted of that
    /// tenant alone.
    #[must_use]
    pub fn of_tenant(&self, accounting: Arc<Accounting>, sampling: Arc<Sampling>) -> Self {
        Self {
            // What leaves this process is not one tenant's.
            components: Accounts::default(),
            endpoints: Arc::clone(&self.endpoints),
            reloaded: Arc::clone(&self.reloaded),
            warnings: self.warnings.clone(),
            readers: self.readers.clone(),
            accounting,
            intake: Arc::clone(&self.intake),
            sampling,
            started: self.started,
        }
    }

    /// Where it listens, in the order people read it.
    pub(crate) fn endpoints(&self) -> Vec<BoundEndpoint> {
        let endpoints = self
            .endpoints
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        endpoints.clone()
    }

    /// It no longer listens there, and does here.
    pub fn listens(&self, gone: &[BoundEndpoint], new: Vec<BoundEndpoint>) {
        let mut endpoints = self
            .endpoints
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        endpoints.retain(|endpoint| !gone.contains(endpoint));
        endpoints.extend(new);
    }

    /// The configuration was read again.
    pub fn reload(&self, reloaded: Reloaded) {
        let mut last = self.reloaded.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some(reloaded);
    }

    /// What became of that the last time; `None` where it never was.
    pub(crate) fn reloaded(&self) -> Option<Reloaded> {
        let last = self.reloaded.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone()
    }

    /// What was said at the start and still holds.
    pub(crate) fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The connections of all receivers.
    pub(crate) fn connections(&self) -> Connections {
        self.intake.connections()
    }

    /// How many connections the read side has, and may have.
    pub(crate) fn read_connections(&self) -> (u64, u64) {
        let ReadPlaces { free, limit } = &self.readers;
        let open = limit.saturating_sub(free.available_permits());
        (open as u64, *limit as u64)
    }

    /// What requests and connections go through.
    pub(crate) fn lock(&self) -> &Arc<Lock> {
        self.intake.lock()
    }

    /// Time since it started.
    pub(crate) fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    /// The accounts of all receivers, in which `received` is exactly the sum
    /// of the others.
    pub(crate) fn receivers(&self) -> Vec<ReceiverSnapshot> {
        self.accounting.snapshot()
    }

    /// The last kinds of requests that were not taken as they are, the newest
    /// first.
    pub(crate) fn complaints(&self) -> Vec<Complaint> {
        self.accounting.complaints()
    }

    /// Bytes that requests in flight hold, and may hold.
    pub(crate) fn intake_bytes(&self) -> (u64, u64) {
        let admission = self.intake.admission();
        (
            admission.held_bytes() as u64,
            admission.limit_bytes() as u64,
        )
    }

    /// How many shares adaptive sampling has worked out, and so many of them;
    /// `None` where nobody asked for it.
    pub(crate) fn adapted(&self, most: usize) -> Option<(usize, Vec<AdaptedOperation>)> {
        let sampling = &self.sampling;
        sampling.is_adaptive().then(|| sampling.adapted(most))
    }
}

//! Runs every receiver, the store, the APIs and the UI in this process.
//!
//! The order is the point of this file. Starting: the files of the locks are
//! read, all ports bound and sampling strategies read before anything else, so that what is
//! wrong with the configuration is said at once; the store recovers;
//! then everything serves and readiness is announced. Stopping: receivers stop
//! accepting and finish what they have, pipelines end, the store writes what it
//! holds, and the read side goes last.

mod adapting;
mod bind;
mod changed_files;
mod fetching;
mod limits;
mod open_doors;
mod open_files;
mod read_side;
mod receivers;
mod reload;
mod sampling;
mod scrape_ports;
mod spans;
mod spools;
mod stores;
mod tenants;
mod ui_config;
mod written_file;

use crate::config::{Loaded, Mistakes};
use anyhow::{Context, ensure};
use bind::{Bound, bind_all};
use changed_files::ChangedFiles;
use fetching::Fetching;
use limits::MemoryShares;
use receivers::{Around, Receivers};
use reload::Reloading;
use scrape_ports::ScrapePorts;
use spans::Spans;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, watch};
use tracewell_access::Lock;
use tracewell_api::{BoundEndpoint, ProcessFacts, QueryLimits, QueryState, ReadPlaces};
use tracewell_collector::{Accounting, Intake, IntakeConfig};
use tracewell_model::clock::SystemClock;

/// How long requests in flight may take to end. With what the store needs it
/// stays below the ten seconds that orchestrators grant.
const DRAIN_PATIENCE: Duration = Duration::from_secs(5);

/// How long work that nobody waits for any more may take to end.
const END_PATIENCE: Duration = Duration::from_secs(1);

/// How long the read side may take to finish answers.
const QUERY_PATIENCE: Duration = Duration::from_secs(2);

/// Reads the configuration again, from where it came.
pub(crate) type Again = Box<dyn Fn() -> Result<Loaded, Mistakes> + Send + Sync>;

/// Serves until the process is told to stop. A Collector's file is read `again` when
/// it changes.
///
/// # Errors
/// What kept the process from starting or from stopping cleanly.
pub(crate) fn run(loaded: Loaded, again: Again) -> anyhow::Result<()> {
    open_files::allow_as_many_as_possible();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let served = runtime.block_on(serve(loaded, again));
    // A name that nobody resolves must not keep the process.
    runtime.shutdown_timeout(END_PATIENCE);
    served
}

async fn serve(loaded: Loaded, again: Again) -> anyhow::Result<()> {
    // As they are now: what changes while a store is opened counts.
    let (config, files) = (loaded.config, ChangedFiles::new(loaded.files));
    // Before anything slow: a signal during recovery must not kill us halfway.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let lock = Lock::load(&config.lock, config.tenants.tenancy())?;
    let mut bound = bind_all(&config)?;
    let pipelines = loaded.pipelines.as_ref();
    let scrape_ports = ScrapePorts::bind(pipelines, &mut bound.endpoints)?;
    let warnings = open_doors::warnings(&bound.endpoints, &lock);
    for warning in &warnings {
        tracing::warn!("{warning}");
    }
    let ui = ui_config::read(config.query.ui_config_file.as_deref())?;
    let sampling = sampling::start(&config)?;
    let shares = MemoryShares::of(config.memory_limit_bytes);
    let mut spans = Spans::open(&config, &shares, &sampling)?;

    let accounting = Accounting::new();
    let intake_config = IntakeConfig {
        memory_budget_bytes: shares.intake_bytes,
        workers: None,
        max_connections: open_files::share_of_connections(config.memory_limit_bytes),
        lock: Arc::clone(&lock),
    };
    let (destination, components) = spans.destination(&sampling, pipelines)?;
    let scraped = components.clone();
    let intake =
        Intake::start(intake_config, destination).context("cannot start decoding threads")?;
    let limit = open_files::share_of_readers();
    let readers = ReadPlaces {
        free: Arc::new(Semaphore::new(limit)),
        limit,
    };
    let facts = Arc::new(ProcessFacts::new(
        &bound.endpoints,
        warnings,
        readers.clone(),
        Arc::clone(&accounting),
        Arc::clone(&intake),
        Arc::clone(&sampling),
        components,
    ));
    let state = Arc::new(QueryState::new(
        spans.readable(),
        Arc::new(SystemClock),
        QueryLimits::default(),
    ));
    let door = spans.door(&lock, &state, &facts, &ui);
    let Bound {
        receivers,
        sampling: asked_how_to_sample,
        query_http,
        query_grpc,
        tempo,
        admin,
        endpoints,
    } = bound;

    let around = Around {
        max_request_bytes: config.otlp.max_request_bytes,
        intake: Arc::clone(&intake),
        accounting: Arc::clone(&accounting),
        questions: tracewell_api::zipkin_router(&state, &door),
    };
    let mut receivers = Receivers::start(around, receivers, asked_how_to_sample)?;
    let mut fetching = Fetching::new(fetching::Around {
        max_request_bytes: config.otlp.max_request_bytes,
        intake: Arc::clone(&intake),
        accounting: Arc::clone(&accounting),
        storage: config.storage,
        data_dir: config.data_dir.clone(),
    });
    if let Some(file) = pipelines {
        let troubles = fetching.become_those_of(file, DRAIN_PATIENCE).await;
        ensure!(troubles.is_empty(), "{}", troubles.join("; "));
    }

    let (stop_queries, stopped) = watch::channel(false);
    let http = tracewell_api::http_router(&state, &facts, &ui, &config.query.base_path, &door);
    let grpc = tracewell_api::grpc_router(Arc::clone(&state), &door);
    let is_encrypted = lock.is_encrypted();
    let health = tracewell_api::admin_router(&state, &facts, &door);
    let mut listeners = vec![(query_http, http), (query_grpc, grpc)];
    let of_tempo = |listener| (listener, tracewell_api::tempo_router(&state, &facts, &door));
    listeners.extend(tempo.map(of_tempo));
    listeners.extend(admin.into_iter().map(|listener| (listener, health.clone())));
    listeners.extend(scrape_ports.routers(&scraped, &door));
    let serving: Vec<_> = listeners
        .into_iter()
        .map(|(listener, router)| {
            let (room, lock) = (Arc::clone(&readers.free), Arc::clone(&lock));
            tokio::spawn(read_side::serve(
                listener,
                router,
                room,
                lock,
                stopped.clone(),
            ))
        })
        .collect();
    announce(&endpoints, &config.query.base_path, is_encrypted)?;

    let base = (config, loaded.pipelines);
    let mut reloading = Reloading::new(again, files, base, spans.graph.clone(), Arc::clone(&facts));
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hangup.recv() => reloading.reload((&mut receivers, &mut fetching), "SIGHUP").await,
            () = reloading.due() => {
                reloading.reload((&mut receivers, &mut fetching), "a changed file").await;
            }
        }
    }
    tracing::info!("stopping: receivers first, then the store, then the APIs");
    tokio::join!(
        receivers.stop(DRAIN_PATIENCE),
        fetching.stop(DRAIN_PATIENCE)
    );
    if let Some(graph) = &spans.graph {
        graph.end().await;
    }
    let closing = Arc::clone(&spans.store);
    tokio::task::spawn_blocking(move || closing.shut_down()).await?;
    stop_queries.send_replace(true);
    for reader in serving {
        match tokio::time::timeout(QUERY_PATIENCE, reader).await {
            Ok(ended) => ended??,
            Err(_late) => tracing::warn!("queries were cut off because they did not end in time"),
        }
    }
    Ok(())
}

/// For people, one line an address; for scripts, one line with all of them.
fn announce(
    endpoints: &[BoundEndpoint],
    base_path: &str,
    is_encrypted: bool,
) -> std::io::Result<()> {
    let scheme = if is_encrypted { "https" } else { "http" };
    let mut out = std::io::stdout().lock();
    writeln!(out, "Tracewell {} is ready.", env!("CARGO_PKG_VERSION"))?;
    for endpoint in endpoints {
        let (title, address) = (&endpoint.title, endpoint.address);
        match &*endpoint.name {
            "query-http" => writeln!(out, "  {title:<16} {scheme}://{address}{base_path}/")?,
            _ => writeln!(out, "  {title:<16} {address}")?,
        }
    }
    let pairs: Vec<String> = endpoints
        .iter()
        .map(|endpoint| format!("{}={}", endpoint.name, endpoint.address))
        .collect();
    writeln!(out, "ready {}", pairs.join(" "))?;
    out.flush()
}

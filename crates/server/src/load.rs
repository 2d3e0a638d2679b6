//! `tracewell load`: realistic traces at a given rate, and what became of them.
//!
//! It must cost far less than the server it drives, or it would measure itself:
//! spans are encoded once and copied with fresh ids. It never holds more than
//! one request for each connection.

mod batch;
mod encoding;
mod histogram;
mod random;
mod report;
mod sender;
mod shape;
mod totals;
mod verify_file;
mod worker;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use clap::Args;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::cli::CliError;
use crate::cli::output::{Output, complain, counted};
use crate::config;
use encoding::{Encoding, Templates};
use histogram::Histogram;
use report::{Progress, Report};
pub(crate) use sender::{Answer, Sender};
use sender::{Compression, Protocol};
use shape::{Shape, ShapeName};
use totals::Totals;
use verify_file::VerifyFile;
use worker::Run;

/// Arguments of `load`.
#[derive(Debug, Args)]
pub(crate) struct LoadArgs {
    /// Spans a second over all connections; 0 sends as fast as the server takes them
    #[arg(long, value_name = "SPANS", default_value_t = 1_000)]
    rate: u64,
    /// How long to send
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = config::duration)]
    duration: Duration,
    /// Stop after this many spans
    #[arg(long, value_name = "N")]
    spans: Option<u64>,
    /// Protocol to send with
    #[arg(long, value_enum, default_value_t = Protocol::Grpc)]
    protocol: Protocol,
    /// Where to send [default: http://127.0.0.1:4317 for gRPC, :4318 for HTTP]
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// How spans are encoded
    #[arg(long, value_enum, default_value_t = Encoding::Protobuf)]
    encoding: Encoding,
    /// How requests are compressed
    #[arg(long, value_enum, default_value_t = Compression::None)]
    compression: Compression,
    /// Connections, each with one request at a time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=1024))]
    connections: u16,
    /// Spans in a request
    #[arg(long, value_name = "SPANS", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    batch: u32,
    /// What the traces look like
    #[arg(long, value_enum, default_value_t = ShapeName::Shop)]
    shape: ShapeName,
    /// Repeats ids and traces; by default every run is different
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// How long a request may take
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = config::duration)]
    timeout: Duration,
    /// How long a request is tried again when the server cannot take it
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = config::duration)]
    retry_for: Duration,
    /// Write trace ids and numbers of acknowledged spans to this file
    #[arg(long, value_name = "FILE")]
    verify_file: Option<PathBuf>,
    /// Print the result as one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(args: &LoadArgs) -> Result<(), CliError> {
    if args.protocol == Protocol::Grpc && args.encoding == Encoding::Json {
        return Err(CliError::Usage(
            "--encoding json goes with --protocol http; gRPC carries protobuf only".to_owned(),
        ));
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.min(usize::from(args.connections)))
        .enable_all()
        .build()
        .map_err(|error| CliError::Failed(format!("cannot start the runtime: {error}")))?
        .block_on(send_all(args))
}

async fn send_all(args: &LoadArgs) -> Result<(), CliError> {
    let senders: Vec<Sender> = (0..args.connections)
        .map(|_| sender(args))
        .collect::<Result<_, _>>()?;
    let run = Arc::new(prepare(args)?);
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        interrupted().await;
        stop.send_replace(true);
    });

    let mut workers = JoinSet::new();
    for (index, sender) in senders.into_iter().enumerate() {
        workers.spawn(worker::work(
            Arc::clone(&run),
            index,
            sender,
            stopped.clone(),
        ));
    }
    let mut latencies = Histogram::new();
    let mut progress = Progress::new(run.duration);
    let mut seconds = tokio::time::interval_at(run.start + TICK, TICK);
    loop {
        tokio::select! {
            finished = workers.join_next() => match finished {
                Some(Ok(part)) => latencies.merge(&part),
                Some(Err(error)) => {
                    return Err(CliError::Failed(format!("a connection ended badly: {error}")));
                }
                None => break,
            },
            _ = seconds.tick() => {
                progress.tick(&run.totals);
                flush(&run, args)?;
            }
        }
    }
    let elapsed = run.start.elapsed();
    progress.finish();
    flush(&run, args)?;

    let report = Report::new(&run.totals, &latencies, elapsed, args.rate);
    let mut out = Output::new();
    if args.json {
        report.print_json(&mut out)?
    } else {
        report.print(&mut out)?
    }
    out.flush()?;
    match report.lost() {
        0 => Ok(()),
        lost => Err(CliError::Failed(format!(
            "the server does not have {}; lower --rate or see the reasons above",
            counted(lost, "span")
        ))),
    }
}

/// Progress and the verify file are brought up to date this often.
const TICK: Duration = Duration::from_secs(1);

fn sender(args: &LoadArgs) -> Result<Sender, CliError> {
    let default = match args.protocol {
        Protocol::Grpc => "http://127.0.0.1:4317",
        Protocol::Http => "http://127.0.0.1:4318",
    };
    let endpoint = args.endpoint.as_deref().unwrap_or(default);
    let with_scheme = match endpoint.split_once("://") {
        None => format!("http://{endpoint}"),
        Some(("http", _)) => endpoint.to_owned(),
        Some(_) => {
            return Err(CliError::Usage(format!(
                "--endpoint {endpoint:?}: only http is supported; write for example {default}"
            )));
        }
    };
    Sender::new(
        args.protocol,
        &with_scheme,
        args.encoding,
        args.compression,
        args.timeout,
    )
}

fn prepare(args: &LoadArgs) -> Result<Run, CliError> {
    let verify = args
        .verify_file
        .as_deref()
        .map(VerifyFile::create)
        .transpose();
    let verify = verify.map_err(|error| cannot_write(args, &error))?;
    let seed = args.seed.unwrap_or_else(fresh_seed);
    let each = args.rate as f64 / f64::from(args.connections);
    // At low rates a full batch would take long to fill; every connection sends
    // at least once a second, as an exporter with a timer does.
    let batch_spans = if args.rate == 0 {
        args.batch as usize
    } else {
        (each as usize).clamp(1, args.batch as usize)
    };
    let interval = if args.rate == 0 {
        Duration::ZERO
    } else {
        Duration::from_secs_f64(batch_spans as f64 / each)
    };
    Ok(Run {
        templates: Templates::encode(&Shape::build(args.shape, seed), args.encoding),
        totals: Totals::default(),
        verify,
        remaining: args.spans.map(AtomicU64::new),
        seed,
        batch_spans,
        connections: usize::from(args.connections),
        interval,
        start: Instant::now(),
        duration: args.duration,
        retry_for: args.retry_for,
    })
}

/// The standard library's source of unpredictable hash keys.
fn fresh_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::process::id())
}

fn flush(run: &Run, args: &LoadArgs) -> Result<(), CliError> {
    run.verify
        .as_ref()
        .map_or(Ok(()), VerifyFile::flush)
        .map_err(|error| cannot_write(args, &error))
}

fn cannot_write(args: &LoadArgs, error: &std::io::Error) -> CliError {
    let path = args
        .verify_file
        .as_deref()
        .unwrap_or_else(|| "".as_ref())
        .display();
    CliError::Failed(format!("cannot write --verify-file {path}: {error}"))
}

/// Waits for Ctrl-C or for a request to end.
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => {
            if let Err(error) = pressed {
                complain(&format!("warning: Ctrl-C is not heard: {error}"));
                std::future::pending::<()>().await;
            }
        }
        _ = terminate.recv() => {}
    }
}

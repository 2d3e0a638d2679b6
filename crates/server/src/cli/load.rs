//! `tracewell load`: the load generator, started and watched by a person.
//!
//! What is sent and how is decided in the crate `tracewell-load`; **here are
//! flags, a progress bar and the end by Ctrl-C.**

mod shown;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tracewell_load::{Compression, Encoding, Plan, Protocol, Report, ShapeName};

use super::credentials::CredentialArgs;
use super::error::CliError;
use super::output::{Output, complain, counted, plain};
use crate::config;
use shown::Progress;

/// Arguments of `load`.
#[derive(Debug, Args)]
pub(super) struct LoadArgs {
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
    #[command(flatten)]
    credentials: CredentialArgs,
}

/// Runs the command.
pub(super) fn run(args: LoadArgs) -> Result<(), CliError> {
    let as_json = args.json;
    let mut progress = Progress::new(args.duration);
    let ended = tracewell_load::run(&plan(args)?, interrupted(), |so_far| progress.tick(so_far));
    progress.finish();
    let report = harmless(ended?);
    let mut out = Output::new();
    if as_json {
        out.line(&serde_json::to_string(&report).expect("strings and numbers always serialize"))?;
    } else {
        shown::print(&report, &mut out)?;
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

fn plan(args: LoadArgs) -> Result<Plan, CliError> {
    let endpoint = args.endpoint.as_deref().unwrap_or_default();
    Ok(Plan {
        credentials: args.credentials.load(endpoint)?,
        rate: args.rate,
        duration: args.duration,
        spans: args.spans,
        protocol: args.protocol,
        endpoint: args.endpoint,
        encoding: args.encoding,
        compression: args.compression,
        connections: args.connections,
        batch: args.batch,
        shape: args.shape,
        seed: args.seed,
        timeout: args.timeout,
        retry_for: args.retry_for,
        verify_file: args.verify_file,
    })
}

/// The same report with reasons that cannot rewrite the screen.
fn harmless(mut report: Report) -> Report {
    for reason in &mut report.reasons {
        reason.reason = plain(&reason.reason);
    }
    report
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

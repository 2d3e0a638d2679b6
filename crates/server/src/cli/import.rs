//! `tracewell import FILE…`: traces of files, sent to a running tracewell.
//!
//! One thread reads and decodes, connections send what it has joined into
//! requests; a bounded queue between them keeps the memory of an import the
//! same however large its files are. A record that cannot be read is named and
//! left out; **nothing is counted as imported that the server did not
//! acknowledge.**

mod delivery;
mod format;
mod input;
mod json_records;
mod protobuf_records;
mod reading;
mod record;
mod requests;
mod tally;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use clap::Args;
use indicatif::ProgressBar;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinSet;
use tracewell_load::Sender;

use super::credentials::CredentialArgs;
use super::error::CliError;
use super::output::{Output, bytes, counted, progress};
use crate::config;
use delivery::deliver;
pub(super) use format::Format;
use input::Source;
use tally::Tally;

/// Requests that wait for a connection.
const QUEUED_REQUESTS: usize = 2;

/// How long one request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// How often the bar moves.
const PROGRESS_EVERY: Duration = Duration::from_millis(200);

/// Arguments of `import`.
#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// Files with traces, plain or compressed with gzip or zstd; - is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Take a file only in this format [default: what its content says]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Where to send: OTLP over HTTP
    #[arg(
        long,
        value_name = "URL",
        env = "TRACEWELL_OTLP_ENDPOINT",
        default_value = "http://127.0.0.1:4318"
    )]
    endpoint: String,
    /// Connections, each with one request at a time
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    connections: u16,
    /// How long a request is tried again when the server cannot take it
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = config::duration)]
    retry_for: Duration,
    /// Print the result as one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    credentials: CredentialArgs,
}

/// Runs the command.
pub(super) async fn run(args: ImportArgs) -> Result<(), CliError> {
    let sources: Vec<Source> = args.files.iter().map(|path| Source::new(path)).collect();
    let stdin = sources.iter().filter(|source| **source == Source::Stdin);
    if stdin.count() > 1 {
        return Err(CliError::Usage(
            "- stands for standard input, which can be read only once".to_owned(),
        ));
    }
    let endpoint = endpoint_url(&args.endpoint)?;
    let credentials = args.credentials.load(&endpoint)?;
    let tally = Arc::new(Tally::default());
    let (sender, receiver) = mpsc::channel(QUEUED_REQUESTS);
    let queue = Arc::new(Mutex::new(receiver));
    let mut connections = JoinSet::new();
    for _ in 0..args.connections {
        connections.spawn(deliver(
            Arc::clone(&queue),
            Sender::otlp_http(&endpoint, REQUEST_TIMEOUT, &credentials)?,
            Arc::clone(&tally),
            endpoint.clone(),
            args.retry_for,
        ));
    }
    let progress = progress_of(&sources);
    let reader = {
        let (sources, tally, format) = (sources.clone(), Arc::clone(&tally), args.format);
        // A thread of its own: it may wait for standard input when all is over.
        let (end, ended) = oneshot::channel();
        std::thread::Builder::new()
            .name("import-reader".to_owned())
            .spawn(move || {
                reading::read_all(&sources, format, &tally, &sender);
                // Nobody listens any more after a failure.
                let _unheard = end.send(()).is_err();
            })
            .map_err(|error| CliError::Failed(format!("cannot start a thread: {error}")))?;
        ended
    };
    let failure = until_sent(&mut connections, progress.as_ref(), &tally).await;
    if let Some(progress) = &progress {
        progress.finish_and_clear();
    }
    let mut out = Output::new();
    if args.json {
        out.line(&tally.json(sources.len()))?;
    } else {
        tally.print(&mut out, sources.len())?;
    }
    out.flush()?;
    if let Some(error) = failure {
        return Err(error);
    }
    let read = reader.await;
    read.map_err(|_| CliError::Failed("reading ended badly; see above".to_owned()))?;
    match tally.problem_count() {
        0 => Ok(()),
        problems => Err(CliError::Failed(format!(
            "{} above; everything else was imported",
            counted(problems, "problem")
        ))),
    }
}

/// Moves the bar until every request was answered; the first failure ends all.
async fn until_sent(
    connections: &mut JoinSet<Result<(), CliError>>,
    progress: Option<&ProgressBar>,
    tally: &Tally,
) -> Option<CliError> {
    let mut failure = None;
    let mut ticks = tokio::time::interval(PROGRESS_EVERY);
    loop {
        tokio::select! {
            ended = connections.join_next() => match ended? {
                Ok(Ok(())) => {}
                Ok(Err(error)) => failure = Some(failure.unwrap_or(error)),
                Err(error) => {
                    let error = CliError::Failed(format!("a connection ended badly: {error}"));
                    failure = Some(failure.unwrap_or(error));
                }
            },
            _ = ticks.tick() => if let Some(progress) = progress {
                let read = tally.bytes.load(Ordering::Relaxed);
                progress.set_position(read);
                progress.set_message(format!(
                    "{} read, {} acknowledged",
                    bytes(read),
                    counted(tally.acknowledged.get(), "span")
                ));
            },
        }
        if connections.is_empty() {
            return failure;
        }
    }
}

/// A bar over the bytes of all files, if there is a terminal.
fn progress_of(sources: &[Source]) -> Option<ProgressBar> {
    let size = |source: &Source| match source {
        Source::Stdin => None,
        Source::File(path) => Some(std::fs::metadata(path).ok()?.len()),
    };
    progress(sources.iter().map(size).sum())
}

fn endpoint_url(written: &str) -> Result<String, CliError> {
    let url = match written.split_once("://") {
        None => format!("http://{written}"),
        Some(("http" | "https", _)) => written.to_owned(),
        Some(_) => {
            return Err(CliError::Usage(format!(
                "--endpoint {written:?}: only http and https are supported; write for example \
                 http://127.0.0.1:4318"
            )));
        }
    };
    Ok(url.trim_end_matches('/').to_owned())
}

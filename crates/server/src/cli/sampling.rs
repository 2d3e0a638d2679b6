//! `tracewell sampling`: what policies of tail sampling would have kept.
//!
//! They are those of the processor, and are asked of traces as they are stored. One
//! trace after another is read from a running tracewell; **of each only sums stay in
//! memory**, so that a day costs what a minute costs. Where policies limit what
//! passes in a second, a line for each trace stays until all are read.

mod file;
mod lengths;
mod shown;
mod tally;
mod trace;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use tracewell_collector::processors::tail_sampling::{Trial, TriedTrace};
use tracewell_model::SpanBatch;

use super::client::{Client, ServerAddress};
use super::error::CliError;
use super::exported::{Exported, decode, path};
use super::output::{Output, complain, counted, progress};
use crate::config;
use tally::Tally;
use trace::{SeenTrace, Services};

/// Traces that wait to be judged in the order of time; each costs some 200 bytes.
const MAX_WAITING: usize = 2_000_000;

/// How often the bar moves.
const PROGRESS_EVERY: Duration = Duration::from_millis(200);

/// What to do with policies.
#[derive(Debug, Subcommand)]
pub(super) enum SamplingCommand {
    /// Say what they would have kept of the traces that are stored
    Try(TryArgs),
}

/// Arguments of `sampling try`.
#[derive(Debug, Args)]
pub(super) struct TryArgs {
    /// A Collector's file, or one with `tail_sampling:` or `policies:` at its top
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Which processor of the file, where it has several
    #[arg(long, value_name = "NAME")]
    processor: Option<String>,
    /// Only traces with a span that matches this TraceQL, with or without braces
    #[arg(long, value_name = "TRACEQL")]
    query: Option<String>,
    /// How far to look back
    #[arg(long, value_name = "DURATION", default_value = "1h")]
    since: String,
    /// Where the time ends: now, or such as 2026-11-22T14:05:00Z
    #[arg(long, value_name = "TIME", default_value = "now")]
    until: String,
    /// Print the result as one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerAddress,
}

/// Runs the command.
pub(super) async fn run(command: SamplingCommand) -> Result<(), CliError> {
    let SamplingCommand::Try(args) = command;
    let (name, policies) = file::policies(&args.file, args.processor.as_deref())?;
    let since = config::duration(&args.since)
        .map_err(|message| CliError::Usage(format!("--since: {message}")))?;
    let from = format!("now-{}s", since.max(Duration::from_secs(1)).as_secs());
    let path = path(args.query.as_deref(), Some(&from), Some(&args.until));
    let client = Client::new(&args.server)?;
    let why = "what would be kept of a part of the traces is not said";
    let mut answer = Exported::new(client.get(&path).await?, client.base(), why);

    let mut trying = Trying::new(Trial::new(&policies));
    let bar = progress(None);
    let mut told = Instant::now();
    while let Some(record) = answer.record().await? {
        trying.part(record.len() as u64, &decode(&record)?)?;
        if let Some(bar) = &bar
            && told.elapsed() >= PROGRESS_EVERY
        {
            told = Instant::now();
            bar.set_message(counted(trying.traces, "trace"));
            bar.tick();
        }
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let (tally, services) = trying.finish()?;
    if tally.stored.traces == 0 {
        return Err(CliError::Failed(format!(
            "there is no trace of the last {} to try it on; widen --since, or loosen --query",
            args.since
        )));
    }
    let mut out = Output::new();
    if args.json {
        out.line(&shown::json(&name, &tally, &services))?;
    } else {
        shown::print(&mut out, &tally, &services)?;
    }
    out.flush()?;
    if tally.late_spans > 0 {
        complain(&format!(
            "note: {} ended more than decision_wait after the first of their trace, and would \
             have followed a decision that was made without them",
            counted(tally.late_spans, "span")
        ));
    }
    Ok(())
}

/// Traces on their way through the policies.
struct Trying {
    trial: Trial,
    has_limits: bool,
    services: Services,
    /// The trace whose parts are coming.
    current: Option<SeenTrace>,
    /// Those that are to be judged in the order of time.
    waiting: Vec<(TriedTrace, SeenTrace)>,
    traces: u64,
    tally: Tally,
}

impl Trying {
    fn new(trial: Trial) -> Self {
        Self {
            has_limits: trial.has_limits(),
            tally: Tally::new(trial.policies().map(str::to_owned).collect()),
            trial,
            services: Services::default(),
            current: None,
            waiting: Vec::new(),
            traces: 0,
        }
    }

    /// Spans of one trace; a trace that comes in several parts has them in a row.
    fn part(&mut self, bytes: u64, spans: &SpanBatch) -> Result<(), CliError> {
        let Some(id) = spans.spans().trace_id.first().copied() else {
            return Ok(());
        };
        if self.current.as_ref().is_none_or(|trace| trace.id != id) {
            self.complete()?;
        }
        self.trial.look_at(spans);
        let trace = self.current.get_or_insert_with(|| SeenTrace::new(id));
        trace.add(bytes, spans, &mut self.services);
        Ok(())
    }

    fn complete(&mut self) -> Result<(), CliError> {
        let (Some(tried), Some(seen)) = (self.trial.complete(), self.current.take()) else {
            return Ok(());
        };
        self.traces += 1;
        if !self.has_limits {
            self.judge(&tried, seen);
            return Ok(());
        }
        if self.waiting.len() >= MAX_WAITING {
            return Err(CliError::Failed(format!(
                "policies that limit what passes in a second are tried on {} at most; \
                 shorten --since, or narrow --query",
                counted(MAX_WAITING as u64, "trace")
            )));
        }
        self.waiting.push((tried, seen));
        Ok(())
    }

    fn judge(&mut self, tried: &TriedTrace, seen: SeenTrace) {
        let is_kept = self.trial.is_sampled(tried);
        self.tally.late_spans += tried.late_spans;
        self.tally.add(seen, is_kept, self.trial.yes());
    }

    fn finish(mut self) -> Result<(Tally, Services), CliError> {
        self.complete()?;
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.sort_by_key(|(tried, seen)| (tried.due_ns, seen.id));
        for (tried, seen) in waiting {
            self.judge(&tried, seen);
        }
        Ok((self.tally, self.services))
    }
}

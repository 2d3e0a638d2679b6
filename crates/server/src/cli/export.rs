//! `tracewell export`: traces of a running tracewell, whole, into a file.
//!
//! The server hands out OTLP protobuf; other formats are made here, trace by
//! trace, so that memory does not grow with their number. A file gets its name
//! when it is complete; **an export that is cut short never looks whole.**

mod jaeger_file;
mod otlp_files;
mod output_file;
mod parquet_files;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use tracewell_model::{SpanBatch, TraceId};

use super::client::{Client, ServerAddress};
use super::error::CliError;
use super::exported::{Exported, decode, path};
use super::import::Format;
use super::output::{bytes, complain, counted, plain, progress};

/// How often the bar moves.
const PROGRESS_EVERY: Duration = Duration::from_millis(200);

/// Arguments of `export`.
#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// Traces with a span that matches this TraceQL, with or without braces [default: all]
    #[arg(long, value_name = "TRACEQL")]
    query: Option<String>,
    /// Spans that match start here or later: now-24h, RFC 3339, or µs since the epoch
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Spans that match start before this
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// What to write
    #[arg(long, value_enum, default_value_t = Format::Otlp)]
    format: Format,
    /// Where to write [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    server: ServerAddress,
}

/// Takes traces in the form of one format.
trait Writer {
    /// Writes spans of one trace, with the message they came in. A trace that
    /// comes in several parts has them in a row.
    fn part(&mut self, message: &[u8], spans: &SpanBatch) -> Result<(), CliError>;

    /// Completes what was written, and answers the files there are.
    fn finish(self: Box<Self>) -> Result<Vec<PathBuf>, CliError>;
}

/// Runs the command.
pub(super) async fn run(args: ExportArgs) -> Result<(), CliError> {
    let output = args.output.as_deref();
    if args.format == Format::Parquet && output.is_none_or(|path| path == Path::new("-")) {
        return Err(CliError::Usage(
            "--format parquet writes files, one or several; name the first with --output, for \
             example --output traces.parquet"
                .to_owned(),
        ));
    }
    let is_binary = args.format == Format::Otlp && output.is_none();
    if is_binary && std::io::stdout().is_terminal() {
        return Err(CliError::Usage(
            "OTLP protobuf is not for a terminal; name a file with --output, or take --format \
             otlp-json"
                .to_owned(),
        ));
    }
    let client = Client::new(&args.server)?;
    let path = path(
        args.query.as_deref(),
        args.from.as_deref(),
        args.to.as_deref(),
    );
    let why = "nothing was written that looks whole";
    let mut answer = Exported::new(client.get(&path).await?, client.base(), why);
    let mut writer = writer(args.format, output)?;
    let progress = progress(None);
    let (mut traces, mut told) = (Traces::default(), Instant::now());
    while let Some(record) = answer.record().await? {
        let spans = decode(&record)?;
        traces.add(&spans);
        writer.part(&record, &spans)?;
        if let Some(bar) = &progress
            && told.elapsed() >= PROGRESS_EVERY
        {
            told = Instant::now();
            bar.set_message(message(&traces, answer.read_bytes()));
            bar.tick();
        }
    }
    if let Some(bar) = progress {
        bar.finish_and_clear();
    }
    let files = writer.finish()?;
    if traces.traces == 0 {
        return Err(CliError::Failed(
            "no trace matches; widen --from and --to, or loosen --query".to_owned(),
        ));
    }
    let done = message(&traces, answer.read_bytes());
    let files: Vec<String> = files
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let into = match files.as_slice() {
        [] => String::new(),
        [only] => format!(" in {only}"),
        [first, .., last] => format!(" in {} files, {first} to {last}", files.len()),
    };
    complain(&plain(&format!("exported {done}{into}")));
    Ok(())
}

fn writer(format: Format, output: Option<&Path>) -> Result<Box<dyn Writer>, CliError> {
    Ok(match format {
        Format::Otlp => Box::new(otlp_files::Protobuf::create(output)?),
        Format::OtlpJson => Box::new(otlp_files::JsonLines::create(output)?),
        Format::Jaeger => Box::new(jaeger_file::JaegerFile::create(output)?),
        Format::Parquet => {
            let first = output.unwrap_or_else(|| Path::new("traces.parquet"));
            Box::new(parquet_files::ParquetFiles::create(first))
        }
    })
}

fn message(traces: &Traces, read_bytes: u64) -> String {
    let spans = counted(traces.spans, "span");
    let traces = counted(traces.traces, "trace");
    format!("{traces} with {spans} ({} of OTLP)", bytes(read_bytes))
}

/// What came so far.
#[derive(Default)]
struct Traces {
    traces: u64,
    spans: u64,
    last: Option<TraceId>,
}

impl Traces {
    fn add(&mut self, part: &SpanBatch) {
        self.spans += part.len() as u64;
        let id = part.spans().trace_id.first().copied();
        if id.is_some() && self.last != id {
            self.traces += 1;
            self.last = id;
        }
    }
}

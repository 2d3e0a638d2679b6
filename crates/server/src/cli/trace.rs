//! `tracewell trace ID`: one trace as a waterfall of text.

mod waterfall;

use clap::Args;
use serde_json::Value;

use super::client::{Client, ServerAddress};
use super::error::CliError;
use super::output::{Output, columns};
use waterfall::Waterfall;

/// Arguments of `trace`.
#[derive(Debug, Args)]
pub(super) struct TraceArgs {
    /// Trace id: up to 32 hex digits, as `tracewell search` prints it
    #[arg(value_name = "ID")]
    id: String,
    /// Print Jaeger's JSON instead
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerAddress,
}

/// Width of the picture when it goes into a file.
const DEFAULT_COLUMNS: usize = 120;

/// Runs the command.
pub(super) async fn run(args: TraceArgs) -> Result<(), CliError> {
    let id = args.id.trim();
    if id.is_empty() || id.len() > 32 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(CliError::Usage(format!(
            "{id:?} is not a trace id: write up to 32 hex digits, as tracewell search prints them"
        )));
    }
    let client = Client::new(&args.server)?;
    let answer = client
        .get_whole(&format!("api/traces/{id}"))
        .await
        .map_err(|error| {
            let is_unknown = error.to_string() == "trace not found";
            if is_unknown {
                CliError::Failed(format!("there is no trace {id}"))
            } else {
                error
            }
        })?;

    let unreadable = |error: serde_json::Error| {
        CliError::Failed(format!(
            "{} answered something that is no trace: {error}",
            client.base()
        ))
    };
    let mut out = Output::new();
    if args.json {
        let value: Value = serde_json::from_slice(&answer).map_err(unreadable)?;
        out.line(&value.to_string())?;
    } else {
        let trace = Waterfall::from_jaeger(&answer).map_err(unreadable)?;
        trace
            .ok_or_else(|| CliError::Failed(format!("there is no trace {id}")))?
            .print(&mut out, columns().unwrap_or(DEFAULT_COLUMNS))?;
    }
    Ok(out.flush()?)
}

//! `tracewell trace ID`: one trace as a waterfall of text.

mod waterfall;

use clap::Args;
use serde_json::Value;
use tracewell_wire::otlp;

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

/// Width of what goes into a file.
pub(super) const DEFAULT_COLUMNS: usize = 120;

/// Runs the command.
pub(super) async fn run(args: TraceArgs) -> Result<(), CliError> {
    let id = trace_id(&args.id)?;
    let client = Client::new(&args.server)?;
    let mut out = Output::new();
    if args.json {
        let answer = client
            .get_whole(&format!("api/traces/{id}"))
            .await
            .map_err(|error| match error.to_string().as_str() {
                "trace not found" => no_such_trace(id),
                _ => error,
            })?;
        let value: Value = serde_json::from_slice(&answer).map_err(|e| unreadable(&client, &e))?;
        out.line(&value.to_string())?;
    } else {
        // OTLP keeps what tells whether a span failed; Jaeger's form does not.
        let answer = client
            .get_whole(&format!("api/ui/traces/{id}/otlp"))
            .await?;
        let trace = otlp::json::decode(&answer).map_err(|e| unreadable(&client, &e))?;
        Waterfall::new(&trace.batch)
            .ok_or_else(|| no_such_trace(id))?
            .print(&mut out, columns().unwrap_or(DEFAULT_COLUMNS))?;
    }
    Ok(out.flush()?)
}

/// A trace id as people type it.
pub(super) fn trace_id(text: &str) -> Result<&str, CliError> {
    let id = text.trim();
    if id.is_empty() || id.len() > 32 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(CliError::Usage(format!(
            "{id:?} is not a trace id: write up to 32 hex digits, as tracewell search prints them"
        )));
    }
    Ok(id)
}

fn no_such_trace(id: &str) -> CliError {
    CliError::Failed(format!("there is no trace {id}"))
}

pub(super) fn unreadable(client: &Client, error: &dyn std::error::Error) -> CliError {
    CliError::Failed(format!(
        "{} answered something that is no trace: {error}",
        client.base()
    ))
}

//! `tracewell explain ID`: where the time of one trace is, and what is odd
//! about it, for people; the server's JSON for scripts.
//!
//! The server explains; **this only lays out what it says.**

mod page;

use clap::Args;
use serde_json::Value;

use super::client::{Client, ServerAddress};
use super::error::CliError;
use super::output::{Output, columns};
use super::trace::{DEFAULT_COLUMNS, trace_id, unreadable};
use page::Explained;

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// Trace id: up to 32 hex digits, as `tracewell search` prints it
    #[arg(value_name = "ID")]
    id: String,
    /// Print one JSON object, with the ids of the spans that are meant
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerAddress,
}

/// Runs the command.
pub(super) async fn run(args: ExplainArgs) -> Result<(), CliError> {
    let id = trace_id(&args.id)?;
    let client = Client::new(&args.server)?;
    let answer = client
        .get_whole(&format!("api/ui/traces/{id}/explain"))
        .await?;
    let mut out = Output::new();
    if args.json {
        let value: Value = serde_json::from_slice(&answer).map_err(|e| unreadable(&client, &e))?;
        out.line(&value.to_string())?;
    } else {
        let explained: Explained =
            serde_json::from_slice(&answer).map_err(|e| unreadable(&client, &e))?;
        explained.print(&mut out, columns().unwrap_or(DEFAULT_COLUMNS))?;
    }
    Ok(out.flush()?)
}

//! `tracewell search --count`: how many match, without fetching any.

use serde::{Deserialize, Serialize};

use super::SearchArgs;
use crate::cli::client::Client;
use crate::cli::error::CliError;
use crate::cli::output::{Output, complain, counted, note_if_inexact, warn_if_incomplete};
use crate::cli::stats::Stats;

/// The answer; with `--json` it is printed in the same shape.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Counted {
    spans: u64,
    traces: Option<u64>,
    exact: bool,
    partial: Option<String>,
    #[serde(flatten)]
    stats: Stats,
}

/// Runs the command for these parameters of the API.
pub(super) async fn run(client: &Client, what: &str, args: &SearchArgs) -> Result<(), CliError> {
    let answer = client.get_whole(&format!("api/ui/count?{what}")).await?;
    let found: Counted = serde_json::from_slice(&answer).map_err(|error| {
        CliError::Failed(format!(
            "{} answered something that is no count: {error}",
            client.base()
        ))
    })?;
    let mut out = Output::new();
    if args.json {
        out.line(&serde_json::to_string(&found).expect("text keys always serialize"))?;
    } else {
        let traces = match found.traces {
            Some(traces) => counted(traces, "trace"),
            None => "too many traces to count".to_owned(),
        };
        out.line(&format!("{} in {traces}", counted(found.spans, "span")))?;
    }
    out.flush()?;
    warn_if_incomplete(found.partial.as_deref());
    note_if_inexact(found.exact);
    if args.stats {
        complain(&found.stats.line(args.json));
    }
    Ok(())
}

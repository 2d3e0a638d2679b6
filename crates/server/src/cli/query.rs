//! `tracewell query`: figures over time as a table for people, as JSON lines
//! or CSV for scripts.
//!
//! **It shows no traces**: a query that searches is `tracewell search`'s.

mod csv;
mod series;
mod table;

use std::time::Duration;

use clap::Args;
use tracewell_query::traceql::{self, Root};

use super::client::{Client, ServerAddress, percent_encoded};
use super::error::CliError;
use super::output::{Output, complain, counted, note_if_inexact, warn_if_incomplete};
use crate::config;
use series::Answer;

/// Arguments of `query`.
#[derive(Debug, Args)]
pub(super) struct QueryArgs {
    /// TraceQL that ends in a function over time:
    /// '{ error } | rate() by (resource.service.name)', '{ } | quantile_over_time(duration, 0.99)'
    #[arg(value_name = "QUERY")]
    query: String,
    /// How far to look back
    #[arg(long, value_name = "DURATION", default_value = "1h")]
    since: String,
    /// Where the time ends: now, or such as 2026-11-22T14:05:00Z
    #[arg(long, value_name = "TIME", default_value = "now")]
    until: String,
    /// Between two samples, such as 1m; chosen for the range when left out
    #[arg(long, value_name = "DURATION")]
    step: Option<String>,
    /// Most series to show, up to 1000
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    series: u32,
    /// Say on standard error how much was searched
    #[arg(long)]
    stats: bool,
    /// Print one JSON object per series and line
    #[arg(long)]
    json: bool,
    /// Print one line per sample: time, labels, value
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    #[command(flatten)]
    server: ServerAddress,
}

/// Runs the command.
pub(super) async fn run(args: QueryArgs) -> Result<(), CliError> {
    if traceql::parse(&args.query).is_ok_and(|query| matches!(query.root, Root::Search(_))) {
        return Err(CliError::Usage(format!(
            "{} searches for traces, which `tracewell search` shows; \
             figures need a function at the end, such as `| rate()`",
            args.query
        )));
    }
    let client = Client::new(&args.server)?;
    let since = config::duration(&args.since)
        .map_err(|message| CliError::Usage(format!("--since: {message}")))?;
    let path = format!(
        "api/ui/metrics?q={}&from=now-{}s&to={}&step={}&series={}",
        percent_encoded(&args.query),
        since.max(Duration::from_secs(1)).as_secs(),
        percent_encoded(&args.until),
        percent_encoded(args.step.as_deref().unwrap_or_default()),
        args.series
    );
    let body = client.get_whole(&path).await?;
    let answer: Answer = serde_json::from_slice(&body).map_err(|error| {
        CliError::Failed(format!(
            "{} answered something that is no series: {error}",
            client.base()
        ))
    })?;
    let mut out = Output::new();
    if args.json {
        for series in &answer.series {
            out.line(&series.to_json(&answer))?;
        }
    } else if args.csv {
        csv::print(&mut out, &answer)?;
    } else if !answer.series.is_empty() {
        table::print(&mut out, &answer)?;
    }
    out.flush()?;
    warn_if_incomplete(answer.partial.as_deref());
    note_if_inexact(answer.exact);
    if args.stats {
        complain(&answer.stats.line(args.json));
    }
    if answer.series.is_empty() {
        return Err(CliError::Failed(format!(
            "no span of the last {} counts for {} ({} searched); widen --since or loosen the query",
            args.since,
            args.query,
            counted(answer.stats.searched_spans, "span")
        )));
    }
    Ok(())
}

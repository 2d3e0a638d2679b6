//! `tracewell search`: traces as a table for people, as JSON lines for scripts.

mod count;
mod query;

use std::time::Duration;

use clap::Args;
use serde::{Deserialize, Serialize};

use super::client::{Client, ServerAddress, percent_encoded};
use super::error::CliError;
use super::output::{
    Output, Style, columns, complain, count, counted, duration_ns, fit, plain, warn_if_incomplete,
};
use super::stats::Stats;
use crate::config;
use tracewell_model::clock::utc_text;

/// Arguments of `search`.
#[derive(Debug, Args)]
pub(super) struct SearchArgs {
    /// TraceQL, a single filter with or without braces:
    /// '{ span.http.route = "/pay" && duration > 1s }', '{ kind = server } >> { error }'
    #[arg(value_name = "QUERY")]
    query: Option<String>,
    /// Traces in which this service took part
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// Traces with a span of this name
    #[arg(long, value_name = "NAME")]
    operation: Option<String>,
    /// Traces with a span that has this attribute; may be repeated
    #[arg(long = "tag", value_name = "KEY=VALUE")]
    tags: Vec<String>,
    /// Traces with a span at least this long, such as 250ms
    #[arg(long, value_name = "DURATION")]
    min_duration: Option<String>,
    /// Traces with a span at most this long
    #[arg(long, value_name = "DURATION")]
    max_duration: Option<String>,
    /// How far to look back
    #[arg(long, value_name = "DURATION", default_value = "1h")]
    since: String,
    /// Where the searched time ends: now, or such as 2026-11-22T14:05:00Z
    #[arg(long, value_name = "TIME", default_value = "now")]
    until: String,
    /// Most traces to show, up to 1000
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    /// Say how many spans and traces match instead of showing them
    #[arg(long, conflicts_with = "limit")]
    count: bool,
    /// Say on standard error how much was searched
    #[arg(long)]
    stats: bool,
    /// Print one JSON object per trace and line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerAddress,
}

/// A line of the answer; names as in the UI's API.
#[derive(Debug, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "lowercase",
    rename_all_fields = "camelCase"
)]
enum Line {
    Trace(Found),
    Progress {},
    Done {
        #[serde(flatten)]
        stats: Stats,
        partial: Option<String>,
        #[serde(default)]
        newer_ns: Option<String>,
    },
    Error {
        message: String,
    },
}

/// A trace that was found: the JSON shape that scripts see.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    trace_id: String,
    root_service: Option<String>,
    root_name: Option<String>,
    start_ns: String,
    duration_ns: String,
    span_count: u64,
    error_count: u64,
    #[serde(default)]
    orphan_count: u64,
    #[serde(default)]
    cycle_count: u64,
    #[serde(default)]
    matched_count: u64,
    #[serde(default)]
    matched: Vec<String>,
    #[serde(default)]
    services: Vec<FoundService>,
    /// Groups, numbers and selected fields, of a query that has any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    spansets: Vec<serde_json::Value>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct FoundService {
    name: String,
    span_count: u64,
    error_count: u64,
}

/// Between two columns.
const GAP: &str = "  ";

/// Runs the command.
pub(super) async fn run(args: SearchArgs) -> Result<(), CliError> {
    let client = Client::new(&args.server)?;
    let traceql = query::build(&args)?;
    let since = config::duration(&args.since)
        .map_err(|message| CliError::Usage(format!("--since: {message}")))?;
    let what = format!(
        "q={}&from=now-{}s&to={}",
        percent_encoded(&traceql),
        since.max(Duration::from_secs(1)).as_secs(),
        percent_encoded(&args.until)
    );
    if args.count {
        return count::run(&client, &what, &args).await;
    }
    let path = format!("api/ui/search?{what}&limit={}", args.limit);

    let mut out = Output::new();
    let mut found: Vec<Found> = Vec::new();
    let (mut shown, mut searched) = (0u64, Stats::default());
    let (mut incomplete, mut newer) = (None, None);
    client
        .get_lines(&path, |line| {
            match parse(line, client.base())? {
                Line::Trace(trace) => {
                    shown += 1;
                    if args.json {
                        out.line(&to_json(&trace))?;
                        out.flush()?;
                    } else {
                        found.push(trace);
                    }
                }
                Line::Progress {} => {}
                Line::Done {
                    stats,
                    partial,
                    newer_ns,
                } => (searched, incomplete, newer) = (stats, partial, newer_ns),
                Line::Error { message } => return Err(CliError::Failed(plain(&message))),
            }
            Ok(())
        })
        .await?;

    if !found.is_empty() {
        print_table(&mut out, &found)?;
    }
    out.flush()?;
    warn_if_incomplete(incomplete.as_deref());
    if let Some(newest_ns) = newer.and_then(|ns| ns.parse().ok()) {
        complain(&format!(
            "note: matching spans are dated after the searched time, up to {}; \
             --until 9999-12-31 shows them",
            utc_text(newest_ns)
        ));
    }
    if args.stats {
        complain(&searched.line(args.json));
    }
    if shown == 0 {
        return Err(CliError::Failed(format!(
            "no trace of the last {} matches {traceql} ({} searched); widen --since or loosen the query",
            args.since,
            counted(searched.searched_spans, "span")
        )));
    }
    Ok(())
}

fn parse(line: &[u8], base: &str) -> Result<Line, CliError> {
    serde_json::from_slice(line).map_err(|error| {
        CliError::Failed(format!(
            "{base} answered something that is no search result: {error}"
        ))
    })
}

fn to_json(trace: &Found) -> String {
    serde_json::to_string(trace).expect("strings and numbers always serialize")
}

fn print_table(out: &mut Output, traces: &[Found]) -> Result<(), CliError> {
    let services = traces
        .iter()
        .filter_map(|trace| trace.root_service.as_deref());
    let longest = services.map(|name| name.chars().count()).max().unwrap_or(0);
    let service_width = longest.clamp(9, 24);
    // The name comes last: only a terminal cuts it, a file gets all of it.
    let before_name = 23 + 9 + 7 + 6 + 32 + service_width + 6 * GAP.len();
    let name_width = columns().map(|width| width.saturating_sub(before_name).max(12));
    let heading = format!(
        "{:23}{GAP}{:>9}{GAP}{:>7}{GAP}{:>6}{GAP}{:32}{GAP}{:service_width$}{GAP}OPERATION",
        "START (UTC)", "DURATION", "SPANS", "ERRORS", "TRACE ID", "SERVICE"
    );
    out.line(&out.styled(Style::Bold, &heading))?;
    for trace in traces {
        let errors = match trace.error_count {
            0 => format!("{:>6}", ""),
            failed => out.styled(Style::Error, &format!("{:>6}", count(failed))),
        };
        let root = |text: &Option<String>| plain(text.as_deref().unwrap_or("(no root)"));
        let name = root(&trace.root_name);
        let name = name_width.map_or(name.clone(), |width| fit(&name, width));
        out.line(&format!(
            "{:23}{GAP}{:>9}{GAP}{:>7}{GAP}{errors}{GAP}{:32}{GAP}{}{GAP}{}",
            utc_text(trace.start_ns.parse().unwrap_or(0)),
            duration_ns(trace.duration_ns.parse().unwrap_or(0)),
            count(trace.span_count),
            plain(&trace.trace_id),
            fit(&root(&trace.root_service), service_width),
            name.trim_end(),
        ))?;
    }
    Ok(())
}

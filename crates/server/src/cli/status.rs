//! `tracewell status`: how a running tracewell is doing.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;
use serde::Deserialize;
use serde_json::Value;

use super::client::{Client, ServerAddress};
use super::error::CliError;
use super::output::{Output, Style, bytes, count, counted, plain};
use tracewell_model::clock::utc_text;

/// Complaints that are shown; `--json` has them all.
const MAX_COMPLAINTS: usize = 10;

/// Arguments of `status`.
#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// Print the answer of /api/status as it is
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerAddress,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    version: String,
    uptime_seconds: f64,
    #[serde(default)]
    spans: BTreeMap<String, Value>,
    #[serde(default)]
    endpoints: Vec<Endpoint>,
    #[serde(default)]
    warnings: Vec<String>,
    #[serde(default)]
    store: Option<Store>,
    #[serde(default)]
    receivers: Vec<Receiver>,
    #[serde(default)]
    complaints: Vec<Complaint>,
}

#[derive(Debug, Deserialize)]
struct Endpoint {
    name: String,
    address: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Store {
    #[serde(default)]
    spans: u64,
    #[serde(default)]
    bytes: u64,
    #[serde(default)]
    blocks: u64,
    #[serde(default)]
    oldest_ns: Value,
    #[serde(default)]
    newest_ns: Value,
    #[serde(default)]
    read_only: bool,
    #[serde(default)]
    unhealthy: Option<String>,
    #[serde(default)]
    degraded: Option<String>,
    #[serde(default)]
    compaction: Compaction,
    #[serde(default)]
    disk: Option<Disk>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Disk {
    data_dir: String,
    free_bytes: Option<u64>,
}

/// Zeros where the store has no compaction, or is of an older version.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Compaction {
    merges: u64,
    spans: u64,
    duplicates: u64,
    backlog_blocks: u64,
    backlog_bytes: u64,
    running: Option<Running>,
    trouble: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Running {
    spans: u64,
    written: u64,
}

/// Counts that an older version does not have are empty.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Receiver {
    ignored: BTreeMap<String, u64>,
    ignored_items: BTreeMap<String, u64>,
    repaired: BTreeMap<String, u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Complaint {
    peer: String,
    user_agent: String,
    path: String,
    message: String,
    times: u64,
    last_ns: Value,
}

/// Runs the command.
pub(super) async fn run(args: StatusArgs) -> Result<(), CliError> {
    let client = Client::new(&args.server)?;
    let answer = client.get_whole("api/status").await?;
    let unreadable = |error: serde_json::Error| {
        CliError::Failed(format!(
            "{} answered something that is no status: {error}",
            client.base()
        ))
    };
    let mut out = Output::new();
    if args.json {
        let value: Value = serde_json::from_slice(&answer).map_err(unreadable)?;
        out.line(&value.to_string())?;
    } else {
        let status: Status = serde_json::from_slice(&answer).map_err(unreadable)?;
        print(&mut out, client.base(), &status)?;
    }
    Ok(out.flush()?)
}

fn print(out: &mut Output, base: &str, status: &Status) -> Result<(), CliError> {
    let heading = format!("tracewell {} at {base}", plain(&status.version));
    out.line(&out.styled(Style::Bold, &heading))?;
    out.line(&row("up", &uptime(status.uptime_seconds)))?;
    for endpoint in &status.endpoints {
        out.line(&row(&plain(&endpoint.name), &plain(&endpoint.address)))?;
    }
    for warning in &status.warnings {
        out.line(&row("warning", &plain(warning)))?;
    }
    if let Some(store) = &status.store {
        let mut facts = vec![
            counted(store.spans, "span"),
            counted(store.blocks, "block"),
            bytes(store.bytes),
        ];
        // Before the first block, the bytes are a log laid out in advance.
        if store.spans > 0 && store.blocks > 0 {
            let each = store.bytes as f64 / store.spans as f64;
            facts.push(format!("{each:.0} bytes a span"));
        }
        out.line(&row("in the store", &facts.join(", ")))?;
        if let (Some(oldest), Some(newest)) = (ns(&store.oldest_ns), ns(&store.newest_ns)) {
            let range = format!("{} to {} UTC", utc_text(oldest), utc_text(newest));
            out.line(&row("spans from", &range))?;
        }
        if let Some(disk) = &store.disk {
            let free = disk
                .free_bytes
                .map(|free| format!(", {} free", bytes(free)));
            let dir = plain(&disk.data_dir);
            out.line(&row("in", &format!("{dir}{}", free.unwrap_or_default())))?;
        }
        if store.read_only {
            out.line(&row("read-only", "nothing is received, nothing changes"))?;
        }
        for (what, reason) in [
            ("unhealthy", &store.unhealthy),
            ("degraded", &store.degraded),
        ] {
            if let Some(reason) = reason {
                let reason = out.styled(Style::Error, &plain(reason));
                out.line(&row(what, &reason))?;
            }
        }
        print_compaction(out, &store.compaction)?;
    }
    // Counted since the start, in the order in which a span passes; others follow by name.
    let first = ["received", "stored", "rejected"];
    let known = first
        .iter()
        .filter_map(|name| status.spans.get_key_value(*name));
    let others = status
        .spans
        .iter()
        .filter(|(name, _)| !first.contains(&name.as_str()));
    for (name, value) in known.chain(others) {
        if let Some(number) = ns(value) {
            let shown = counted(number, "span");
            let is_loss = *name == "rejected" && number > 0;
            let shown = if is_loss {
                out.styled(Style::Error, &shown)
            } else {
                shown
            };
            out.line(&row(&plain(&words(name)), &shown))?;
        }
    }
    print_ignored(out, &status.receivers)?;
    print_repaired(out, &status.receivers)?;
    print_complaints(out, &status.complaints)
}

/// What came and is not stored, in the unit of those who sent it.
fn print_ignored(out: &mut Output, receivers: &[Receiver]) -> Result<(), CliError> {
    let requests = summed(receivers, |receiver| &receiver.ignored);
    let items = summed(receivers, |receiver| &receiver.ignored_items);
    for (signal, requests) in requests {
        let noun = match signal {
            "metrics" => "metric point",
            "logs" => "log record",
            "profiles" => "profile",
            _ => "item",
        };
        let variable = signal.to_ascii_uppercase();
        let thrown = format!(
            "{} in {}: only traces are stored; clients send them elsewhere with \
             OTEL_EXPORTER_OTLP_{variable}_ENDPOINT and not at all with \
             OTEL_{variable}_EXPORTER=none",
            counted(items.get(signal).copied().unwrap_or(0), noun),
            counted(requests, "request"),
        );
        out.line(&row("thrown away", &plain(&thrown)))?;
    }
    Ok(())
}

fn print_repaired(out: &mut Output, receivers: &[Receiver]) -> Result<(), CliError> {
    for (kind, times) in summed(receivers, |receiver| &receiver.repaired) {
        let what = match kind {
            "utf8" => "bytes that are not UTF-8 replaced",
            "nesting" => "values nested too deep cut",
            "base64" => "bytes that are not base64 kept as text",
            other => other,
        };
        let text = format!("{what}, {}", counted(times, "place"));
        out.line(&row("put right", &plain(&text)))?;
    }
    Ok(())
}

fn print_complaints(out: &mut Output, complaints: &[Complaint]) -> Result<(), CliError> {
    for complaint in complaints.iter().take(MAX_COMPLAINTS) {
        let when = ns(&complaint.last_ns).map_or_else(String::new, utc_text);
        let agent = match complaint.user_agent.as_str() {
            "" => "a client without a name",
            agent => agent,
        };
        let text = format!(
            "{when} UTC, {} of {agent} at {} to {}: {}",
            counted(complaint.times, "request"),
            complaint.peer,
            complaint.path,
            complaint.message
        );
        let text = out.styled(Style::Error, &plain(&text));
        out.line(&row("not taken", &text))?;
    }
    Ok(())
}

/// The counts of all receivers together.
fn summed(
    receivers: &[Receiver],
    counts: fn(&Receiver) -> &BTreeMap<String, u64>,
) -> BTreeMap<&str, u64> {
    let mut sums = BTreeMap::new();
    for (name, count) in receivers.iter().flat_map(counts) {
        *sums.entry(name.as_str()).or_default() += count;
    }
    sums
}

fn print_compaction(out: &mut Output, compaction: &Compaction) -> Result<(), CliError> {
    if compaction.merges > 0 {
        let mut facts = vec![
            counted(compaction.merges, "merge"),
            counted(compaction.spans, "span"),
        ];
        if compaction.duplicates > 0 {
            facts.push(format!(
                "{} removed",
                counted(compaction.duplicates, "duplicate")
            ));
        }
        out.line(&row("compaction", &facts.join(", ")))?;
    }
    if let Some(running) = &compaction.running {
        let percent = running.written.saturating_mul(100) / running.spans.max(1);
        let progress = format!("{percent} % of {}", counted(running.spans, "span"));
        out.line(&row("merging", &progress))?;
    }
    if compaction.backlog_blocks > 0 {
        let waiting = [
            counted(compaction.backlog_blocks, "block"),
            bytes(compaction.backlog_bytes),
        ];
        out.line(&row("to be merged", &waiting.join(", ")))?;
    }
    if let Some(trouble) = &compaction.trouble {
        let text = out.styled(Style::Error, &plain(trouble));
        out.line(&row("merging fails", &text))?;
    }
    Ok(())
}

fn row(name: &str, value: &str) -> String {
    format!("  {name:18} {value}")
}

/// `inFlight` as people write it.
fn words(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 2);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

/// A number, or a number that was too large for JSON and came as text.
fn ns(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn uptime(seconds: f64) -> String {
    let total = Duration::try_from_secs_f64(seconds)
        .unwrap_or_default()
        .as_secs();
    let (days, hours, minutes) = (total / 86_400, total / 3_600 % 24, total / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{total}s"),
        (0, 0, _) => format!("{minutes}m {}s", total % 60),
        (0, _, _) => format!("{hours}h {minutes}m"),
        _ => format!("{}d {hours}h", count(days)),
    }
}

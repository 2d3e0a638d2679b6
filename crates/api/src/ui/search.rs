//! Search, answered line by line while it runs.

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use serde::Serialize;
use tokio_stream::StreamExt;
use tracewell_model::store::ScanReport;
use tracewell_model::{TraceId, TraceStore};
use tracewell_query::newer::newest_match;
use tracewell_query::search::{
    Cursor, Detail, Search, SearchEvent, SearchOutcome, search as run_search,
};
use tracewell_query::summary::Bar;
use tracewell_query::{TraceSummary, lower, traceql};

use super::UiState;
use crate::blocking::stream_query;
use crate::error::{ApiError, to_json};
use crate::params::Params;

const DEFAULT_TRACES: usize = 20;
const MAX_TRACES: usize = 1_000;

/// A person sees no more than this, and a store of many small parts would
/// otherwise say more about its progress than about its traces.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// Clocks of computers differ by so much: what is ahead of ours by less has
/// just come.
const TOLERANCE_NS: u64 = 60_000_000_000;

/// `GET /search`
pub(super) async fn search(
    State(state): State<UiState>,
    params: Params,
) -> Result<Response, ApiError> {
    let query = traceql::parse(params.text("q").unwrap_or("{}"))?;
    let now_ns = state.query.clock.now_ns();
    let search = Search {
        filter: lower::lower(&query.filter),
        range: params.range(now_ns)?,
        limit: params.limit(DEFAULT_TRACES, MAX_TRACES)?,
        after: params.text("cursor").map(parse_cursor).transpose()?,
        detail: Detail::Summary,
    };
    let store = Arc::clone(&state.query.store);
    let started = Instant::now();
    let lines = stream_query(&state.query, move |cancelled, sender| {
        let mut progress_at = started;
        let outcome = run_search(&*store, &search, cancelled, &mut |event| match event {
            SearchEvent::Trace { summary, .. } => sender.send(trace_line(&summary)),
            SearchEvent::Progress(_) if progress_at.elapsed() < PROGRESS_EVERY => {
                ControlFlow::Continue(())
            }
            SearchEvent::Progress(report) => {
                progress_at = Instant::now();
                sender.send(line(&Line::Progress(Searched::new(&report))))
            }
        })?;
        let newer_ns = newer_ns(&*store, &search, now_ns, cancelled);
        // Nobody may be there to hear it.
        let _unheard = sender
            .send(done_line(&outcome, newer_ns, started))
            .is_break();
        Ok(())
    })
    .await?;
    let body = lines.map(|piece| {
        let failed = |error| line(&Line::Error(ApiError::from(error)));
        Ok::<_, Infallible>(piece.unwrap_or_else(failed))
    });
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        // Proxies that collect answers would hide the progress.
        (header::CACHE_CONTROL, "no-store, no-transform"),
    ];
    Ok((headers, Body::from_stream(body)).into_response())
}

/// Where a search that goes as far as now may match beyond its end: spans
/// dated in the future, which nobody expects. Not for further pages, and a note
/// that cannot be had in time is no error.
fn newer_ns(
    store: &dyn TraceStore,
    search: &Search,
    now_ns: u64,
    cancelled: &AtomicBool,
) -> Option<u64> {
    let end_ns = search.range.end_ns;
    let from_ns = end_ns.checked_add(TOLERANCE_NS)?;
    if end_ns < now_ns || search.after.is_some() {
        return None;
    }
    let newest = newest_match(store, &search.filter, from_ns, cancelled);
    newest.unwrap_or_default()
}

/// A line of the answer.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
enum Line<'a> {
    Trace(Trace<'a>),
    Progress(Searched),
    Done(Done),
    Error(ApiError),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Trace<'a> {
    trace_id: String,
    root_service: Option<&'a str>,
    root_name: Option<&'a str>,
    start_ns: String,
    duration_ns: String,
    span_count: u32,
    error_count: u32,
    orphan_count: u32,
    matched_count: u32,
    matched: Vec<String>,
    services: Vec<Service<'a>>,
    bars: Vec<(usize, f64, f64, u8, u16)>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Service<'a> {
    name: &'a str,
    span_count: u32,
    error_count: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Searched {
    searched_blocks: u64,
    total_blocks: u64,
    searched_bytes: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Done {
    elapsed_ms: u64,
    #[serde(flatten)]
    searched: Searched,
    searched_spans: u64,
    cursor: Option<String>,
    partial: Option<String>,
    newer_ns: Option<String>,
}

impl Searched {
    pub(super) fn new(report: &ScanReport) -> Self {
        Self {
            searched_blocks: report.searched_blocks,
            total_blocks: report.total_blocks,
            searched_bytes: report.searched_bytes,
        }
    }
}

fn line(line: &Line<'_>) -> Bytes {
    let mut json = to_json(line);
    json.push(b'\n');
    json.into()
}

fn trace_line(summary: &TraceSummary) -> Bytes {
    let root = summary.root.as_ref();
    let services = summary.services.iter().map(|service| Service {
        name: &service.name,
        span_count: service.spans,
        error_count: service.failed,
    });
    line(&Line::Trace(Trace {
        trace_id: summary.trace_id.to_string(),
        root_service: root.map(|(service, _)| service.as_str()),
        root_name: root.map(|(_, name)| name.as_str()),
        start_ns: summary.start_ns.to_string(),
        duration_ns: summary.duration_ns.to_string(),
        span_count: summary.spans,
        error_count: summary.failed,
        orphan_count: summary.orphans,
        matched_count: summary.matched_count,
        matched: summary.matched.iter().map(ToString::to_string).collect(),
        services: services.collect(),
        bars: summary.bars.iter().map(bar).collect(),
    }))
}

fn bar(bar: &Bar) -> (usize, f64, f64, u8, u16) {
    // A hundred-thousandth is a tenth of a pixel of the widest screen.
    let short = |fraction: f64| (fraction * 1e5).round() / 1e5;
    let (start, width) = (short(bar.start), short(bar.width));
    (bar.service, start, width, u8::from(bar.failed), bar.depth)
}

fn done_line(outcome: &SearchOutcome, newer_ns: Option<u64>, started: Instant) -> Bytes {
    line(&Line::Done(Done {
        elapsed_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        searched: Searched::new(&outcome.report),
        searched_spans: outcome.report.searched_spans,
        cursor: outcome.cursor.map(|cursor| print_cursor(&cursor)),
        partial: outcome.partial.clone(),
        newer_ns: newer_ns.map(|ns| ns.to_string()),
    }))
}

/// 16 hexadecimal digits of the time, 32 of the trace.
fn print_cursor(cursor: &Cursor) -> String {
    format!("{:016x}{}", cursor.newest_match_ns, cursor.trace_id)
}

fn parse_cursor(text: &str) -> Result<Cursor, ApiError> {
    let parsed = text.split_at_checked(16).and_then(|(time, trace)| {
        let is_hex = text.len() == 48 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hex.then_some(Cursor {
            newest_match_ns: u64::from_str_radix(time, 16).ok()?,
            trace_id: TraceId::parse_hex(trace).ok()?,
        })
    });
    parsed.ok_or_else(|| {
        ApiError::bad_request(
            format!("cursor: {text:?} is not one of ours"),
            "take it from the last line of an earlier answer",
        )
    })
}

//! Search, answered line by line while it runs: the newest as they are found,
//! or the longest, worst or largest of all that match.

mod sort;
mod spanset_lines;
mod trace_line;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use tracewell_model::store::ScanReport;
use tracewell_model::{StoreError, TimeRange, TraceStore};
use tracewell_query::newer::newest_match;
use tracewell_query::ranking::{Measure, Ranking, RankingEvent, Standing, rank};
use tracewell_query::search::{Cursor, Detail, Search, SearchEvent, search as run_search};
use tracewell_query::spansets::TraceFilter;
use tracewell_query::{TraceSummary, lower, traceql};

use super::UiState;
use super::lines::{Searched, elapsed_ms, line, ndjson};
use crate::blocking::{StreamSender, stream_query};
use crate::error::ApiError;
use crate::pace::Pace;
use crate::params::Params;
use sort::{Sort, parse_cursor, parse_standing, print_cursor, print_standing};
use trace_line::trace_line;

const DEFAULT_TRACES: usize = 20;
const MAX_TRACES: usize = 1_000;

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
    let asked = Asked {
        filter: lower::search(&query)?,
        range: params.range(now_ns)?,
        limit: params.limit(DEFAULT_TRACES, MAX_TRACES)?,
        now_ns,
        started: Instant::now(),
    };
    let store = Arc::clone(&state.query.store);
    let cursor = params.text("cursor");
    let lines = match Sort::of(&params)? {
        Sort::Newest => {
            let after = cursor.map(parse_cursor).transpose()?;
            let work = move |cancelled: &AtomicBool, sender: StreamSender<Bytes>| {
                newest(&*store, asked, after, cancelled, &sender)
            };
            stream_query(&state.query, work).await?
        }
        Sort::By(measure) => {
            let after = cursor.map(|text| parse_standing(measure, text));
            let after = after.transpose()?;
            let work = move |cancelled: &AtomicBool, sender: StreamSender<Bytes>| {
                best(&*store, asked, (measure, after), cancelled, &sender)
            };
            stream_query(&state.query, work).await?
        }
    };
    Ok(ndjson(lines))
}

/// What the parameters ask for, whatever the order.
struct Asked {
    filter: TraceFilter,
    range: TimeRange,
    limit: usize,
    now_ns: u64,
    started: Instant,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Progress {
    #[serde(flatten)]
    searched: Searched,
    /// Traces that match, where all of them are looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    matched_traces: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Done {
    sort: &'static str,
    elapsed_ms: u64,
    #[serde(flatten)]
    searched: Searched,
    searched_spans: u64,
    /// Traces that match and were looked at; null where only as many were as
    /// are shown.
    matched_traces: Option<u64>,
    cursor: Option<String>,
    partial: Option<String>,
    newer_ns: Option<String>,
}

fn newest(
    store: &dyn TraceStore,
    asked: Asked,
    after: Option<Cursor>,
    cancelled: &AtomicBool,
    sender: &StreamSender<Bytes>,
) -> Result<(), StoreError> {
    let mut pace = Pace::starting();
    let newer_ns = |asked: &Asked| newer_ns(store, asked, after.is_some(), cancelled);
    let search = Search {
        filter: asked.filter.clone(),
        range: asked.range,
        limit: asked.limit,
        after,
        detail: Detail::Summary,
    };
    let outcome = run_search(store, &search, cancelled, &mut |event| match event {
        SearchEvent::Trace(found) => sender.send(shown(store, &found.summary())),
        SearchEvent::Progress(report) if pace.is_due() => sender.send(progress(&report, None)),
        SearchEvent::Progress(_) => ControlFlow::Continue(()),
    })?;
    finish(
        sender,
        &Done {
            cursor: outcome.cursor.map(|cursor| print_cursor(&cursor)),
            partial: outcome.partial,
            newer_ns: newer_ns(&asked),
            ..done(Sort::Newest, &asked, &outcome.report)
        },
    );
    Ok(())
}

fn best(
    store: &dyn TraceStore,
    asked: Asked,
    (measure, after): (Measure, Option<Standing>),
    cancelled: &AtomicBool,
    sender: &StreamSender<Bytes>,
) -> Result<(), StoreError> {
    let mut pace = Pace::starting();
    let ranking = Ranking {
        filter: asked.filter.clone(),
        range: asked.range,
        measure,
        limit: asked.limit,
        after,
    };
    let outcome = rank(store, &ranking, cancelled, &mut |event| match event {
        RankingEvent::Trace(summary) => sender.send(shown(store, &summary)),
        // The best of what was seen are still to be read and sent.
        RankingEvent::Progress(..) if sender.is_late() => ControlFlow::Break(()),
        RankingEvent::Progress(report, traces) if pace.is_due() => {
            sender.send(progress(&report, Some(traces)))
        }
        RankingEvent::Progress(..) => ControlFlow::Continue(()),
    })?;
    let cursor = outcome.cursor.as_ref();
    finish(
        sender,
        &Done {
            matched_traces: Some(outcome.traces),
            cursor: cursor.map(|standing| print_standing(measure, standing)),
            partial: outcome.partial,
            newer_ns: newer_ns(store, &asked, after.is_some(), cancelled),
            ..done(Sort::By(measure), &asked, &outcome.report)
        },
    );
    Ok(())
}

fn shown(store: &dyn TraceStore, summary: &TraceSummary) -> Bytes {
    trace_line(summary, store.waiting_spans(summary.trace_id))
}

fn progress(report: &ScanReport, matched_traces: Option<u64>) -> Bytes {
    let searched = Searched::new(report);
    let content = Progress {
        searched,
        matched_traces,
    };
    line("progress", &content)
}

fn done(sort: Sort, asked: &Asked, report: &ScanReport) -> Done {
    Done {
        sort: sort.name(),
        elapsed_ms: elapsed_ms(asked.started),
        searched: Searched::new(report),
        searched_spans: report.searched_spans,
        matched_traces: None,
        cursor: None,
        partial: None,
        newer_ns: None,
    }
}

fn finish(sender: &StreamSender<Bytes>, done: &Done) {
    // Nobody may be there to hear it.
    let _unheard = sender.send(line("done", done)).is_break();
}

/// Where a search that goes as far as now may match beyond its end: spans
/// dated in the future, which nobody expects. Not for further pages, and a note
/// that cannot be had in time is no error.
fn newer_ns(
    store: &dyn TraceStore,
    asked: &Asked,
    is_further_page: bool,
    cancelled: &AtomicBool,
) -> Option<String> {
    let end_ns = asked.range.end_ns;
    let from_ns = end_ns.checked_add(TOLERANCE_NS)?;
    if end_ns < asked.now_ns || is_further_page {
        return None;
    }
    let newest = newest_match(store, asked.filter.candidates(), from_ns, cancelled);
    newest.unwrap_or_default().map(|ns| ns.to_string())
}

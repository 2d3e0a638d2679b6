//! `tempopb.StreamingQuerier`: the same questions over gRPC, answered while the
//! search runs. Grafana asks it on the port of the data source's address.
//!
//! A trace is sent once, when it is final: **Grafana keeps the first entry that
//! it gets of each**. Every message has `metrics`; the last one says that all
//! is done.

use std::ops::ControlFlow;
use std::sync::Arc;

use axum::Router;
use prost::Message;
use tokio_stream::Stream;
use tonic::Status;
use tracewell_model::store::ScanReport;
use tracewell_query::SearchEvent;
use tracewell_query::search::search as run_search;

use super::found::metadata;
use super::messages::{
    QueryInstantRequest, QueryRangeRequest, QueryRangeResponse, SearchMetrics, SearchRequest,
    SearchResponse, SearchTagValuesRequest, SearchTagsRequest, TraceSearchMetadata,
};
use super::metrics::Figures;
use super::search::sort_newest_first;
use super::search_request::of_message;
use super::{tag_values, tags};
use crate::QueryState;
use crate::grpc_call::{CHUNK_BYTES, Sender, ask, flow_to_end, stream, streaming};
use crate::pace::Pace;

const SERVICE: &str = "tempopb.StreamingQuerier";

/// Where the methods are.
pub(crate) const GRPC_PATH: &str = "/tempopb.StreamingQuerier/";

/// The gRPC side; needs HTTP/2.
pub(crate) fn router(state: &Arc<QueryState>) -> Router {
    let path = |method: &str| format!("/{SERVICE}/{method}");
    Router::new()
        .route(&path("Search"), streaming(state, search))
        .route(&path("SearchTags"), streaming(state, search_tags))
        .route(&path("SearchTagsV2"), streaming(state, search_tags_v2))
        .route(
            &path("SearchTagValues"),
            streaming(state, search_tag_values),
        )
        .route(
            &path("SearchTagValuesV2"),
            streaming(state, search_tag_values_v2),
        )
        .route(&path("MetricsQueryRange"), streaming(state, metrics_range))
        .route(
            &path("MetricsQueryInstant"),
            streaming(state, metrics_instant),
        )
}

type Answers<S> = Result<S, Status>;

async fn search(
    state: Arc<QueryState>,
    request: SearchRequest,
) -> Answers<impl Stream<Item = Result<Vec<u8>, Status>>> {
    let wanted = of_message(request)?;
    let store = Arc::clone(&state.store);
    stream(&state, move |cancelled, sender| {
        let mut messages = Messages {
            sender,
            found: Vec::new(),
            bytes: 0,
            report: ScanReport::default(),
            pace: Pace::starting(),
        };
        let mut flow = ControlFlow::Continue(());
        let outcome = run_search(&*store, &wanted, cancelled, &mut |event| {
            flow = match event {
                SearchEvent::Trace(found) => messages.add(metadata(found)),
                SearchEvent::Progress(report) => messages.go_on(report),
            };
            flow
        })?;
        if flow.is_continue() {
            flow = messages.send(SearchMetrics::at_end(&outcome.report));
        }
        Ok(flow_to_end(flow, &outcome, sender))
    })
    .await
}

/// Sends what was found, a few traces at a time.
struct Messages<'a> {
    sender: &'a Sender<Vec<u8>>,
    found: Vec<TraceSearchMetadata>,
    /// Of these.
    bytes: usize,
    /// How far the search is.
    report: ScanReport,
    pace: Pace,
}

impl Messages<'_> {
    fn add(&mut self, trace: TraceSearchMetadata) -> ControlFlow<()> {
        self.bytes += trace.encoded_len();
        self.found.push(trace);
        if self.bytes < CHUNK_BYTES {
            return ControlFlow::Continue(());
        }
        self.send(SearchMetrics::so_far(&self.report))
    }

    fn go_on(&mut self, report: ScanReport) -> ControlFlow<()> {
        self.report = report;
        match self.pace.is_due() {
            true => self.send(SearchMetrics::so_far(&self.report)),
            false => ControlFlow::Continue(()),
        }
    }

    fn send(&mut self, metrics: SearchMetrics) -> ControlFlow<()> {
        let mut traces = std::mem::take(&mut self.found);
        self.bytes = 0;
        sort_newest_first(&mut traces);
        let message = SearchResponse {
            traces,
            metrics: Some(metrics),
        };
        self.sender.send(Ok(message.encode_to_vec()))
    }
}

async fn search_tags(
    state: Arc<QueryState>,
    request: SearchTagsRequest,
) -> Answers<impl Stream<Item = Result<Vec<u8>, Status>>> {
    let asked = tags::Asked::of_message(&request)?;
    let store = Arc::clone(&state.store);
    ask(&state, move |cancelled| asked.names(&*store, cancelled)).await
}

async fn search_tags_v2(
    state: Arc<QueryState>,
    request: SearchTagsRequest,
) -> Answers<impl Stream<Item = Result<Vec<u8>, Status>>> {
    let asked = tags::Asked::of_message(&request)?;
    let store = Arc::clone(&state.store);
    ask(&state, move |cancelled| asked.scopes(&*store, cancelled)).await
}

async fn search_tag_values(
    state: Arc<QueryState>,
    request: SearchTagValuesRequest,
) -> Answers<impl Stream<Item = Result<Vec<u8>, Status>>> {
    let asked = tag_values::Asked::of_message(&request, false)?;
    let store = Arc::clone(&state.store);
    ask(&state, move |cancelled| asked.texts(&*store, cancelled)).await
}

async fn search_tag_values_v2(
    state: Arc<QueryState>,
    request: SearchTagValuesRequest,
) -> Answers<impl Stream<Item = Result<Vec<u8>, Status>>> {
    let asked = tag_values::Asked::of_message(&request, true)?;
    let store = Arc::clone(&state.store);
    ask(&state, move |cancelled| asked.typed(&*store, cancelled)).await
}

/// Series in several messages where one would be too large: Grafana adds them
/// up.
async fn metrics_range(
    state: Arc<QueryState>,
    request: QueryRangeRequest,
) -> Answers<impl Stream<Item = Result<Vec<u8>, Status>>> {
    let asked = Figures::of_range(&request)?;
    let store = Arc::clone(&state.store);
    stream(&state, move |cancelled, sender| {
        let mut answer = asked.range(&*store, cancelled)?;
        let mut rest = std::mem::take(&mut answer.series).into_iter().peekable();
        loop {
            let mut bytes = 0;
            let mut message = QueryRangeResponse {
                metrics: answer.metrics.clone(),
                ..QueryRangeResponse::default()
            };
            while bytes < CHUNK_BYTES
                && let Some(series) = rest.next()
            {
                bytes += series.encoded_len();
                message.series.push(series);
            }
            if rest.peek().is_none() {
                // What the whole lacks is said at the end.
                answer.series = message.series;
                return Ok(sender.send(Ok(answer.encode_to_vec())));
            }
            if sender.send(Ok(message.encode_to_vec())).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
    })
    .await
}

async fn metrics_instant(
    state: Arc<QueryState>,
    request: QueryInstantRequest,
) -> Answers<impl Stream<Item = Result<Vec<u8>, Status>>> {
    let asked = Figures::of_instant(&request)?;
    let store = Arc::clone(&state.store);
    ask(&state, move |cancelled| {
        Ok((asked.instant(&*store, cancelled)?, None))
    })
    .await
}

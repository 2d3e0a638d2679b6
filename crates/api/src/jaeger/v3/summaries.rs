//! `/api/v3/trace-summaries`: what Jaeger UI from 2.19 on shows as the result
//! of a search.
//!
//! Values that are zero are written, too. Jaeger itself leaves them out, which
//! means the same in protobuf's JSON; but versions of its UI insist on them.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use tracewell_model::store::ScanReport;
use tracewell_query::TraceSummary;
use tracewell_query::search::Detail;

use super::answer::{self, failed, nothing_found, refused};
use super::search_params;
use crate::QueryState;
use crate::jaeger::params::Params;
use crate::streamed::{JsonWriter, Outcome, respond};
use tracewell_wire::jaeger::shown::shown_service;

pub(super) async fn search(State(state): State<Arc<QueryState>>, params: Params) -> Response {
    let query = match search_params::parse(&params) {
        Ok(query) => query,
        Err(error) => return refused(&error),
    };
    let store = Arc::clone(&state.store);
    let write = move |cancelled: &AtomicBool, writer: &mut JsonWriter| {
        let mut summaries = 0;
        writer.raw(b"{\"summaries\":[");
        let found = query.run(&*store, cancelled, Detail::Summary, &mut |found| {
            if summaries > 0 {
                writer.raw(b",");
            }
            summaries += 1;
            writer.value(&SummaryJson::new(&found.summary()));
            if writer.is_broken() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        let report = found
            .as_ref()
            .map_or_else(|_| ScanReport::default(), |outcome| outcome.report);
        let lacks = match found {
            Err(error) if summaries == 0 => return Err(error),
            Err(error) => Some(answer::details(&writer.cut_short(error))),
            Ok(outcome) => outcome.partial.as_deref().map(answer::incomplete),
        };
        writer.raw(b"]");
        if let Some(error) = lacks {
            writer.raw(b",\"error\":");
            writer.value(&error);
        }
        writer.raw(b"}");
        Ok(Outcome::Written(report))
    };
    respond(&state, false, write, nothing_found, failed).await
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SummaryJson<'a> {
    trace_id: String,
    root_service_name: &'a str,
    root_operation_name: &'a str,
    min_start_time_unix_nano: String,
    max_end_time_unix_nano: String,
    span_count: u32,
    error_span_count: u32,
    orphan_span_count: u32,
    services: Vec<ServiceJson<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ServiceJson<'a> {
    name: &'a str,
    span_count: u32,
    error_span_count: u32,
}

impl<'a> SummaryJson<'a> {
    fn new(summary: &'a TraceSummary) -> Self {
        let root = summary.root.as_ref();
        let mut services: Vec<_> = summary
            .services
            .iter()
            .map(|service| ServiceJson {
                name: shown_service(&service.name),
                span_count: service.spans,
                error_span_count: service.failed,
            })
            .collect();
        services.sort_by(|a, b| a.name.cmp(b.name));
        let end_ns = summary.start_ns.saturating_add(summary.duration_ns);
        Self {
            trace_id: summary.trace_id.to_string(),
            root_service_name: root.map_or("", |(service, _)| shown_service(service)),
            root_operation_name: root.map_or("", |(_, name)| name),
            min_start_time_unix_nano: summary.start_ns.to_string(),
            max_end_time_unix_nano: end_ns.to_string(),
            span_count: summary.spans,
            error_span_count: summary.failed,
            orphan_span_count: summary.orphans,
            services,
        }
    }
}

//! Messages of `query_service.proto` (package `jaeger.api_v3`).
//! `reflection::jaeger` describes the same fields.

use std::collections::BTreeMap;

use prost_types::{Duration, Timestamp};

use tracewell_wire::jaeger::shown::shown_service;

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct GetTraceRequest {
    #[prost(string, tag = "1")]
    pub(crate) trace_id: String,
    #[prost(message, optional, tag = "2")]
    pub(crate) start_time: Option<Timestamp>,
    #[prost(message, optional, tag = "3")]
    pub(crate) end_time: Option<Timestamp>,
    #[prost(bool, tag = "4")]
    pub(crate) raw_traces: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct TraceQueryParameters {
    #[prost(string, tag = "1")]
    pub(crate) service_name: String,
    #[prost(string, tag = "2")]
    pub(crate) operation_name: String,
    #[prost(btree_map = "string, string", tag = "3")]
    pub(crate) attributes: BTreeMap<String, String>,
    #[prost(message, optional, tag = "4")]
    pub(crate) start_time_min: Option<Timestamp>,
    #[prost(message, optional, tag = "5")]
    pub(crate) start_time_max: Option<Timestamp>,
    #[prost(message, optional, tag = "6")]
    pub(crate) duration_min: Option<Duration>,
    #[prost(message, optional, tag = "7")]
    pub(crate) duration_max: Option<Duration>,
    #[prost(int32, tag = "8")]
    pub(crate) search_depth: i32,
    #[prost(bool, tag = "9")]
    pub(crate) raw_traces: bool,
    /// `jaeger.expression.v1.Call`, unread: its presence is refused.
    #[prost(bytes = "vec", optional, tag = "10")]
    pub(crate) filter: Option<Vec<u8>>,
}

/// Also `FindTraceSummariesRequest`, which has the same form.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct FindTracesRequest {
    #[prost(message, optional, tag = "1")]
    pub(crate) query: Option<TraceQueryParameters>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct GetServicesRequest {}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct GetServicesResponse {
    #[prost(string, repeated, tag = "1")]
    pub(crate) services: Vec<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct GetOperationsRequest {
    #[prost(string, tag = "1")]
    pub(crate) service: String,
    #[prost(string, tag = "2")]
    pub(crate) span_kind: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Operation {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(string, tag = "2")]
    pub(crate) span_kind: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct GetOperationsResponse {
    #[prost(message, repeated, tag = "1")]
    pub(crate) operations: Vec<Operation>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct GetDependenciesRequest {
    #[prost(message, optional, tag = "1")]
    pub(crate) start_time: Option<Timestamp>,
    #[prost(message, optional, tag = "2")]
    pub(crate) end_time: Option<Timestamp>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct DependenciesResponse {
    #[prost(message, repeated, tag = "1")]
    pub(crate) dependencies: Vec<Dependency>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Dependency {
    #[prost(string, tag = "1")]
    pub(crate) parent: String,
    #[prost(string, tag = "2")]
    pub(crate) child: String,
    #[prost(uint64, tag = "3")]
    pub(crate) call_count: u64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct ServiceSummary {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(int32, tag = "2")]
    pub(crate) span_count: i32,
    #[prost(int32, tag = "3")]
    pub(crate) error_span_count: i32,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct TraceSummary {
    #[prost(string, tag = "1")]
    pub(crate) trace_id: String,
    #[prost(string, tag = "2")]
    pub(crate) root_service_name: String,
    #[prost(string, tag = "3")]
    pub(crate) root_operation_name: String,
    #[prost(fixed64, tag = "4")]
    pub(crate) min_start_time_unix_nano: u64,
    #[prost(fixed64, tag = "5")]
    pub(crate) max_end_time_unix_nano: u64,
    #[prost(int32, tag = "6")]
    pub(crate) span_count: i32,
    #[prost(int32, tag = "7")]
    pub(crate) error_span_count: i32,
    #[prost(int32, tag = "8")]
    pub(crate) orphan_span_count: i32,
    #[prost(message, repeated, tag = "9")]
    pub(crate) services: Vec<ServiceSummary>,
}

impl TraceSummary {
    pub(crate) fn new(summary: &tracewell_query::TraceSummary) -> Self {
        let count = |spans: u32| i32::try_from(spans).unwrap_or(i32::MAX);
        let root = summary.root.as_ref();
        let mut services: Vec<_> = summary
            .services
            .iter()
            .map(|service| ServiceSummary {
                name: shown_service(&service.name).to_owned(),
                span_count: count(service.spans),
                error_span_count: count(service.failed),
            })
            .collect();
        services.sort_by(|a, b| a.name.cmp(&b.name));
        Self {
            trace_id: summary.trace_id.to_string(),
            root_service_name: root
                .map_or("", |(service, _)| shown_service(service))
                .to_owned(),
            root_operation_name: root.map(|(_, name)| name.clone()).unwrap_or_default(),
            min_start_time_unix_nano: summary.start_ns,
            max_end_time_unix_nano: summary.start_ns.saturating_add(summary.duration_ns),
            span_count: count(summary.spans),
            error_span_count: count(summary.failed),
            orphan_span_count: count(summary.orphans),
            services,
        }
    }
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct FindTraceSummariesResponse {
    #[prost(message, repeated, tag = "1")]
    pub(crate) summaries: Vec<TraceSummary>,
}

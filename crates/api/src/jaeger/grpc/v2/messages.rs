//! Messages of `query.proto` (package `jaeger.api_v2`), but for those with spans.
//! `reflection::jaeger` describes the same fields.

use std::collections::BTreeMap;

use prost_types::{Duration, Timestamp};

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Empty {}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct GetTraceRequest {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) trace_id: Vec<u8>,
    #[prost(message, optional, tag = "2")]
    pub(crate) start_time: Option<Timestamp>,
    #[prost(message, optional, tag = "3")]
    pub(crate) end_time: Option<Timestamp>,
    #[prost(bool, tag = "4")]
    pub(crate) raw_traces: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct ArchiveTraceRequest {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) trace_id: Vec<u8>,
    #[prost(message, optional, tag = "2")]
    pub(crate) start_time: Option<Timestamp>,
    #[prost(message, optional, tag = "3")]
    pub(crate) end_time: Option<Timestamp>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct TraceQueryParameters {
    #[prost(string, tag = "1")]
    pub(crate) service_name: String,
    #[prost(string, tag = "2")]
    pub(crate) operation_name: String,
    #[prost(btree_map = "string, string", tag = "3")]
    pub(crate) tags: BTreeMap<String, String>,
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
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct FindTracesRequest {
    #[prost(message, optional, tag = "1")]
    pub(crate) query: Option<TraceQueryParameters>,
}

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
    #[prost(string, repeated, tag = "1")]
    pub(crate) operation_names: Vec<String>,
    #[prost(message, repeated, tag = "2")]
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
pub(crate) struct GetDependenciesResponse {
    #[prost(message, repeated, tag = "1")]
    pub(crate) dependencies: Vec<DependencyLink>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct DependencyLink {
    #[prost(string, tag = "1")]
    pub(crate) parent: String,
    #[prost(string, tag = "2")]
    pub(crate) child: String,
    #[prost(uint64, tag = "3")]
    pub(crate) call_count: u64,
    #[prost(string, tag = "4")]
    pub(crate) source: String,
}

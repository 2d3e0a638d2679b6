//! What a search finds.

use std::collections::BTreeMap;

use serde::Serialize;
use tracewell_model::store::ScanReport;

use super::{as_text, is_zero};
use crate::tempo::value::KeyValue;

#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub(in crate::tempo) struct SearchResponse {
    #[prost(message, repeated, tag = "1")]
    pub(in crate::tempo) traces: Vec<TraceSearchMetadata>,
    /// Always there: Grafana looks into it.
    #[prost(message, optional, tag = "2")]
    pub(in crate::tempo) metrics: Option<SearchMetrics>,
}

#[derive(Clone, PartialEq, prost::Message, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::tempo) struct TraceSearchMetadata {
    /// Hexadecimal, without zeros in front.
    #[prost(string, tag = "1")]
    #[serde(rename = "traceID")]
    pub(in crate::tempo) trace_id: String,
    #[prost(string, tag = "2")]
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(in crate::tempo) root_service_name: String,
    #[prost(string, tag = "3")]
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(in crate::tempo) root_trace_name: String,
    #[prost(uint64, tag = "4")]
    #[serde(serialize_with = "as_text")]
    pub(in crate::tempo) start_time_unix_nano: u64,
    #[prost(uint32, tag = "5")]
    #[serde(skip_serializing_if = "is_zero")]
    pub(in crate::tempo) duration_ms: u32,
    /// The first of those that follow, for older clients.
    #[prost(message, optional, tag = "6")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::tempo) span_set: Option<SpanSet>,
    #[prost(message, repeated, tag = "7")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::tempo) span_sets: Vec<SpanSet>,
    #[prost(btree_map = "string, message", tag = "8")]
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(in crate::tempo) service_stats: BTreeMap<String, ServiceStats>,
}

#[derive(Clone, PartialEq, prost::Message, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::tempo) struct ServiceStats {
    #[prost(uint32, tag = "1")]
    #[serde(skip_serializing_if = "is_zero")]
    pub(in crate::tempo) span_count: u32,
    #[prost(uint32, tag = "2")]
    #[serde(skip_serializing_if = "is_zero")]
    pub(in crate::tempo) error_count: u32,
}

#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub(in crate::tempo) struct SpanSet {
    #[prost(message, repeated, tag = "1")]
    pub(in crate::tempo) spans: Vec<Span>,
    /// Spans that were found, shown or not.
    #[prost(uint32, tag = "2")]
    #[serde(skip_serializing_if = "is_zero")]
    pub(in crate::tempo) matched: u32,
    #[prost(message, repeated, tag = "3")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::tempo) attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, prost::Message, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::tempo) struct Span {
    #[prost(string, tag = "1")]
    #[serde(rename = "spanID")]
    pub(in crate::tempo) span_id: String,
    #[prost(string, tag = "2")]
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(in crate::tempo) name: String,
    #[prost(uint64, tag = "3")]
    #[serde(serialize_with = "as_text")]
    pub(in crate::tempo) start_time_unix_nano: u64,
    #[prost(uint64, tag = "4")]
    #[serde(serialize_with = "as_text", skip_serializing_if = "is_zero")]
    pub(in crate::tempo) duration_nanos: u64,
    #[prost(message, repeated, tag = "5")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::tempo) attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, prost::Message, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::tempo) struct SearchMetrics {
    #[prost(uint32, tag = "1")]
    #[serde(skip_serializing_if = "is_zero")]
    pub(in crate::tempo) inspected_traces: u32,
    #[prost(uint64, tag = "2")]
    #[serde(serialize_with = "as_text", skip_serializing_if = "is_zero")]
    pub(in crate::tempo) inspected_bytes: u64,
    #[prost(uint32, tag = "3")]
    #[serde(skip_serializing_if = "is_zero")]
    pub(in crate::tempo) total_blocks: u32,
    /// How far it is, with the next: Grafana draws a bar of it.
    #[prost(uint32, tag = "4")]
    #[serde(skip_serializing_if = "is_zero")]
    pub(in crate::tempo) completed_jobs: u32,
    #[prost(uint32, tag = "5")]
    #[serde(skip_serializing_if = "is_zero")]
    pub(in crate::tempo) total_jobs: u32,
    #[prost(uint64, tag = "6")]
    #[serde(serialize_with = "as_text", skip_serializing_if = "is_zero")]
    pub(in crate::tempo) total_block_bytes: u64,
    #[prost(uint64, tag = "7")]
    #[serde(serialize_with = "as_text", skip_serializing_if = "is_zero")]
    pub(in crate::tempo) inspected_spans: u64,
}

impl SearchMetrics {
    /// Of a query that goes on.
    pub(in crate::tempo) fn so_far(report: &ScanReport) -> Self {
        let number = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        Self {
            inspected_traces: 0,
            inspected_bytes: report.searched_bytes,
            total_blocks: number(report.total_blocks),
            completed_jobs: number(report.searched_blocks),
            // It is not over yet.
            total_jobs: number(report.total_blocks.max(report.searched_blocks) + 1),
            total_block_bytes: 0,
            inspected_spans: report.searched_spans,
        }
    }

    /// Of one that has ended.
    pub(in crate::tempo) fn at_end(report: &ScanReport) -> Self {
        let so_far = Self::so_far(report);
        Self {
            completed_jobs: so_far.total_jobs,
            ..so_far
        }
    }
}

//! Which tags there are, and which values they have.

use serde::Serialize;
use tracewell_model::store::ScanReport;

use super::{as_text, is_zero};

#[derive(Clone, PartialEq, prost::Message, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::tempo) struct SearchTagsResponse {
    #[prost(string, repeated, tag = "1")]
    pub(in crate::tempo) tag_names: Vec<String>,
    #[prost(message, optional, tag = "2")]
    pub(in crate::tempo) metrics: Option<MetadataMetrics>,
}

#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub(in crate::tempo) struct SearchTagsV2Response {
    #[prost(message, repeated, tag = "1")]
    pub(in crate::tempo) scopes: Vec<SearchTagsV2Scope>,
    #[prost(message, optional, tag = "2")]
    pub(in crate::tempo) metrics: Option<MetadataMetrics>,
}

#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub(in crate::tempo) struct SearchTagsV2Scope {
    #[prost(string, tag = "1")]
    pub(in crate::tempo) name: String,
    #[prost(string, repeated, tag = "2")]
    pub(in crate::tempo) tags: Vec<String>,
}

#[derive(Clone, PartialEq, prost::Message, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::tempo) struct SearchTagValuesResponse {
    #[prost(string, repeated, tag = "1")]
    pub(in crate::tempo) tag_values: Vec<String>,
    #[prost(message, optional, tag = "2")]
    pub(in crate::tempo) metrics: Option<MetadataMetrics>,
}

#[derive(Clone, PartialEq, prost::Message, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::tempo) struct SearchTagValuesV2Response {
    #[prost(message, repeated, tag = "1")]
    pub(in crate::tempo) tag_values: Vec<TagValue>,
    #[prost(message, optional, tag = "2")]
    pub(in crate::tempo) metrics: Option<MetadataMetrics>,
}

#[derive(Clone, PartialEq, prost::Message, Serialize)]
pub(in crate::tempo) struct TagValue {
    /// `string`, `int`, `float`, `bool`, `keyword`.
    #[prost(string, tag = "1")]
    #[serde(rename = "type")]
    pub(in crate::tempo) value_type: String,
    #[prost(string, tag = "2")]
    pub(in crate::tempo) value: String,
}

#[derive(Clone, PartialEq, prost::Message, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::tempo) struct MetadataMetrics {
    #[prost(uint64, tag = "1")]
    #[serde(serialize_with = "as_text", skip_serializing_if = "is_zero")]
    pub(in crate::tempo) inspected_bytes: u64,
    #[prost(uint32, tag = "2")]
    #[serde(skip_serializing_if = "is_zero")]
    pub(in crate::tempo) total_jobs: u32,
    #[prost(uint32, tag = "3")]
    #[serde(skip_serializing_if = "is_zero")]
    pub(in crate::tempo) completed_jobs: u32,
    #[prost(uint32, tag = "4")]
    #[serde(skip_serializing_if = "is_zero")]
    pub(in crate::tempo) total_blocks: u32,
    #[prost(uint64, tag = "5")]
    #[serde(serialize_with = "as_text", skip_serializing_if = "is_zero")]
    pub(in crate::tempo) total_block_bytes: u64,
}

impl From<&ScanReport> for MetadataMetrics {
    fn from(report: &ScanReport) -> Self {
        Self {
            inspected_bytes: report.searched_bytes,
            total_jobs: 1,
            completed_jobs: 1,
            total_blocks: u32::try_from(report.total_blocks).unwrap_or(u32::MAX),
            total_block_bytes: 0,
        }
    }
}

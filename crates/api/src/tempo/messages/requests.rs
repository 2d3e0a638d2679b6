//! What is asked over gRPC.

use std::collections::BTreeMap;

#[derive(Clone, PartialEq, prost::Message)]
pub(in crate::tempo) struct SearchRequest {
    #[prost(btree_map = "string, string", tag = "1")]
    pub(in crate::tempo) tags: BTreeMap<String, String>,
    #[prost(uint32, tag = "2")]
    pub(in crate::tempo) min_duration_ms: u32,
    #[prost(uint32, tag = "3")]
    pub(in crate::tempo) max_duration_ms: u32,
    #[prost(uint32, tag = "4")]
    pub(in crate::tempo) limit: u32,
    /// Seconds.
    #[prost(uint32, tag = "5")]
    pub(in crate::tempo) start: u32,
    /// Seconds.
    #[prost(uint32, tag = "6")]
    pub(in crate::tempo) end: u32,
    #[prost(string, tag = "8")]
    pub(in crate::tempo) query: String,
    #[prost(uint32, tag = "9")]
    pub(in crate::tempo) spans_per_span_set: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(in crate::tempo) struct SearchTagsRequest {
    #[prost(string, tag = "1")]
    pub(in crate::tempo) scope: String,
    #[prost(string, tag = "2")]
    pub(in crate::tempo) query: String,
    /// Seconds.
    #[prost(uint32, tag = "3")]
    pub(in crate::tempo) start: u32,
    /// Seconds.
    #[prost(uint32, tag = "4")]
    pub(in crate::tempo) end: u32,
    #[prost(uint32, tag = "5")]
    pub(in crate::tempo) max_tags_per_scope: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(in crate::tempo) struct SearchTagValuesRequest {
    #[prost(string, tag = "1")]
    pub(in crate::tempo) tag_name: String,
    #[prost(string, tag = "2")]
    pub(in crate::tempo) query: String,
    /// Seconds.
    #[prost(uint32, tag = "4")]
    pub(in crate::tempo) start: u32,
    /// Seconds.
    #[prost(uint32, tag = "5")]
    pub(in crate::tempo) end: u32,
    #[prost(uint32, tag = "6")]
    pub(in crate::tempo) max_tag_values: u32,
}

//! Messages of `tempo.proto`, by hand because there is no protoc here.
//!
//! As JSON they look as protobuf's own library for Go writes them: integers of
//! 64 bits are text, and what is zero or empty is left out. Lists that an answer
//! is about are there all the same. **Grafana refuses a search with a field that
//! it does not know**, so that there are none but those of May 2025.

mod metadata;
mod requests;
mod series;
mod traces;

pub(super) use metadata::{
    MetadataMetrics, SearchTagValuesResponse, SearchTagValuesV2Response, SearchTagsResponse,
    SearchTagsV2Response, SearchTagsV2Scope, TagValue,
};
pub(super) use requests::{SearchRequest, SearchTagValuesRequest, SearchTagsRequest};
pub(super) use series::{
    Exemplar, InstantSeries, QueryInstantRequest, QueryInstantResponse, QueryRangeRequest,
    QueryRangeResponse, Sample, TimeSeries, standing,
};
pub(super) use traces::{
    SearchMetrics, SearchResponse, ServiceStats, Span, SpanSet, TraceSearchMetadata,
};

use serde::Serializer;

fn as_text<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}

fn is_zero<N: Default + PartialEq>(number: &N) -> bool {
    *number == N::default()
}

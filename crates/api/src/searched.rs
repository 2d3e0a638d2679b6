//! How much of the store an answer looked at, for answers whose form is laid
//! down by others and has no place for it.
//!
//! Header fields where the answer was ready before its first byte left,
//! trailers where it was sent while it was made. **Never part of a body.**

use http::{HeaderMap, HeaderName, HeaderValue};
use tracewell_model::store::ScanReport;

const FIELDS: [HeaderName; 5] = [
    HeaderName::from_static("tracewell-searched-blocks"),
    HeaderName::from_static("tracewell-total-blocks"),
    HeaderName::from_static("tracewell-searched-bytes"),
    HeaderName::from_static("tracewell-searched-spans"),
    HeaderName::from_static("tracewell-unread-blocks"),
];

/// The report as header fields or trailers.
pub(crate) fn fields(report: &ScanReport) -> HeaderMap {
    let values = [
        report.searched_blocks,
        report.total_blocks,
        report.searched_bytes,
        report.searched_spans,
        report.unread_blocks,
    ];
    FIELDS
        .into_iter()
        .zip(values.map(HeaderValue::from))
        .collect()
}

/// Announces the fields as trailers: the value of `Trailer`.
pub(crate) const ANNOUNCED: HeaderValue = HeaderValue::from_static(
    "tracewell-searched-blocks, tracewell-total-blocks, tracewell-searched-bytes, \
     tracewell-searched-spans, tracewell-unread-blocks",
);

//! Answers line by line: one JSON object each, sent as soon as it is known; and those
//! of one object, which is what was found just now.
//!
//! The last line says how it ended. **A client that leaves ends the query.**

use std::convert::Infallible;
use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use http::header;
use serde::Serialize;
use tokio_stream::StreamExt;
use tracewell_model::store::ScanReport;

use crate::blocking::QueryStream;
use crate::error::{ApiError, to_json};

/// The answer that consists of these lines, and of an error if it fails on the
/// way.
pub(super) fn ndjson(lines: QueryStream<Bytes>) -> Response {
    let body = lines.map(|piece| {
        Ok::<_, Infallible>(piece.unwrap_or_else(|error| line("error", &ApiError::from(error))))
    });
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        // Proxies that collect answers would hide the progress.
        (header::CACHE_CONTROL, "no-store, no-transform"),
    ];
    (headers, Body::from_stream(body)).into_response()
}

/// One JSON object that is not to be kept.
pub(super) fn fresh_json(content: &impl Serialize) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, to_json(content)).into_response()
}

/// A line of the type `kind`.
pub(super) fn line(kind: &'static str, content: &impl Serialize) -> Bytes {
    #[derive(Serialize)]
    struct Line<'a, T> {
        #[serde(rename = "type")]
        kind: &'static str,
        #[serde(flatten)]
        content: &'a T,
    }
    let mut json = to_json(&Line { kind, content });
    json.push(b'\n');
    json.into()
}

/// How much was looked at.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Searched {
    searched_blocks: u64,
    total_blocks: u64,
    searched_bytes: u64,
}

impl Searched {
    pub(super) fn new(report: &ScanReport) -> Self {
        Self {
            searched_blocks: report.searched_blocks,
            total_blocks: report.total_blocks,
            searched_bytes: report.searched_bytes,
        }
    }
}

/// Milliseconds since then.
pub(super) fn elapsed_ms(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}

//! The envelope of every v1 answer:
//! `{"data", "total", "limit": 0, "offset": 0, "errors"}`.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde::Serialize;

use crate::blocking::QueryError;
use crate::indent::Indenter;
use crate::jaeger::params::Params;
use crate::jaeger::plain_error;

/// An error within the envelope.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct ErrorEntry {
    /// HTTP status; 0 for none.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) code: u16,
    /// What is wrong.
    pub(super) msg: String,
    /// The trace it is about; empty for none.
    #[serde(rename = "traceID", skip_serializing_if = "String::is_empty")]
    pub(super) trace_id: String,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde wants this signature"
)]
fn is_zero(code: &u16) -> bool {
    *code == 0
}

#[derive(Serialize)]
struct Envelope<'a, T> {
    data: T,
    total: usize,
    limit: u32,
    offset: u32,
    errors: Option<&'a [ErrorEntry]>,
}

/// Does the client want lines?
pub(super) fn is_pretty(params: &Params) -> bool {
    !matches!(params.get("prettyPrint"), "" | "false")
}

/// What an answer says that lacks something.
pub(super) fn incomplete(why: String) -> ErrorEntry {
    ErrorEntry {
        msg: format!("the answer is not complete: {why}"),
        ..ErrorEntry::default()
    }
}

/// 200 with data, and with what it lacks. `total` is its number for services
/// and operations, else 0.
pub(super) fn answer(
    params: &Params,
    data: &impl Serialize,
    total: usize,
    errors: &[ErrorEntry],
) -> Response {
    let errors = Some(errors).filter(|errors| !errors.is_empty());
    let mut json = json(data, total, errors);
    if is_pretty(params) {
        let mut pretty = Vec::with_capacity(json.len() * 2);
        Indenter::default().write(&json, &mut pretty);
        json = pretty;
    }
    ([(header::CONTENT_TYPE, "application/json")], json).into_response()
}

/// An error with this status and text.
pub(in crate::jaeger) fn refused(status: StatusCode, msg: &str) -> Response {
    let error = ErrorEntry {
        code: status.as_u16(),
        msg: msg.to_owned(),
        trace_id: String::new(),
    };
    let body = json(&(), 0, Some(&[error]));
    plain_error(status, &String::from_utf8_lossy(&body))
}

/// The error of a query that has no answer.
pub(super) fn failed(error: &QueryError) -> Response {
    refused(error.http_status(), &error.to_string())
}

fn json(data: &impl Serialize, total: usize, errors: Option<&[ErrorEntry]>) -> Vec<u8> {
    let envelope = Envelope {
        data,
        total,
        limit: 0,
        offset: 0,
        errors,
    };
    serde_json::to_vec(&envelope).expect("the envelope has no maps with odd keys")
}

//! Why there is no answer, as Prometheus says it.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde::Serialize;
use tracewell_query::promql::Failure;

use crate::blocking::QueryError;
use crate::error::to_json;

/// A status and a line for people.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    status: &'static str,
    error_type: &'static str,
    error: &'a str,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self {
            status,
            text: text.into(),
        }
    }

    /// 400
    pub(super) fn bad_data(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    /// 404
    pub(super) fn not_found(text: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, text)
    }

    /// 422: understood, and cannot be done.
    pub(super) fn execution(text: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, text)
    }

    fn error_type(&self) -> &'static str {
        match self.status {
            StatusCode::NOT_FOUND => "not_found",
            StatusCode::UNPROCESSABLE_ENTITY => "execution",
            StatusCode::GATEWAY_TIMEOUT => "timeout",
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => "unavailable",
            status if status.is_client_error() => "bad_data",
            _ => "internal",
        }
    }
}

impl From<QueryError> for Refusal {
    fn from(error: QueryError) -> Self {
        Self::new(error.http_status(), error.to_string())
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Query(text) => Self::execution(text),
            Failure::Store(error) => QueryError::from(error).into(),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = Body {
            status: "error",
            error_type: self.error_type(),
            error: &self.text,
        };
        let json = [(header::CONTENT_TYPE, "application/json")];
        (self.status, json, to_json(&body)).into_response()
    }
}

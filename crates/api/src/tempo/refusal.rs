//! Why there is no answer: a line of text, as Tempo has it, which Grafana shows
//! as it is.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use tonic::{Code, Status};
use tracewell_query::traceql::TraceQlError;

use crate::blocking::QueryError;

/// An HTTP status, a gRPC code and a line for people.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    code: Code,
    text: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self {
            status,
            code: match status {
                StatusCode::NOT_FOUND => Code::NotFound,
                status if status.is_client_error() => Code::InvalidArgument,
                _ => Code::Internal,
            },
            text: text.into(),
        }
    }

    /// 400
    pub(super) fn bad_request(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    /// 404
    pub(super) fn not_found(text: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, text)
    }

    /// 400: where in the query, counted from 1, and what to write instead.
    pub(super) fn of_query(query: &str, error: &TraceQlError) -> Self {
        let before: Vec<char> = query.chars().take(error.span.start).collect();
        let line = 1 + before.iter().filter(|c| **c == '\n').count();
        let column = 1 + before.iter().rev().take_while(|c| **c != '\n').count();
        let message = &error.message;
        let hint = error.hint.as_ref();
        let hint = hint.map_or_else(String::new, |hint| format!("; {hint}"));
        Self::bad_request(format!(
            "invalid TraceQL query: parse error at line {line}, col {column}: {message}{hint}"
        ))
    }
}

impl From<QueryError> for Refusal {
    fn from(error: QueryError) -> Self {
        let status = match &error {
            QueryError::TooBusy => StatusCode::TOO_MANY_REQUESTS,
            other => other.http_status(),
        };
        Self {
            status,
            code: error.grpc_code(),
            text: error.to_string(),
        }
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.code, refusal.text)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let plain = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
        (self.status, plain, self.text).into_response()
    }
}

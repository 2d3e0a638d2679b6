//! Errors of our own APIs: a JSON object with a code, a sentence, a hint and a
//! place.
//!
//! One type for every handler, so that a person reads the same form of error
//! wherever it comes from. Jaeger's APIs have error bodies of their own;
//! **this one is never sent from a path that they have**.

use axum::extract::rejection::BytesRejection;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde::Serialize;
use tracewell_model::StoreError;
use tracewell_model::ids::IdError;
use tracewell_query::traceql::TraceQlError;

use super::blocking::QueryError;

/// An answer that is not the one that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ApiError {
    #[serde(skip)]
    status: StatusCode,
    /// For programs.
    pub(crate) code: &'static str,
    /// For people: what is wrong, with the parameter and its value.
    pub(crate) message: String,
    /// What to write or do instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<String>,
    /// Characters of `q` that are meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) span: Option<[usize; 2]>,
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, message: String) -> Self {
        Self {
            status,
            code,
            message,
            hint: None,
            span: None,
        }
    }

    /// 400: a parameter is wrong.
    pub(crate) fn bad_request(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..Self::new(StatusCode::BAD_REQUEST, "bad_request", message.into())
        }
    }

    /// 404: there is no such thing.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message.into())
    }

    /// 405: the path is right, the method is not.
    pub(crate) fn wrong_method(message: impl Into<String>) -> Self {
        let status = StatusCode::METHOD_NOT_ALLOWED;
        Self::new(status, "method_not_allowed", message.into())
    }

    /// Who asks may not.
    pub(crate) fn denied(status: StatusCode, code: &'static str, message: String) -> Self {
        Self::new(status, code, message)
    }

    /// 409: the trace is no longer what the client knows.
    pub(crate) fn changed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "changed", message.into())
    }

    /// An answer that was begun lacks something.
    pub(crate) fn incomplete(message: impl Into<String>) -> Self {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self::new(status, "incomplete", message.into())
    }

    /// The body of the request could not be taken.
    pub(crate) fn body(rejection: &BytesRejection) -> Self {
        Self::new(rejection.status(), "bad_request", rejection.body_text())
    }

    /// 400 for a trace id that is none.
    pub(crate) fn trace_id(text: &str, error: &IdError) -> Self {
        Self::bad_request(
            format!("the trace id {text:?} is none: {error}"),
            "a trace id has up to 32 hexadecimal digits",
        )
    }

    /// The same error with what to do.
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<TraceQlError> for ApiError {
    fn from(error: TraceQlError) -> Self {
        Self {
            hint: error.hint,
            span: Some([error.span.start, error.span.end]),
            ..Self::new(StatusCode::BAD_REQUEST, "bad_query", error.message)
        }
    }
}

impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> Self {
        let code = match &error {
            QueryError::Store(StoreError::OverBudget(over)) if over.may_pass() => "busy",
            QueryError::TooBusy | QueryError::Store(StoreError::Busy(_)) => "busy",
            QueryError::TimedOut(_) => "timed_out",
            QueryError::Store(StoreError::Cancelled) => "cancelled",
            QueryError::Store(StoreError::Unavailable(_) | StoreError::ShuttingDown) => {
                "unavailable"
            }
            QueryError::Store(
                StoreError::TooLarge(_) | StoreError::OverBudget(_) | StoreError::Refused(_),
            ) => "too_large",
            QueryError::Store(StoreError::Damaged(_)) => "damaged",
            QueryError::Panicked => "internal",
        };
        Self::new(error.http_status(), code, error.to_string())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let headers = [(header::CONTENT_TYPE, "application/json")];
        let mut response = (self.status, headers, to_json(&self)).into_response();
        if self.code == "busy" {
            let soon = http::HeaderValue::from_static("1");
            response.headers_mut().insert(header::RETRY_AFTER, soon);
        }
        response
    }
}

/// JSON of an answer of ours.
pub(crate) fn to_json(answer: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(answer).expect("our answers have text keys only")
}

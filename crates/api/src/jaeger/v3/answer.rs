//! Answers and errors of v3, in the form of gRPC's HTTP gateway.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde::Serialize;
use tonic::Code;

use crate::blocking::QueryError;
use crate::jaeger::plain_error;

/// `error` of an answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ErrorDetails {
    #[serde(skip_serializing_if = "Option::is_none")]
    grpc_code: Option<i32>,
    http_code: u16,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    http_status: Option<&'static str>,
}

impl ErrorDetails {
    fn new(code: Code, status: StatusCode, message: String) -> Self {
        Self {
            grpc_code: Some(code as i32),
            http_code: status.as_u16(),
            message,
            http_status: status.canonical_reason(),
        }
    }
}

#[derive(Serialize)]
struct GatewayError<'a> {
    error: &'a ErrorDetails,
}

/// 200.
pub(super) fn answer(body: &impl Serialize) -> Response {
    let json = serde_json::to_vec(body).expect("the bodies have no maps with odd keys");
    ([(header::CONTENT_TYPE, "application/json")], json).into_response()
}

/// 400.
pub(super) fn refused(message: &str) -> Response {
    let status = StatusCode::BAD_REQUEST;
    write(&ErrorDetails::new(
        Code::InvalidArgument,
        status,
        message.to_owned(),
    ))
}

/// Turned away at the door.
pub(in crate::jaeger) fn denied(status: StatusCode, message: &str) -> Response {
    let code = match status {
        StatusCode::UNAUTHORIZED => Code::Unauthenticated,
        StatusCode::FORBIDDEN => Code::PermissionDenied,
        _ => Code::ResourceExhausted,
    };
    write(&ErrorDetails::new(code, status, message.to_owned()))
}

/// 404, in the shorter form that Jaeger has for it.
pub(super) fn nothing_found() -> Response {
    write(&ErrorDetails {
        grpc_code: None,
        http_code: StatusCode::NOT_FOUND.as_u16(),
        message: "No traces found".to_owned(),
        http_status: None,
    })
}

/// What a query without answer says.
pub(super) fn details(error: &QueryError) -> ErrorDetails {
    ErrorDetails::new(error.grpc_code(), error.http_status(), error.to_string())
}

/// What an answer says that lacks something.
pub(super) fn incomplete(why: &str) -> ErrorDetails {
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    let message = format!("the answer is not complete: {why}");
    ErrorDetails::new(Code::ResourceExhausted, status, message)
}

/// The error of a query that has no answer.
pub(super) fn failed(error: &QueryError) -> Response {
    write(&details(error))
}

fn write(error: &ErrorDetails) -> Response {
    let status = StatusCode::from_u16(error.http_code).expect("made from a StatusCode");
    let body = serde_json::to_string(&GatewayError { error });
    plain_error(status, &body.expect("the error has no maps"))
}

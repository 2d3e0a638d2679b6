//! An answer as the client reads it: JSON, or protobuf where it asks for that.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use prost::Message;
use serde::Serialize;

use crate::error::to_json;

/// Why an answer is not complete; Tempo's messages have no place for it.
const LACKING: HeaderName = HeaderName::from_static("tracewell-incomplete");

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Protobuf,
}

impl Form {
    /// The one that the client accepts; of both, protobuf.
    pub(super) fn accepted(headers: &HeaderMap) -> Self {
        let accept = headers.get_all(header::ACCEPT).iter();
        let mut accept = accept.filter_map(|value| value.to_str().ok());
        match accept.any(|value| value.contains("application/protobuf")) {
            true => Self::Protobuf,
            false => Self::Json,
        }
    }

    pub(super) fn encode(self, message: &(impl Message + Serialize)) -> Vec<u8> {
        match self {
            Self::Json => to_json(message),
            Self::Protobuf => message.encode_to_vec(),
        }
    }

    /// 200 with what was encoded so, and what it lacks.
    pub(super) fn answer(self, encoded: Vec<u8>, lacking: Option<&str>) -> Response {
        let content_type = match self {
            Self::Json => "application/json",
            Self::Protobuf => "application/protobuf",
        };
        let mut response = ([(header::CONTENT_TYPE, content_type)], encoded).into_response();
        if let Some(why) = lacking.and_then(|why| HeaderValue::try_from(why).ok()) {
            response.headers_mut().insert(LACKING, why);
        }
        response
    }
}

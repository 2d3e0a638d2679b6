//! Small answers: JSON, and in the header what it lacks, for which Zipkin's
//! forms have no place.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, header};
use serde::Serialize;

use crate::error::to_json;

/// Why an answer is not complete.
const LACKING: HeaderName = HeaderName::from_static("tracewell-incomplete");

/// 200 with this list, and why there may be more.
pub(super) fn list(list: &impl Serialize, lacking: Option<String>) -> Response {
    let json = [(header::CONTENT_TYPE, "application/json")];
    let mut response = (json, to_json(list)).into_response();
    let why = lacking.and_then(|why| HeaderValue::try_from(why).ok());
    if let Some(why) = why {
        response.headers_mut().insert(LACKING, why);
    }
    response
}

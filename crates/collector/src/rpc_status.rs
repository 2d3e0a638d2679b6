//! The few messages that OTLP answers with, by hand: `google.rpc.Status` with
//! its details, and `Export*ServiceResponse`, as protobuf and as JSON.
//!
//! Specs: googleapis `google/rpc/status.proto` and `error_details.proto`,
//! opentelemetry-proto `collector/trace/v1/trace_service.proto`, the JSON
//! mapping of protobuf 3. The responses for metrics, logs and profiles have the
//! same form, and are empty.

use std::time::Duration;

use bytes::Bytes;
use prost::Message;
use serde_json::json;

use crate::intake::Accepted;
use crate::refusal::Refusal;

const RETRY_INFO_TYPE: &str = "type.googleapis.com/google.rpc.RetryInfo";
const BAD_REQUEST_TYPE: &str = "type.googleapis.com/google.rpc.BadRequest";
/// The part of a request that a [`Refusal::Undecodable`] is about.
const BODY_FIELD: &str = "body";

#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<prost_types::Any>,
}

#[derive(Clone, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<prost_types::Duration>,
}

#[derive(Clone, PartialEq, Message)]
struct BadRequest {
    #[prost(message, repeated, tag = "1")]
    field_violations: Vec<FieldViolation>,
}

#[derive(Clone, PartialEq, Message)]
struct FieldViolation {
    #[prost(string, tag = "1")]
    field: String,
    #[prost(string, tag = "2")]
    description: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ExportResponse {
    #[prost(message, optional, tag = "1")]
    pub(crate) partial_success: Option<PartialSuccess>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct PartialSuccess {
    #[prost(int64, tag = "1")]
    pub(crate) rejected: i64,
    #[prost(string, tag = "2")]
    pub(crate) error_message: String,
}

/// When a peer wants to be asked again, as the details of its status say.
pub(crate) fn retry_delay(details: &[u8]) -> Option<Duration> {
    let status = Status::decode(details).ok()?;
    let mut details = status.details.iter();
    let info = details.find(|detail| detail.type_url == RETRY_INFO_TYPE)?;
    let info = RetryInfo::decode(&info.value[..]).ok()?;
    Duration::try_from(info.retry_delay.unwrap_or_default()).ok()
}

/// The text of a status, as protobuf.
pub(crate) fn message(status: &[u8]) -> Option<String> {
    Some(Status::decode(status).ok()?.message)
}

/// A refusal as protobuf `google.rpc.Status`.
pub(crate) fn status_protobuf(refusal: &Refusal) -> Bytes {
    let verdict = refusal.verdict();
    let retry = verdict.retry_delay.map(|delay| {
        let retry_delay = Some(prost_types::Duration {
            seconds: whole_seconds(delay),
            nanos: 0,
        });
        any(RETRY_INFO_TYPE, &RetryInfo { retry_delay })
    });
    let bad = violation(refusal).map(|description| {
        let field_violations = vec![FieldViolation {
            field: BODY_FIELD.to_owned(),
            description: description.to_owned(),
        }];
        any(BAD_REQUEST_TYPE, &BadRequest { field_violations })
    });
    let status = Status {
        code: i32::from(verdict.code),
        message: refusal.to_string(),
        details: retry.into_iter().chain(bad).collect(),
    };
    status.encode_to_vec().into()
}

/// A refusal as JSON `google.rpc.Status`.
pub(crate) fn status_json(refusal: &Refusal) -> Bytes {
    let verdict = refusal.verdict();
    let retry = verdict.retry_delay.map(|delay| {
        let seconds = whole_seconds(delay);
        json!({ "@type": RETRY_INFO_TYPE, "retryDelay": format!("{seconds}s") })
    });
    let bad = violation(refusal).map(|description| {
        let violation = json!({ "field": BODY_FIELD, "description": description });
        json!({ "@type": BAD_REQUEST_TYPE, "fieldViolations": [violation] })
    });
    let mut status = json!({
        "code": i32::from(verdict.code),
        "message": refusal.to_string(),
    });
    let details: Vec<_> = retry.into_iter().chain(bad).collect();
    if !details.is_empty() {
        status["details"] = details.into();
    }
    status.to_string().into()
}

/// An `Export*ServiceResponse` as protobuf.
pub(crate) fn response_protobuf(accepted: &Accepted) -> Bytes {
    let partial_success = partial(accepted).map(|(rejected, message)| PartialSuccess {
        rejected,
        error_message: message.to_owned(),
    });
    ExportResponse { partial_success }.encode_to_vec().into()
}

/// An `Export*ServiceResponse` as JSON.
pub(crate) fn response_json(accepted: &Accepted) -> Bytes {
    match partial(accepted) {
        None => Bytes::from_static(b"{}"),
        // 64-bit numbers are strings in protobuf's JSON.
        Some((rejected, message)) => json!({ "partialSuccess": {
            "rejectedSpans": rejected.to_string(),
            "errorMessage": message,
        }})
        .to_string()
        .into(),
    }
}

/// `partial_success`, which must be absent after full success.
fn partial(accepted: &Accepted) -> Option<(i64, &str)> {
    let rejected = i64::try_from(accepted.rejected_spans).unwrap_or(i64::MAX);
    let message = accepted.message.as_deref().unwrap_or_default();
    (rejected > 0 || !message.is_empty()).then_some((rejected, message))
}

fn violation(refusal: &Refusal) -> Option<&str> {
    match refusal {
        Refusal::Undecodable(description) => Some(description),
        _ => None,
    }
}

fn whole_seconds(delay: Duration) -> i64 {
    i64::try_from(delay.as_secs()).unwrap_or(i64::MAX)
}

fn any(type_url: &str, message: &impl Message) -> prost_types::Any {
    prost_types::Any {
        type_url: type_url.to_owned(),
        value: message.encode_to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_throttled_json_client_reads_when_to_come_back() {
        let refusal = Refusal::Busy("the queue is full".to_owned());
        assert_eq!(
            status_json(&refusal),
            r#"{"code":8,"details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1s"}],"message":"busy: the queue is full; send the request again later"}"#
        );
    }

    #[test]
    fn protobuf_and_json_say_the_same() {
        let refusal = Refusal::Undecodable("byte 3: a length runs past the end".to_owned());
        let status = Status::decode(status_protobuf(&refusal)).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&status_json(&refusal)).unwrap();
        assert_eq!(json["code"], status.code);
        assert_eq!(json["message"], status.message);
        let detail = BadRequest::decode(&*status.details[0].value).unwrap();
        let violation = &detail.field_violations[0];
        assert_eq!(
            json["details"][0]["fieldViolations"][0]["description"],
            violation.description
        );
    }

    #[test]
    fn full_success_says_nothing_and_partial_success_counts() {
        assert_eq!(response_protobuf(&Accepted::default()), "");
        assert_eq!(response_json(&Accepted::default()), "{}");
        let accepted = Accepted {
            rejected_spans: 2,
            message: Some("span_id is all zeros".to_owned()),
        };
        let response = ExportResponse::decode(response_protobuf(&accepted)).unwrap();
        assert_eq!(response.partial_success.unwrap().rejected, 2);
        assert_eq!(
            response_json(&accepted),
            r#"{"partialSuccess":{"errorMessage":"span_id is all zeros","rejectedSpans":"2"}}"#
        );
    }
}

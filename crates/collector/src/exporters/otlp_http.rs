//! `otlphttp`: OTLP over HTTP, as protobuf or JSON.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use serde_json::Value;
use tracewell_wire::otlp::{json, protobuf};

use super::http::{Compression, HttpConfig, HttpProtocol, url};
use super::otlp;
use crate::rpc_status;
use crate::written::fields::Fields;

/// The Collector's time for one attempt.
const TIMEOUT: Duration = Duration::from_secs(30);

const JSON: &str = "application/json";
const PROTOBUF: &str = "application/x-protobuf";

/// What the exporter can be told.
#[derive(Debug, Clone, PartialEq)]
pub struct OtlpHttpConfig {
    /// Where traces are posted to.
    pub url: String,
    /// How they are written.
    pub encoding: OtlpEncoding,
    /// What all over HTTP have.
    pub http: HttpConfig,
}

/// How OTLP is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum OtlpEncoding {
    Protobuf,
    Json,
}

impl OtlpHttpConfig {
    /// Reads the fields of the section.
    #[must_use]
    pub fn read(fields: Fields<'_>) -> Self {
        let of_traces = url(&fields, "traces_endpoint", "http://tempo:4318/v1/traces");
        let of_all = url(&fields, "endpoint", "http://tempo:4318");
        if !fields.has("traces_endpoint") && !fields.has("endpoint") {
            fields.mistake(format!(
                "{} is missing; write for example http://tempo:4318",
                fields.path("endpoint")
            ));
        }
        let of_all = of_all.map(|url| format!("{}/v1/traces", url.trim_end_matches('/')));
        let encoding = fields.value("encoding", OtlpEncoding::Protobuf, |text| match text {
            "proto" => Ok(OtlpEncoding::Protobuf),
            "json" => Ok(OtlpEncoding::Json),
            _ => Err(format!("{text:?} is not one of proto, json")),
        });
        let http = HttpConfig::read(&fields, Compression::GZIP, TIMEOUT);
        for of_others in ["metrics_endpoint", "logs_endpoint", "profiles_endpoint"] {
            fields.has(of_others);
        }
        fields.end();
        Self {
            url: of_traces.or(of_all).unwrap_or_default(),
            encoding,
            http,
        }
    }

    pub(super) fn protocol(&self) -> HttpProtocol {
        HttpProtocol {
            content_type: match self.encoding {
                OtlpEncoding::Protobuf => PROTOBUF,
                OtlpEncoding::Json => JSON,
            },
            encode: match self.encoding {
                OtlpEncoding::Protobuf => Arc::new(protobuf::encode),
                OtlpEncoding::Json => Arc::new(json::encode),
            },
            may_pass: |status| {
                matches!(
                    status,
                    StatusCode::TOO_MANY_REQUESTS
                        | StatusCode::BAD_GATEWAY
                        | StatusCode::SERVICE_UNAVAILABLE
                        | StatusCode::GATEWAY_TIMEOUT
                )
            },
            left_out,
            message,
        }
    }
}

fn is_json(content_type: &str) -> bool {
    content_type.starts_with(JSON)
}

/// Partial success: the others are good, and nothing is sent again.
fn left_out(content_type: &str, body: &[u8]) -> Option<(u64, String)> {
    if !is_json(content_type) {
        return otlp::left_out(body);
    }
    let answer: Value = serde_json::from_slice(body).ok()?;
    let partial = &answer["partialSuccess"];
    let rejected = &partial["rejectedSpans"];
    // 64-bit numbers are strings in protobuf's JSON; not everybody knows.
    let as_text = || rejected.as_str()?.parse().ok();
    let spans = rejected
        .as_u64()
        .or_else(as_text)
        .filter(|spans| *spans > 0)?;
    let why = partial["errorMessage"].as_str().unwrap_or_default();
    Some((spans, why.to_owned()))
}

/// The text of a `google.rpc.Status`.
fn message(content_type: &str, body: &[u8]) -> Option<String> {
    let text = if is_json(content_type) {
        let status: Value = serde_json::from_slice(body).ok()?;
        status["message"].as_str()?.to_owned()
    } else if content_type.starts_with(PROTOBUF) {
        rpc_status::message(body)?
    } else {
        return None;
    };
    (!text.is_empty()).then_some(text)
}

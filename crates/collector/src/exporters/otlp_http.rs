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
    /// Where metrics are posted to.
    pub metrics_url: String,
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
        let of_metrics = url(&fields, "metrics_endpoint", "http://mimir:4318/v1/metrics");
        let endpoints = ["traces_endpoint", "metrics_endpoint", "endpoint"];
        if !endpoints.into_iter().any(|endpoint| fields.has(endpoint)) {
            fields.mistake(format!(
                "{} is missing; write for example http://tempo:4318",
                fields.path("endpoint")
            ));
        }
        let below = |path: &str| {
            let url = of_all.as_deref()?;
            Some(format!("{}/v1/{path}", url.trim_end_matches('/')))
        };
        let encoding = fields.value("encoding", OtlpEncoding::Protobuf, |text| match text {
            "proto" => Ok(OtlpEncoding::Protobuf),
            "json" => Ok(OtlpEncoding::Json),
            _ => Err(format!("{text:?} is not one of proto, json")),
        });
        let http = HttpConfig::read(&fields, Compression::GZIP, TIMEOUT);
        for of_others in ["logs_endpoint", "profiles_endpoint"] {
            fields.has(of_others);
        }
        fields.end();
        Self {
            url: of_traces.or_else(|| below("traces")).unwrap_or_default(),
            metrics_url: of_metrics.or_else(|| below("metrics")).unwrap_or_default(),
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

impl OtlpHttpConfig {
    /// What is said of metrics, which are written elsewhere: no batch comes here.
    pub(super) fn metrics_protocol(&self) -> HttpProtocol {
        HttpProtocol {
            encode: Arc::new(|_| Vec::new()),
            ..self.protocol()
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
    let rejected = match &partial["rejectedSpans"] {
        Value::Null => &partial["rejectedDataPoints"],
        spans => spans,
    };
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

//! OTLP over HTTP/1.1, one request at a time on a connection that stays open.

use std::io::{self, Write};
use std::time::Duration;

use bytes::Bytes;
use flate2::write::GzEncoder;
use http::{HeaderValue, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use prost::Message;
use serde_json::Value;

use super::{Answer, Compression, ExportResponse, root_cause};
use crate::encoding::Encoding;
use crate::error::LoadError;
use crate::reach::{Connector, Credentials};

/// Answers to an export are a few bytes, errors a sentence.
const MAX_ANSWER_BYTES: usize = 64 << 10;

pub(super) struct HttpSender {
    client: Client<Connector, Full<Bytes>>,
    authorization: Option<HeaderValue>,
    uri: Uri,
    encoding: Encoding,
    compression: Compression,
    timeout: Duration,
}

impl HttpSender {
    pub(super) fn new(
        endpoint: &str,
        encoding: Encoding,
        compression: Compression,
        timeout: Duration,
        credentials: Credentials,
    ) -> Result<Self, LoadError> {
        let uri = format!("{}/v1/traces", endpoint.trim_end_matches('/'))
            .parse()
            .map_err(|error: http::uri::InvalidUri| LoadError::endpoint(endpoint, error))?;
        let client = Client::builder(TokioExecutor::new()).build(credentials.connector());
        Ok(Self {
            client,
            authorization: credentials.authorization().cloned(),
            uri,
            encoding,
            compression,
            timeout,
        })
    }

    pub(super) fn compress(&self, body: Bytes) -> io::Result<Bytes> {
        match self.compression {
            Compression::None => Ok(body),
            Compression::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(&body)?;
                encoder.finish().map(Bytes::from)
            }
            Compression::Zstd => zstd::bulk::compress(&body, 1).map(Bytes::from),
        }
    }

    pub(super) async fn send(&mut self, body: Bytes) -> Answer {
        match tokio::time::timeout(self.timeout, self.exchange(body)).await {
            Err(_) => Answer::Retry {
                after: None,
                reason: "no answer in time".to_owned(),
            },
            Ok(Err(reason)) => Answer::Retry {
                after: None,
                reason,
            },
            Ok(Ok(answer)) => answer,
        }
    }

    async fn exchange(&self, body: Bytes) -> Result<Answer, String> {
        let mut request = Request::post(self.uri.clone())
            .body(Full::new(body))
            .map_err(|error| format!("the request could not be built: {error}"))?;
        let content_type = match self.encoding {
            Encoding::Protobuf => "application/x-protobuf",
            Encoding::Json => "application/json",
        };
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        if let Some(authorization) = &self.authorization {
            headers.insert(header::AUTHORIZATION, authorization.clone());
        }
        let coding = match self.compression {
            Compression::None => None,
            Compression::Gzip => Some("gzip"),
            Compression::Zstd => Some("zstd"),
        };
        if let Some(coding) = coding {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        let response = self
            .client
            .request(request)
            .await
            .map_err(|error| root_cause(&error))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, MAX_ANSWER_BYTES)
            .collect()
            .await
            .map_err(|error| format!("the answer broke off: {error}"))?
            .to_bytes();
        let after = head.headers.get(header::RETRY_AFTER).and_then(seconds);
        Ok(self.judge(head.status, after, &body))
    }

    fn judge(&self, status: StatusCode, after: Option<Duration>, body: &[u8]) -> Answer {
        if status.is_success() {
            return self.accepted(body);
        }
        let reason = match message(self.encoding, body) {
            Some(message) => format!("{status}: {message}"),
            None => status.to_string(),
        };
        match status {
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Answer::Retry { after, reason },
            _ => Answer::Refused { reason },
        }
    }

    fn accepted(&self, body: &[u8]) -> Answer {
        let unreadable = |error: String| Answer::Refused {
            reason: format!("unreadable answer: {error}"),
        };
        match self.encoding {
            Encoding::Protobuf => match ExportResponse::decode(body) {
                Ok(response) => response.answer(),
                Err(error) => unreadable(error.to_string()),
            },
            // Some receivers answer JSON requests with an empty body as well.
            Encoding::Json if body.is_empty() => ExportResponse::default().answer(),
            Encoding::Json => match serde_json::from_slice::<Value>(body) {
                Ok(answer) => {
                    let partial = &answer["partialSuccess"];
                    let rejected = &partial["rejectedSpans"];
                    let text = rejected.as_str().and_then(|text| text.parse().ok());
                    Answer::Accepted {
                        rejected_spans: rejected.as_u64().or(text).unwrap_or(0),
                        message: partial["errorMessage"]
                            .as_str()
                            .unwrap_or_default()
                            .to_owned(),
                    }
                }
                Err(error) => unreadable(error.to_string()),
            },
        }
    }
}

/// Retry-After in seconds; its other form, a date, is not used by receivers.
fn seconds(value: &HeaderValue) -> Option<Duration> {
    value
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()
        .map(Duration::from_secs)
}

/// `google.rpc.Status.message` of an error, in the encoding of the request.
fn message(encoding: Encoding, body: &[u8]) -> Option<String> {
    #[derive(Clone, PartialEq, Message)]
    struct RpcStatus {
        #[prost(string, tag = "2")]
        message: String,
    }
    let text = match encoding {
        Encoding::Protobuf => RpcStatus::decode(body).ok()?.message,
        Encoding::Json => {
            let status: Value = serde_json::from_slice(body).ok()?;
            status["message"].as_str()?.to_owned()
        }
    };
    (!text.is_empty()).then_some(text)
}

//! `prometheusremotewrite`: metrics to Prometheus, Mimir and others that take remote
//! write 1.0.
//!
//! What a message looks like is said in [`pushing`](crate::pushing); here is what the
//! exporter can be told, and what answers mean.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue, StatusCode, header};

use super::http::{Compression, HttpConfig, HttpProtocol, url};
use super::prometheus::{labels, suffixes, without_resources};
use crate::series::Naming;
use crate::written::fields::Fields;

/// The Collector's time for one attempt.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The Collector's.
const MESSAGE_BYTES_MAX: u64 = 3_000_000;

const EXAMPLE: &str = "http://prometheus:9090/api/v1/write";

/// What the exporter can be told.
#[derive(Debug, Clone, PartialEq)]
pub struct RemoteWriteConfig {
    /// Where messages are posted to.
    pub url: String,
    /// How metrics are called there.
    pub naming: Naming,
    /// Of a message before it is packed.
    pub message_bytes_max: usize,
    /// Do messages say what metrics are?
    pub says_metadata: bool,
    /// What all over HTTP have.
    pub http: HttpConfig,
}

impl RemoteWriteConfig {
    /// Reads the fields of the section.
    #[must_use]
    pub fn read(fields: Fields<'_>) -> Self {
        let url = url(&fields, "endpoint", EXAMPLE);
        if !fields.has("endpoint") {
            fields.mistake(format!(
                "{} is missing; write for example {EXAMPLE}",
                fields.path("endpoint")
            ));
        }
        let mut http = HttpConfig::read(&fields, Compression::None, TIMEOUT);
        if http.compression != Compression::None && fields.has("compression") {
            http.compression = Compression::None;
            fields.value("compression", (), |text| match text {
                "snappy" => Ok(()),
                _ => Err("remote write is packed with snappy; leave it out".to_owned()),
            });
        }
        // Packed where messages are made: not in frames, as HTTP has it else.
        let own = [
            (header::CONTENT_ENCODING, "snappy"),
            (
                HeaderName::from_static("x-prometheus-remote-write-version"),
                "0.1.0",
            ),
        ];
        for (name, value) in own {
            http.headers.insert(name, HeaderValue::from_static(value));
        }
        let namespace = fields.text("namespace").map(|written| written.text);
        let config = Self {
            url: url.unwrap_or_default(),
            naming: Naming {
                namespace: namespace.unwrap_or_default(),
                labels: labels(&fields, "external_labels"),
                has_suffixes: suffixes(&fields),
            },
            message_bytes_max: usize::try_from(fields.number(
                "max_batch_size_bytes",
                MESSAGE_BYTES_MAX,
                1,
            ))
            .unwrap_or(usize::MAX),
            says_metadata: fields.switch("send_metadata", false),
            http,
        };
        fields.value("protobuf_message", (), |text| match text {
            "prometheus.WriteRequest" => Ok(()),
            _ => Err(format!(
                "{text:?} is not served; remote write 1.0 is, prometheus.WriteRequest"
            )),
        });
        without_resources(&fields);
        fields.not_served(
            "wal",
            "what a peer has not yet is in the sums that it gets next; leave it out",
        );
        fields.not_served("convert_explicit_histograms_to_nhcb", "leave it out");
        fields.not_served("include_metadata_keys", "headers of requests are not kept");
        // There is nothing to say in `target_info`, and the newest values wait, of
        // however many series there are.
        for taken in [
            "remote_write_queue",
            "max_batch_request_parallelism",
            "target_info",
            "disable_scope_info",
            "keep_classic_histograms",
        ] {
            fields.has(taken);
        }
        fields.end();
        config
    }

    pub(super) fn protocol(&self) -> HttpProtocol {
        HttpProtocol {
            content_type: "application/x-protobuf",
            // No batch comes here.
            encode: Arc::new(|_| Vec::new()),
            may_pass: |status| status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS,
            left_out: |_, _| None,
            message: |_, _| None,
        }
    }
}

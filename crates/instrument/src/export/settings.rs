//! What an exporter is set to.
//!
//! It exists so that code and environment fill in the same structures. Units
//! are in the types.

use std::path::PathBuf;
use std::time::Duration;

/// How spans and log records travel (OTLP specification).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// Protobuf over HTTP/1.1, by default to port 4318.
    #[default]
    HttpProtobuf,
    /// gRPC, by default to port 4317.
    Grpc,
}

/// How requests are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// gzip: every OTLP server reads it. Needs the feature `gzip`.
    Gzip,
    /// Zstandard: smaller and cheaper, Tracewell and the Collector read it.
    /// Needs the feature `zstd`.
    Zstd,
}

/// When spans, or log records, are sent (OpenTelemetry specification, batching
/// processors).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchSettings {
    /// Spans that wait; more are dropped and counted: 2048.
    pub max_queue_size: usize,
    /// Spans of one request: 512.
    pub max_export_batch_size: usize,
    /// The longest that a finished span waits for others: 5 s; a log record 1 s.
    pub scheduled_delay: Duration,
    /// The longest that one batch is tried for, all retries included: 30 s.
    pub export_timeout: Duration,
}

impl Default for BatchSettings {
    fn default() -> BatchSettings {
        BatchSettings {
            max_queue_size: 2048,
            max_export_batch_size: 512,
            scheduled_delay: Duration::from_secs(5),
            export_timeout: Duration::from_secs(30),
        }
    }
}

#[cfg(feature = "otlp-logs")]
impl BatchSettings {
    /// The defaults for log records.
    #[must_use]
    pub fn logs() -> BatchSettings {
        BatchSettings {
            scheduled_delay: Duration::from_secs(1),
            ..BatchSettings::default()
        }
    }
}

/// Certificates for `https` endpoints, in PEM files. Needs the feature `tls`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlsSettings {
    /// Who may sign the server's certificate; the system's authorities if none
    /// are named.
    pub authorities: Option<PathBuf>,
    /// The certificate that the client shows.
    pub client_certificate: Option<PathBuf>,
    /// Its key.
    pub client_key: Option<PathBuf>,
}

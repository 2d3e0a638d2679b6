//! What an exporter is set to.
//!
//! It exists so that code and environment fill in the same structures. Units
//! are in the types.

use crate::record::QueueLimits;
use std::path::PathBuf;
use std::time::Duration;

/// The longest time there is: more overflows the clocks that it is added to.
pub(crate) const A_YEAR: Duration = Duration::from_secs(365 * 86_400);

/// The shortest delay: with none the exporter would never sleep.
const SHORTEST_DELAY: Duration = Duration::from_millis(1);

/// A timeout as it was set, where 0 means that there is none (OpenTelemetry
/// specification, timeouts).
pub(crate) fn limit_or_none(timeout: Duration) -> Duration {
    if timeout.is_zero() {
        A_YEAR
    } else {
        timeout.min(A_YEAR)
    }
}

/// How spans and log records travel (OTLP specification).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Protocol {
    /// Protobuf over HTTP/1.1, by default to port 4318.
    #[default]
    HttpProtobuf,
    /// gRPC, by default to port 4317.
    Grpc,
    /// JSON over HTTP/1.1, by default to port 4318: for backends that read nothing
    /// else. Several times the bytes. Needs the feature `http-json`.
    HttpJson,
}

impl Protocol {
    /// The feature that it needs and that is off.
    pub(crate) fn missing_feature(self) -> Option<&'static str> {
        (self == Protocol::HttpJson && cfg!(not(feature = "http-json"))).then_some("http-json")
    }
}

/// How requests are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
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
///
/// ```
/// # use tracewell_instrument::BatchSettings;
/// let batch = BatchSettings::default().max_queue_size(10_000);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchSettings {
    /// Spans that wait; more are dropped and counted: 2048.
    pub max_queue_size: usize,
    /// Memory of the spans that wait, in bytes; more are dropped and counted:
    /// 32 MiB.
    pub max_queue_bytes: usize,
    /// Spans of one request: 512.
    pub max_export_batch_size: usize,
    /// Memory of the spans of one request, in bytes, before compression: 3 MiB,
    /// as gRPC servers take 4 MiB unless told otherwise. A larger span is sent
    /// alone. Less after a backend has said that a request was too large.
    pub max_export_batch_bytes: usize,
    /// The longest that a finished span waits for others: 5 s; a log record 1 s.
    pub scheduled_delay: Duration,
    /// The longest that one batch is tried for, all retries included: 30 s; 0 is
    /// no limit. A batch for which the backend said when to come again, later than
    /// this, waits until then and is tried anew.
    pub export_timeout: Duration,
}

impl Default for BatchSettings {
    fn default() -> BatchSettings {
        BatchSettings {
            max_queue_size: 2048,
            max_queue_bytes: 32 * 1024 * 1024,
            max_export_batch_size: 512,
            max_export_batch_bytes: 3 * 1024 * 1024,
            scheduled_delay: Duration::from_secs(5),
            export_timeout: Duration::from_secs(30),
        }
    }
}

impl BatchSettings {
    /// With this [`max_queue_size`](BatchSettings#structfield.max_queue_size).
    #[must_use]
    pub fn max_queue_size(mut self, items: usize) -> BatchSettings {
        self.max_queue_size = items;
        self
    }

    /// With this [`max_queue_bytes`](BatchSettings#structfield.max_queue_bytes).
    #[must_use]
    pub fn max_queue_bytes(mut self, bytes: usize) -> BatchSettings {
        self.max_queue_bytes = bytes;
        self
    }

    /// With this
    /// [`max_export_batch_size`](BatchSettings#structfield.max_export_batch_size).
    #[must_use]
    pub fn max_export_batch_size(mut self, items: usize) -> BatchSettings {
        self.max_export_batch_size = items;
        self
    }

    /// With this
    /// [`max_export_batch_bytes`](BatchSettings#structfield.max_export_batch_bytes).
    #[must_use]
    pub fn max_export_batch_bytes(mut self, bytes: usize) -> BatchSettings {
        self.max_export_batch_bytes = bytes;
        self
    }

    /// With this [`scheduled_delay`](BatchSettings#structfield.scheduled_delay).
    #[must_use]
    pub fn scheduled_delay(mut self, delay: Duration) -> BatchSettings {
        self.scheduled_delay = delay;
        self
    }

    /// With this [`export_timeout`](BatchSettings#structfield.export_timeout).
    #[must_use]
    pub fn export_timeout(mut self, timeout: Duration) -> BatchSettings {
        self.export_timeout = timeout;
        self
    }

    /// With times that clocks can hold.
    pub(crate) fn within_clocks(mut self) -> BatchSettings {
        self.scheduled_delay = self.scheduled_delay.clamp(SHORTEST_DELAY, A_YEAR);
        self.export_timeout = limit_or_none(self.export_timeout);
        self
    }

    pub(crate) fn queue(&self) -> QueueLimits {
        QueueLimits {
            max_items: self.max_queue_size,
            max_bytes: self.max_queue_bytes,
            batch_items: self.max_export_batch_size,
            batch_bytes: self.max_export_batch_bytes,
        }
    }

    /// The defaults for log records.
    #[cfg(feature = "otlp-logs")]
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
#[non_exhaustive]
pub struct TlsSettings {
    /// Who may sign the server's certificate; the system's authorities if none
    /// are named.
    pub authorities: Option<PathBuf>,
    /// The certificate that the client shows.
    pub client_certificate: Option<PathBuf>,
    /// Its key.
    pub client_key: Option<PathBuf>,
}

impl TlsSettings {
    /// Trusts the authorities in this file, and no others.
    #[must_use]
    pub fn authorities(mut self, path: impl Into<PathBuf>) -> TlsSettings {
        self.authorities = Some(path.into());
        self
    }

    /// Shows the certificate in one file, whose key is in the other.
    #[must_use]
    pub fn client(
        mut self,
        certificate: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> TlsSettings {
        self.client_certificate = Some(certificate.into());
        self.client_key = Some(key.into());
        self
    }
}

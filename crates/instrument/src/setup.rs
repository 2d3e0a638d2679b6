//! From code and environment to a running recorder.
//!
//! It exists so that one line sets everything up and a wrong setting is found
//! at the start, all of them at once. It must never run with a setting it did
//! not understand.
//!
//! # Environment variables
//!
//! What is said in code goes before the environment. Empty is the same as not
//! set. `…` stands for `OTEL_EXPORTER_OTLP_`; each of these also exists with
//! `TRACES_` and `LOGS_` after it, which go before. Those of logs also go before
//! what code says of both signals. Log records need the feature `otlp-logs`,
//! without which their variables are not read.
//!
//! | variable | default | what it sets |
//! | --- | --- | --- |
//! | `OTEL_SDK_DISABLED` | `false` | nothing is recorded; propagation goes on |
//! | `OTEL_SERVICE_NAME` | `unknown_service:<program>` | `service.name` |
//! | `OTEL_RESOURCE_ATTRIBUTES` | | `key=value,…`, percent-encoded |
//! | `OTEL_TRACES_EXPORTER` | `otlp` | `otlp`, `console` or `none` |
//! | `OTEL_LOGS_EXPORTER` | `none`; `otlp` after `builder().logs()` | `otlp`, `console` or `none` |
//! | `OTEL_TRACES_SAMPLER`, `OTEL_TRACES_SAMPLER_ARG` | `parentbased_always_on` | which spans are recorded |
//! | `OTEL_PROPAGATORS` | `tracecontext,baggage` | which headers are read and written |
//! | `…ENDPOINT` | `http://localhost:4318`, gRPC `:4317` | where spans and logs go; over HTTP `/v1/traces` or `/v1/logs` is added, but not to `…TRACES_ENDPOINT`, `…LOGS_ENDPOINT` |
//! | `…PROTOCOL` | `http/protobuf` | `http/protobuf`, `grpc` or `http/json` |
//! | `…HEADERS` | | `name=value,…`, percent-encoded |
//! | `…TIMEOUT` | 10000 ms | one try |
//! | `…COMPRESSION` | `none` | `none`, `gzip` or `zstd` |
//! | `…INSECURE` | `false` | gRPC endpoints without a scheme are plain text |
//! | `…CERTIFICATE` | the system's | authorities for `https` |
//! | `…CLIENT_CERTIFICATE`, `…CLIENT_KEY` | | the client's certificate for `https` |
//! | `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` | none | the proxy to `http`, to `https` and to all endpoints: `http://user:password@host:port` |
//! | `NO_PROXY` | | endpoints that need none: `host`, `domain`, `10.0.0.0/8`, each also `:port`, or `*` |
//! | `OTEL_BSP_SCHEDULE_DELAY` | 5000 ms | the longest a finished span waits |
//! | `OTEL_BSP_EXPORT_TIMEOUT` | 30000 ms | one batch, retries included, but not what the backend defers |
//! | `OTEL_BSP_MAX_QUEUE_SIZE` | 2048 | spans that wait |
//! | `OTEL_BSP_MAX_EXPORT_BATCH_SIZE` | 512 | spans of one request |
//! | `OTEL_BLRP_SCHEDULE_DELAY` | 1000 ms | the longest a log record waits |
//! | `OTEL_BLRP_EXPORT_TIMEOUT` | 30000 ms | one batch of log records, in the same way |
//! | `OTEL_BLRP_MAX_QUEUE_SIZE` | 2048 | log records that wait |
//! | `OTEL_BLRP_MAX_EXPORT_BATCH_SIZE` | 512 | log records of one request |
//! | `OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT`, `OTEL_ATTRIBUTE_COUNT_LIMIT` | 128 | attributes of a span |
//! | `OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT`, `OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT` | none | characters of a text |
//! | `OTEL_SPAN_EVENT_COUNT_LIMIT`, `OTEL_SPAN_LINK_COUNT_LIMIT` | 128 | events, links of a span |
//! | `OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT`, `OTEL_LINK_ATTRIBUTE_COUNT_LIMIT` | 128 | attributes of an event, of a link |
//! | `OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT`, `OTEL_ATTRIBUTE_COUNT_LIMIT` | 128 | attributes of a log record |
//! | `OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT`, `OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT` | none | characters of a text in them |
//! | `OTEL_LOG_LEVEL` | all | `none` or `off`: failures are not said on standard error |
//!
//! Those of proxies may be written small. This machine needs no proxy, whatever
//! they say, and under CGI (`REQUEST_METHOD`) `HTTP_PROXY` is not believed.
//! `http/…` to an `http` endpoint is a request to the proxy, all else a tunnel
//! (CONNECT), which the proxy must allow to the endpoint's port. SOCKS is refused;
//! [`Builder::proxy`] and [`Builder::without_proxy`] go before. The sampler
//! `jaeger_remote` asks its agent directly.
//!
//! A timeout of 0 is none. `OTEL_CONFIG_FILE` is refused by name: configuration
//! files are not read. Nor are the variables of metrics:
//! [`correlation`](crate::correlation#metrics) says why.
//!
//! [`Builder::init`] refuses what it does not understand; [`Builder::init_or_warn`]
//! says it and goes on without.

mod builder;
mod endpoint;
mod env;
mod error;
mod guard;
mod panic_hook;
mod resource;
#[cfg(all(feature = "signals", unix))]
mod signals;

pub use builder::{Builder, builder};
pub use error::{Problem, SetupError};
pub use guard::Guard;
pub use panic_hook::before_panic;

use crate::propagation::Propagators;
use std::sync::OnceLock;

static PROPAGATORS: OnceLock<Propagators> = OnceLock::new();

/// Sets everything up from the environment: see [the table](self). Keep the
/// guard until the end of `main`.
///
/// # Errors
/// All mistakes in the environment at once, or that it was set up before.
pub fn init() -> Result<Guard, SetupError> {
    builder().init()
}

/// The formats in which this process reads and writes trace context: those of
/// the set-up, and W3C trace context and baggage before it.
#[must_use]
pub fn propagators() -> &'static Propagators {
    static DEFAULT: OnceLock<Propagators> = OnceLock::new();
    PROPAGATORS
        .get()
        .unwrap_or_else(|| DEFAULT.get_or_init(Propagators::default))
}

//! What is exported, and how OTLP names it.
//!
//! It exists because each signal has variables and paths of its own
//! (OpenTelemetry protocol exporter specification). It must never decide whether
//! a signal is exported.

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    Traces,
    #[cfg(feature = "otlp-logs")]
    Logs,
}

impl Signal {
    /// Its place in the names of variables.
    pub(crate) fn in_variables(self) -> &'static str {
        match self {
            Signal::Traces => "TRACES",
            #[cfg(feature = "otlp-logs")]
            Signal::Logs => "LOGS",
        }
    }

    /// Where HTTP requests for it go, below the base.
    pub(crate) fn http_path(self) -> &'static str {
        match self {
            Signal::Traces => "/v1/traces",
            #[cfg(feature = "otlp-logs")]
            Signal::Logs => "/v1/logs",
        }
    }

    /// The gRPC method that takes it.
    pub(crate) fn grpc_path(self) -> &'static str {
        match self {
            Signal::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
            #[cfg(feature = "otlp-logs")]
            Signal::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        }
    }
}

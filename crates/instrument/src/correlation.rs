//! The way from a log line or a metric to the trace.
//!
//! | module | feature | for |
//! | --- | --- | --- |
//! | `json` | `json-logs` | log lines of `tracing` as JSON, with the ids of the span |
//! | `logs` | `otlp-logs` | events of `tracing` as OTLP log records |
//! | `exemplars` | `prometheus-client-0_25` | counters and histograms that name a trace |
//!
//! It exists because a slow bucket or an error message is where a search
//! begins. It must never put a trace's id into a label or a metric's name:
//! each would be a series of its own.

#[cfg(feature = "prometheus-client-0_25")]
pub mod exemplars;
#[cfg(feature = "json-logs")]
pub mod json;
#[cfg(feature = "otlp-logs")]
pub mod logs;

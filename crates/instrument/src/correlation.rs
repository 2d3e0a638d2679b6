//! The way from a log line or a metric to the trace.
//!
//! | module | feature | for |
//! | --- | --- | --- |
//! | `json` | `json-logs` | log lines of `tracing` as JSON, with the ids of the span |
//! | `logs` | `otlp-logs` | events of `tracing` as OTLP log records |
//! | `exemplars` | `prometheus-client-0_25` | counters and histograms that name a trace |
//!
//! # Metrics
//!
//! They are not sent over OTLP: `prometheus-client` serves them, and `exemplars` makes
//! them name traces. A metric is pulled by whoever stores it; a push of our own would
//! need readers, temporality, views and aggregation, twice the size of this crate's
//! exporter, and would be a second way to count beside the one that the application
//! has. Tracewell stores no metrics, so that nothing here could show that they arrive.
//! Whoever needs OTLP has `prometheus-client`'s endpoint scraped by an OpenTelemetry
//! Collector (receiver `prometheus`), which keeps exemplars and sends OTLP. With the
//! crate `metrics` that is its Prometheus exporter, without exemplars.
//!
//! ```
//! # #[cfg(feature = "prometheus-client-0_25")] {
//! use prometheus_client::{encoding::text::encode, registry::Registry};
//! use tracewell_instrument::correlation::exemplars::TracedHistogram;
//! use tracewell_instrument::mock::MockExporter;
//!
//! let seconds = TracedHistogram::new([0.005, 0.05, 0.5]);
//! let mut registry = Registry::default();
//! registry.register("request_duration_seconds", "Time to answer", seconds.clone());
//!
//! # let mock = MockExporter::new();
//! let span = mock.tracer().span("GET /checkout").start();
//! span.in_scope(|| seconds.observe(0.02));
//!
//! let mut answer = String::new();
//! encode(&mut answer, &registry).unwrap();
//! assert!(answer.contains(&format!("trace_id=\"{}\"", span.span_context().trace_id)));
//! # }
//! ```
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

//! From finished spans and log records to a backend, over OTLP.
//!
//! ```text
//! spans        queue ─ batch ─ encode ┐
//! log records  queue ─ batch ─ encode ┴ compress ─ send ─ answer ─ retry | count
//! ```
//!
//! It exists so that nothing of this happens on the application's threads: one
//! thread with a runtime of its own does it all, so it works beside any runtime
//! and without one. It must never trace itself, nor wait for the application.

mod answer;
mod complaints;
mod compress;
mod connect;
mod encode;
mod io;
#[cfg(feature = "http-json")]
mod json;
#[cfg(feature = "otlp-logs")]
mod logs;
mod otlp;
mod proto;
mod proxy;
mod retry;
mod settings;
mod signal;
mod sink;
mod source;
mod spans;
mod thread;
mod tls;
mod worker;
mod worker_handle;

pub use settings::{BatchSettings, Compression, Protocol, TlsSettings};
pub use worker_handle::FlushError;

pub(crate) use encode::encode_resource;
pub(crate) use otlp::{Otlp, OtlpError, OtlpSettings};
pub(crate) use proxy::ProxySettings;
pub(crate) use settings::{A_YEAR, limit_or_none};
pub(crate) use signal::Signal;
pub(crate) use sink::Destination;
pub(crate) use thread::ExporterThread;
pub(crate) use worker_handle::WorkerHandle;

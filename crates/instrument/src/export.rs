//! From finished spans to a backend, over OTLP.
//!
//! ```text
//! queue ─ batch ─ encode ─ compress ─ send ─ answer ─ retry | count
//! ```
//!
//! It exists so that nothing of this happens on the application's threads: one
//! thread with a runtime of its own does it all, so it works beside any runtime
//! and without one. It must never trace itself, nor wait for the application.

mod answer;
mod compress;
mod connect;
mod console;
mod encode;
mod otlp;
mod proto;
mod retry;
mod settings;
mod tls;
mod worker;
mod worker_handle;

pub use settings::{BatchSettings, Compression, Protocol, TlsSettings};
pub use worker_handle::FlushError;

pub(crate) use console::Console;
pub(crate) use encode::encode_resource;
pub(crate) use otlp::{Otlp, OtlpError, OtlpSettings};
pub(crate) use worker::Destination;
pub(crate) use worker_handle::WorkerHandle;

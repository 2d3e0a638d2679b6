//! Where spans go from here: to other tracing backends.
//!
//! ```text
//! Consumer ─► Sending (queue, retries, account) ─► grpc::Peer ─► network
//! ```
//!
//! A kind of exporter says what its requests look like and what an answer
//! means (`otlp`, `jaeger`); everything else is the same for all. **A batch is
//! acknowledged when the peer has it, and not before.**

pub mod account;
mod codec;
pub mod debug;
pub mod grpc;
mod jaeger;
mod otlp;
mod queue;
mod retry;
mod sending;

pub use account::{ExporterAccount, ExporterSnapshot};
pub(crate) use debug::Debug;
pub(crate) use jaeger::JAEGER;
pub(crate) use otlp::OTLP;
pub(crate) use sending::Sending;

use tracewell_model::SpanBatch;

/// What a kind of exporter says over gRPC.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Protocol {
    /// Path of the method.
    pub(crate) method: &'static str,
    /// A batch as messages.
    pub(crate) encode: fn(&SpanBatch) -> Vec<Vec<u8>>,
    /// What an answer of OK says besides: how many spans the peer left out, and
    /// why.
    pub(crate) left_out: fn(&[u8]) -> Option<(u64, String)>,
}

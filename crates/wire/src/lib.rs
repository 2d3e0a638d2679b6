//! How spans look on the wire: bytes in, [`SpanBatch`] out, and back.
//!
//! Every protocol that carries spans is decoded here straight into columns,
//! and encoded from them. This crate sees byte slices only: **it never opens a
//! socket, never knows a header's or a status code's meaning, and never
//! panics or allocates without bound on bytes from outside.**

pub mod any_json;
pub mod decompress;
pub mod error;
mod fields;
mod gathered;
mod ids;
pub mod jaeger;
mod json;
mod mend;
mod notes;
pub mod otlp;
pub mod rejected;
pub mod repaired;
pub mod room;
mod status_text;
mod thrift;
pub mod zipkin;

pub use error::WireError;
pub use rejected::{RejectReason, Rejected};
pub use repaired::{Repair, Repaired};
pub use room::Room;

use tracewell_model::SpanBatch;

/// What a request held: the good spans, and a count of the others.
///
/// A request is refused whole ([`WireError`]) only when it cannot be read; a
/// span that can be read but cannot be kept is left out and counted.
#[derive(Debug)]
pub struct Decoded {
    /// The spans that were accepted, in the order sent.
    pub batch: SpanBatch,
    /// The spans that were not, by reason.
    pub rejected: Rejected,
    /// What was put right in the good ones.
    pub repaired: Repaired,
    /// For a request that is not empty and yet has not one span: a text for
    /// its sender that says what it has instead.
    pub no_spans: Option<String>,
}

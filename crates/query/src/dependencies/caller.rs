//! A span as far as calls are concerned.
//!
//! Runs hold them and copies are told by them. **It has nothing but what says
//! who called and whether two spans are one.**

use tracewell_model::SpanId;

/// A number for a service name.
pub(super) type Service = u32;

/// A span as far as calls are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Caller {
    pub(super) id: SpanId,
    pub(super) service: Service,
    pub(super) parent: SpanId,
    pub(super) start_ns: u64,
    pub(super) duration_ns: i64,
}

//! Which links of spans an encoder writes.
//!
//! SDKs record links that lead nowhere for their attributes, and OTLP allows
//! it; Jaeger takes them out of what it answers. **What is stored keeps them**.

use tracewell_model::TraceId;

/// Which links an encoder writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// All, as they came.
    All,
    /// Those that name a trace.
    OfTraces,
}

impl Links {
    pub(super) fn has(self, trace_id: TraceId) -> bool {
        self == Self::All || !trace_id.is_zero()
    }
}

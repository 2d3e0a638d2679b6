//! OTLP traces, as protobuf and as JSON.
//!
//! Both carry `ExportTraceServiceRequest` (opentelemetry-proto 1.x), which has
//! the same form as `TracesData`. What a [`SpanBatch`](tracewell_model::SpanBatch)
//! does not tell apart, because OTLP does not either:
//!
//! * a message that is absent and one that is empty (`Resource`, `Scope`,
//!   `Status`, `AnyValue`);
//! * a `parent_span_id` that is absent and one of eight zeros; ids of a link
//!   likewise;
//! * the order of attributes with different keys, and values of one key with
//!   different types; a key sent twice with one type keeps both, in order.
//!
//! Unknown fields are skipped; `instrumentation_library_spans` of older
//! versions (field 1000) are read as the `scope_spans` that they became.

mod empty;
mod intake;
mod items;
pub mod json;
mod links;
pub mod protobuf;
mod step;

pub use items::Items;
pub use links::Links;
pub use protobuf::parts;

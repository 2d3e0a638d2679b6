//! What a span is, in one representation for the whole product.
//!
//! [`SpanBatch`] carries spans from the socket to the disk and back to the
//! screen; [`SpanFilter`] says which of them are wanted; [`TraceStore`] and
//! [`Consumer`] are the contracts at which the other crates meet. This crate
//! is a leaf: **it never does I/O, never starts a thread, never knows a wire
//! protocol, a file format or an HTTP status.**

pub mod any_value;
pub mod batch;
pub mod budget;
pub mod clock;
pub mod derive;
pub mod failure;
pub mod filter;
pub mod ids;
pub mod log2;
pub mod rows;
pub mod semconv;
pub mod span_kind;
pub mod spool;
pub mod store;
pub mod trace_state;
pub mod tree;
pub mod values;
pub mod waiting;

pub use any_value::AnyValue;
pub use batch::builder::{SpanBatchBuilder, SpanHeader};
pub use batch::view::{SpanRef, ValueRef};
pub use batch::{Level, SpanBatch};
pub use budget::{OverBudget, QueryMemory, Reservation};
pub use filter::SpanFilter;
pub use ids::{SpanId, TraceId};
pub use rows::RowSet;
pub use span_kind::{SpanKind, StatusCode};
pub use store::{Ack, Consumer, StoreError, TimeRange, TraceStore};
pub use tree::TraceTree;

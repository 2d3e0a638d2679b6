//! Spans and context for what applications are built of.
//!
//! | module | feature | for |
//! | --- | --- | --- |
//! | [`task`] | | futures and tokio tasks that carry the context |
//! | `server` | `tower` | axum, tonic and hyper servers: any tower service over HTTP |
//! | `client` | `tower` | tonic and hyper clients: the same, called |
//! | [`database`] | | statements of any database client |
//! | `reqwest` | `reqwest-0_13` | requests sent with reqwest |
//! | `sqlx` | `sqlx-0_9` | statements run with sqlx |
//!
//! # Saying more of a request
//!
//! Code that runs in one of these spans says more of it through
//! [`current_span`](crate::current_span()):
//!
//! ```
//! use tracewell_instrument::current_span;
//!
//! async fn handler() {
//!     current_span().set_attribute("user.id", 7);
//! }
//! # drop(handler());
//! ```
//!
//! Under `#[instrument]`, or a span of its own, that is the inner span. The
//! request's is in its extensions, as a [`SpanHandle`](crate::SpanHandle).
//!
//! It exists so that a trace needs a line where a component is put together,
//! and none where it is used. It must never change what a component answers.

#[cfg(feature = "tower")]
mod body;
#[cfg(feature = "tower")]
pub mod client;
pub mod database;
mod describe;
#[cfg(feature = "tower")]
mod exchange;
#[cfg(feature = "tower")]
mod failure;
#[cfg(any(feature = "tower", feature = "reqwest-0_13"))]
mod http_attributes;
#[cfg(feature = "reqwest-0_13")]
pub mod reqwest;
#[cfg(feature = "tower")]
mod response;
#[cfg(feature = "tower")]
pub mod server;
#[cfg(feature = "sqlx-0_9")]
pub mod sqlx;
pub mod task;
#[cfg(test)]
#[cfg(feature = "axum-0_8")]
mod tests;
mod unwinding;

#[cfg(feature = "tower")]
pub use body::TracedBody;
#[cfg(feature = "tower")]
pub use response::TracedResponse;

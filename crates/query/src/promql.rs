//! PromQL over stored spans: the series that others have a Prometheus for, computed
//! when they are asked for.
//!
//! Grafana draws its service graph and RED panels from metrics that Tempo or a
//! Collector makes of spans and a Prometheus keeps. Here there is no Prometheus:
//! a series such as `traces_spanmetrics_calls_total` **is a metrics query over
//! spans** (`metric` says which), and what stands around it is calculated of its
//! answer. **No span is counted here**: that is the fold of [`crate::metrics`].
//!
//! The part of the language that such clients send is read, and the rest is
//! refused with its place (ADR-034).

mod aggregate;
mod ast;
mod binary;
mod error;
mod evaluate;
mod keys;
mod leaf;
mod lexer;
mod listing;
mod matching;
mod metric;
mod moments;
mod parser;
mod quantile;
mod selected;
mod vector;
mod windows;

pub use ast::{Expr, Selector};
pub use error::{Failure, PromQlError};
pub use evaluate::{Answer, evaluate};
pub use listing::{Listing, label_names, label_values, series};
pub use metric::{METRICS, Metric};
pub use moments::{MAX_MOMENTS, Moments};
pub use vector::{Labels, Value, Vector};

/// The longest query accepted, in bytes of UTF-8.
pub const MAX_QUERY_BYTES: usize = 16 * 1024;

/// How deep a query may nest.
const MAX_NESTING: usize = 64;

/// Parses and checks a query.
///
/// # Errors
/// What is wrong or not served, with its place.
pub fn parse(text: &str) -> Result<Expr, PromQlError> {
    parser::parse(text)
}

/// Parses a selector as lists of series are asked for: one that names no metric means
/// each whose name its matchers allow.
///
/// # Errors
/// What is wrong, with its place.
pub fn parse_selectors(text: &str) -> Result<Vec<Selector>, PromQlError> {
    parser::parse_selectors(text)
}

/// A length of time as it is written here: `5m`, `1h30m`; in ns.
#[must_use]
pub fn length_ns(text: &str) -> Option<u64> {
    lexer::length_ns(text)
}

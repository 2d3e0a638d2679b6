//! TraceQL, search, trace assembly and analysis.
//!
//! This crate answers questions about traces over any `TraceStore`. A search
//! has two stages: the store offers spans that may match, then the whole trace
//! is fetched and judged exactly, wherever its spans lie. **It never opens a
//! file or a socket and never knows a protocol.**

pub mod count;
pub mod dependencies;
pub mod find;
pub mod histogram;
pub mod keys;
pub mod lower;
pub mod metrics;
pub mod newer;
mod outlines;
mod parallel;
pub mod promql;
pub mod ranking;
mod repeated;
pub mod search;
pub mod spansets;
pub mod summary;
pub mod tags;
pub mod traceql;
pub mod values;

pub use search::{Search, SearchEvent, search};
pub use summary::TraceSummary;
pub use tracewell_model::TraceTree;

//! Figures over time: what TraceQL's metrics functions make of spans.
//!
//! A query is lowered ([`crate::lower::metrics`]), its range becomes [`Steps`],
//! and [`series`] answers:
//!
//! ```
//! # use tracewell_query::{lower, metrics::{self, Asked, Steps}, traceql};
//! # use std::sync::atomic::AtomicBool;
//! # fn ask(store: &dyn tracewell_model::TraceStore) -> Result<(), Box<dyn std::error::Error>> {
//! let query = traceql::parse("{ } | rate() by (resource.service.name)")?;
//! let query = lower::metrics(&query)?;
//! let asked = Asked::of(Steps::over(0, 3_600_000_000_000, None)?);
//! let answer = metrics::series(store, &query, &asked, &AtomicBool::new(false))?;
//! for series in &answer.series {
//!     for (at_ns, value) in series.samples(&asked.steps) {
//!         println!("{:?} {at_ns} {value}", series.labels);
//!     }
//! }
//! # Ok(()) }
//! ```
//!
//! A span counts where it starts, and for as many as it stands for where it was
//! sampled. Spans are folded by column as they are scanned, and **none is kept**: what
//! an answer needs is bounded by its series and steps, and when they are too many
//! it says so.

mod answer;
mod compare;
mod exemplars;
mod fold;
mod groups;
mod plan;
mod second;
mod shape;
mod source;
mod steps;
mod unit;

pub use answer::{Asked, Exemplar, MetricsAnswer, Series};
pub use plan::MetricsQuery;
pub(crate) use plan::{Comparison, Function, Node, SeriesOf, Statistic};
pub(crate) use second::worse_than_best;
pub use steps::{MAX_STEPS, Steps, StepsError};
pub use unit::{Shape, Unit};

use std::sync::atomic::AtomicBool;
use tracewell_model::{StoreError, TraceStore};

/// The series of a query, by their labels. When `cancelled` is set on the way,
/// what was counted so far is a partial answer.
///
/// # Errors
/// What the store says: cancelled before anything was counted, or damaged.
pub fn series(
    store: &dyn TraceStore,
    query: &MetricsQuery,
    asked: &Asked,
    cancelled: &AtomicBool,
) -> Result<MetricsAnswer, StoreError> {
    let mut run = source::Run::new(store, asked, cancelled);
    let table = run.node(&query.root)?;
    Ok(run.answer(table))
}

//! Series: numbers that are counted of spans, by label, and their text for
//! Prometheus.
//!
//! ```text
//! Table (labels → number, bounded) ─► Counted (at a moment) ─┬─► SeriesPage (text)
//!                                                            └─► sending (messages)
//! ```
//!
//! Labels are kept as the text that a scrape shows, so a scrape copies them.
//! **Nothing is forgotten at the limit of a table**: what finds no place of its own
//! there is counted in one series that says so.

mod counted;
mod exponential;
mod histogram;
mod labels;
mod page;
#[cfg(test)]
pub(crate) mod reading;
mod table;
#[cfg(test)]
mod tests;

pub use counted::{Counted, Naming};
pub(crate) use counted::{Head, MetricHead, Series, Values};
pub(crate) use exponential::Exponential;
pub(crate) use histogram::{Bounds, Counter, Exemplar, Histogram, Unit};
pub(crate) use labels::{
    LABEL_OF_INSTANCE, LABEL_OF_OVERFLOW, Labels, label_name, metric_name, pairs,
};
pub use page::{SeriesPage, TextFormat};
pub(crate) use table::Table;

/// Who reads what was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// Somebody who asks, now and then or never.
    Scrape,
    /// Who sends it on, and misses nothing.
    Sender,
}

/// Who counts something of spans, and shows it to whoever asks.
pub trait SeriesSource: std::fmt::Debug + Send + Sync {
    /// What there is at this moment.
    fn read(&self, reader: Reader) -> Counted;
}

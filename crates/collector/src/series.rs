//! Series: numbers that are counted of spans, by label, and their text for
//! Prometheus.
//!
//! ```text
//! Table (labels → number, bounded) ─► what it holds at a moment ─► SeriesPage (text)
//! ```
//!
//! Labels are kept as the text that a scrape shows, so a scrape copies them.
//! **Nothing is forgotten at the limit of a table**: what finds no place of its own
//! there is counted in one series that says so.

mod histogram;
mod labels;
mod page;
#[cfg(test)]
pub(crate) mod reading;
mod table;
#[cfg(test)]
mod tests;

pub(crate) use histogram::{Bounds, Counter, Exemplar, Histogram, Unit};
pub(crate) use labels::{LABEL_OF_OVERFLOW, Labels, label_name, metric_name};
pub use page::{SeriesPage, TextFormat};
pub(crate) use table::Table;

/// Who counts something of spans, and shows it to whoever asks.
pub trait SeriesSource: std::fmt::Debug + Send + Sync {
    /// Writes what there is at this moment.
    fn write(&self, page: &mut SeriesPage);
}

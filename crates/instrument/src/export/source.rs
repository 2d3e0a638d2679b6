//! What is exported: spans, or log records.
//!
//! It exists so that there is one way from a queue to a backend, whatever lies
//! in the queue. A source must never make the application wait.

use super::worker_handle::FlushError;
use crate::statistics::Counters;
use std::io::{self, Write};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// A queue, and how what lies in it is written.
pub(crate) trait Source: Sync + 'static {
    type Item: Send + Sync;

    /// Several items, in messages.
    const ITEMS: &'static str;

    /// The usual mistake where a backend has no place for them.
    const ADVICE: &'static str;

    /// How long such a backend is left alone.
    const REST: Duration;

    fn counters(&self) -> &Counters;

    /// Set while the last export failed.
    fn is_failing(&self) -> &AtomicBool;

    /// Whether enough waits for a request.
    fn has_batch(&self) -> bool;

    /// Takes the oldest: at most so many, and so many bytes, but one at least.
    fn take(&self, max: usize, max_bytes: usize) -> Vec<Self::Item>;

    /// Memory of an item, in bytes.
    fn bytes_of(item: &Self::Item) -> usize;

    /// Takes back what was exported or dropped.
    fn recycle(&self, items: Vec<Self::Item>);

    /// Waits until there is a batch.
    fn filled(&self) -> impl Future<Output = ()> + Send;

    /// Brings what lies elsewhere into the queue; false if it has no room for
    /// all of it.
    fn gather(&self) -> bool;

    /// Once per scheduled export.
    fn follow_wall_clock(&self);

    /// Takes nothing more.
    fn close(&self);

    /// The request that exports them.
    fn encode(&self, resource: &[u8], items: &[Self::Item]) -> Vec<u8>;

    /// Lines for people.
    fn write_lines(&self, out: &mut dyn Write, items: &[Self::Item]) -> io::Result<()>;

    /// That so many were lost.
    fn lost(count: u64, why: String) -> FlushError;
}

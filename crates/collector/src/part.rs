//! Some spans of a batch as a batch, for who splits one among several.
//!
//! **Where it is all of them, nothing is copied.**

use std::sync::Arc;

use tracewell_model::{RowSet, SpanBatch};

/// See the module's text.
pub(crate) fn part(batch: &Arc<SpanBatch>, rows: &RowSet) -> Arc<SpanBatch> {
    match rows.count() == batch.len() {
        true => Arc::clone(batch),
        false => Arc::new(batch.select(rows)),
    }
}

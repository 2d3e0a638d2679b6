//! Which attributes some spans have, those of one service for example:
//! completion for the query bar.
//!
//! What a store lists is of all spans together, so its keys are looked for on a
//! sample of the newest of these. **It never claims to be complete.**

use crate::values::{Weights, is_enough};
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use tracewell_model::batch::columns::ValueType;
use tracewell_model::store::{AttributeKey, Listed, ScanChunk, ScanColumns, ScanRequest};
use tracewell_model::{Level, SpanFilter, StoreError, TimeRange, TraceStore};

/// Spans that are enough.
const MAX_SPANS: usize = 2_000;

/// Keys that are looked for: each may be a column to read.
const MAX_KEYS: usize = 2_000;

/// The attribute keys of the newest spans that fulfil `among`, sorted, each once
/// with each type.
///
/// # Errors
/// What the store says: cancelled or damaged.
pub fn keys_among(
    store: &dyn TraceStore,
    among: &SpanFilter,
    range: TimeRange,
    cancelled: &AtomicBool,
) -> Result<Listed<AttributeKey>, StoreError> {
    let listed = store.attribute_keys(range)?;
    let mut attributes: Vec<(Level, Box<str>)> = listed
        .entries
        .iter()
        .map(|key| (key.level, key.key.as_str().into()))
        .collect();
    attributes.dedup();
    let has_more = listed.has_more || attributes.len() > MAX_KEYS;
    attributes.truncate(MAX_KEYS);
    let request = ScanRequest {
        range,
        filter: among,
        traces: None,
        columns: ScanColumns {
            attributes,
            ..ScanColumns::default()
        },
        cancelled,
    };
    let (mut keys, mut seen) = (BTreeSet::new(), 0);
    let mut report = store.scan(&request, &mut |chunk, report| {
        seen += chunk.rows.count();
        if !chunk.rows.is_empty() {
            add_keys(chunk, &mut keys);
        }
        // What is rare, or not there, would be looked for everywhere.
        if seen > MAX_SPANS || is_enough(seen, keys.len(), report) {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    report.lacks_also(&listed.report);
    Ok(Listed {
        entries: keys.into_iter().collect(),
        report,
        has_more,
    })
}

fn add_keys(chunk: &ScanChunk<'_>, keys: &mut BTreeSet<AttributeKey>) {
    let mut add = |level, key: &str, value_type| {
        keys.insert(AttributeKey {
            level,
            key: key.to_owned(),
            value_type,
        });
    };
    for level in Level::ALL {
        let weights = Weights::new(chunk.batch, level, chunk.rows);
        let columns = chunk.batch.attributes().iter();
        for column in columns.filter(|column| column.level == level) {
            if column.rows.iter().any(|owner| weights.of(*owner) > 0) {
                add(level, &column.key, column.values.value_type());
            }
        }
        let overflow = chunk.batch.overflow();
        for (entry, owner) in overflow.rows.iter().enumerate() {
            if overflow.levels[entry] == level && weights.of(*owner) > 0 {
                add(level, overflow.keys.get(entry), ValueType::Other);
            }
        }
    }
}

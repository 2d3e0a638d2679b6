//! Which attributes get a column of their own in a block.
//!
//! Judged by what is in the block alone: frequent first, so that rare keys,
//! however many, cost no columns. It never looks at values.

use std::collections::HashSet;

use tracewell_model::SpanBatch;
use tracewell_model::batch::Level;
use tracewell_model::batch::columns::AttributeColumn;

use super::schema::attribute_column_name;

/// Most attribute columns of a block. Each costs some 150 bytes of footer per
/// row group even where it is empty.
const MAX_COLUMNS: usize = 128;

/// An attribute gets a column when at least one span in this many has it.
const ONE_SPAN_IN: usize = 200;

/// Longest key, in bytes, that names a column.
const MAX_KEY_BYTES: usize = 200;

/// An attribute column of the batch that becomes a column of the file.
#[derive(Debug)]
pub(super) struct Chosen {
    /// Its place in [`SpanBatch::attributes`].
    pub(super) index: usize,
    /// Its name in the file.
    pub(super) name: String,
}

/// The columns of a block with these spans, most frequent first.
pub(super) fn columns(batch: &SpanBatch) -> Vec<Chosen> {
    let least = batch.len().div_ceil(ONE_SPAN_IN).max(1);
    let of_spans =
        |column: &AttributeColumn| column.level == Level::Span && column.key.len() <= MAX_KEY_BYTES;
    let mut frequent: Vec<(usize, &AttributeColumn)> = batch
        .attributes()
        .iter()
        .enumerate()
        .filter(|(_, column)| of_spans(column) && column.rows.len() >= least)
        .collect();
    frequent.sort_by(|(_, a), (_, b)| {
        let by_count = b.rows.len().cmp(&a.rows.len());
        by_count.then_with(|| (&a.key, a.values.value_type()).cmp(&(&b.key, b.values.value_type())))
    });
    let mut keys = HashSet::new();
    // Most SQL engines take names that differ only in case for the same.
    let mut names = HashSet::new();
    let mut chosen = Vec::new();
    for (index, column) in frequent {
        let main = !keys.contains(&column.key);
        let name = attribute_column_name(&column.key, column.values.value_type(), main);
        let Some(name) = name.filter(|name| !names.contains(&name.to_lowercase())) else {
            continue;
        };
        keys.insert(&column.key);
        names.insert(name.to_lowercase());
        chosen.push(Chosen { index, name });
        if chosen.len() == MAX_COLUMNS {
            break;
        }
    }
    chosen
}

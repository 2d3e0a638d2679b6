//! Scopes that several resources share.
//!
//! A batch keeps a scope once, whatever the resources of its spans are. To the
//! Collector it is a scope of each resource; **before a difference can be seen,
//! it gets a row for each.**

use std::collections::HashMap;

use tracewell_model::batch::columns::SparseU32;
use tracewell_model::batch::view::BatchView;
use tracewell_model::{Level, SpanBatch};

/// Gives each pair of resource and scope a scope of its own.
pub(super) fn separate(batch: &mut SpanBatch) {
    let spans = batch.spans();
    let mut count = batch.level_len(Level::Scope);
    // The first resource keeps the row; `copies` are rows to add, by what they copy.
    let mut first: Vec<Option<u32>> = vec![None; count];
    let mut rows: HashMap<(u32, u32), u32> = HashMap::new();
    let mut copies: Vec<u32> = Vec::new();
    let mut scope_of_span = spans.scope.clone();
    for (resource, scope) in spans.resource.iter().zip(&mut scope_of_span) {
        let owner = *first[*scope as usize].get_or_insert(*resource);
        if owner != *resource {
            *scope = *rows.entry((*resource, *scope)).or_insert_with(|| {
                copies.push(*scope);
                count += 1;
                count as u32 - 1
            });
        }
    }
    if copies.is_empty() {
        return;
    }
    let view = BatchView::new_levels(batch, &[Level::Scope]);
    let first_copy = batch.level_len(Level::Scope);
    let mut attributes = Vec::new();
    for (index, scope) in copies.iter().enumerate() {
        for (key, value) in view.attributes(Level::Scope, *scope as usize) {
            attributes.push(((first_copy + index) as u32, key.to_owned(), value.to_any()));
        }
    }
    let table = batch.scopes_mut();
    for column in [&mut table.name, &mut table.version, &mut table.schema_url] {
        let codes: Vec<u32> = copies
            .iter()
            .map(|scope| column.codes[*scope as usize])
            .collect();
        column.codes.extend(codes);
    }
    let dropped = &table.dropped_attributes;
    let old = (0..first_copy).chain(copies.iter().map(|scope| *scope as usize));
    table.dropped_attributes = SparseU32::from_values(
        old.map(|row| dropped.get(row))
            .collect::<Vec<_>>()
            .into_iter(),
    );
    batch.spans_mut().scope = scope_of_span;
    for (row, key, value) in attributes {
        batch.set_attribute(Level::Scope, &key, &[(row, value)]);
    }
}

//! A builder that goes on to the next batch.
//!
//! A decoding thread builds one batch after another, and those of one fleet
//! look alike. So the builder keeps its columns with their room, the table of
//! keys and the order in which they came; the batch leaves as a copy of exact
//! size. That saves the growing of some 300 vectors for a request, and the
//! half-empty vectors that would otherwise live until the block is sealed.
//! What is kept is bounded, and **nothing of one batch may show in the next.**

use super::SpanBatchBuilder;
use super::attributes::Trail;
use crate::batch::columns::{
    AttributeColumn, Blobs, ColumnValues, OverflowColumn, SparseU32, StrColumn, Strings,
};
use crate::batch::{EventTable, LinkTable, ResourceTable, ScopeTable, SpanBatch, SpanColumns};

/// Room of attribute columns that is kept: what some 10,000 spans take, and no
/// more than a thread that decodes now and then may hold on to.
const KEPT_BYTES: usize = 4 << 20;

/// Spans for whose fixed columns room is kept.
const KEPT_SPANS: usize = 10_000;

/// Columns that are kept: several times what one client sends.
const KEPT_COLUMNS: usize = 512;

impl SpanBatchBuilder {
    /// The batch, as from [`SpanBatchBuilder::finish`]. The builder is empty
    /// then and ready for the next one.
    #[must_use]
    pub fn take_batch(&mut self) -> SpanBatch {
        let kept = &mut self.batch;
        let mut batch = SpanBatch {
            spans: spans(&mut kept.spans),
            resources: ResourceTable {
                schema_url: column(&mut kept.resources.schema_url),
                dropped_attributes: sparse(&mut kept.resources.dropped_attributes),
                entity_refs: blobs(&mut kept.resources.entity_refs),
            },
            scopes: ScopeTable {
                name: column(&mut kept.scopes.name),
                version: column(&mut kept.scopes.version),
                schema_url: column(&mut kept.scopes.schema_url),
                dropped_attributes: sparse(&mut kept.scopes.dropped_attributes),
            },
            events: EventTable {
                span_row: exact(&mut kept.events.span_row),
                time_ns: exact(&mut kept.events.time_ns),
                name: column(&mut kept.events.name),
                dropped_attributes: sparse(&mut kept.events.dropped_attributes),
            },
            links: LinkTable {
                span_row: exact(&mut kept.links.span_row),
                trace_id: exact(&mut kept.links.trace_id),
                span_id: exact(&mut kept.links.span_id),
                trace_state: column(&mut kept.links.trace_state),
                flags: exact(&mut kept.links.flags),
                dropped_attributes: sparse(&mut kept.links.dropped_attributes),
            },
            attributes: Vec::with_capacity(self.used_columns),
            overflow: OverflowColumn {
                levels: exact(&mut kept.overflow.levels),
                rows: exact(&mut kept.overflow.rows),
                keys: strings(&mut kept.overflow.keys),
                values: blobs(&mut kept.overflow.values),
            },
            failed: None,
        };
        for (from, interner) in kept.attributes.iter_mut().zip(&mut self.interners) {
            if from.rows.is_empty() {
                continue;
            }
            batch.attributes.push(AttributeColumn {
                level: from.level,
                key: from.key.clone(),
                rows: exact(&mut from.rows),
                values: values(&mut from.values),
            });
            interner.forget();
        }
        self.text.forget();
        self.begun.clear();
        self.used_columns = 0;
        self.batch_number = self.batch_number.wrapping_add(1);
        self.trails.iter_mut().for_each(Trail::begin_batch);
        let columns = self.batch.attributes.len();
        if columns > KEPT_COLUMNS || batch.len() > KEPT_SPANS || self.room_bytes() > KEPT_BYTES {
            *self = Self::new();
        }
        batch
    }

    /// Room of the attribute columns, and of what grows with every request.
    fn room_bytes(&self) -> usize {
        let batch = &self.batch;
        let columns = batch.attributes.iter().zip(&self.interners);
        let columns = columns.map(|(column, interner)| {
            column.rows.capacity() * 4 + values_room(&column.values) + interner.room_bytes()
        });
        let events = batch.events.span_row.capacity() * 16;
        let links = batch.links.span_row.capacity() * 32;
        let overflow = batch.overflow.rows.capacity() * 5
            + strings_room(&batch.overflow.keys)
            + batch.overflow.values.bytes.capacity();
        let fixed_texts = [
            &batch.spans.name,
            &batch.spans.trace_state,
            &batch.spans.status_message,
            &batch.events.name,
            &batch.links.trace_state,
        ];
        let resources = batch.resources.entity_refs.bytes.capacity();
        let begun = self.begun.capacity() * 4;
        begun
            + columns.sum::<usize>()
            + events
            + links
            + overflow
            + resources
            + fixed_texts.map(column_room).iter().sum::<usize>()
    }
}

/// A copy without spare room; the original is emptied and keeps its own. What
/// is too large to be kept leaves as it is: a copy would take the same again.
fn exact<T: Copy>(from: &mut Vec<T>) -> Vec<T> {
    if size_of_val(from.as_slice()) > KEPT_BYTES {
        let mut whole = std::mem::take(from);
        whole.shrink_to_fit();
        return whole;
    }
    let copy = from.as_slice().to_vec();
    from.clear();
    copy
}

fn strings(from: &mut Strings) -> Strings {
    let text = if from.text.len() > KEPT_BYTES {
        let mut whole = std::mem::take(&mut from.text);
        whole.shrink_to_fit();
        whole
    } else {
        let copy = from.text.as_str().to_owned();
        from.text.clear();
        copy
    };
    Strings {
        ends: exact(&mut from.ends),
        text,
    }
}

fn blobs(from: &mut Blobs) -> Blobs {
    Blobs {
        ends: exact(&mut from.ends),
        bytes: exact(&mut from.bytes),
    }
}

fn column(from: &mut StrColumn) -> StrColumn {
    StrColumn {
        codes: exact(&mut from.codes),
        dict: strings(&mut from.dict),
    }
}

fn sparse(from: &mut SparseU32) -> SparseU32 {
    SparseU32 {
        rows: exact(&mut from.rows),
        values: exact(&mut from.values),
    }
}

fn values(from: &mut ColumnValues) -> ColumnValues {
    match from {
        ColumnValues::Str(values) => ColumnValues::Str(column(values)),
        ColumnValues::Int(values) => ColumnValues::Int(exact(values)),
        ColumnValues::Double(values) => ColumnValues::Double(exact(values)),
        ColumnValues::Bool(values) => ColumnValues::Bool(exact(values)),
        ColumnValues::Bytes(values) => ColumnValues::Bytes(blobs(values)),
        ColumnValues::Other(values) => ColumnValues::Other(blobs(values)),
    }
}

fn spans(from: &mut SpanColumns) -> SpanColumns {
    SpanColumns {
        trace_id: exact(&mut from.trace_id),
        span_id: exact(&mut from.span_id),
        parent_span_id: exact(&mut from.parent_span_id),
        trace_state: column(&mut from.trace_state),
        flags: exact(&mut from.flags),
        name: column(&mut from.name),
        kind: exact(&mut from.kind),
        start_ns: exact(&mut from.start_ns),
        duration_ns: exact(&mut from.duration_ns),
        status_code: exact(&mut from.status_code),
        status_message: column(&mut from.status_message),
        dropped_attributes: sparse(&mut from.dropped_attributes),
        dropped_events: sparse(&mut from.dropped_events),
        dropped_links: sparse(&mut from.dropped_links),
        resource: exact(&mut from.resource),
        scope: exact(&mut from.scope),
    }
}

fn strings_room(strings: &Strings) -> usize {
    strings.ends.capacity() * 4 + strings.text.capacity()
}

fn column_room(column: &StrColumn) -> usize {
    column.codes.capacity() * 4 + strings_room(&column.dict)
}

fn values_room(values: &ColumnValues) -> usize {
    match values {
        ColumnValues::Str(values) => column_room(values),
        ColumnValues::Int(values) => values.capacity() * 8,
        ColumnValues::Double(values) => values.capacity() * 8,
        ColumnValues::Bool(values) => values.capacity(),
        ColumnValues::Bytes(values) | ColumnValues::Other(values) => {
            values.ends.capacity() * 4 + values.bytes.capacity()
        }
    }
}

//! Which parent a span names.
//!
//! Its parent id. A span that has none may come from a shim of OpenTracing,
//! which puts parents into links: `child_of` is the parent, `follows_from` is
//! no parent. **The ids as they were sent stay as they are**: what is answered
//! here is for the shape of a trace alone.

use crate::batch::view::ValueRef;
use crate::batch::{Level, SpanBatch};
use crate::ids::SpanId;
use crate::store::ScanColumns;
use std::borrow::Cow;

/// Attribute of a link that says what the other span is (semantic conventions
/// for OpenTracing).
const REF_TYPE_KEY: &str = "opentracing.ref_type";

const CHILD_OF: &str = "child_of";

/// The id of the parent that each span names, by row; zeros for none.
#[must_use]
pub fn parent_ids(batch: &SpanBatch) -> Cow<'_, [SpanId]> {
    let (spans, links) = (batch.spans(), batch.links());
    let mut ids = Cow::Borrowed(&spans.parent_span_id[..]);
    let is_child_of = |value: ValueRef<'_>| value == ValueRef::Str(CHILD_OF);
    let child_of = batch.owners_with(Level::Link, |key| {
        (key == REF_TYPE_KEY).then_some(is_child_of)
    });
    for link in child_of.iter() {
        let row = links.span_row[link] as usize;
        if ids[row].is_zero() && links.trace_id[link] == spans.trace_id[row] {
            ids.to_mut()[row] = links.span_id[link];
        }
    }
    ids
}

/// What [`super::TraceTree`] looks at beyond ids and times.
#[must_use]
pub fn structure_columns() -> ScanColumns {
    ScanColumns {
        names: true,
        attributes: vec![(Level::Link, REF_TYPE_KEY.into())],
        ..ScanColumns::default()
    }
}

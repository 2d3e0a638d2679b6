//! When two spans are one (ADR-011).
//!
//! OTLP retries after a lost acknowledgement, so the same span can be stored
//! more than once. Spans that are equal in everything but the order of their
//! attributes are one span; spans that only share ids are not, and all of them
//! are counted and shown. **Nobody decides this otherwise**: storing, merging,
//! counting and assembling ask here.
//!
//! Comparing everything is dear, so it is done only for spans whose
//! [`Outline`]s are equal, which the cheapest columns tell.

mod namesakes;

use super::concat::BatchJoiner;
use super::view::{BatchView, SpanRef, ValueRef};
use super::{Level, SpanBatch};
use crate::ids::{SpanId, TraceId};
use crate::rows::RowSet;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hasher};

/// What every batch knows of a span of a trace, also a partial one. Spans that
/// differ here are two; of spans that do not, only their whole content tells.
///
/// The order is that of a trace in a merged block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Outline {
    /// Start, ns since the epoch.
    pub start_ns: u64,
    /// Its id.
    pub span_id: SpanId,
    /// The id of its parent.
    pub parent_span_id: SpanId,
    /// Duration, ns.
    pub duration_ns: i64,
}

impl SpanBatch {
    /// The outline of a span.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn outline(&self, row: usize) -> Outline {
        Outline {
            start_ns: self.spans.start_ns[row],
            span_id: self.spans.span_id[row],
            parent_span_id: self.spans.parent_span_id[row],
            duration_ns: self.spans.duration_ns[row],
        }
    }

    /// Are there spans that only whole spans can tell apart, or tell to be one?
    #[must_use]
    pub fn may_repeat_spans(&self) -> bool {
        let mut seen = HashSet::with_capacity_and_hasher(self.len(), State::default());
        !(0..self.len()).all(|row| seen.insert(self.traced_outline(row)))
    }

    /// The same spans without exact duplicates; those of equal outlines in the
    /// order that their content gives them, wherever they came from.
    #[must_use]
    pub fn into_distinct(self) -> Self {
        let distinct = self.distinct_rows();
        let this = if distinct.count() == self.len() {
            self
        } else {
            self.part(&[&distinct])
        };
        namesakes::in_order(this)
    }

    /// These rows of it, set after set.
    fn part(&self, sets: &[&RowSet]) -> Self {
        let mut joiner = BatchJoiner::new();
        for rows in sets {
            joiner
                .append_rows(self, rows)
                .expect("a part is no larger than the whole");
        }
        joiner.finish()
    }

    /// Rows without exact duplicates; of equal spans the first stays. The batch
    /// is not partial.
    #[must_use]
    pub fn distinct_rows(&self) -> RowSet {
        let repeated = self.repeated();
        let mut distinct = RowSet::all(self.len());
        if repeated.is_empty() {
            return distinct;
        }
        let view = BatchView::new(self);
        let hasher = State::default();
        let mut content: HashMap<usize, HashSet<[u64; 2]>> = HashMap::new();
        for (first, row) in repeated {
            let known = content
                .entry(first)
                .or_insert_with(|| [fingerprint(view.span(first), &hasher)].into());
            if !known.insert(fingerprint(view.span(row), &hasher)) {
                distinct.remove(row);
            }
        }
        distinct
    }

    /// Each row whose outline an earlier one has, behind the first that has it.
    fn repeated(&self) -> Vec<(usize, usize)> {
        let mut seen = HashMap::with_capacity_and_hasher(self.len(), State::default());
        let mut repeated = Vec::new();
        for row in 0..self.len() {
            match seen.entry(self.traced_outline(row)) {
                Entry::Vacant(entry) => {
                    entry.insert(row);
                }
                Entry::Occupied(first) => repeated.push((*first.get(), row)),
            }
        }
        repeated
    }

    fn traced_outline(&self, row: usize) -> (TraceId, Outline) {
        (self.spans.trace_id[row], self.outline(row))
    }
}

/// Keyed at random, so that nobody can choose spans that collide.
type State = foldhash::quality::RandomState;

/// 128 bits over everything a span says. Two hashes with different prefixes:
/// 64 bits would meet by chance in a large store.
fn fingerprint(span: SpanRef<'_>, state: &impl BuildHasher) -> [u64; 2] {
    [1u8, 2].map(|salt| {
        let mut hasher = state.build_hasher();
        hasher.write_u8(salt);
        let columns = (
            span.parent_span_id().map(|id| id.0),
            span.flags(),
            span.start_ns(),
        );
        std::hash::Hash::hash(&columns, &mut hasher);
        hasher.write_u64(span.end_ns());
        std::hash::Hash::hash(
            &(span.kind(), span.status_code(), span.dropped()),
            &mut hasher,
        );
        for text in [span.trace_state(), span.name(), span.status_message()] {
            std::hash::Hash::hash(text, &mut hasher);
        }
        let view = span.view();
        let batch = view.batch();
        let attributes = |level, row| attributes_print(view.attributes(level, row), salt, state);
        hasher.write_u64(attributes(Level::Span, span.row()));
        let (resource, scope) = (span.resource_row(), span.scope_row());
        let table = &batch.resources;
        hasher.write_u64(attributes(Level::Resource, resource));
        let rest = (
            table.schema_url.get(resource),
            table.entity_refs.get(resource),
        );
        let dropped = table.dropped_attributes.get(resource);
        std::hash::Hash::hash(&(rest, dropped), &mut hasher);
        let table = &batch.scopes;
        hasher.write_u64(attributes(Level::Scope, scope));
        let rest = (table.name.get(scope), table.version.get(scope));
        let (schema, dropped) = (table.schema_url.get(scope), &table.dropped_attributes);
        std::hash::Hash::hash(&(rest, schema, dropped.get(scope)), &mut hasher);
        let table = &batch.events;
        hasher.write_usize(span.event_rows().len());
        for row in span.event_rows() {
            let dropped = table.dropped_attributes.get(row);
            let event = (table.time_ns[row], table.name.get(row), dropped);
            std::hash::Hash::hash(&event, &mut hasher);
            hasher.write_u64(attributes(Level::Event, row));
        }
        let table = &batch.links;
        for row in span.link_rows() {
            let linked = (table.trace_id[row].0, table.span_id[row].0);
            let rest = (table.trace_state.get(row), table.flags[row]);
            let dropped = table.dropped_attributes.get(row);
            std::hash::Hash::hash(&(linked, rest, dropped), &mut hasher);
            hasher.write_u64(attributes(Level::Link, row));
        }
        hasher.finish()
    })
}

/// Order-free: the sum of a hash per attribute.
fn attributes_print<'a>(
    attributes: impl Iterator<Item = (&'a str, ValueRef<'a>)>,
    salt: u8,
    state: &impl BuildHasher,
) -> u64 {
    attributes.fold(0u64, |sum, (key, value)| {
        let mut hasher = state.build_hasher();
        hasher.write_u8(salt);
        std::hash::Hash::hash(key, &mut hasher);
        match value {
            ValueRef::Str(text) => std::hash::Hash::hash(&(0u8, text), &mut hasher),
            ValueRef::Int(value) => std::hash::Hash::hash(&(1u8, value), &mut hasher),
            ValueRef::Double(value) => std::hash::Hash::hash(&(2u8, value.to_bits()), &mut hasher),
            ValueRef::Bool(value) => std::hash::Hash::hash(&(3u8, value), &mut hasher),
            ValueRef::Bytes(bytes) => std::hash::Hash::hash(&(4u8, bytes), &mut hasher),
            ValueRef::Other(bytes) => std::hash::Hash::hash(&(5u8, bytes), &mut hasher),
        }
        sum.wrapping_add(hasher.finish())
    })
}

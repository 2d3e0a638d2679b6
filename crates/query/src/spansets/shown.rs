//! What a result list shows of the spansets of a trace: groups with their
//! numbers, and some of their spans with the fields that were selected.

use super::{Spanset, Stage, TraceFilter, row_set};
use tracewell_model::filter::Field;
use tracewell_model::values::{Value, field_values};
use tracewell_model::{SpanBatch, SpanId, TraceTree};

/// Spansets of one trace that are shown, at most.
const MAX_SPANSETS: usize = 100;

/// Spans of one of them that are shown where nobody says.
pub(super) const MAX_SPANS: usize = 20;

/// A spanset as a result list shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownSpanset {
    /// How many spans it has.
    pub matched: u32,
    /// The values of `by(…)` and aggregates, by what was written.
    pub attributes: Vec<(String, Option<Value<'static>>)>,
    /// Some of its spans, in reading order.
    pub spans: Vec<ShownSpan>,
}

/// A span of a spanset.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownSpan {
    /// Its id.
    pub span_id: SpanId,
    /// Its name.
    pub name: String,
    /// Start, ns since the epoch.
    pub start_ns: u64,
    /// Duration, ns.
    pub duration_ns: u64,
    /// The selected fields that it has, by what was written.
    pub attributes: Vec<(String, Value<'static>)>,
}

impl TraceFilter {
    /// What is shown of these spansets; of a query that only filters nothing.
    #[must_use]
    pub fn shown(
        &self,
        batch: &SpanBatch,
        tree: &TraceTree,
        spansets: &[Spanset],
    ) -> Vec<ShownSpanset> {
        if !self.has_shown() {
            return Vec::new();
        }
        let selected: Vec<&(String, Field)> = self
            .stages
            .iter()
            .flat_map(|stage| match stage {
                Stage::Select(fields) => &fields[..],
                _ => &[],
            })
            .collect();
        let are_local = selected.iter().all(|(_, field)| field.is_span_local());
        let facts = (!are_local).then(|| tree.facts(batch));
        let values_of = |(_, field): &&(String, Field)| field_values(batch, field, facts.as_ref());
        let values: Vec<_> = selected.iter().map(values_of).collect();
        let spans = batch.spans();
        let span = |row: usize| ShownSpan {
            span_id: spans.span_id[row],
            name: spans.name.get(row).to_owned(),
            start_ns: spans.start_ns[row],
            duration_ns: spans.duration_ns[row].max(0) as u64,
            attributes: selected
                .iter()
                .zip(&values)
                .filter_map(|((name, _), values)| {
                    Some((name.clone(), values[row].clone()?.into_owned()))
                })
                .collect(),
        };
        let shown = |set: &Spanset| {
            let rows = row_set(&set.rows, batch.len());
            let in_order = tree.order.iter().map(|row| *row as usize);
            let of_set = in_order.filter(|row| rows.contains(*row));
            ShownSpanset {
                matched: set.rows.len() as u32,
                attributes: set.attributes.clone(),
                spans: of_set.take(self.shown_spans).map(span).collect(),
            }
        };
        spansets.iter().take(MAX_SPANSETS).map(shown).collect()
    }
}

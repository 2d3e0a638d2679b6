//! `compare`: how the spans of a selection differ from the others, attribute by
//! attribute.
//!
//! For each attribute, and what every span has of that kind, the most frequent
//! values of the selection and of the rest are counted, and how many spans have it
//! at all. The labels are Tempo's, which tools read.

mod counts;
mod fold;

use super::answer::{Asked, Series};
use super::fold::MAX_BYTES;
use super::plan::Comparison;
use crate::parallel;
pub(super) use fold::CompareFold;
use tracewell_model::filter::{Field, Intrinsic, Place, TraceFacts};
use tracewell_model::store::AttributeKey;
use tracewell_model::values::Value;
use tracewell_model::{Level, QueryMemory, RowSet, SpanBatch};

/// What a series counts.
const META_TYPE: &str = "__meta_type";

/// Why it is not all.
const META_ERROR: &str = "__meta_error";

/// Attributes that are looked at, at most.
const MAX_ATTRIBUTES: usize = 1_000;

/// The rest, and the selection.
const SIDES: [(&str, &str); 2] = [
    ("baseline", "baseline_total"),
    ("selection", "selection_total"),
];

/// What spans are compared by.
pub(super) struct Attributes {
    fields: Vec<(String, Field)>,
    /// Were there more than are looked at?
    pub(super) are_cut: bool,
}

impl Attributes {
    /// Of these keys, and of what every span, event or trace has that is worth
    /// comparing; not of times and ids, which hardly two have in common.
    pub(super) fn of(keys: &[AttributeKey]) -> Self {
        let mut fields: Vec<(String, Field)> = [
            ("name", Intrinsic::Name),
            ("kind", Intrinsic::Kind),
            ("status", Intrinsic::Status),
            ("statusMessage", Intrinsic::StatusMessage),
            ("event:name", Intrinsic::EventName),
            ("instrumentation:name", Intrinsic::ScopeName),
            ("instrumentation:version", Intrinsic::ScopeVersion),
        ]
        .map(|(name, field)| (name.to_owned(), Field::Intrinsic(field)))
        .into();
        for AttributeKey { level, key, .. } in keys {
            let (place, scope) = match level {
                Level::Span => (Place::Span, "span"),
                Level::Resource => (Place::Resource, "resource"),
                Level::Scope => (Place::Scope, "instrumentation"),
                Level::Event => (Place::Event, "event"),
                Level::Link => (Place::Link, "link"),
            };
            let named = (
                format!("{scope}.{key}"),
                Field::Attribute(place, vec![key.as_str().into()]),
            );
            // A key has an entry for each type.
            if fields.last() != Some(&named) {
                fields.push(named);
            }
        }
        let are_cut = fields.len() > MAX_ATTRIBUTES;
        fields.truncate(MAX_ATTRIBUTES);
        Self { fields, are_cut }
    }

    /// All of them.
    pub(super) fn fields(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().map(|(_, field)| field)
    }

    pub(super) fn fold<'q>(
        &'q self,
        of: &'q Comparison,
        asked: &Asked,
        memory: &QueryMemory,
    ) -> CompareFold<'q> {
        let most_bytes = MAX_BYTES / parallel::accumulators();
        let memory = (memory.reservation(), most_bytes);
        CompareFold::new(of, &self.fields, asked.steps, memory)
    }
}

impl Comparison {
    /// The rows of the selection among these.
    fn selected(&self, batch: &SpanBatch, rows: &RowSet, facts: Option<&TraceFacts>) -> RowSet {
        let mut selected = match facts {
            Some(facts) => self.selection.matching_in_trace(batch, facts),
            None => self.selection.matching(batch),
        };
        selected.intersect(rows);
        if let Some((from_ns, to_ns)) = self.between_ns {
            let starts_ns = &batch.spans().start_ns;
            let between = |row: usize| (from_ns..=to_ns).contains(&starts_ns[row]);
            selected.intersect(&RowSet::from_fn(batch.len(), between));
        }
        selected
    }
}

/// The series of both sides of what was counted.
pub(super) fn series(fold: CompareFold<'_>, top: usize) -> Vec<Series> {
    let (mut series, steps) = (Vec::new(), fold.steps.count());
    let attributes = fold.finish();
    for (side, (of_value, total)) in SIDES.into_iter().enumerate() {
        for ((name, _), counts) in &attributes {
            let totals = counts.totals(side, steps);
            if totals.iter().all(|total| *total == 0.0) {
                continue;
            }
            let (values, are_all) = counts.most_frequent(side, steps, top);
            if !are_all {
                let error = (META_ERROR, text("__too_many_values__"));
                let labels = [(META_TYPE, text(of_value)), error, (name, text("nil"))];
                series.push(one(&labels, totals.clone()));
            }
            for (value, numbers) in values {
                let labels = [(META_TYPE, text(of_value)), (name, value)];
                series.push(one(&labels, numbers));
            }
            let labels = [(META_TYPE, text(total)), (name, text("nil"))];
            series.push(one(&labels, totals));
        }
    }
    series
}

fn text(text: &str) -> Value<'static> {
    Value::Str(text.to_owned().into())
}

fn one(labels: &[(&str, Value<'static>)], values: Vec<f64>) -> Series {
    let labels = labels.iter();
    Series {
        labels: labels
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
        values,
        exemplars: Vec::new(),
    }
}

//! `compare`: how the spans of a selection differ from the others, attribute by
//! attribute.
//!
//! For each attribute, and what every span has of that kind, the most frequent
//! values of the selection and of the rest are counted, and how many spans have it
//! at all. The labels are Tempo's, which tools read.

use super::answer::{Asked, Series};
use super::fold::{Fold, Folded, Folding, MAX_BYTES};
use super::plan::{Comparison, Function, SeriesOf};
use crate::parallel;
use crate::spansets::TraceFilter;
use tracewell_model::filter::{Field, Intrinsic, Place, TraceFacts};
use tracewell_model::store::AttributeKey;
use tracewell_model::values::Value;
use tracewell_model::{Level, QueryMemory, RowSet, SpanBatch, SpanFilter};

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
    counts: Vec<SeriesOf>,
    /// Were there more than are looked at?
    pub(super) are_cut: bool,
}

impl Attributes {
    /// Of these keys: those of spans, resources and scopes.
    pub(super) fn of(keys: &[AttributeKey]) -> Self {
        let mut fields: Vec<(String, Field)> = [
            ("name", Intrinsic::Name),
            ("kind", Intrinsic::Kind),
            ("status", Intrinsic::Status),
            ("statusMessage", Intrinsic::StatusMessage),
            ("instrumentation:name", Intrinsic::ScopeName),
        ]
        .map(|(name, field)| (name.to_owned(), Field::Intrinsic(field)))
        .into();
        for AttributeKey { level, key, .. } in keys {
            let (place, scope) = match level {
                Level::Span => (Place::Span, "span"),
                Level::Resource => (Place::Resource, "resource"),
                Level::Scope => (Place::Scope, "instrumentation"),
                Level::Event | Level::Link => continue,
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
        let count = |field| SeriesOf {
            spans: TraceFilter::from(SpanFilter::All),
            function: Function::Count,
            name: String::new(),
            by: vec![field],
        };
        Self {
            counts: fields.into_iter().map(count).collect(),
            are_cut,
        }
    }

    /// All of them.
    pub(super) fn fields(&self) -> impl Iterator<Item = &Field> {
        self.counts.iter().flat_map(SeriesOf::fields)
    }

    pub(super) fn fold<'q>(
        &'q self,
        of: &'q Comparison,
        asked: &Asked,
        memory: &QueryMemory,
    ) -> CompareFold<'q> {
        let most_bytes = MAX_BYTES / (2 * self.counts.len() * parallel::accumulators());
        let without_exemplars = Asked::of(asked.steps);
        let fold = |of| Fold::within(of, &without_exemplars, memory.reservation(), most_bytes);
        let side = || self.counts.iter().map(fold).collect();
        CompareFold {
            of,
            sides: [side(), side()],
        }
    }
}

/// A fold of each attribute, for either side.
pub(super) struct CompareFold<'q> {
    of: &'q Comparison,
    sides: [Vec<Fold<'q>>; 2],
}

impl Folding for CompareFold<'_> {
    fn add(&mut self, batch: &SpanBatch, rows: &RowSet, facts: Option<&TraceFacts>) {
        let selected = self.of.selected(batch, rows, facts);
        let mut others = selected.clone();
        others.invert();
        others.intersect(rows);
        for (side, rows) in self.sides.iter_mut().zip([others, selected]) {
            if !rows.is_empty() {
                side.iter_mut()
                    .for_each(|fold| fold.add(batch, &rows, facts));
            }
        }
    }

    fn merge(&mut self, other: Self) {
        for (mine, theirs) in self.sides.iter_mut().zip(other.sides) {
            let both = mine.iter_mut().zip(theirs);
            both.for_each(|(mine, theirs)| mine.merge(theirs));
        }
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

impl CompareFold<'_> {
    /// The series of both sides.
    pub(super) fn finish(self, attributes: &Attributes) -> Vec<Series> {
        let mut series = Vec::new();
        for (side, (of_value, total)) in self.sides.into_iter().zip(SIDES) {
            for (fold, of) in side.into_iter().zip(&attributes.counts) {
                let is_refused = fold.is_refused();
                let name = of.by.first().map_or("", |(name, _)| name.as_str());
                let mut values: Vec<Folded> = fold.finish();
                values.retain(|folded| folded.values.iter().any(Option::is_some));
                if values.is_empty() {
                    continue;
                }
                let totals = totals(&values);
                let is_too_many = is_refused || values.len() > self.of.top;
                most_frequent(&mut values, self.of.top);
                if is_too_many {
                    let error = (META_ERROR, text("__too_many_values__"));
                    let labels = [(META_TYPE, text(of_value)), error, (name, text("nil"))];
                    series.push(one(&labels, totals.clone()));
                }
                for folded in values {
                    let value = folded.values.into_iter().flatten().next();
                    let value = value.unwrap_or_else(|| text("nil"));
                    let labels = [(META_TYPE, text(of_value)), (name, value)];
                    series.push(one(&labels, folded.numbers));
                }
                let labels = [(META_TYPE, text(total)), (name, text("nil"))];
                series.push(one(&labels, totals));
            }
        }
        series
    }
}

fn totals(values: &[Folded]) -> Vec<f64> {
    let mut totals = vec![0.0; values.first().map_or(0, |folded| folded.numbers.len())];
    for folded in values {
        let both = totals.iter_mut().zip(&folded.numbers);
        both.for_each(|(total, number)| *total += number);
    }
    totals
}

/// Leaves the most frequent, and of equals those that come first.
fn most_frequent(values: &mut Vec<Folded>, most: usize) {
    let count = |folded: &Folded| folded.numbers.iter().sum::<f64>();
    values.sort_by(|a, b| {
        let by_value = || match (a.values.first(), b.values.first()) {
            (Some(Some(a)), Some(Some(b))) => a.total_order(b),
            _ => std::cmp::Ordering::Equal,
        };
        count(b).total_cmp(&count(a)).then_with(by_value)
    });
    values.truncate(most);
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

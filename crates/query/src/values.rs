//! Which values an attribute has: completion for the query bar.
//!
//! A sample of the newest spans, weighed by spans: completion must be quick,
//! and what is frequent shows in a sample. **It never claims to be complete.**

mod of_field;

use crate::{lower, tags};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use tracewell_model::batch::SpanColumns;
use tracewell_model::batch::columns::{ColumnValues, StrColumn};
use tracewell_model::batch::view::{ValueRef, overflow_value};
use tracewell_model::filter::{Condition, Field, Place};
use tracewell_model::store::{
    Listed, OperationQuery, ScanChunk, ScanColumns, ScanReport, ScanRequest, begins_with,
};
use tracewell_model::{
    AnyValue, Level, RowSet, SpanBatch, SpanFilter, SpanKind, StatusCode, StoreError, TimeRange,
    TraceStore,
};

pub use of_field::intrinsic_values_among;

/// Spans with the attribute that are counted.
const MAX_SPANS: usize = 200_000;

/// Spans that are looked at for an attribute that is rare.
const MAX_SEARCHED_SPANS: u64 = 5_000_000;

/// Distinct values that are counted.
const MAX_DISTINCT: usize = 10_000;

/// Operations whose names are counted.
const MAX_OPERATIONS: usize = 200_000;

/// A value with how often it was seen.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueCount {
    /// The value: text, integer, double or truth value.
    pub value: AnyValue,
    /// Spans with it (for events and links: how many of those), in the part
    /// that was looked at.
    pub count: u64,
}

/// Which attribute, and which of its values.
#[derive(Debug, Clone, Copy)]
pub struct ValuesOf<'a> {
    /// Whose attribute.
    pub level: Level,
    /// Its key, without aliases.
    pub key: &'a str,
    /// Only values whose text begins so, whatever the case.
    pub prefix: &'a str,
    /// Only those of spans that fulfil this.
    pub among: &'a SpanFilter,
    /// When.
    pub range: TimeRange,
    /// Values wanted, at most.
    pub limit: usize,
}

/// The most frequent values of an attribute among the newest spans that have
/// it, most frequent first.
///
/// # Errors
/// What the store says: cancelled or damaged.
pub fn attribute_values(
    store: &dyn TraceStore,
    of: &ValuesOf<'_>,
    cancelled: &AtomicBool,
) -> Result<Listed<ValueCount>, StoreError> {
    let place = match of.level {
        Level::Span => Place::Span,
        Level::Resource => Place::Resource,
        Level::Scope => Place::Scope,
        Level::Event => Place::Event,
        Level::Link => Place::Link,
    };
    let field = Field::Attribute(place, vec![of.key.into()]);
    let exists = SpanFilter::Test(field, Condition::Exists);
    let filter = SpanFilter::And(vec![of.among.clone(), exists]);
    let columns = ScanColumns {
        attributes: vec![(of.level, of.key.into())],
        ..ScanColumns::default()
    };
    let request = ScanRequest {
        range: of.range,
        filter: &filter,
        traces: None,
        columns,
        cancelled,
    };
    let mut counts: HashMap<Scalar, u64> = HashMap::new();
    let mut seen = 0;
    let report = store.scan(&request, &mut |chunk, report| {
        seen += chunk.rows.count();
        if !chunk.rows.is_empty() {
            count_values(chunk, of, &mut counts);
        }
        if is_enough(seen, counts.len(), report) {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    let values = most_frequent(counts, of.limit).into_iter();
    let values = values.map(|(value, count)| ValueCount {
        value: value.into(),
        count,
    });
    Ok(Listed {
        report,
        ..Listed::whole(values.collect())
    })
}

/// Spans of this service, or all.
#[must_use]
pub fn of_service(service: Option<&str>) -> SpanFilter {
    service.map_or(SpanFilter::All, |name| lower::lower(&tags::service(name)))
}

/// Were so many spans, or values of them, looked at that a list is due?
pub(crate) fn is_enough(seen: usize, distinct: usize, report: &ScanReport) -> bool {
    seen > MAX_SPANS || distinct > MAX_DISTINCT || report.searched_spans > MAX_SEARCHED_SPANS
}

/// Most frequent first, equals by value.
fn most_frequent<T: Ord>(counts: HashMap<T, u64>, limit: usize) -> Vec<(T, u64)> {
    let mut values: Vec<_> = counts.into_iter().collect();
    values.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    values.truncate(limit);
    values
}

/// Fields of every span whose values are worth a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntrinsicValues {
    /// Span names.
    Name,
    /// Services.
    Service,
    /// Span kinds.
    Kind,
    /// Status codes.
    Status,
}

/// The most frequent values of a field that every span has, with how many
/// spans have it, most frequent first; only those of spans of `service`, if it
/// is given, that begin with `prefix`, whatever the case.
///
/// # Errors
/// What the store says: cancelled or damaged.
pub fn intrinsic_values(
    store: &dyn TraceStore,
    field: IntrinsicValues,
    (service, prefix): (Option<&str>, &str),
    range: TimeRange,
    limit: usize,
    cancelled: &AtomicBool,
) -> Result<Listed<(String, u64)>, StoreError> {
    let values = match field {
        IntrinsicValues::Status => {
            let code = |spans: &SpanColumns, row| StatusCode::from_otlp(spans.status_code[row]);
            keyword_counts(store, (service, range), cancelled, |spans, row| {
                code(spans, row).name()
            })?
        }
        IntrinsicValues::Kind => {
            let kind = |spans: &SpanColumns, row| SpanKind::from_otlp(spans.kind[row]);
            keyword_counts(store, (service, range), cancelled, |spans, row| {
                kind(spans, row).name()
            })?
        }
        IntrinsicValues::Service => store.services(range)?.map(|services| {
            let services = services.into_iter();
            services
                .map(|service| (service.name, service.spans))
                .collect()
        }),
        IntrinsicValues::Name => {
            let query = OperationQuery {
                service,
                prefix,
                limit: MAX_OPERATIONS,
                ..OperationQuery::all(range)
            };
            store.operations(&query)?.map(|operations| {
                let operations = operations.into_iter();
                operations
                    .map(|operation| (operation.name, operation.spans))
                    .collect()
            })
        }
    };
    Ok(values.map(|values| {
        let mut counts: HashMap<String, u64> = HashMap::new();
        for (value, count) in values {
            if !value.is_empty() && begins_with(&value, prefix) {
                *counts.entry(value).or_default() += count;
            }
        }
        most_frequent(counts, limit)
    }))
}

/// How often a keyword of the spans occurs among the newest.
fn keyword_counts(
    store: &dyn TraceStore,
    (service, range): (Option<&str>, TimeRange),
    cancelled: &AtomicBool,
    keyword: impl Fn(&SpanColumns, usize) -> &'static str,
) -> Result<Listed<(String, u64)>, StoreError> {
    let columns = ScanColumns {
        names: true,
        ..ScanColumns::default()
    };
    let request = ScanRequest {
        range,
        filter: &of_service(service),
        traces: None,
        columns,
        cancelled,
    };
    let mut counts = HashMap::new();
    let mut seen = 0;
    let report = store.scan(&request, &mut |chunk, report| {
        let spans = chunk.batch.spans();
        for row in chunk.rows.iter() {
            *counts.entry(keyword(spans, row)).or_default() += 1;
        }
        seen += chunk.rows.count();
        if is_enough(seen, counts.len(), report) {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    let counts = counts.into_iter();
    let counts = counts.map(|(keyword, count)| (keyword.to_owned(), count));
    Ok(Listed {
        report,
        ..Listed::whole(counts.collect())
    })
}

/// A scalar that can be counted: doubles by their bits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Scalar {
    Text(String),
    Int(i64),
    Double(u64),
    Bool(bool),
}

impl From<Scalar> for AnyValue {
    fn from(value: Scalar) -> Self {
        match value {
            Scalar::Text(text) => Self::String(text),
            Scalar::Int(value) => Self::Int(value),
            Scalar::Double(bits) => Self::Double(f64::from_bits(bits)),
            Scalar::Bool(value) => Self::Bool(value),
        }
    }
}

fn count_values(chunk: &ScanChunk<'_>, of: &ValuesOf<'_>, counts: &mut HashMap<Scalar, u64>) {
    let prefix = of.prefix.to_lowercase();
    let begins = |text: &str| text.to_lowercase().starts_with(&prefix);
    let weights = Weights::new(chunk.batch, of.level, chunk.rows);
    let mut add = |value: ValueRef<'_>, count: u64| {
        let (scalar, text) = match value {
            ValueRef::Str(text) => (Scalar::Text(text.to_owned()), text.to_owned()),
            ValueRef::Int(value) => (Scalar::Int(value), value.to_string()),
            ValueRef::Double(value) => (Scalar::Double(value.to_bits()), value.to_string()),
            ValueRef::Bool(value) => (Scalar::Bool(value), value.to_string()),
            ValueRef::Bytes(_) | ValueRef::Other(_) => return,
        };
        if count > 0 && begins(&text) {
            *counts.entry(scalar).or_default() += count;
        }
    };
    let columns = chunk.batch.attributes().iter();
    for column in columns.filter(|column| column.level == of.level && *column.key == *of.key) {
        match &column.values {
            // Text is compared once per distinct value.
            ColumnValues::Str(values) => {
                for (code, count) in code_counts(values, &column.rows, &weights) {
                    add(ValueRef::Str(values.dict.get(code)), count);
                }
            }
            values => {
                for (entry, row) in column.rows.iter().enumerate() {
                    add(values.get(entry), weights.of(*row));
                }
            }
        }
    }
    let overflow = chunk.batch.overflow();
    for (entry, row) in overflow.rows.iter().enumerate() {
        if overflow.levels[entry] == of.level && overflow.keys.get(entry) == of.key {
            add(overflow_value(overflow.values.get(entry)), weights.of(*row));
        }
    }
}

fn code_counts<'a>(
    values: &'a StrColumn,
    rows: &'a [u32],
    weights: &Weights<'_>,
) -> impl Iterator<Item = (usize, u64)> + use<'a> {
    let mut counts = vec![0u64; values.dict.len()];
    for (code, row) in values.codes.iter().zip(rows) {
        counts[*code as usize] += weights.of(*row);
    }
    counts.into_iter().enumerate()
}

/// How much an owner of attributes counts: in spans that matched.
pub(crate) enum Weights<'a> {
    Spans(&'a RowSet),
    /// Spans that refer to each row of the table.
    Referred(Vec<u64>),
    /// The span that each row of the table belongs to.
    Children(&'a RowSet, &'a [u32]),
}

impl<'a> Weights<'a> {
    pub(crate) fn new(batch: &'a SpanBatch, level: Level, rows: &'a RowSet) -> Self {
        let referred = |references: &[u32]| {
            let mut counts = vec![0; batch.level_len(level)];
            rows.iter()
                .for_each(|row| counts[references[row] as usize] += 1);
            Self::Referred(counts)
        };
        match level {
            Level::Span => Self::Spans(rows),
            Level::Resource => referred(&batch.spans().resource),
            Level::Scope => referred(&batch.spans().scope),
            Level::Event => Self::Children(rows, &batch.events().span_row),
            Level::Link => Self::Children(rows, &batch.links().span_row),
        }
    }

    pub(crate) fn of(&self, owner: u32) -> u64 {
        let owner = owner as usize;
        match self {
            Self::Spans(rows) => u64::from(rows.contains(owner)),
            Self::Referred(counts) => counts[owner],
            Self::Children(rows, spans) => u64::from(rows.contains(spans[owner] as usize)),
        }
    }
}

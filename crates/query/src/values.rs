//! Which values an attribute has: completion for the query bar.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use tracewell_model::batch::columns::ColumnValues;
use tracewell_model::filter::{Condition, Field, Place};
use tracewell_model::store::{ScanChunk, ScanColumns, ScanRequest};
use tracewell_model::{AnyValue, Level, SpanFilter, StoreError, TimeRange, TraceStore};

/// Spans with the attribute that are looked at: completion must be quick, and
/// what is frequent shows in a sample of the newest.
const MAX_SPANS: usize = 200_000;

/// Distinct values that are counted.
const MAX_DISTINCT: usize = 10_000;

/// A value with how often it was seen.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueCount {
    /// The value: text, integer, double or truth value.
    pub value: AnyValue,
    /// Spans (or resources, events) with it, in the part that was looked at.
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
) -> Result<Vec<ValueCount>, StoreError> {
    let place = match of.level {
        Level::Span => Place::Span,
        Level::Resource => Place::Resource,
        Level::Scope => Place::Scope,
        Level::Event => Place::Event,
        Level::Link => Place::Link,
    };
    let field = Field::Attribute(place, vec![of.key.into()]);
    let filter = SpanFilter::Test(field, Condition::Exists);
    let columns = ScanColumns {
        attributes: vec![(of.level, of.key.into())],
        ..ScanColumns::default()
    };
    let request = ScanRequest {
        range: of.range,
        filter: &filter,
        columns,
        cancelled,
    };
    let mut counts: HashMap<Scalar, u64> = HashMap::new();
    let mut seen = 0;
    store.scan(&request, &mut |chunk, _| {
        seen += chunk.rows.count();
        if !chunk.rows.is_empty() {
            count_values(chunk, of, &mut counts);
        }
        if seen > MAX_SPANS || counts.len() > MAX_DISTINCT {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    let mut values: Vec<_> = counts.into_iter().collect();
    values.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    values.truncate(of.limit);
    Ok(values
        .into_iter()
        .map(|(value, count)| ValueCount {
            value: value.into(),
            count,
        })
        .collect())
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
    let columns = chunk.batch.attributes().iter();
    for column in columns.filter(|column| column.level == of.level && *column.key == *of.key) {
        match &column.values {
            ColumnValues::Str(values) => {
                let mut by_code = vec![0u64; values.dict.len()];
                values
                    .codes
                    .iter()
                    .for_each(|code| by_code[*code as usize] += 1);
                let used = by_code.iter().enumerate().filter(|(_, count)| **count > 0);
                for (code, count) in used {
                    let text = values.dict.get(code);
                    if begins(text) {
                        *counts.entry(Scalar::Text(text.to_owned())).or_default() += count;
                    }
                }
            }
            ColumnValues::Int(values) => {
                values
                    .iter()
                    .filter(|value| begins(&value.to_string()))
                    .for_each(|value| {
                        *counts.entry(Scalar::Int(*value)).or_default() += 1;
                    });
            }
            ColumnValues::Double(values) => {
                values
                    .iter()
                    .filter(|value| begins(&value.to_string()))
                    .for_each(|value| {
                        *counts.entry(Scalar::Double(value.to_bits())).or_default() += 1;
                    });
            }
            ColumnValues::Bool(values) => {
                values
                    .iter()
                    .filter(|value| begins(&value.to_string()))
                    .for_each(|value| {
                        *counts.entry(Scalar::Bool(*value)).or_default() += 1;
                    });
            }
            ColumnValues::Bytes(_) | ColumnValues::Other(_) => {}
        }
    }
}

//! Values of what every span has by definition, of the spans that fulfil a
//! condition: for a list that narrows while a query is written.

use super::is_enough;
use crate::lower;
use crate::traceql::{Field, Intrinsic};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use tracewell_model::filter;
use tracewell_model::store::{Listed, ScanColumns, ScanRequest};
use tracewell_model::values::{Value, field_values};
use tracewell_model::{SpanFilter, StoreError, TimeRange, TraceStore};

/// The most frequent values of an intrinsic that a span has by itself, among the
/// newest spans that fulfil `among`. That of a trace's root is looked for at the
/// root, which `among` must then hold for.
///
/// # Errors
/// What the store says: cancelled or damaged.
pub fn intrinsic_values_among(
    store: &dyn TraceStore,
    intrinsic: Intrinsic,
    among: &SpanFilter,
    (range, limit): (TimeRange, usize),
    cancelled: &AtomicBool,
) -> Result<Listed<Value<'static>>, StoreError> {
    let of_root = match intrinsic {
        Intrinsic::RootName => Some(Field::Intrinsic(Intrinsic::Name)),
        Intrinsic::RootService => Some(lower::service_name()),
        _ => None,
    };
    let mut filter = among.clone();
    if of_root.is_some() {
        let parent = filter::Field::Intrinsic(filter::Intrinsic::ParentSpanId);
        let has_none = SpanFilter::Test(parent, filter::Condition::Absent);
        filter = SpanFilter::And(vec![filter, has_none]);
    }
    let field = lower::lower_field(&of_root.unwrap_or(Field::Intrinsic(intrinsic)));
    let mut columns = ScanColumns::default();
    columns.add_field(&field, None);
    let request = ScanRequest {
        range,
        filter: &filter,
        traces: None,
        columns,
        cancelled,
    };
    // By its text: values of one intrinsic have one type.
    let mut counts: HashMap<String, (Value<'static>, u64)> = HashMap::new();
    let mut seen = 0;
    let report = store.scan(&request, &mut |chunk, report| {
        if !chunk.rows.is_empty() {
            let values = field_values(chunk.batch, &field, None);
            for row in chunk.rows.iter() {
                let Some(value) = &values[row] else { continue };
                match counts.get_mut(key(value).as_ref()) {
                    Some((_, count)) => *count += 1,
                    None => {
                        let owned = value.clone().into_owned();
                        counts.insert(key(value).into_owned(), (owned, 1));
                    }
                }
            }
        }
        seen += chunk.rows.count();
        if is_enough(seen, counts.len(), report) {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    let mut values: Vec<_> = counts.into_values().collect();
    values.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.total_order(&b.0)));
    values.truncate(limit);
    Ok(Listed {
        report,
        ..Listed::whole(values.into_iter().map(|(value, _)| value).collect())
    })
}

fn key<'v>(value: &'v Value<'_>) -> std::borrow::Cow<'v, str> {
    match value {
        Value::Str(text) => text.as_ref().into(),
        Value::Status(status) => status.name().into(),
        Value::Kind(kind) => kind.name().into(),
        Value::Int(number) => number.to_string().into(),
        other => format!("{other:?}").into(),
    }
}

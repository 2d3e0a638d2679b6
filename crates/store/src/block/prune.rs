//! What the index file alone says about a filter, and which columns the rest
//! of it needs.

use std::collections::BTreeSet;

use tracewell_model::filter::{Condition, Field, Intrinsic, Place};
use tracewell_model::store::ScanColumns;
use tracewell_model::{Level, SpanBatch, SpanFilter};

use super::schema::Fixed;
use super::sidecar::Sidecar;

const SERVICE_KEY: &str = "service.name";

/// The same filter for the spans of this block, without the tests of keys that
/// occur nowhere in it: [`SpanFilter::None`] when no span can match.
pub(super) fn specialise(filter: &SpanFilter, sidecar: &Sidecar) -> SpanFilter {
    let each = |parts: &[SpanFilter]| -> Vec<SpanFilter> {
        parts.iter().map(|part| specialise(part, sidecar)).collect()
    };
    match filter {
        SpanFilter::All | SpanFilter::None => filter.clone(),
        SpanFilter::And(parts) => and(each(parts)),
        SpanFilter::Or(parts) => or(each(parts)),
        SpanFilter::Not(part) => match specialise(part, sidecar) {
            SpanFilter::All => SpanFilter::None,
            SpanFilter::None => SpanFilter::All,
            other => SpanFilter::Not(Box::new(other)),
        },
        SpanFilter::Test(Field::Attribute(place, keys), condition) => {
            if occurs(*place, keys, sidecar) {
                filter.clone()
            } else if matches!(condition, Condition::Absent) {
                SpanFilter::All
            } else {
                SpanFilter::None
            }
        }
        SpanFilter::Test(..) => filter.clone(),
    }
}

fn and(parts: Vec<SpanFilter>) -> SpanFilter {
    let mut left: Vec<SpanFilter> = parts
        .into_iter()
        .filter(|part| !matches!(part, SpanFilter::All))
        .collect();
    if left.iter().any(|part| matches!(part, SpanFilter::None)) {
        return SpanFilter::None;
    }
    match left.len() {
        0 => SpanFilter::All,
        1 => left.swap_remove(0),
        _ => SpanFilter::And(left),
    }
}

fn or(parts: Vec<SpanFilter>) -> SpanFilter {
    let mut left: Vec<SpanFilter> = parts
        .into_iter()
        .filter(|part| !matches!(part, SpanFilter::None))
        .collect();
    if left.iter().any(|part| matches!(part, SpanFilter::All)) {
        return SpanFilter::All;
    }
    match left.len() {
        0 => SpanFilter::None,
        1 => left.swap_remove(0),
        _ => SpanFilter::Or(left),
    }
}

fn occurs(place: Place, keys: &[Box<str>], sidecar: &Sidecar) -> bool {
    levels_with(place, keys, sidecar).next().is_some()
}

/// Levels at which any of the keys occurs.
fn levels_with<'a>(
    place: Place,
    keys: &'a [Box<str>],
    sidecar: &'a Sidecar,
) -> impl Iterator<Item = Level> + 'a {
    let levels = place.levels().iter().copied();
    levels.filter(|level| {
        keys.iter()
            .any(|key| sidecar.entries(*level, key).next().is_some())
    })
}

/// May a span with one of these services, names, kinds and failures match?
/// `representatives` has a span for each of them.
pub(super) fn may_match(
    filter: &SpanFilter,
    sidecar: &Sidecar,
    representatives: &SpanBatch,
) -> bool {
    let known = |field: &Field| match field {
        Field::Intrinsic(field) => {
            matches!(field, Intrinsic::Name | Intrinsic::Kind | Intrinsic::Failed)
        }
        Field::Attribute(place, keys) => only_service(*place, keys, sidecar),
    };
    !weaken(filter, &known, true)
        .matching(representatives)
        .is_empty()
}

/// Does the test look at nothing but the name of the service?
fn only_service(place: Place, keys: &[Box<str>], sidecar: &Sidecar) -> bool {
    let at_resource = |key: &str| sidecar.entries(Level::Resource, key).next().is_some();
    sidecar.services_exact
        && levels_with(place, keys, sidecar).eq([Level::Resource])
        && keys
            .iter()
            .all(|key| &**key == SERVICE_KEY || !at_resource(key))
}

/// Replaces tests that are not `known` by what is always true, below an odd
/// number of negations by what is always false: matches all that the filter
/// matches.
fn weaken(filter: &SpanFilter, known: &impl Fn(&Field) -> bool, positive: bool) -> SpanFilter {
    let each = |parts: &[SpanFilter]| -> Vec<SpanFilter> {
        parts
            .iter()
            .map(|part| weaken(part, known, positive))
            .collect()
    };
    match filter {
        SpanFilter::All | SpanFilter::None => filter.clone(),
        SpanFilter::And(parts) => SpanFilter::And(each(parts)),
        SpanFilter::Or(parts) => SpanFilter::Or(each(parts)),
        SpanFilter::Not(part) => SpanFilter::Not(Box::new(weaken(part, known, !positive))),
        SpanFilter::Test(field, _) if known(field) => filter.clone(),
        SpanFilter::Test(..) if positive => SpanFilter::All,
        SpanFilter::Test(..) => SpanFilter::None,
    }
}

/// The columns that a filter looks at, ascending.
pub(super) fn filter_columns(filter: &SpanFilter, sidecar: &Sidecar) -> BTreeSet<usize> {
    let mut columns = BTreeSet::new();
    filter.for_each_test(&mut |field, _| match field {
        Field::Intrinsic(field) => {
            columns.extend(intrinsic_columns(*field).iter().map(|c| c.column()))
        }
        Field::Attribute(place, keys) => {
            for level in place.levels() {
                keys.iter()
                    .for_each(|key| add_attribute(&mut columns, *level, key, sidecar));
            }
        }
    });
    columns
}

/// The columns that a visitor looks at, ascending.
pub(super) fn visitor_columns(wanted: &ScanColumns, sidecar: &Sidecar) -> BTreeSet<usize> {
    let mut fixed = vec![
        Fixed::TraceId,
        Fixed::SpanId,
        Fixed::ParentSpanId,
        Fixed::StartNs,
        Fixed::DurationNs,
    ];
    if wanted.names {
        fixed.extend([Fixed::Name, Fixed::Kind, Fixed::StatusCode]);
    }
    if wanted.failures {
        fixed.push(Fixed::Failed);
    }
    let mut columns: BTreeSet<usize> = fixed.into_iter().map(Fixed::column).collect();
    if wanted.services {
        add_attribute(&mut columns, Level::Resource, SERVICE_KEY, sidecar);
    }
    for (level, key) in &wanted.attributes {
        add_attribute(&mut columns, *level, key, sidecar);
    }
    columns
}

fn intrinsic_columns(field: Intrinsic) -> &'static [Fixed] {
    match field {
        Intrinsic::TraceId => &[Fixed::TraceId],
        Intrinsic::SpanId => &[Fixed::SpanId],
        Intrinsic::ParentSpanId => &[Fixed::ParentSpanId],
        Intrinsic::Name => &[Fixed::Name],
        Intrinsic::Kind => &[Fixed::Kind],
        Intrinsic::Status => &[Fixed::StatusCode],
        Intrinsic::StatusMessage => &[Fixed::StatusMessage],
        Intrinsic::Duration => &[Fixed::DurationNs],
        Intrinsic::Failed => &[Fixed::Failed],
        Intrinsic::EventName => &[Fixed::Events],
        Intrinsic::EventTimeSinceStart => &[Fixed::StartNs, Fixed::Events],
        Intrinsic::LinkTraceId | Intrinsic::LinkSpanId => &[Fixed::Links],
        Intrinsic::ScopeName | Intrinsic::ScopeVersion => &[Fixed::Scope],
        // Hold for no span as far as a span alone can tell.
        Intrinsic::ChildCount
        | Intrinsic::TraceDuration
        | Intrinsic::RootName
        | Intrinsic::RootService => &[],
    }
}

fn add_attribute(columns: &mut BTreeSet<usize>, level: Level, key: &str, sidecar: &Sidecar) {
    for entry in sidecar.entries(level, key) {
        columns.extend(entry.column);
        if entry.elsewhere == 0 {
            continue;
        }
        let fixed = match level {
            Level::Span => Fixed::Attributes,
            Level::Resource if key == SERVICE_KEY && sidecar.services_exact => Fixed::ServiceName,
            Level::Resource => Fixed::Resource,
            Level::Scope => Fixed::Scope,
            Level::Event => Fixed::Events,
            Level::Link => Fixed::Links,
        };
        columns.insert(fixed.column());
    }
}

//! What the index file alone says about a filter, and which columns the rest
//! of it needs.

use std::collections::BTreeSet;

use tracewell_model::filter::{Condition, Field, Intrinsic, Place};
use tracewell_model::store::ScanColumns;
use tracewell_model::{Level, SpanFilter};

use super::BlockError;
use super::catalogue::SERVICE_KEY;
use super::index::Index;
use super::operations::{LookBatch, Looks};
use super::schema::Fixed;

/// What is known of a test where it is about to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It must be made.
    Open,
    /// It holds for every span.
    Always,
    /// It holds for no span.
    Never,
}

/// The same filter with the fate of its tests decided as far as `fate` knows,
/// which is asked for every test in the order of [`SpanFilter::for_each_test`]:
/// [`SpanFilter::None`] when no span can match.
pub(super) fn specialise(
    filter: &SpanFilter,
    fate: &mut dyn FnMut(&Field, &Condition) -> Result<Fate, BlockError>,
) -> Result<SpanFilter, BlockError> {
    let mut each = |parts: &[SpanFilter]| -> Result<Vec<SpanFilter>, BlockError> {
        parts.iter().map(|part| specialise(part, fate)).collect()
    };
    Ok(match filter {
        SpanFilter::All | SpanFilter::None | SpanFilter::Compare(_) => filter.clone(),
        SpanFilter::And(parts) => and(each(parts)?),
        SpanFilter::Or(parts) => or(each(parts)?),
        SpanFilter::Not(part) => match specialise(part, fate)? {
            SpanFilter::All => SpanFilter::None,
            SpanFilter::None => SpanFilter::All,
            other => SpanFilter::Not(Box::new(other)),
        },
        SpanFilter::Test(field, condition) => match fate(field, condition)? {
            Fate::Open => filter.clone(),
            Fate::Always => SpanFilter::All,
            Fate::Never => SpanFilter::None,
        },
    })
}

/// What the keys of a block say: a key that occurs nowhere needs no column.
pub(super) fn by_keys(field: &Field, condition: &Condition, index: &Index) -> Fate {
    match field {
        Field::Attribute(place, keys) if !occurs(*place, keys, index) => match condition {
            // Whether there is an event or a link that lacks it is open.
            Condition::Absent if place.has_many() => Fate::Open,
            Condition::Absent => Fate::Always,
            _ => Fate::Never,
        },
        _ => Fate::Open,
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

fn occurs(place: Place, keys: &[Box<str>], index: &Index) -> bool {
    levels_with(place, keys, index).next().is_some()
}

/// Levels at which any of the keys occurs, or may.
fn levels_with<'a>(
    place: Place,
    keys: &'a [Box<str>],
    index: &'a Index,
) -> impl Iterator<Item = Level> + 'a {
    let levels = place.levels().iter().copied();
    levels.filter(|level| keys.iter().any(|key| may_occur(*level, key, index)))
}

fn may_occur(level: Level, key: &str, index: &Index) -> bool {
    let mut entries = index.entries(level, key);
    entries.any(|entry| entry.count > 0) || index.may_be_unlisted(level, key)
}

/// The row groups with spans that may match, as bits, as far as services,
/// names, kinds and failures can tell.
pub(super) fn possible_groups(filter: &SpanFilter, index: &Index, looks: &Looks) -> u64 {
    let of_service = |field: &Field| match field {
        Field::Intrinsic(field) => matches!(field, Intrinsic::Failed),
        Field::Attribute(place, keys) => only_service(*place, keys, index),
        Field::ParentAttribute(..) => false,
    };
    let of_operation = |field: &Field| {
        let is_named = matches!(field, Field::Intrinsic(Intrinsic::Name | Intrinsic::Kind));
        is_named || of_service(field)
    };
    let groups =
        |looks: &LookBatch, filter: SpanFilter| looks.groups_of(&filter.matching(&looks.batch));
    groups(&looks.named, weaken(filter, &of_operation, true))
        | groups(&looks.unnamed, weaken(filter, &of_service, true))
        | looks.unlisted
}

/// Does the test look at nothing but the name of the service?
fn only_service(place: Place, keys: &[Box<str>], index: &Index) -> bool {
    index.core.services_exact
        && levels_with(place, keys, index).eq([Level::Resource])
        && keys
            .iter()
            .all(|key| &**key == SERVICE_KEY || !may_occur(Level::Resource, key, index))
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
        SpanFilter::Test(..) | SpanFilter::Compare(_) if positive => SpanFilter::All,
        SpanFilter::Test(..) | SpanFilter::Compare(_) => SpanFilter::None,
    }
}

/// The columns that a filter looks at, ascending.
pub(super) fn filter_columns(filter: &SpanFilter, index: &Index) -> BTreeSet<usize> {
    let mut columns = BTreeSet::new();
    filter.for_each_field(&mut |field, condition| match field {
        // Holds for no span as far as a span alone can tell.
        Field::ParentAttribute(..) => {}
        Field::Intrinsic(field) => {
            columns.extend(intrinsic_columns(*field).iter().map(|c| c.column()))
        }
        Field::Attribute(place, keys) => {
            if matches!(condition, Some(Condition::Absent)) {
                match place {
                    Place::Event => _ = columns.insert(Fixed::Events.column()),
                    Place::Link => _ = columns.insert(Fixed::Links.column()),
                    _ => {}
                }
            }
            for level in place.levels() {
                keys.iter()
                    .for_each(|key| add_attribute(&mut columns, *level, key, index));
            }
        }
    });
    columns
}

/// What the outline of a span is made of.
const OUTLINE: [Fixed; 5] = [
    Fixed::TraceId,
    Fixed::SpanId,
    Fixed::ParentSpanId,
    Fixed::StartNs,
    Fixed::DurationNs,
];

/// The columns of spans that are told apart, ascending.
pub(super) fn outline_columns() -> Vec<usize> {
    OUTLINE.map(Fixed::column).into()
}

/// The columns that a visitor looks at of spans of which those that may be parted are
/// told apart.
pub(super) fn columns_apart(wanted: &ScanColumns, index: &Index) -> Vec<usize> {
    let mut columns = visitor_columns(wanted, index);
    if !wanted.ids {
        for id in [Fixed::TraceId, Fixed::SpanId, Fixed::ParentSpanId] {
            columns.remove(&id.column());
        }
    }
    if !wanted.durations {
        columns.remove(&Fixed::DurationNs.column());
    }
    if !wanted.failures {
        columns.remove(&Fixed::Failed.column());
    }
    columns.into_iter().collect()
}

/// Do sums of spans that are equal in service, name, kind, status and failure tell all
/// that the filter and the visitor look at? Those of durations are not for filters.
pub(super) fn sums_tell(filter: &SpanFilter, wanted: &ScanColumns, index: &Index) -> bool {
    let mut do_tell = true;
    filter.for_each_field(&mut |field, _| {
        do_tell &= match field {
            Field::Intrinsic(field) => matches!(
                field,
                Intrinsic::Name | Intrinsic::Kind | Intrinsic::Status | Intrinsic::Failed
            ),
            Field::Attribute(place, keys) => only_service(*place, keys, index),
            Field::ParentAttribute(..) => false,
        };
    });
    let is_of_service = |level: Level, key: &str| level == Level::Resource && key == SERVICE_KEY;
    let mut attributes = wanted.attributes.iter();
    do_tell
        && !(wanted.status_messages || wanted.scopes || wanted.events || wanted.links)
        && attributes
            .all(|(level, key)| is_of_service(*level, key) || !may_occur(*level, key, index))
}

/// The columns that a visitor looks at, ascending.
pub(super) fn visitor_columns(wanted: &ScanColumns, index: &Index) -> BTreeSet<usize> {
    // A batch that lacks columns must say which of its spans failed.
    let mut fixed = vec![Fixed::StartNs, Fixed::Failed];
    if !wanted.starts_only {
        fixed.extend(OUTLINE);
    }
    if wanted.names {
        fixed.extend([Fixed::Name, Fixed::Kind, Fixed::StatusCode]);
    }
    if wanted.status_messages {
        fixed.push(Fixed::StatusMessage);
    }
    if wanted.trace_states {
        fixed.push(Fixed::TraceState);
    }
    if wanted.scopes {
        fixed.push(Fixed::Scope);
    }
    if wanted.events {
        fixed.push(Fixed::Events);
    }
    if wanted.links {
        fixed.push(Fixed::Links);
    }
    let mut columns: BTreeSet<usize> = fixed.into_iter().map(Fixed::column).collect();
    if wanted.services {
        add_attribute(&mut columns, Level::Resource, SERVICE_KEY, index);
    }
    for (level, key) in &wanted.attributes {
        add_attribute(&mut columns, *level, key, index);
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
        | Intrinsic::RootService
        | Intrinsic::NestedSetLeft
        | Intrinsic::NestedSetRight
        | Intrinsic::NestedSetParent => &[],
    }
}

fn add_attribute(columns: &mut BTreeSet<usize>, level: Level, key: &str, index: &Index) {
    let entries = || index.entries(level, key);
    columns.extend(entries().filter_map(|entry| entry.column));
    let is_elsewhere = entries().any(|entry| entry.elsewhere > 0);
    if is_elsewhere || index.may_be_unlisted(level, key) {
        let fixed = match level {
            Level::Span => Fixed::Attributes,
            Level::Resource if key == SERVICE_KEY && index.core.services_exact => {
                Fixed::ServiceName
            }
            Level::Resource => Fixed::Resource,
            Level::Scope => Fixed::Scope,
            Level::Event => Fixed::Events,
            Level::Link => Fixed::Links,
        };
        columns.insert(fixed.column());
    }
}

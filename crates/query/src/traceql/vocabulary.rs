//! The words of the language, in both directions, and what people write
//! instead of them.
//!
//! One table serves the lexer, the printer and the suggestions, so that a new
//! intrinsic is one line here. **Nothing here decides what a word means in its
//! place; the parser does.**

use super::ast::{Aggregate, AttributeScope, Intrinsic, Mode, OverTime, Relation};

/// Every intrinsic with its spellings; the first is the canonical one.
const INTRINSICS: [(Intrinsic, &[&str]); 22] = [
    (Intrinsic::Duration, &["duration", "span:duration"]),
    (Intrinsic::Name, &["name", "span:name"]),
    (Intrinsic::Status, &["status", "span:status"]),
    (
        Intrinsic::StatusMessage,
        &["statusMessage", "span:statusMessage"],
    ),
    (Intrinsic::Kind, &["kind", "span:kind"]),
    (Intrinsic::Error, &["error", "span:error"]),
    (Intrinsic::SpanId, &["span:id"]),
    (Intrinsic::ParentId, &["span:parentID"]),
    (Intrinsic::ChildCount, &["span:childCount"]),
    (
        Intrinsic::TraceDuration,
        &["trace:duration", "traceDuration"],
    ),
    (Intrinsic::RootName, &["trace:rootName", "rootName"]),
    (
        Intrinsic::RootService,
        &["trace:rootService", "rootServiceName"],
    ),
    (Intrinsic::TraceId, &["trace:id"]),
    (Intrinsic::EventName, &["event:name"]),
    (Intrinsic::EventTimeSinceStart, &["event:timeSinceStart"]),
    (Intrinsic::LinkTraceId, &["link:traceID"]),
    (Intrinsic::LinkSpanId, &["link:spanID"]),
    (Intrinsic::InstrumentationName, &["instrumentation:name"]),
    (
        Intrinsic::InstrumentationVersion,
        &["instrumentation:version"],
    ),
    (Intrinsic::NestedSetLeft, &["nestedSetLeft"]),
    (Intrinsic::NestedSetRight, &["nestedSetRight"]),
    (Intrinsic::NestedSetParent, &["nestedSetParent"]),
];

/// Attribute scopes with the word before the dot.
const SCOPES: [(AttributeScope, &str); 5] = [
    (AttributeScope::Span, "span"),
    (AttributeScope::Resource, "resource"),
    (AttributeScope::Event, "event"),
    (AttributeScope::Link, "link"),
    (AttributeScope::Instrumentation, "instrumentation"),
];

/// Words of the language that are values.
const VALUE_WORDS: [&str; 14] = [
    "true",
    "false",
    "nil",
    "ok",
    "error",
    "unset",
    "unspecified",
    "internal",
    "server",
    "client",
    "producer",
    "consumer",
    "minInt",
    "maxInt",
];

/// What is made of the spans of a set, behind a `|`.
const AGGREGATES: [(Aggregate, &str); 5] = [
    (Aggregate::Count, "count"),
    (Aggregate::Min, "min"),
    (Aggregate::Max, "max"),
    (Aggregate::Avg, "avg"),
    (Aggregate::Sum, "sum"),
];

/// What is made of the values of a field over time.
const OVER_TIME: [(OverTime, &str); 5] = [
    (OverTime::Min, "min_over_time"),
    (OverTime::Max, "max_over_time"),
    (OverTime::Avg, "avg_over_time"),
    (OverTime::Sum, "sum_over_time"),
    (OverTime::Histogram, "histogram_over_time"),
];

/// Everything that can stand behind a `|`.
const STAGES: [&str; 20] = [
    "by",
    "coalesce",
    "select",
    "count",
    "min",
    "max",
    "avg",
    "sum",
    "rate",
    "count_over_time",
    "min_over_time",
    "max_over_time",
    "avg_over_time",
    "sum_over_time",
    "quantile_over_time",
    "histogram_over_time",
    "compare",
    "topk",
    "bottomk",
    "with",
];

/// The operators between spansets but `&&` and `||`, as they are written.
const RELATIONS: [(Relation, Mode, &str); 15] = [
    (Relation::Child, Mode::Plain, ">"),
    (Relation::Child, Mode::Not, "!>"),
    (Relation::Child, Mode::Union, "&>"),
    (Relation::Descendant, Mode::Plain, ">>"),
    (Relation::Descendant, Mode::Not, "!>>"),
    (Relation::Descendant, Mode::Union, "&>>"),
    (Relation::Parent, Mode::Plain, "<"),
    (Relation::Parent, Mode::Not, "!<"),
    (Relation::Parent, Mode::Union, "&<"),
    (Relation::Ancestor, Mode::Plain, "<<"),
    (Relation::Ancestor, Mode::Not, "!<<"),
    (Relation::Ancestor, Mode::Union, "&<<"),
    (Relation::Sibling, Mode::Plain, "~"),
    (Relation::Sibling, Mode::Not, "!~"),
    (Relation::Sibling, Mode::Union, "&~"),
];

/// What a word is often written as in other tools, or in a hurry.
const MISTAKEN: [(&str, &str); 18] = [
    ("service", "resource.service.name"),
    ("serviceName", "resource.service.name"),
    ("service_name", "resource.service.name"),
    ("svc", "resource.service.name"),
    ("rootService", "trace:rootService"),
    ("operation", "name"),
    ("operationName", "name"),
    ("spanName", "name"),
    ("traceId", "trace:id"),
    ("trace_id", "trace:id"),
    ("spanId", "span:id"),
    ("span_id", "span:id"),
    ("parentSpanId", "span:parentID"),
    ("parent_id", "span:parentID"),
    ("latency", "duration"),
    ("time", "duration"),
    ("failed", "error"),
    ("host", "resource.host.name"),
];

/// First words of keys that describe the process rather than the operation.
const RESOURCE_FIRST_WORDS: [&str; 9] = [
    "service",
    "host",
    "k8s",
    "container",
    "cloud",
    "process",
    "telemetry",
    "deployment",
    "os",
];

/// The intrinsic written as `text`, with or without its scope.
pub(super) fn intrinsic(text: &str) -> Option<Intrinsic> {
    INTRINSICS
        .iter()
        .find(|(_, names)| names.contains(&text))
        .map(|(found, _)| *found)
}

/// The canonical spelling.
pub(super) fn intrinsic_name(intrinsic: Intrinsic) -> &'static str {
    INTRINSICS
        .iter()
        .find(|(candidate, _)| *candidate == intrinsic)
        .map(|(_, names)| names[0])
        .expect("the table lists every intrinsic; a test walks through it")
}

/// All intrinsics, for tests and completion.
#[cfg(test)]
pub(super) fn intrinsics() -> impl Iterator<Item = Intrinsic> {
    INTRINSICS.iter().map(|(intrinsic, _)| *intrinsic)
}

/// The aggregate called `word`.
pub(super) fn aggregate(word: &str) -> Option<Aggregate> {
    AGGREGATES
        .iter()
        .find(|(_, name)| *name == word)
        .map(|(found, _)| *found)
}

/// What it is called.
pub(super) fn aggregate_name(aggregate: Aggregate) -> &'static str {
    let known = AGGREGATES.iter().find(|(known, _)| *known == aggregate);
    known.map_or("", |(_, name)| name)
}

/// The function over time called `word`.
pub(super) fn over_time(word: &str) -> Option<OverTime> {
    OVER_TIME
        .iter()
        .find(|(_, name)| *name == word)
        .map(|(found, _)| *found)
}

/// What it is called.
pub(super) fn over_time_name(function: OverTime) -> &'static str {
    let known = OVER_TIME.iter().find(|(known, _)| *known == function);
    known.map_or("", |(_, name)| name)
}

/// The relation written as `operator` between spansets.
pub(super) fn relation(operator: &str) -> Option<(Relation, Mode)> {
    let known = RELATIONS.iter().find(|(_, _, text)| *text == operator);
    known.map(|(relation, mode, _)| (*relation, *mode))
}

/// How it is written.
pub(super) fn relation_text(relation: Relation, mode: Mode) -> &'static str {
    match relation {
        Relation::And => return "&&",
        Relation::Or => return "||",
        _ => {}
    }
    let known = RELATIONS
        .iter()
        .find(|known| (known.0, known.1) == (relation, mode));
    known.map_or("", |(_, _, text)| text)
}

/// The stage that an unknown word behind a `|` was probably meant to be.
pub(super) fn nearest_stage(word: &str) -> Option<&'static str> {
    nearest(word, STAGES.into_iter())
}

/// The attribute scope written as `word` before a dot.
pub(super) fn scope(word: &str) -> Option<AttributeScope> {
    SCOPES
        .iter()
        .find(|(_, name)| *name == word)
        .map(|(scope, _)| *scope)
}

/// The word before the dot; empty for any scope.
pub(super) fn scope_name(scope: AttributeScope) -> &'static str {
    SCOPES
        .iter()
        .find(|(candidate, _)| *candidate == scope)
        .map_or("", |(_, name)| name)
}

/// The intrinsics that `scope` has behind a colon, scope included.
pub(super) fn scoped_names(scope: &str) -> Vec<&'static str> {
    INTRINSICS
        .iter()
        .flat_map(|(_, names)| names.iter().copied())
        .filter(|name| {
            name.split_once(':')
                .is_some_and(|(before, _)| before == scope)
        })
        .collect()
}

/// The intrinsic that an unknown word was probably meant to be.
pub(super) fn nearest_intrinsic(word: &str) -> Option<&'static str> {
    let names = || {
        INTRINSICS
            .iter()
            .flat_map(|(_, names)| names.iter().copied())
    };
    let without_scope = |name: &str| name.rsplit(':').next().map(str::len).unwrap_or_default();
    MISTAKEN
        .iter()
        .find(|(wrong, _)| wrong.eq_ignore_ascii_case(word))
        .map(|(_, right)| *right)
        .or_else(|| {
            names().find(|name| name[name.len() - without_scope(name)..].eq_ignore_ascii_case(word))
        })
        .or_else(|| nearest(word, names()))
}

/// The value that an unknown word was probably meant to be.
pub(super) fn nearest_value(word: &str) -> Option<&'static str> {
    nearest(word, VALUE_WORDS.into_iter())
}

/// The scope that an unknown word before a dot was probably meant to be.
pub(super) fn nearest_scope(word: &str) -> Option<&'static str> {
    if word.eq_ignore_ascii_case("scope") {
        return Some("instrumentation");
    }
    nearest(word, SCOPES.iter().map(|(_, name)| *name))
}

/// A key without a scope, with the scope it usually has.
pub(super) fn with_usual_scope(dotted: &str) -> String {
    let first = dotted.split('.').next().unwrap_or(dotted);
    let scope = if RESOURCE_FIRST_WORDS.contains(&first) {
        "resource"
    } else {
        "span"
    };
    format!("{scope}.{dotted}")
}

/// Units of durations that can be typed as a word.
const UNITS: [&str; 9] = ["ns", "us", "ms", "s", "m", "h", "d", "w", "y"];

/// What to write for a unit that is none.
pub(super) fn nearest_unit(unit: &str) -> Option<&'static str> {
    match unit.to_ascii_lowercase().as_str() {
        "nsec" | "nanos" | "nanoseconds" => Some("ns"),
        "usec" | "micros" | "microseconds" => Some("us"),
        "msec" | "msecs" | "millis" | "milliseconds" => Some("ms"),
        "sec" | "secs" | "second" | "seconds" => Some("s"),
        "min" | "mins" | "minute" | "minutes" => Some("m"),
        "hr" | "hrs" | "hour" | "hours" => Some("h"),
        "day" | "days" => Some("d"),
        "week" | "weeks" => Some("w"),
        "yr" | "year" | "years" => Some("y"),
        lower => UNITS
            .into_iter()
            .find(|unit| *unit == lower && *unit != "m"),
    }
}

/// Whether `word` is a duration's unit.
pub(super) fn is_unit(word: &str) -> bool {
    UNITS.contains(&word)
}

/// The candidate with the fewest edits, if so few that it is a likely slip.
fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    candidates
        .filter(|candidate| candidate.len().abs_diff(lower.len()) <= 2)
        .map(|candidate| (edits(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(count, candidate)| *count <= candidate.len() / 4)
        .min_by_key(|(count, _)| *count)
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions and replacements between two words (Levenshtein).
/// Callers bound the lengths.
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}

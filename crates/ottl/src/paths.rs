//! Paths: which field of a batch a name means.
//!
//! With the name of its context in front or without; **what a context cannot
//! see is a mistake that says where it can be seen.**

use crate::ast::{Node, Path};
use crate::context::Context;
use crate::mistake::did_you_mean;

/// A field that is read, and mostly written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    /// All attributes as a map, or one where keys follow.
    Attributes(Context),
    DroppedAttributes(Context),
    /// The scratch map of the context.
    Cache,
    SchemaUrl(Context),
    ScopeName,
    ScopeVersion,
    Name,
    Kind,
    KindText,
    KindConstant,
    TraceId,
    TraceIdText,
    SpanId,
    SpanIdText,
    ParentSpanId,
    ParentSpanIdText,
    /// Whole, or one entry where a key follows.
    TraceState,
    StatusCode,
    StatusMessage,
    StartTime,
    EndTime,
    StartNs,
    EndNs,
    Flags,
    DroppedEvents,
    DroppedLinks,
    Events,
    Links,
    /// Not a path: what `IsRootSpan()` reads.
    IsRoot,
    EventName,
    EventTime,
    EventTimeNs,
    EventIndex,
}

/// A path that is known: its field, and the keys behind it.
#[derive(Debug)]
pub(crate) struct Resolved<'n> {
    pub(crate) field: Field,
    /// Of whose table; of the statement's own for its cache.
    pub(crate) context: Context,
    pub(crate) keys: &'n [Node],
}

const OF_RESOURCE: &[(&str, Field)] = &[
    ("attributes", Field::Attributes(Context::Resource)),
    (
        "dropped_attributes_count",
        Field::DroppedAttributes(Context::Resource),
    ),
    ("schema_url", Field::SchemaUrl(Context::Resource)),
    ("cache", Field::Cache),
];

const OF_SCOPE: &[(&str, Field)] = &[
    ("attributes", Field::Attributes(Context::Scope)),
    (
        "dropped_attributes_count",
        Field::DroppedAttributes(Context::Scope),
    ),
    ("schema_url", Field::SchemaUrl(Context::Scope)),
    ("name", Field::ScopeName),
    ("version", Field::ScopeVersion),
    ("cache", Field::Cache),
];

const OF_SPAN: &[(&str, Field)] = &[
    ("attributes", Field::Attributes(Context::Span)),
    ("name", Field::Name),
    ("kind", Field::Kind),
    ("kind.string", Field::KindText),
    ("kind.deprecated_string", Field::KindConstant),
    ("trace_id", Field::TraceId),
    ("trace_id.string", Field::TraceIdText),
    ("span_id", Field::SpanId),
    ("span_id.string", Field::SpanIdText),
    ("parent_span_id", Field::ParentSpanId),
    ("parent_span_id.string", Field::ParentSpanIdText),
    ("trace_state", Field::TraceState),
    ("status.code", Field::StatusCode),
    ("status.message", Field::StatusMessage),
    ("start_time", Field::StartTime),
    ("end_time", Field::EndTime),
    ("start_time_unix_nano", Field::StartNs),
    ("end_time_unix_nano", Field::EndNs),
    ("flags", Field::Flags),
    (
        "dropped_attributes_count",
        Field::DroppedAttributes(Context::Span),
    ),
    ("dropped_events_count", Field::DroppedEvents),
    ("dropped_links_count", Field::DroppedLinks),
    ("events", Field::Events),
    ("links", Field::Links),
    ("cache", Field::Cache),
];

const OF_EVENT: &[(&str, Field)] = &[
    ("attributes", Field::Attributes(Context::SpanEvent)),
    ("name", Field::EventName),
    ("time", Field::EventTime),
    ("time_unix_nano", Field::EventTimeNs),
    (
        "dropped_attributes_count",
        Field::DroppedAttributes(Context::SpanEvent),
    ),
    ("event_index", Field::EventIndex),
    ("cache", Field::Cache),
];

fn fields(context: Context) -> &'static [(&'static str, Field)] {
    match context {
        Context::Resource => OF_RESOURCE,
        Context::Scope => OF_SCOPE,
        Context::Span => OF_SPAN,
        Context::SpanEvent => OF_EVENT,
    }
}

/// The context that a path names in front, if it does.
pub(crate) fn prefix(path: &Path) -> Option<Context> {
    let first = path.parts.first()?;
    Context::from_name(&first.name).filter(|_| path.parts.len() > 1 && first.keys.is_empty())
}

/// The field of a path.
pub(crate) fn resolve(path: &Path, context: Context) -> Result<Resolved<'_>, String> {
    let named = prefix(path);
    let of = named.unwrap_or(context);
    let parts = &path.parts[usize::from(named.is_some())..];
    if !context.sees(of) {
        return Err(match (context, of) {
            (Context::Scope, Context::Resource) => {
                "resource is not seen from the context scope, because resources share scopes here: use the context span".to_owned()
            }
            _ => format!(
                "`{path}` is not seen from the context {}: use the context {}",
                context.name(),
                of.name()
            ),
        });
    }
    let Some((last, before)) = parts.split_last() else {
        return Err(format!(
            "`{path}` is a whole {}, name a field of it",
            of.name()
        ));
    };
    let name: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
    let name = name.join(".");
    let known = fields(of).iter().find(|(known, _)| *known == name);
    let Some((_, field)) = known.filter(|_| before.iter().all(|part| part.keys.is_empty())) else {
        return Err(unknown(path, &name, of, context));
    };
    if *field == Field::Cache && of != context {
        let message = format!(
            "the cache of a {} is not that of a {}",
            of.name(),
            context.name()
        );
        return Err(message);
    }
    let takes_keys = matches!(
        field,
        Field::Attributes(_) | Field::Cache | Field::TraceState
    );
    if !takes_keys && !last.keys.is_empty() {
        return Err(format!("`{name}` has no keys"));
    }
    Ok(Resolved {
        field: *field,
        context: of,
        keys: &last.keys,
    })
}

fn unknown(path: &Path, name: &str, of: Context, context: Context) -> String {
    let known = fields(of).iter().map(|(known, _)| *known);
    let begins: Vec<&str> = known
        .clone()
        .filter(|known| {
            known
                .strip_prefix(name)
                .is_some_and(|rest| rest.starts_with('.'))
        })
        .collect();
    if !begins.is_empty() {
        return format!(
            "`{path}` is no field by itself, name one of {}",
            begins.join(", ")
        );
    }
    let elsewhere = Context::ALL.into_iter().find(|other| {
        *other != of
            && context.sees(*other)
            && fields(*other).iter().any(|(known, _)| *known == name)
    });
    let hint = did_you_mean(name, known);
    match elsewhere.filter(|_| hint.is_empty()) {
        Some(other) => format!(
            "a {} has no `{name}`, did you mean `{}.{name}`?",
            of.name(),
            other.name()
        ),
        None => format!("a {} has no `{name}`{hint}", of.name()),
    }
}

/// The number of an enum.
pub(crate) fn enum_value(name: &str) -> Result<i64, String> {
    const ENUMS: &[(&str, i64)] = &[
        ("SPAN_KIND_UNSPECIFIED", 0),
        ("SPAN_KIND_INTERNAL", 1),
        ("SPAN_KIND_SERVER", 2),
        ("SPAN_KIND_CLIENT", 3),
        ("SPAN_KIND_PRODUCER", 4),
        ("SPAN_KIND_CONSUMER", 5),
        ("STATUS_CODE_UNSET", 0),
        ("STATUS_CODE_OK", 1),
        ("STATUS_CODE_ERROR", 2),
    ];
    let known = ENUMS.iter().find(|(known, _)| *known == name);
    known.map(|(_, number)| *number).ok_or_else(|| {
        let hint = did_you_mean(name, ENUMS.iter().map(|(known, _)| *known));
        format!("`{name}` is no enum of spans{hint}")
    })
}

//! Which values a tag has: `/api/search/tag/{tag}/values` and the same below
//! `v2`, where values have types.
//!
//! A sample of the newest spans, the most frequent first (`query::values`).

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use axum::extract::{Path, State};
use axum::response::Response;
use http::HeaderMap;
use tracewell_model::store::Listed;
use tracewell_model::values::Value;
use tracewell_model::{
    AnyValue, Level, SpanFilter, SpanKind, StatusCode, StoreError, TimeRange, TraceStore,
};
use tracewell_query::traceql::{
    self, AttributeScope, Field, Intrinsic, Pipeline, Query, Root, Stage,
};
use tracewell_query::values::{
    IntrinsicValues, ValuesOf, attribute_values, intrinsic_values, intrinsic_values_among,
};

use super::answer::Form;
use super::messages::{
    MetadataMetrics, SearchTagValuesRequest, SearchTagValuesResponse, SearchTagValuesV2Response,
    TagValue,
};
use super::range;
use super::refusal::Refusal;
use super::tags::{MAX_LIST_BYTES, among, limit};
use crate::QueryState;
use crate::blocking::run_query;
use crate::go_params::Params;

/// Values in one answer where nobody says how many.
const MAX_VALUES: usize = 10_000;

/// As a bare text, also of a tag without a scope.
pub(super) async fn texts(
    State(state): State<Arc<QueryState>>,
    Path(rest): Path<String>,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let form = Form::accepted(&headers);
    let asked = Asked::of(any_tag(name(&rest)?), &params, &state)?;
    let store = Arc::clone(&state.store);
    let found = run_query(&state, move |cancelled| asked.texts(&*store, cancelled));
    let (answer, lacking) = found.await?;
    Ok(form.answer(form.encode(&answer), lacking.as_deref()))
}

pub(super) async fn typed(
    State(state): State<Arc<QueryState>>,
    Path(rest): Path<String>,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let form = Form::accepted(&headers);
    let asked = Asked::of(tag(name(&rest)?)?, &params, &state)?;
    let store = Arc::clone(&state.store);
    let found = run_query(&state, move |cancelled| asked.typed(&*store, cancelled));
    let (answer, lacking) = found.await?;
    Ok(form.answer(form.encode(&answer), lacking.as_deref()))
}

/// The tag in the rest of a path, which may have slashes of its own.
fn name(rest: &str) -> Result<&str, Refusal> {
    rest.strip_suffix("/values").ok_or_else(|| {
        Refusal::not_found("here are the values of a tag alone: /api/v2/search/tag/NAME/values")
    })
}

/// What TraceQL calls so.
fn tag(name: &str) -> Result<Field, Refusal> {
    let refused = || {
        Refusal::bad_request(format!(
            "please provide a valid tagName: {name:?} is none; write for example \
             resource.service.name, span.http.route, .key or name"
        ))
    };
    let query = traceql::parse(&format!("{{ }} | select({name})")).map_err(|_| refused())?;
    let Query {
        root: Root::Search(Pipeline { stages }),
        ..
    } = query
    else {
        return Err(refused());
    };
    match &stages[..] {
        [_, Stage::Select(fields)] if fields.len() == 1 => Ok(fields[0].clone()),
        _ => Err(refused()),
    }
}

/// The same, or an attribute of any scope.
fn any_tag(name: &str) -> Field {
    tag(name).unwrap_or_else(|_| match name {
        "root.name" => Field::Intrinsic(Intrinsic::RootName),
        "root.service.name" => Field::Intrinsic(Intrinsic::RootService),
        "status.code" => Field::Intrinsic(Intrinsic::Status),
        _ => Field::Attribute {
            scope: AttributeScope::Any,
            key: name.to_owned(),
        },
    })
}

/// Whose values are asked for.
pub(super) struct Asked {
    field: Field,
    among: SpanFilter,
    range: TimeRange,
    limit: usize,
}

impl Asked {
    fn of(field: Field, params: &Params, state: &QueryState) -> Result<Self, Refusal> {
        Ok(Self {
            field,
            among: among(params.get("q")),
            range: range::range(params, state.clock.now_ns())?,
            limit: limit(params)?.min(MAX_VALUES),
        })
    }

    /// `is_typed`: names must have a scope.
    pub(super) fn of_message(
        request: &SearchTagValuesRequest,
        is_typed: bool,
    ) -> Result<Self, Refusal> {
        let name = &*request.tag_name;
        Ok(Self {
            field: if is_typed { tag(name)? } else { any_tag(name) },
            among: among(&request.query),
            range: range::of_seconds(request.start, request.end)?,
            limit: match request.max_tag_values as usize {
                0 => MAX_VALUES,
                limit => limit.min(MAX_VALUES),
            },
        })
    }

    pub(super) fn texts(
        &self,
        store: &dyn TraceStore,
        cancelled: &AtomicBool,
    ) -> Result<(SearchTagValuesResponse, Option<String>), StoreError> {
        let (found, lacking) = self.typed(store, cancelled)?;
        let texts: BTreeSet<String> = found.tag_values.into_iter().map(|of| of.value).collect();
        let answer = SearchTagValuesResponse {
            tag_values: texts.into_iter().collect(),
            metrics: found.metrics,
        };
        Ok((answer, lacking))
    }

    pub(super) fn typed(
        &self,
        store: &dyn TraceStore,
        cancelled: &AtomicBool,
    ) -> Result<(SearchTagValuesV2Response, Option<String>), StoreError> {
        let mut found = match &self.field {
            Field::Intrinsic(intrinsic) => self.of_intrinsic(store, *intrinsic, cancelled)?,
            Field::Attribute { scope, key } | Field::ParentAttribute { scope, key } => {
                self.of_attribute(store, *scope, key, cancelled)?
            }
        };
        let mut seen = HashSet::new();
        found
            .entries
            .retain(|value| seen.insert((value.value_type.clone(), value.value.clone())));
        let mut bytes = 0;
        let fits = |value: &&TagValue| {
            bytes += value.value.len();
            bytes <= MAX_LIST_BYTES
        };
        let fitting = found
            .entries
            .iter()
            .take(self.limit)
            .take_while(fits)
            .count();
        found.has_more |= fitting < found.entries.len();
        found.entries.truncate(fitting);
        let lacking = found.lacking();
        let answer = SearchTagValuesV2Response {
            metrics: Some(MetadataMetrics::from(&found.report)),
            tag_values: found.entries,
        };
        Ok((answer, lacking))
    }

    fn of_intrinsic(
        &self,
        store: &dyn TraceStore,
        intrinsic: Intrinsic,
        cancelled: &AtomicBool,
    ) -> Result<Listed<TagValue>, StoreError> {
        let keywords =
            |names: &[&str]| Listed::whole(names.iter().map(|name| keyword(name)).collect());
        match intrinsic {
            Intrinsic::Status => Ok(keywords(&STATUSES.map(StatusCode::name))),
            Intrinsic::Kind => Ok(keywords(&KINDS.map(SpanKind::name))),
            Intrinsic::Name if self.among == SpanFilter::All => {
                let names = IntrinsicValues::Name;
                let everywhere = (None, "");
                let (range, limit) = (self.range, self.limit);
                let found = intrinsic_values(store, names, everywhere, range, limit, cancelled)?;
                Ok(found.map(|names| names.into_iter().map(|(name, _)| text(name)).collect()))
            }
            Intrinsic::Name
            | Intrinsic::StatusMessage
            | Intrinsic::RootName
            | Intrinsic::RootService
            | Intrinsic::EventName
            | Intrinsic::InstrumentationName
            | Intrinsic::InstrumentationVersion => {
                let wanted = (self.range, self.limit);
                let found =
                    intrinsic_values_among(store, intrinsic, &self.among, wanted, cancelled)?;
                Ok(found.map(|values| values.into_iter().filter_map(text_of).collect()))
            }
            // Nobody picks a duration or an id from a list.
            _ => Ok(Listed::whole(Vec::new())),
        }
    }

    fn of_attribute(
        &self,
        store: &dyn TraceStore,
        scope: AttributeScope,
        key: &str,
        cancelled: &AtomicBool,
    ) -> Result<Listed<TagValue>, StoreError> {
        let is_service = scope == AttributeScope::Resource && key == "service.name";
        if is_service && self.among == SpanFilter::All {
            let services = store.services(self.range)?;
            return Ok(services.map(|services| {
                let names = services.into_iter().map(|service| service.name);
                names.filter(|name| !name.is_empty()).map(text).collect()
            }));
        }
        let mut all = Listed::whole(Vec::new());
        for level in levels(scope) {
            let of = ValuesOf {
                level: *level,
                key,
                prefix: "",
                among: &self.among,
                range: self.range,
                limit: self.limit,
            };
            let found = attribute_values(store, &of, cancelled)?;
            all.report.lacks_also(&found.report);
            all.has_more |= found.has_more;
            let values = found.entries.into_iter();
            all.entries
                .extend(values.filter_map(|counted| scalar(counted.value)));
        }
        Ok(all)
    }
}

const STATUSES: [StatusCode; 3] = [StatusCode::Ok, StatusCode::Error, StatusCode::Unset];

const KINDS: [SpanKind; 6] = [
    SpanKind::Client,
    SpanKind::Server,
    SpanKind::Producer,
    SpanKind::Consumer,
    SpanKind::Internal,
    SpanKind::Unspecified,
];

fn levels(scope: AttributeScope) -> &'static [Level] {
    match scope {
        AttributeScope::Any => &[
            Level::Span,
            Level::Resource,
            Level::Event,
            Level::Link,
            Level::Scope,
        ],
        AttributeScope::Span => &[Level::Span],
        AttributeScope::Resource => &[Level::Resource],
        AttributeScope::Event => &[Level::Event],
        AttributeScope::Link => &[Level::Link],
        AttributeScope::Instrumentation => &[Level::Scope],
    }
}

fn value(value_type: &str, value: String) -> TagValue {
    TagValue {
        value_type: value_type.to_owned(),
        value,
    }
}

/// Words of the language are written without quotes in a query.
fn keyword(name: &str) -> TagValue {
    value("keyword", name.to_owned())
}

fn text(text: String) -> TagValue {
    value("string", text)
}

fn text_of(of: Value<'static>) -> Option<TagValue> {
    match of {
        Value::Str(name) if !name.is_empty() => Some(text(name.into_owned())),
        _ => None,
    }
}

fn scalar(of: AnyValue) -> Option<TagValue> {
    Some(match of {
        AnyValue::String(name) => text(name),
        AnyValue::Int(number) => value("int", number.to_string()),
        AnyValue::Double(number) => value("float", number.to_string()),
        AnyValue::Bool(is_true) => value("bool", is_true.to_string()),
        _ => return None,
    })
}

//! What there is to ask for: services, span names, remote services, and the
//! keys and values of tags. Names are in lower case, sorted, each once.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use tracewell_model::store::{Listed, OperationQuery};
use tracewell_model::{AnyValue, Level, SpanFilter, StoreError, TimeRange, TraceStore, semconv};
use tracewell_query::tags;
use tracewell_query::traceql::Expr;
use tracewell_query::values::{self as counted, ValuesOf, attribute_values};

use super::answer::list;
use crate::QueryState;
use crate::blocking::run_query;
use crate::error::ApiError;
use crate::params::Params;

/// Names in one answer.
const MAX_NAMES: usize = 10_000;

/// Values in one answer.
const MAX_VALUES: usize = 1_000;

const SERVICE_HINT: &str = "name one that api/v2/services lists";

pub(super) async fn services(State(state): State<Arc<QueryState>>) -> Result<Response, ApiError> {
    let store = Arc::clone(&state.store);
    let found = run_query(&state, move |_| store.services(TimeRange::ALL)).await?;
    let lacking = found.lacking();
    let names = found.entries.iter().map(|service| &*service.name);
    Ok(list(&lower_case(names), lacking))
}

pub(super) async fn spans(
    State(state): State<Arc<QueryState>>,
    params: Params,
) -> Result<Response, ApiError> {
    let service = params.required("serviceName", SERVICE_HINT)?.to_owned();
    let store = Arc::clone(&state.store);
    let found = run_query(&state, move |_| {
        of_each_service(&*store, &service, |service| {
            store.operations(&OperationQuery {
                service: Some(service),
                limit: MAX_NAMES,
                ..OperationQuery::all(TimeRange::ALL)
            })
        })
    });
    let found = found.await?;
    let names = found.entries.iter().map(|operation| &*operation.name);
    Ok(list(&lower_case(names), found.lacking()))
}

pub(super) async fn remote_services(
    State(state): State<Arc<QueryState>>,
    params: Params,
) -> Result<Response, ApiError> {
    let service = params.required("serviceName", SERVICE_HINT)?.to_owned();
    let store = Arc::clone(&state.store);
    let found = run_query(&state, move |cancelled| {
        of_each_service(&*store, &service, |service| {
            let mut all = Listed::whole(Vec::new());
            for key in semconv::aliases("peer.service") {
                let of = ValuesOf {
                    level: Level::Span,
                    key,
                    prefix: "",
                    among: &counted::of_service(Some(service)),
                    range: TimeRange::ALL,
                    limit: MAX_NAMES,
                };
                add(&mut all, attribute_values(&*store, &of, cancelled)?);
            }
            Ok(all)
        })
    });
    let found = found.await?;
    let names = found.entries.iter().filter_map(|value| match &value.value {
        AnyValue::String(name) => Some(&**name),
        _ => None,
    });
    Ok(list(&lower_case(names), found.lacking()))
}

/// What Zipkin's UI takes for a condition of its own: as the key of a tag it
/// would never be asked for.
const TAKEN_BY_THE_UI: [&str; 12] = [
    "annotationQuery",
    "endTs",
    "limit",
    "lookback",
    "maxDuration",
    "millis",
    "minDuration",
    "remoteServiceName",
    "serviceName",
    "spanName",
    "startTs",
    "tagQuery",
];

/// Keys whose values are free text: nobody picks one from a list, and the UI
/// cuts what it was given for them at its first `=`. They are asked for by
/// `key=value` all the same.
const FREE_TEXT: [&str; 12] = [
    "db.query.text",
    "db.statement",
    "error",
    "exception.message",
    "exception.stacktrace",
    "http.target",
    "http.url",
    "http.user_agent",
    "url.full",
    "url.path",
    "url.query",
    "user_agent.original",
];

fn is_offered(key: &str) -> bool {
    !TAKEN_BY_THE_UI.contains(&key) && !FREE_TEXT.contains(&key)
}

/// Keys of tags that spans and their resources have.
pub(super) async fn keys(State(state): State<Arc<QueryState>>) -> Result<Response, ApiError> {
    let store = Arc::clone(&state.store);
    let found = run_query(&state, move |_| store.attribute_keys(TimeRange::ALL)).await?;
    let lacking = found.lacking();
    let of_spans = |level| matches!(level, Level::Span | Level::Resource);
    let keys = found.entries.iter().filter(|key| of_spans(key.level));
    let keys = keys.map(|key| &*key.key).filter(|key| is_offered(key));
    let keys: BTreeSet<&str> = keys.collect();
    Ok(list(&keys, lacking))
}

/// The most frequent values of a tag, sorted.
pub(super) async fn values(
    State(state): State<Arc<QueryState>>,
    params: Params,
) -> Result<Response, ApiError> {
    let key = params.required("key", "name one that api/v2/autocompleteKeys lists")?;
    let (key, store) = (key.to_owned(), Arc::clone(&state.store));
    let found = run_query(&state, move |cancelled| {
        let mut all = Listed::whole(Vec::new());
        for level in [Level::Span, Level::Resource] {
            let of = ValuesOf {
                level,
                key: &key,
                prefix: "",
                among: &SpanFilter::All,
                range: TimeRange::ALL,
                limit: MAX_VALUES,
            };
            add(&mut all, attribute_values(&*store, &of, cancelled)?);
        }
        Ok(all)
    });
    let found = found.await?;
    let texts = found.entries.iter().filter_map(|value| match &value.value {
        AnyValue::String(text) => Some(text.clone()),
        AnyValue::Bool(value) => Some(value.to_string()),
        AnyValue::Int(value) => Some(value.to_string()),
        AnyValue::Double(value) => Some(value.to_string()),
        _ => None,
    });
    let texts: BTreeSet<String> = texts.filter(|text| !text.is_empty()).collect();
    Ok(list(&texts, found.lacking()))
}

/// The condition that a span is of a service of this name.
pub(super) fn of_service(store: &dyn TraceStore, name: &str) -> Result<Expr, StoreError> {
    let named = services_named(store, name)?;
    let each = named.entries.iter().map(|service| tags::service(service));
    Ok(match named.entries.len() {
        0 => Expr::False,
        _ => Expr::Or(each.collect()),
    })
}

/// The services with this name in whatever case.
fn services_named(store: &dyn TraceStore, name: &str) -> Result<Listed<String>, StoreError> {
    let wanted = name.to_lowercase();
    let services = store.services(TimeRange::ALL)?;
    Ok(services.map(|services| {
        let names = services.into_iter().map(|service| service.name);
        names.filter(|name| name.to_lowercase() == wanted).collect()
    }))
}

/// What `of` lists of each service with this name.
fn of_each_service<T>(
    store: &dyn TraceStore,
    name: &str,
    of: impl Fn(&str) -> Result<Listed<T>, StoreError>,
) -> Result<Listed<T>, StoreError> {
    let named = services_named(store, name)?;
    let mut all = Listed::whole(Vec::new());
    all.report.lacks_also(&named.report);
    for service in &named.entries {
        add(&mut all, of(service)?);
    }
    Ok(all)
}

fn add<T>(all: &mut Listed<T>, more: Listed<T>) {
    all.entries.extend(more.entries);
    all.report.lacks_also(&more.report);
    all.has_more |= more.has_more;
}

fn lower_case<'a>(names: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let names = names.filter(|name| !name.is_empty());
    names.map(str::to_lowercase).collect()
}

//! What the query bar offers: services, operations, keys, values, and whether
//! a query is one.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use serde::Serialize;
use tracewell_model::batch::columns::ValueType;
use tracewell_model::store::OperationQuery;
use tracewell_model::{AnyValue, Level};
use tracewell_query::keys::keys_among;
use tracewell_query::values::{
    IntrinsicValues, ValueCount, ValuesOf, attribute_values, intrinsic_values, of_service,
};
use tracewell_query::{
    lower,
    traceql::{self, Root},
};

use super::UiState;
use crate::blocking::run_query;
use crate::error::{ApiError, to_json};
use crate::params::Params;

const DEFAULT_KEYS: usize = 50;
const DEFAULT_VALUES: usize = 20;
const MAX_COMPLETIONS: usize = 1_000;

fn json(answer: &impl Serialize) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json")];
    (headers, to_json(answer)).into_response()
}

#[derive(Serialize)]
struct Services {
    services: Vec<Service>,
    /// Why there may be more.
    #[serde(skip_serializing_if = "Option::is_none")]
    partial: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Service {
    name: String,
    span_count: u64,
    error_count: u64,
}

/// `GET /services`. Spans without a service are left out: no query finds them
/// by an empty name.
pub(super) async fn services(
    State(state): State<UiState>,
    params: Params,
) -> Result<Response, ApiError> {
    let range = params.range(state.query.clock.now_ns())?;
    let store = Arc::clone(&state.query.store);
    let found = run_query(&state.query, move |_| store.services(range)).await?;
    let partial = found.lacking();
    let named = found.entries.into_iter().filter(|s| !s.name.is_empty());
    let services = named.map(|service| Service {
        name: service.name,
        span_count: service.spans,
        error_count: service.failed,
    });
    Ok(json(&Services {
        services: services.collect(),
        partial,
    }))
}

#[derive(Serialize)]
struct Operations {
    operations: Vec<Operation>,
    /// Why there may be more.
    #[serde(skip_serializing_if = "Option::is_none")]
    partial: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Operation {
    name: String,
    kind: &'static str,
    span_count: u64,
}

/// `GET /operations`: those that begin with the prefix, sorted.
pub(super) async fn operations(
    State(state): State<UiState>,
    params: Params,
) -> Result<Response, ApiError> {
    let service = params
        .required("service", "name one that api/ui/services lists")?
        .to_owned();
    let prefix = params.text("prefix").unwrap_or("").to_owned();
    let limit = params.limit(MAX_COMPLETIONS, MAX_COMPLETIONS)?;
    let range = params.range(state.query.clock.now_ns())?;
    let store = Arc::clone(&state.query.store);
    let found = run_query(&state.query, move |_| {
        store.operations(&OperationQuery {
            service: Some(&service),
            prefix: &prefix,
            limit,
            ..OperationQuery::all(range)
        })
    });
    let found = found.await?;
    let partial = found.lacking();
    let operations = found.entries.into_iter().map(|operation| Operation {
        name: operation.name,
        kind: operation.kind.name(),
        span_count: operation.spans,
    });
    Ok(json(&Operations {
        operations: operations.collect(),
        partial,
    }))
}

#[derive(Serialize)]
struct Keys {
    keys: Vec<Key>,
    /// Why there may be more.
    #[serde(skip_serializing_if = "Option::is_none")]
    partial: Option<String>,
}

#[derive(Serialize)]
struct Key {
    scope: &'static str,
    key: String,
    #[serde(rename = "type")]
    value_type: &'static str,
}

/// `GET /keys`: keys that begin with the prefix, then those that contain it.
pub(super) async fn keys(
    State(state): State<UiState>,
    params: Params,
) -> Result<Response, ApiError> {
    let prefix = params.text("prefix").unwrap_or("").to_lowercase();
    let limit = params.limit(DEFAULT_KEYS, MAX_COMPLETIONS)?;
    let range = params.range_or_all(state.query.clock.now_ns())?;
    let store = Arc::clone(&state.query.store);
    let service = params.text("service").map(str::to_owned);
    let found = run_query(&state.query, move |cancelled| match service {
        Some(service) => keys_among(&*store, &of_service(Some(&service)), range, cancelled),
        None => store.attribute_keys(range),
    });
    let found = found.await?;
    let partial = found.lacking();
    let mut keys = found.entries;
    keys.retain(|key| key.key.to_lowercase().contains(&prefix));
    keys.sort_by_cached_key(|key| {
        let is_inside = !key.key.to_lowercase().starts_with(&prefix);
        (is_inside, key.key.clone(), key.level, key.value_type)
    });
    let keys = keys.into_iter().take(limit).map(|key| Key {
        scope: key.level.name(),
        key: key.key,
        value_type: match key.value_type {
            ValueType::Str => "string",
            ValueType::Int => "int",
            ValueType::Double => "double",
            ValueType::Bool => "bool",
            ValueType::Bytes => "bytes",
            ValueType::Other => "other",
        },
    });
    Ok(json(&Keys {
        keys: keys.collect(),
        partial,
    }))
}

#[derive(Serialize)]
struct Values {
    values: Vec<Value>,
    /// Why there may be more.
    #[serde(skip_serializing_if = "Option::is_none")]
    partial: Option<String>,
}

#[derive(Serialize)]
struct Value {
    #[serde(rename = "type")]
    value_type: &'static str,
    value: String,
    count: u64,
}

/// `GET /values`
pub(super) async fn values(
    State(state): State<UiState>,
    params: Params,
) -> Result<Response, ApiError> {
    let key = params.required("key", "name an attribute that api/ui/keys lists")?;
    let scope = params.text("scope").unwrap_or("span");
    let prefix = params.text("prefix").unwrap_or("").to_owned();
    let service = params.text("service").map(str::to_owned);
    let limit = params.limit(DEFAULT_VALUES, MAX_COMPLETIONS)?;
    let range = params.range_or_all(state.query.clock.now_ns())?;
    let store = Arc::clone(&state.query.store);
    if scope == "intrinsic" {
        let (field, value_type) = intrinsic(key)?;
        let found = run_query(&state.query, move |cancelled| {
            let among = (service.as_deref(), prefix.as_str());
            intrinsic_values(&*store, field, among, range, limit, cancelled)
        });
        let found = found.await?;
        let partial = found.lacking();
        let values = found.entries.into_iter().map(|(value, count)| Value {
            value_type,
            value,
            count,
        });
        return Ok(json(&Values {
            values: values.collect(),
            partial,
        }));
    }
    let level = Level::ALL.into_iter().find(|level| level.name() == scope);
    let level = level.ok_or_else(|| {
        ApiError::bad_request(
            format!("scope: {scope:?} is not known"),
            "write span, resource, event, link, scope or intrinsic",
        )
    })?;
    let key = key.to_owned();
    let found = run_query(&state.query, move |cancelled| {
        let of = ValuesOf {
            level,
            key: &key,
            prefix: &prefix,
            among: &of_service(service.as_deref()),
            range,
            limit,
        };
        attribute_values(&*store, &of, cancelled)
    });
    let found = found.await?;
    let partial = found.lacking();
    Ok(json(&Values {
        values: found.entries.into_iter().filter_map(value).collect(),
        partial,
    }))
}

/// Keywords are written without quotes in a query, texts with.
fn intrinsic(key: &str) -> Result<(IntrinsicValues, &'static str), ApiError> {
    Ok(match key {
        "name" => (IntrinsicValues::Name, "string"),
        "service.name" => (IntrinsicValues::Service, "string"),
        "kind" => (IntrinsicValues::Kind, "keyword"),
        "status" => (IntrinsicValues::Status, "keyword"),
        _ => {
            return Err(ApiError::bad_request(
                format!("key: {key:?} is no intrinsic with a list of values"),
                "write name, service.name, kind or status",
            ));
        }
    })
}

fn value(counted: ValueCount) -> Option<Value> {
    let (value_type, value) = match counted.value {
        AnyValue::String(text) => ("string", text),
        AnyValue::Int(value) => ("int", value.to_string()),
        // Shortest, and with an exponent where that is shorter.
        AnyValue::Double(value) if value.is_finite() => ("double", format!("{value:?}")),
        AnyValue::Bool(value) => ("bool", value.to_string()),
        _ => return None,
    };
    Some(Value {
        value_type,
        value,
        count: counted.count,
    })
}

#[derive(Serialize)]
struct Check {
    ok: bool,
    /// What a query that can be read does.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(flatten)]
    problem: Option<Problem>,
}

#[derive(Serialize)]
struct Problem {
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    span: [usize; 2],
}

/// `GET /query/check`: the query language's word on a text, never an error.
pub(super) async fn check(params: Params) -> Response {
    let mut kind = None;
    let checked = traceql::parse(params.text("q").unwrap_or("{}"));
    let checked = checked.and_then(|query| match &query.root {
        Root::Search(_) => {
            kind = Some("search");
            lower::search(&query).map(drop)
        }
        Root::Metrics(_) => {
            kind = Some("metrics");
            lower::metrics(&query).map(drop)
        }
    });
    let problem = checked.err().map(|error| Problem {
        message: error.message,
        hint: error.hint,
        span: [error.span.start, error.span.end],
    });
    json(&Check {
        ok: problem.is_none(),
        kind,
        problem,
    })
}

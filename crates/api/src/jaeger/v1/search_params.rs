//! Parameters of `/api/traces`, checked in Jaeger's order and refused in its
//! words.

use std::collections::BTreeMap;

use tracewell_collector::written::go_duration;
use tracewell_model::{TimeRange, TraceId};

use crate::jaeger::finding::{Conditions, DEFAULT_LIMIT, TraceQuery};
use crate::jaeger::params::{self, Params};
use crate::jaeger::values;

/// How far back a search looks when nobody says.
const DEFAULT_LOOKBACK_NS: u64 = 48 * 3_600 * 1_000_000_000;

/// What `/api/traces` was asked for.
#[derive(Debug, PartialEq)]
pub(super) enum SearchRequest {
    /// These traces.
    Ids(Vec<TraceId>),
    /// Whatever matches.
    Query(TraceQuery),
}

/// Reads the parameters; `now_ns` is where a range ends by default.
pub(super) fn parse(params: &Params, now_ns: u64) -> Result<SearchRequest, String> {
    let start_us = micros(params, "start")?;
    let end_us = micros(params, "end")?;
    let tags = tags(params)?;
    let limit = match params.get("limit") {
        "" => DEFAULT_LIMIT as i64,
        text => values::integer(text, 32).map_err(|cause| unparsable("limit", &cause))?,
    };
    let min_duration_ns = duration(params, "minDuration")?;
    let max_duration_ns = duration(params, "maxDuration")?;
    let ids: Result<Vec<TraceId>, String> = params.all("traceID").map(params::trace_id).collect();
    let ids = ids.map_err(|cause| format!("cannot parse traceID param: {cause}"))?;
    raw(params)?;
    let service = params.get("service");
    if ids.is_empty() && service.is_empty() {
        return Err("parameter 'service' is required".to_owned());
    }
    let limit = usize::try_from(limit).ok().filter(|limit| *limit > 0);
    let limit = limit.ok_or("invalid parameter: limit must be greater than 0")?;
    let start_ns = start_us.map_or(now_ns.saturating_sub(DEFAULT_LOOKBACK_NS), micros_to_ns);
    // Times of clients are cut to microseconds: the last one belongs whole.
    let end_ns = end_us.map_or(now_ns, |us| micros_to_ns(us).saturating_add(1_000));
    if start_us.map_or(start_ns, micros_to_ns) > end_us.map_or(now_ns, micros_to_ns) {
        return Err("invalid parameter: start time must be before end time".to_owned());
    }
    if min_duration_ns != 0 && max_duration_ns != 0 && max_duration_ns < min_duration_ns {
        return Err("'maxDuration' should be greater than 'minDuration'".to_owned());
    }
    if !ids.is_empty() {
        return Ok(SearchRequest::Ids(ids));
    }
    Ok(SearchRequest::Query(TraceQuery {
        conditions: Conditions {
            service: service.to_owned(),
            operation: params.get("operation").to_owned(),
            tags,
            min_duration_ns,
            max_duration_ns,
        },
        range: TimeRange { start_ns, end_ns },
        limit,
    }))
}

/// Jaeger's sentence for a parameter that cannot be read.
pub(super) fn unparsable(name: &str, cause: &str) -> String {
    format!("unable to parse param '{name}': {cause}")
}

/// Microseconds since the epoch; `None` when the parameter is not there.
pub(super) fn micros(params: &Params, name: &str) -> Result<Option<i64>, String> {
    match params.get(name) {
        "" => Ok(None),
        text => match values::integer(text, 64) {
            Ok(us) => Ok(Some(us)),
            Err(cause) => Err(unparsable(name, &cause)),
        },
    }
}

/// `raw` asks for traces without Jaeger's adjustments, and there are none
/// here; it must still be a truth value.
pub(super) fn raw(params: &Params) -> Result<(), String> {
    match params.get("raw") {
        "" => Ok(()),
        text => values::boolean(text)
            .map(drop)
            .map_err(|cause| unparsable("raw", &cause)),
    }
}

fn micros_to_ns(us: i64) -> u64 {
    u64::try_from(us).unwrap_or(0).saturating_mul(1_000)
}

fn duration(params: &Params, name: &str) -> Result<i64, String> {
    match params.get(name) {
        "" => Ok(0),
        text => go_duration::read_ns(text).map_err(|cause| unparsable(name, &cause)),
    }
}

fn tags(params: &Params) -> Result<BTreeMap<String, String>, String> {
    let mut tags = BTreeMap::new();
    for tag in params.all("tag") {
        let (key, value) = tag.split_once(':').ok_or_else(|| {
            format!("malformed 'tag' parameter, expecting key:value, received: {tag}")
        })?;
        tags.insert(key.to_owned(), value.to_owned());
    }
    for json in params.all("tags").filter(|json| !json.is_empty()) {
        let read = tags_json(json);
        tags.extend(read.map_err(|cause| {
            format!("malformed 'tags' parameter, cannot unmarshal JSON: {cause}")
        })?);
    }
    Ok(tags)
}

/// An object of texts; `null` is an empty text, or no object at all.
fn tags_json(json: &str) -> Result<BTreeMap<String, String>, serde_json::Error> {
    let read: Option<BTreeMap<String, Option<String>>> = serde_json::from_str(json)?;
    let pairs = read.into_iter().flatten();
    Ok(pairs
        .map(|(key, value)| (key, value.unwrap_or_default()))
        .collect())
}

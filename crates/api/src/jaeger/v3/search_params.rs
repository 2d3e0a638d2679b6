//! Parameters of the v3 searches: `query.*`, each also under its name of
//! before Jaeger 2.21.

use std::collections::BTreeMap;

use tracewell_collector::written::go_duration;
use tracewell_model::TimeRange;

use crate::jaeger::finding::{Conditions, DEFAULT_LIMIT, TraceQuery};
use crate::jaeger::params::Params;
use crate::jaeger::values;

const TIME_MIN: [&str; 2] = ["query.startTimeMin", "query.start_time_min"];
const TIME_MAX: [&str; 2] = ["query.startTimeMax", "query.start_time_max"];
const ATTRIBUTES: &str = "query.attributes";
const FILTER: &str = "query.filter";

/// Reads the parameters; the time range is required.
pub(super) fn parse(params: &Params) -> Result<TraceQuery, String> {
    let text = |names: [&'static str; 2]| params.first(&names).0.to_owned();
    let attributes = attributes(params)?;
    // A condition that were ignored would give traces nobody asked for.
    if !params.get(FILTER).is_empty() {
        return Err(malformed(FILTER, "structured filters are not supported"));
    }
    let range = range(params)?;
    let search_depth = [
        "query.searchDepth",
        "query.search_depth",
        "query.num_traces",
    ];
    let limit = optional(params, &search_depth, values::unsigned)?;
    let duration = |names: [&'static str; 2]| optional(params, &names, go_duration::read_ns);
    let min_duration_ns = duration(["query.durationMin", "query.duration_min"])?;
    let max_duration_ns = duration(["query.durationMax", "query.duration_max"])?;
    let raw_traces = ["query.rawTraces", "query.raw_traces"];
    optional(params, &raw_traces, values::boolean)?;
    Ok(TraceQuery {
        conditions: Conditions {
            service: text(["query.serviceName", "query.service_name"]),
            operation: text(["query.operationName", "query.operation_name"]),
            tags: attributes,
            min_duration_ns: min_duration_ns.unwrap_or(0),
            max_duration_ns: max_duration_ns.unwrap_or(0),
        },
        range,
        limit: match limit {
            None | Some(0) => DEFAULT_LIMIT,
            Some(limit) => limit as usize,
        },
    })
}

/// Reads a parameter that may be missing, under any of its names.
pub(super) fn optional<T>(
    params: &Params,
    names: &[&'static str],
    read: impl FnOnce(&str) -> Result<T, String>,
) -> Result<Option<T>, String> {
    match params.first(names) {
        ("", _) => Ok(None),
        (text, name) => read(text)
            .map(Some)
            .map_err(|cause| malformed(name, &cause)),
    }
}

/// Jaeger's sentence for a parameter that cannot be read.
pub(super) fn malformed(name: &str, cause: &str) -> String {
    format!("malformed parameter {name}: {cause}")
}

fn range(params: &Params) -> Result<TimeRange, String> {
    let start_ns = optional(params, &TIME_MIN, values::time_ns)?;
    let end_ns = optional(params, &TIME_MAX, values::time_ns)?;
    let (min, max) = (TIME_MIN[0], TIME_MAX[0]);
    let (Some(start_ns), Some(end_ns)) = (start_ns, end_ns) else {
        return Err(format!("{min} and {max} are required"));
    };
    if start_ns > end_ns {
        return Err(format!("{min} must be before {max}"));
    }
    Ok(TimeRange { start_ns, end_ns })
}

fn attributes(params: &Params) -> Result<BTreeMap<String, String>, String> {
    match params.get(ATTRIBUTES) {
        "" => Ok(BTreeMap::new()),
        json => {
            serde_json::from_str(json).map_err(|cause| malformed(ATTRIBUTES, &cause.to_string()))
        }
    }
}

//! Parameters of `/api/v2/traces`, as Zipkin names and counts them.
//!
//! All conditions must hold for one span, as in Zipkin's storage in
//! Elasticsearch.

use tracewell_model::TimeRange;
use tracewell_query::tags;
use tracewell_query::traceql::Expr;

use crate::error::ApiError;
use crate::params::Params;

/// Traces of a search that names no limit; Zipkin's number.
pub(super) const DEFAULT_LIMIT: usize = 10;

/// Traces of one answer, which are read and sent a few at a time.
const MAX_LIMIT: usize = 10_000;

/// How far back is looked when nobody says; Zipkin's number.
const DEFAULT_LOOKBACK_MS: u64 = 24 * 3_600 * 1_000;

const MS_NS: u64 = 1_000_000;
const US_NS: i64 = 1_000;

/// A search. Which services have the name is asked of the store.
#[derive(Debug, PartialEq)]
pub(super) struct SearchRequest {
    /// In any case; `None` for all.
    pub(super) service: Option<String>,
    /// Everything else that one span must fulfil.
    pub(super) conditions: Vec<Expr>,
    pub(super) range: TimeRange,
    pub(super) limit: usize,
}

/// Reads the parameters; `now_ns` is where a range ends by default.
pub(super) fn parse(params: &Params, now_ns: u64) -> Result<SearchRequest, ApiError> {
    let mut conditions = Vec::new();
    conditions.extend(name(params, "spanName").map(tags::operation_in_any_case));
    conditions.extend(name(params, "remoteServiceName").map(tags::peer_in_any_case));
    let (least_ns, most_ns) = (
        duration_ns(params, "minDuration")?,
        duration_ns(params, "maxDuration")?,
    );
    if let (Some(least_ns), Some(most_ns)) = (least_ns, most_ns)
        && most_ns < least_ns
    {
        let (least_us, most_us) = (least_ns / US_NS, most_ns / US_NS);
        return Err(ApiError::bad_request(
            format!("maxDuration: {most_us} is less than minDuration, {least_us}"),
            "exchange minDuration and maxDuration",
        ));
    }
    if least_ns.is_some() || most_ns.is_some() {
        conditions.push(tags::duration(least_ns, most_ns));
    }
    let terms = params.text("annotationQuery").unwrap_or_default();
    let terms = terms.split(" and ").map(str::trim);
    conditions.extend(terms.filter(|term| !term.is_empty()).map(term));
    Ok(SearchRequest {
        service: name(params, "serviceName").map(str::to_owned),
        conditions,
        range: range(params, now_ns)?,
        limit: params.limit(DEFAULT_LIMIT, MAX_LIMIT)?,
    })
}

/// A name to look for; `all` is what old versions of Zipkin's UI send for any.
fn name<'a>(params: &'a Params, parameter: &str) -> Option<&'a str> {
    params.text(parameter).filter(|name| *name != "all")
}

/// `key=value` is a tag, a word alone a tag that is there or an annotation.
fn term(term: &str) -> Expr {
    match term.split_once('=') {
        None | Some((_, "")) => tags::word(term.trim_end_matches('=')),
        // The message of a failure is Zipkin's tag `error`.
        Some(("error", message)) if message.parse::<bool>().is_err() => Expr::Or(vec![
            tags::tag("error", message),
            tags::tag("otel.status_description", message),
        ]),
        Some((key, value)) => tags::tag(key, value),
    }
}

/// From `lookback` before `endTs` until there, both in milliseconds.
pub(super) fn range(params: &Params, now_ns: u64) -> Result<TimeRange, ApiError> {
    let end_ms = number(params, "endTs", "milliseconds since the epoch")?;
    let lookback_ms = number(params, "lookback", "milliseconds before endTs")?;
    let to_ns = |ms: u64| ms.saturating_mul(MS_NS);
    let lookback_ns = to_ns(lookback_ms.unwrap_or(DEFAULT_LOOKBACK_MS));
    let last_ns = end_ms.map_or(now_ns, to_ns);
    Ok(TimeRange {
        start_ns: last_ns.saturating_sub(lookback_ns),
        // Times of clients are cut to milliseconds: the last one belongs whole.
        end_ns: end_ms.map_or(now_ns, |ms| to_ns(ms.saturating_add(1))),
    })
}

fn duration_ns(params: &Params, name: &str) -> Result<Option<i64>, ApiError> {
    let us = number(params, name, "microseconds")?;
    let us = us.map(|us| i64::try_from(us).unwrap_or(i64::MAX));
    Ok(us.map(|us| us.saturating_mul(US_NS)))
}

/// A whole number from 1.
fn number(params: &Params, name: &str, unit: &str) -> Result<Option<u64>, ApiError> {
    let Some(text) = params.text(name) else {
        return Ok(None);
    };
    match text.parse() {
        Ok(number @ 1..) => Ok(Some(number)),
        _ => Err(ApiError::bad_request(
            format!("{name}: {text:?} is not a whole number from 1"),
            format!("write {unit}, or leave it out"),
        )),
    }
}

//! What a search asks for, over HTTP or gRPC: TraceQL, or tags as before it.

use std::collections::BTreeMap;

use tracewell_collector::written::go_duration;
use tracewell_model::TimeRange;
use tracewell_query::search::{Detail, Search};
use tracewell_query::traceql::{
    self, Expr, Mode, Pipeline, Query, Relation, Root, SpansetExpr, Stage,
};
use tracewell_query::{lower, tags};

use super::messages::SearchRequest;
use super::range;
use super::refusal::Refusal;
use crate::go_params::Params;

const DEFAULT_TRACES: u32 = 20;
const MAX_TRACES: u32 = 262_144;
const DEFAULT_SPANS: u32 = 3;
const MAX_SPANS: u32 = 100;
const MS_NS: i64 = 1_000_000;

/// Of a request over HTTP.
pub(super) fn of_params(params: &Params, now_ns: u64) -> Result<Search, Refusal> {
    let duration = |name| match params.get(name) {
        "" => Ok(None),
        text => go_duration::read_ns(text)
            .map(Some)
            .map_err(|why| Refusal::bad_request(format!("invalid {name}: {why}"))),
    };
    let number = |name, default| match params.get(name) {
        "" => Ok(default),
        text => text.parse().map_err(|_| {
            Refusal::bad_request(format!(
                "invalid {name}: must be a positive number, not {text:?}"
            ))
        }),
    };
    let asked = Asked {
        query: params.get("q").to_owned(),
        tags: logfmt(params.get("tags"))?,
        at_least_ns: duration("minDuration")?,
        at_most_ns: duration("maxDuration")?,
        limit: number("limit", DEFAULT_TRACES)?,
        spans: number("spss", 0)?,
        range: range::range(params, now_ns)?,
    };
    asked.search()
}

/// Of one over gRPC, where zero is what was not set.
pub(super) fn of_message(request: SearchRequest) -> Result<Search, Refusal> {
    let ns = |ms: u32| (ms > 0).then(|| i64::from(ms) * MS_NS);
    let asked = Asked {
        at_least_ns: ns(request.min_duration_ms),
        at_most_ns: ns(request.max_duration_ms),
        limit: match request.limit {
            0 => DEFAULT_TRACES,
            limit => limit,
        },
        spans: request.spans_per_span_set,
        range: range::of_seconds(request.start, request.end)?,
        query: request.query,
        tags: request.tags,
    };
    asked.search()
}

struct Asked {
    query: String,
    tags: BTreeMap<String, String>,
    /// Of the trace.
    at_least_ns: Option<i64>,
    at_most_ns: Option<i64>,
    limit: u32,
    /// Of each spanset; zero for the usual.
    spans: u32,
    range: TimeRange,
}

impl Asked {
    fn search(self) -> Result<Search, Refusal> {
        let bad = |text: String| Err(Refusal::bad_request(text));
        if self.limit == 0 {
            return bad("invalid limit: must be a positive number".to_owned());
        }
        if self.limit > MAX_TRACES {
            return bad(format!(
                "limit {} exceeds max limit {MAX_TRACES}",
                self.limit
            ));
        }
        if self.spans > MAX_SPANS {
            let received = self.spans;
            return bad(format!(
                "spans per span set exceeds {MAX_SPANS}. received {received}"
            ));
        }
        if let (Some(least), Some(most)) = (self.at_least_ns, self.at_most_ns)
            && least > most
        {
            return bad("invalid maxDuration: must be greater than minDuration".to_owned());
        }
        let query = match (self.query.is_empty(), self.tags.is_empty()) {
            (false, false) => {
                let text = "invalid request: can't specify tags and q in the same query";
                return bad(text.to_owned());
            }
            (false, true) => parse(&self.query)?,
            (true, _) => with_tags(&self.tags),
        };
        let spans = match self.spans {
            0 => DEFAULT_SPANS,
            spans => spans,
        };
        let filter = lower::search_showing_fields(&query, spans as usize);
        let mut filter = filter.map_err(|error| Refusal::of_query(&self.query, &error))?;
        if self.at_least_ns.is_some() || self.at_most_ns.is_some() {
            let lasts = tags::trace_duration(self.at_least_ns, self.at_most_ns);
            filter = filter.of_traces(lower::lower(&lasts));
        }
        Ok(Search {
            filter,
            range: self.range,
            limit: self.limit as usize,
            after: None,
            detail: Detail::Summary,
        })
    }
}

pub(super) fn parse(query: &str) -> Result<Query, Refusal> {
    traceql::parse(query).map_err(|error| Refusal::of_query(query, &error))
}

/// Traces that have all of these tags, each on any of their spans.
fn with_tags(wanted: &BTreeMap<String, String>) -> Query {
    let filters = wanted
        .iter()
        .map(|(key, value)| SpansetExpr::Filter(tags::tag_containing(key, value)));
    let all = filters.reduce(|left, right| SpansetExpr::Combine {
        relation: Relation::And,
        mode: Mode::Plain,
        left: Box::new(left),
        right: Box::new(right),
    });
    let all = all.unwrap_or(SpansetExpr::Filter(Expr::True));
    Query {
        root: Root::Search(Pipeline {
            stages: vec![Stage::Spansets(all)],
        }),
        hints: Vec::new(),
    }
}

/// `key=value key2="value 2"`.
fn logfmt(text: &str) -> Result<BTreeMap<String, String>, Refusal> {
    let invalid = |why: String| Refusal::bad_request(format!("invalid tags: {why}"));
    let mut found = BTreeMap::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let end = rest.find(['=', ' ']).unwrap_or(rest.len());
        let (key, after) = rest.split_at(end);
        let after = after.strip_prefix('=').filter(|_| !key.is_empty());
        let after = after.ok_or_else(|| {
            invalid(format!(
                "{rest:?} does not begin with key=value; write http.method=GET"
            ))
        })?;
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => in_quotes(quoted)
                .ok_or_else(|| invalid(format!("the value of {key} has no closing quote")))?,
            None => {
                let end = after.find(' ').unwrap_or(after.len());
                (after[..end].to_owned(), &after[end..])
            }
        };
        if found.insert(key.to_owned(), value).is_some() {
            return Err(invalid(format!("tag {key} has been set twice")));
        }
        rest = after.trim_start();
    }
    Ok(found)
}

/// Up to the closing quote, and what follows it.
fn in_quotes(text: &str) -> Option<(String, &str)> {
    let (mut value, mut chars) = (String::new(), text.char_indices());
    loop {
        match chars.next()? {
            (at, '"') => return Some((value, &text[at + 1..])),
            (_, '\\') => match chars.next()?.1 {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                other => value.push(other),
            },
            (_, other) => value.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_as_logfmt() {
        for (text, pairs) in [
            ("", &[][..]),
            ("a=1", &[("a", "1")]),
            (" a.b=x  c=\"y z\" ", &[("a.b", "x"), ("c", "y z")]),
            (r#"a="say \"hi\"" b="#, &[("a", r#"say "hi""#), ("b", "")]),
        ] {
            let read: Vec<_> = logfmt(text).unwrap().into_iter().collect();
            let want = pairs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
            assert_eq!(read, want.collect::<Vec<_>>(), "{text}");
        }
        for text in ["a", "=b", "a=\"x", "a=1 a=2", "a=1 b"] {
            assert!(logfmt(text).is_err(), "{text}");
        }
    }
}

//! Which tags there are: `/api/search/tags` and `/api/v2/search/tags`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use prost::Message;
use serde::Serialize;
use tracewell_model::store::Listed;
use tracewell_model::{Level, SpanFilter, StoreError, TimeRange, TraceStore};
use tracewell_query::keys::keys_among;
use tracewell_query::lower;
use tracewell_query::traceql::condition_of_half_typed;

use super::answer::Form;
use super::messages::{
    MetadataMetrics, SearchTagsRequest, SearchTagsResponse, SearchTagsV2Response, SearchTagsV2Scope,
};
use super::range;
use super::refusal::Refusal;
use crate::QueryState;
use crate::blocking::run_query;
use crate::go_params::Params;

/// Text in one list, as Tempo has it; clients of gRPC take no more than four
/// times as much in a message.
pub(super) const MAX_LIST_BYTES: usize = 1_000_000;

/// In the order in which Tempo lists them.
const SCOPES: [(&str, Level); 5] = [
    ("resource", Level::Resource),
    ("span", Level::Span),
    ("event", Level::Event),
    ("link", Level::Link),
    ("instrumentation", Level::Scope),
];

const INTRINSIC: &str = "intrinsic";

/// Words of the language, which no span has to have.
const INTRINSICS: [&str; 25] = [
    "duration",
    "event:name",
    "event:timeSinceStart",
    "instrumentation:name",
    "instrumentation:version",
    "kind",
    "link:spanID",
    "link:traceID",
    "name",
    "rootName",
    "rootServiceName",
    "span:duration",
    "span:id",
    "span:kind",
    "span:name",
    "span:parentID",
    "span:status",
    "span:statusMessage",
    "status",
    "statusMessage",
    "trace:duration",
    "trace:id",
    "trace:rootName",
    "trace:rootService",
    "traceDuration",
];

pub(super) async fn names(
    State(state): State<Arc<QueryState>>,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    answer(&state, &params, &headers, Asked::names).await
}

pub(super) async fn scopes(
    State(state): State<Arc<QueryState>>,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    answer(&state, &params, &headers, Asked::scopes).await
}

/// A message, and what it lacks.
type Found<M> = Result<(M, Option<String>), StoreError>;

async fn answer<M: Message + Serialize + 'static>(
    state: &QueryState,
    params: &Params,
    headers: &HeaderMap,
    find: fn(&Asked, &dyn TraceStore, &AtomicBool) -> Found<M>,
) -> Result<Response, Refusal> {
    let (form, asked) = (Form::accepted(headers), Asked::of(params, state)?);
    let store = Arc::clone(&state.store);
    let found = run_query(state, move |cancelled| find(&asked, &*store, cancelled));
    let (answer, lacking) = found.await?;
    Ok(form.answer(form.encode(&answer), lacking.as_deref()))
}

/// Which tags are asked for.
pub(super) struct Asked {
    /// Empty for all.
    scope: String,
    among: SpanFilter,
    range: TimeRange,
    /// Of each scope.
    limit: usize,
}

/// The spans of which a query speaks that may not be finished.
pub(super) fn among(query: &str) -> SpanFilter {
    let condition = condition_of_half_typed(query);
    let filter = condition.map_or(SpanFilter::All, |condition| lower::lower(&condition));
    filter.span_local()
}

/// A limit, of which zero is none.
pub(super) fn limit(params: &Params) -> Result<usize, Refusal> {
    match params.get("limit") {
        "" | "0" => Ok(usize::MAX),
        text => text.parse().map_err(|_| {
            Refusal::bad_request(format!("invalid limit: {text:?} is not a whole number"))
        }),
    }
}

impl Asked {
    fn of(params: &Params, state: &QueryState) -> Result<Self, Refusal> {
        let range = range::range(params, state.clock.now_ns())?;
        let limit = limit(params)?;
        Self::new(params.get("scope"), params.get("q"), range, limit)
    }

    pub(super) fn of_message(request: &SearchTagsRequest) -> Result<Self, Refusal> {
        let range = range::of_seconds(request.start, request.end)?;
        let limit = match request.max_tags_per_scope {
            0 => usize::MAX,
            limit => limit as usize,
        };
        Self::new(&request.scope, &request.query, range, limit)
    }

    fn new(scope: &str, query: &str, range: TimeRange, limit: usize) -> Result<Self, Refusal> {
        let mut known = SCOPES.iter().map(|(name, _)| *name);
        let is_known = known.any(|name| name == scope);
        let scope = match scope {
            "" | "none" => "",
            // Traces have no tags of their own, only what the language knows.
            INTRINSIC | "trace" => scope,
            scope if is_known => scope,
            _ => return Err(Refusal::bad_request(format!("invalid scope: {scope}"))),
        };
        Ok(Self {
            scope: scope.to_owned(),
            among: among(query),
            range,
            limit,
        })
    }

    pub(super) fn names(
        &self,
        store: &dyn TraceStore,
        cancelled: &AtomicBool,
    ) -> Found<SearchTagsResponse> {
        let (found, lacking) = self.scopes(store, cancelled)?;
        let asks_all = self.scope.is_empty();
        let scopes = found.scopes.into_iter();
        let scopes = scopes.filter(|scope| !asks_all || scope.name != INTRINSIC);
        let names: BTreeSet<String> = scopes.flat_map(|scope| scope.tags).collect();
        let answer = SearchTagsResponse {
            tag_names: names.into_iter().collect(),
            metrics: found.metrics,
        };
        Ok((answer, lacking))
    }

    pub(super) fn scopes(
        &self,
        store: &dyn TraceStore,
        cancelled: &AtomicBool,
    ) -> Found<SearchTagsV2Response> {
        let wants = |scope: &str| self.scope.is_empty() || self.scope == scope;
        let mut keys = match &self.among {
            _ if matches!(&*self.scope, INTRINSIC | "trace") => Listed::whole(Vec::new()),
            SpanFilter::All => store.attribute_keys(self.range)?,
            among => keys_among(store, among, self.range, cancelled)?,
        };
        let mut bytes = 0;
        keys.entries.retain(|key| {
            bytes += key.key.len();
            bytes <= MAX_LIST_BYTES
        });
        keys.has_more |= bytes > MAX_LIST_BYTES;
        let mut scopes = Vec::new();
        for (name, level) in SCOPES.into_iter().filter(|(name, _)| wants(name)) {
            let of_level = keys.entries.iter().filter(|key| key.level == level);
            let tags: BTreeSet<&str> = of_level.map(|key| &*key.key).collect();
            keys.has_more |= tags.len() > self.limit;
            let tags = tags.into_iter().take(self.limit).map(str::to_owned);
            scopes.push((name, tags.collect::<Vec<_>>()));
        }
        scopes.retain(|(_, tags)| !tags.is_empty());
        if wants(INTRINSIC) {
            scopes.push((INTRINSIC, INTRINSICS.map(str::to_owned).to_vec()));
        }
        let lacking = keys.lacking();
        let scopes = scopes.into_iter().map(|(name, tags)| SearchTagsV2Scope {
            name: name.to_owned(),
            tags,
        });
        let answer = SearchTagsV2Response {
            scopes: scopes.collect(),
            metrics: Some(MetadataMetrics::from(&keys.report)),
        };
        Ok((answer, lacking))
    }
}

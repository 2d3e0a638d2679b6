//! `/api/search`: traces that match, the one that began last first.

use std::ops::ControlFlow;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use prost::Message;
use tracewell_query::SearchEvent;
use tracewell_query::search::search as run_search;

use super::answer::Form;
use super::found::metadata;
use super::messages::{SearchMetrics, SearchResponse, TraceSearchMetadata};
use super::refusal::Refusal;
use super::search_request::of_params;
use crate::QueryState;
use crate::blocking::run_query;
use crate::go_params::Params;

/// Of an entry in memory, for each byte of it on the wire.
const MEMORY_PER_BYTE: usize = 4;

pub(super) async fn search(
    State(state): State<Arc<QueryState>>,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let form = Form::accepted(&headers);
    let wanted = of_params(&params, state.clock.now_ns())?;
    let store = Arc::clone(&state.store);
    let found = run_query(&state, move |cancelled| {
        let mut held = store.query_memory().reservation();
        let (mut traces, mut over_budget) = (Vec::new(), None);
        let outcome = run_search(&*store, &wanted, cancelled, &mut |event| {
            if let SearchEvent::Trace(found) = event {
                let entry = metadata(found);
                over_budget = held.grow(entry.encoded_len() * MEMORY_PER_BYTE).err();
                traces.push(entry);
            }
            match over_budget {
                Some(_) => ControlFlow::Break(()),
                None => ControlFlow::Continue(()),
            }
        })?;
        if let Some(over) = over_budget {
            return Err(over.into());
        }
        sort_newest_first(&mut traces);
        let answer = SearchResponse {
            traces,
            metrics: Some(SearchMetrics::at_end(&outcome.report)),
        };
        Ok((form.encode(&answer), outcome.partial))
    });
    let (encoded, lacking) = found.await?;
    Ok(form.answer(encoded, lacking.as_deref()))
}

/// Grafana shows them in the order in which they come.
pub(super) fn sort_newest_first(traces: &mut [TraceSearchMetadata]) {
    traces.sort_by(|a, b| {
        let newest = b.start_time_unix_nano.cmp(&a.start_time_unix_nano);
        newest.then_with(|| a.trace_id.cmp(&b.trace_id))
    });
}

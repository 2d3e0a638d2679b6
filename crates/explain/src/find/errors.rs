//! Errors: where the one that came up began, and those that nobody above shows.

use std::collections::HashSet;

use tracewell_model::batch::view::{SpanRef, ValueRef};
use tracewell_model::{Level, SpanKind};

use super::Hashed;
use super::retries::is_refusal;
use crate::calls::values_of;
use crate::finding::{Finding, Kind};
use crate::spelling::quoted;
use crate::trace::Trace;

/// Codes of gRPC that answer a question: cancelled, not found, already there.
const GRPC_ANSWERS: [i64; 3] = [1, 5, 6];

/// The innermost failed spans below a failed root, by what failed.
pub(super) fn surfaced(trace: &Trace<'_>) -> Vec<Finding> {
    let Some(root) = trace.measured.path_from else {
        return Vec::new();
    };
    let http = values_of(trace.batch(), &["http.response.status_code"]);
    let mut origins: Hashed<_, Vec<u32>> = Hashed::default();
    let mut order = Vec::new();
    let mut open = Vec::from_iter(Some(root).filter(|root| trace.failed[*root as usize]));
    while let Some(place) = open.pop() {
        let below = failed_below(trace, &http, place);
        if below.is_empty() {
            let operation = (trace.service[place as usize], trace.name[place as usize]);
            if !origins.contains_key(&operation) {
                order.push(operation);
            }
            origins.entry(operation).or_default().push(place);
        }
        open.extend(below);
    }
    let found = order.into_iter().filter_map(|operation| {
        let places = origins.remove(&operation)?;
        let first = *places.iter().min()?;
        let where_from = if first == root {
            format!("{} failed itself", trace.title(root))
        } else {
            let times = super::and_more(&trace.title(first), places.len() - 1);
            format!("The error of {} began in {times}", trace.title(root))
        };
        let says = match reason(trace, first) {
            Some(reason) => format!("{where_from}: {reason}."),
            None => format!("{where_from}."),
        };
        Some(Finding::new(Kind::ErrorSurfaced, places, 0, says))
    });
    found.collect()
}

/// Failed children of a failed span. Where it has none, the one that ended last
/// of those below spans that pass errors on without a word: not every layer
/// marks what it has seen, and a server that answers 4xx marks nothing.
fn failed_below(trace: &Trace<'_>, http: &[Option<ValueRef<'_>>], place: u32) -> Vec<u32> {
    let is_failed = |child: &u32| trace.failed[*child as usize];
    let direct: Vec<u32> = trace.children(place).filter(is_failed).collect();
    if !direct.is_empty() {
        return direct;
    }
    let passes_on = |child: u32| match trace.kind[child as usize] {
        SpanKind::Internal | SpanKind::Client | SpanKind::Unspecified => true,
        SpanKind::Server => is_refusal(http[trace.row(child)]),
        SpanKind::Producer | SpanKind::Consumer => false,
    };
    let mut last: Option<u32> = None;
    let mut open: Vec<u32> = trace.children(place).collect();
    while let Some(child) = open.pop() {
        let is_later = |last| trace.end_ns[child as usize] > trace.end_ns[last as usize];
        if is_failed(&child) {
            if last.is_none_or(is_later) {
                last = Some(child);
            }
        } else if passes_on(child) {
            open.extend(trace.children(child));
        }
    }
    last.into_iter().collect()
}

/// Failed spans above which nothing failed, though their caller waited for them.
pub(super) fn swallowed(trace: &Trace<'_>, retries: &[Finding]) -> Vec<Finding> {
    let retried: HashSet<u32> = retries
        .iter()
        .flat_map(|one| one.spans.iter().copied())
        .collect();
    let http = values_of(trace.batch(), &["http.response.status_code"]);
    let grpc = values_of(trace.batch(), &["rpc.grpc.status_code"]);
    let is_answer = |place: u32| {
        let row = trace.row(place);
        let is_grpc = |code: &i64| grpc[row] == Some(ValueRef::Int(*code));
        is_refusal(http[row]) || GRPC_ANSWERS.iter().any(is_grpc)
    };
    // A parent comes before its children.
    let mut is_shown_above = vec![false; trace.len()];
    for place in trace.places() {
        if let Some(parent) = trace.parent(place) {
            let above = parent as usize;
            is_shown_above[place as usize] = trace.failed[above] || is_shown_above[above];
        }
    }
    let mut groups: Hashed<_, Vec<u32>> = Hashed::default();
    for place in trace.places().filter(|place| trace.failed[*place as usize]) {
        let Some(parent) = trace.parent(place) else {
            continue;
        };
        let (at, above) = (place as usize, parent as usize);
        let is_waited_for = trace.end_ns[at] <= trace.end_ns[above]
            && trace.kind[at] != SpanKind::Consumer
            && trace.kind[above] != SpanKind::Producer;
        let is_known = retried.contains(&place) || retried.contains(&parent);
        if is_shown_above[at] || !is_waited_for || is_known || is_answer(place) {
            continue;
        }
        let operations =
            [place, parent].map(|of| (trace.service[of as usize], trace.name[of as usize]));
        groups.entry(operations).or_default().push(place);
    }
    let found = groups.into_values().filter_map(|places| {
        let first = *places.iter().min()?;
        let parent = trace.parent(first)?;
        let reason = reason(trace, first).map_or(String::new(), |reason| format!(" ({reason})"));
        let says = format!(
            "{} failed{reason}, and neither {} nor anything above it shows an error.",
            super::and_more(&trace.title(first), places.len() - 1),
            trace.title(parent)
        );
        Some(Finding::new(Kind::ErrorSwallowed, places, 0, says))
    });
    found.collect()
}

/// What a failed span says of why.
fn reason(trace: &Trace<'_>, place: u32) -> Option<String> {
    let span = trace.view.span(trace.row(place));
    let said = exception(trace, span).or_else(|| {
        Some(span.status_message())
            .filter(|message| !message.is_empty())
            .map(str::to_owned)
    });
    let status = || {
        let codes = [
            "http.response.status_code",
            "http.status_code",
            "rpc.grpc.status_code",
        ];
        let code = codes.iter().find_map(|key| span.attribute(key))?;
        match code {
            ValueRef::Int(code) => Some(format!("status {code}")),
            ValueRef::Str(code) => Some(format!("status {code}")),
            _ => None,
        }
    };
    said.map(|said| quoted(said.trim())).or_else(status)
}

fn exception(trace: &Trace<'_>, span: SpanRef<'_>) -> Option<String> {
    let text = |row: usize, key: &str| match trace.view.attribute(Level::Event, row, key) {
        Some(ValueRef::Str(text)) if !text.is_empty() => Some(text),
        _ => None,
    };
    span.event_rows().find_map(|row| {
        let (kind, message) = (text(row, "exception.type"), text(row, "exception.message"));
        match (kind, message) {
            (Some(kind), Some(message)) => Some(format!("{kind}: {message}")),
            (one, other) => one.or(other).map(str::to_owned),
        }
    })
}

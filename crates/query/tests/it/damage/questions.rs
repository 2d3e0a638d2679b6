//! What people ask of a store, and answers in a form that can be compared: an
//! answer that lacks something is right as far as it goes when it says nothing
//! that the whole answer does not say, and nothing more often.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use tracewell_model::store::{Listed, OperationQuery, ScanColumns, ScanRequest};
use tracewell_model::{Level, SpanFilter, StoreError, TimeRange, TraceId, TraceStore};
use tracewell_query::count::count;
use tracewell_query::dependencies::dependencies;
use tracewell_query::search::{SearchEvent, search};
use tracewell_query::values::{IntrinsicValues, ValuesOf, attribute_values, intrinsic_values};
use tracewell_testkit::{TestSpan, conformance, flatten};

use crate::{everything, filter};

/// Traces asked for at once: one by one it would take too long.
const TRACES_AT_ONCE: usize = 24;

const SEARCHES: [&str; 5] = [
    "{}",
    r#"{ resource.service.name = "cart" }"#,
    r#"{ resource.service.name = "trac" && status = error }"#,
    "{ span.retry = true || span.http.status_code > 100 }",
    r#"{ name != "SELECT" && duration > 1s }"#,
];

/// What an answer says, each thing as often as it says it.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) facts: BTreeMap<String, u64>,
    /// That it lacks something.
    pub(super) lacking: Option<String>,
}

impl Answer {
    fn say(&mut self, fact: impl Debug) {
        self.say_times(fact, 1);
    }

    fn say_times(&mut self, fact: impl Debug, times: u64) {
        *self.facts.entry(format!("{fact:?}")).or_default() += times;
    }

    /// Something that the right answer does not say.
    pub(super) fn wrong_beside(&self, right: &Self) -> Option<&str> {
        let is_right = |(fact, times): &(&String, &u64)| right.facts.get(*fact) >= Some(*times);
        let mut wrong = self.facts.iter().filter(|said| !is_right(said));
        wrong.next().map(|(fact, _)| fact.as_str())
    }
}

/// Answers in the order of the questions.
pub(super) struct Answers(Vec<(String, Answer)>);

impl Answers {
    pub(super) fn assert_whole(&self) {
        for (question, answer) in &self.0 {
            assert_eq!(answer.lacking, None, "{question}");
            let is_scan = question.starts_with("scan");
            assert!(is_scan || !answer.facts.is_empty(), "nothing: {question}");
        }
    }

    /// Each question with this answer and the other.
    pub(super) fn beside<'a>(
        &'a self,
        others: &'a Self,
    ) -> impl Iterator<Item = (&'a str, &'a Answer, &'a Answer)> {
        let pairs = self.0.iter().zip(&others.0);
        pairs.map(|((question, answer), (_, other))| (question.as_str(), answer, other))
    }
}

/// The questions.
pub(super) struct Questions {
    ids: Vec<TraceId>,
}

type Asked = Result<Answer, StoreError>;

impl Questions {
    pub(super) fn about(spans: &[TestSpan]) -> Self {
        let mut ids: Vec<TraceId> = spans.iter().map(|span| span.trace_id).collect();
        ids.sort_unstable();
        ids.dedup();
        Self { ids }
    }

    pub(super) fn ask(&self, store: &dyn TraceStore) -> Answers {
        let mut answers = Vec::new();
        let mut add = |question: String, asked: Asked| {
            let answer = asked.unwrap_or_else(|error| Answer {
                lacking: Some(error.to_string()),
                ..Answer::default()
            });
            answers.push((question, answer));
        };
        for ids in self.ids.chunks(TRACES_AT_ONCE) {
            add(format!("traces from {}", ids[0]), traces(store, ids));
        }
        for filter in conformance::filters().iter().step_by(3) {
            let whole = ScanColumns::of_filter(filter).and(ScanColumns {
                names: true,
                services: true,
                ..ScanColumns::default()
            });
            let request = ScanRequest {
                range: TimeRange::ALL,
                filter,
                traces: None,
                columns: whole,
                cancelled: &AtomicBool::new(false),
            };
            add(format!("scan {filter:?}"), scan(store, &request));
        }
        for query in SEARCHES {
            add(format!("search {query}"), found(store, query));
            add(format!("count {query}"), counted(store, query));
        }
        let all = OperationQuery::all(TimeRange::ALL);
        let operations = listed(store.operations(&all), |answer, operation| {
            let (spans, failed) = (operation.spans, operation.failed);
            let of = (operation.service, operation.name, operation.kind);
            answer.say_times((&of, "spans"), spans);
            answer.say_times((&of, "failed"), failed);
        });
        add("operations".to_owned(), operations);
        let services = listed(store.services(TimeRange::ALL), |answer, service| {
            answer.say_times((&service.name, "spans"), service.spans);
            answer.say_times((&service.name, "failed"), service.failed);
        });
        add("services".to_owned(), services);
        let keys = listed(store.attribute_keys(TimeRange::ALL), Answer::say);
        add("keys".to_owned(), keys);
        for (level, key) in [
            (Level::Span, "url.path"),
            (Level::Resource, "service.name"),
            (Level::Event, "retry"),
        ] {
            add(format!("values of {key}"), values(store, level, key));
        }
        add("values of status".to_owned(), statuses(store));
        add("dependencies".to_owned(), calls(store));
        Answers(answers)
    }
}

fn traces(store: &dyn TraceStore, ids: &[TraceId]) -> Asked {
    let found = store.traces(ids, None, &AtomicBool::new(false))?;
    let mut answer = Answer::default();
    for batch in found.traces.iter().flatten() {
        flatten(batch).iter().for_each(|span| answer.say(span));
    }
    answer.lacking = found.report.lacking();
    Ok(answer)
}

fn scan(store: &dyn TraceStore, request: &ScanRequest<'_>) -> Asked {
    let mut answer = Answer::default();
    let report = store.scan(request, &mut |chunk, _| {
        let spans = chunk.batch.spans();
        let services = chunk.batch.resource_services();
        for row in chunk.rows.iter() {
            let name = spans.name.get(row);
            let service = services[spans.resource[row] as usize];
            let ids = (spans.trace_id[row], spans.span_id[row]);
            answer.say((ids, spans.start_ns[row], name, service));
        }
        ControlFlow::Continue(())
    })?;
    answer.lacking = report.lacking();
    Ok(answer)
}

fn found(store: &dyn TraceStore, query: &str) -> Asked {
    let mut answer = Answer::default();
    let wanted = everything(query);
    let outcome = search(store, &wanted, &AtomicBool::new(false), &mut |event| {
        if let SearchEvent::Trace(trace) = event {
            answer.say_times(trace.place.trace_id, trace.batch.len() as u64);
        }
        ControlFlow::Continue(())
    })?;
    answer.lacking = outcome.partial;
    Ok(answer)
}

fn counted(store: &dyn TraceStore, query: &str) -> Asked {
    let never = AtomicBool::new(false);
    let counted = count(store, &filter(query), TimeRange::ALL, &never)?;
    let mut answer = Answer::default();
    answer.say_times("spans", counted.spans);
    answer.say_times("traces", counted.traces.unwrap_or(0));
    answer.lacking = counted.partial;
    Ok(answer)
}

fn listed<T>(found: Result<Listed<T>, StoreError>, mut say: impl FnMut(&mut Answer, T)) -> Asked {
    let found = found?;
    let mut answer = Answer {
        lacking: found.report.lacking(),
        ..Answer::default()
    };
    for entry in found.entries {
        say(&mut answer, entry);
    }
    Ok(answer)
}

fn values(store: &dyn TraceStore, level: Level, key: &str) -> Asked {
    let of = ValuesOf {
        level,
        key,
        prefix: "",
        among: &SpanFilter::All,
        range: TimeRange::ALL,
        limit: 1_000,
    };
    let found = attribute_values(store, &of, &AtomicBool::new(false));
    listed(found, |answer, value| {
        answer.say_times(value.value, value.count);
    })
}

fn statuses(store: &dyn TraceStore) -> Asked {
    let (field, never) = (IntrinsicValues::Status, AtomicBool::new(false));
    let found = intrinsic_values(store, field, (None, ""), TimeRange::ALL, 10, &never);
    listed(found, |answer, (value, count)| {
        answer.say_times(value, count);
    })
}

fn calls(store: &dyn TraceStore) -> Asked {
    let found = dependencies(store, TimeRange::ALL, &AtomicBool::new(false))?;
    let mut answer = Answer::default();
    for call in found.calls {
        answer.say_times((call.parent, call.child), call.calls);
    }
    answer.lacking = found.report.lacking();
    Ok(answer)
}

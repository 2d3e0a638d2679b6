//! Samplers see what is known when a span starts, if they ask for it.

use axum::Router;
use std::sync::{Arc, Mutex};
use tower::ServiceExt;
use tracewell_instrument::context::{SpanContext, SpanId, TraceId};
use tracewell_instrument::middleware::database::Database;
use tracewell_instrument::middleware::server::ServerLayer;
use tracewell_instrument::mock::{MockExporter, expect};
use tracewell_instrument::sampling::{ParentBased, Sampler, SamplingDecision, SamplingQuestion};
use tracing::{info_span, trace_span};
use tracing_subscriber::layer::SubscriberExt;

/// Refuses what has this attribute, and says what it saw.
#[derive(Debug)]
struct Without {
    key: &'static str,
    reads: bool,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Sampler for Without {
    fn decide(&self, question: &SamplingQuestion<'_>) -> SamplingDecision {
        let keys = question.attributes.iter().map(|it| it.key.to_string());
        let links = question.links.len();
        let seen = format!("{} {:?} {links}", question.name, keys.collect::<Vec<_>>());
        self.seen.lock().unwrap().push(seen);
        let is_sampled = question.attribute(self.key).is_none();
        SamplingDecision::new(is_sampled, question.trace_state()).attribute("decided", true)
    }

    fn reads_attributes(&self) -> bool {
        self.reads
    }
}

fn without(key: &'static str, reads: bool) -> (MockExporter, Arc<Mutex<Vec<String>>>) {
    let seen = Arc::default();
    let sampler = Without {
        key,
        reads,
        seen: Arc::clone(&seen),
    };
    let sampler = ParentBased::new(Arc::new(sampler));
    (MockExporter::builder().sampler(sampler).build(), seen)
}

fn other() -> SpanContext {
    SpanContext {
        trace_id: TraceId(1),
        span_id: SpanId(2),
        ..SpanContext::default()
    }
}

#[test]
fn attributes_and_links_of_a_builder_are_seen_and_set() {
    let (mock, seen) = without("probe", true);
    let start = |key: &'static str| {
        let builder = mock.tracer().span("one").attribute(key, 7).link(other());
        builder.start().end();
    };
    start("probe");
    start("order");
    assert_eq!(
        *seen.lock().unwrap(),
        ["one [\"probe\"] 1", "one [\"order\"] 1"]
    );
    mock.assert([expect("one")
        .attribute("order", 7)
        .attribute("decided", true)
        .links(1)]);
}

#[test]
fn fields_of_tracing_are_seen_only_by_who_asks() {
    #[derive(Debug)]
    struct Declined;
    for reads in [true, false] {
        let (mock, seen) = without("probe", reads);
        let layer = tracewell_instrument::layer().with_tracer(mock.tracer());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            drop(info_span!("a", probe = true));
            drop(trace_span!("b", order = 7, text = "t", declined = ?Declined, otel.name = "c"));
        });
        let seen = seen.lock().unwrap().clone();
        if reads {
            assert_eq!(
                seen,
                ["a [\"probe\"] 0", "c [\"order\", \"text\", \"declined\"] 0"]
            );
        } else {
            assert_eq!(seen, ["a [] 0", "c [] 0"]);
        }
        assert_eq!(mock.spans().len(), if reads { 1 } else { 2 });
        let span = mock.span("c");
        assert_eq!(span.attribute("order"), Some(&7.into()));
        assert_eq!(span.attribute("declined"), Some(&"Declined".into()));
        assert_eq!(span.attribute("otel.name"), None);
    }
}

#[test]
fn requests_and_statements_are_seen_by_who_asks() {
    let (mock, seen) = without("url.query", true);
    let layer = ServerLayer::http().tracer(mock.tracer());
    let router = Router::new().fallback(|| async {}).layer(layer);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    for path in ["/health?probe", "/orders"] {
        let request = http::Request::get(path).body(axum::body::Body::empty());
        let answer = router.clone().oneshot(request.unwrap());
        drop(runtime.block_on(answer).unwrap());
    }
    let database = Database::postgresql().tracer(mock.tracer());
    drop(database.span("SELECT id FROM orders"));
    mock.assert([
        expect("GET").attribute("url.path", "/orders"),
        expect("SELECT orders").attribute("db.system.name", "postgresql"),
    ]);
    let seen = seen.lock().unwrap();
    assert!(seen[0].contains("url.path") && seen[0].contains("http.request.method"));
    assert!(seen[2].contains("db.query.text"));
}

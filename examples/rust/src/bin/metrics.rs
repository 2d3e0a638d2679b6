//! Metrics that lead to traces: an exemplar says which trace was one of the requests that a
//! bucket counted. (A trace id as a label would make a time series of every request.)
//!
//! `cargo run --bin metrics` prints what `GET /metrics` would answer.

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use sdk::{Outcome, link, start};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tracewell_instrument::correlation::exemplars::{TracedCounter, TracedHistogram};
use tracewell_instrument::span;

type Labels = [(&'static str, &'static str); 3];

struct Metrics {
    requests: Family<Labels, TracedCounter>,
    seconds: Family<Labels, TracedHistogram, fn() -> TracedHistogram>,
}

impl Metrics {
    fn new(registry: &mut Registry) -> Metrics {
        let metrics = Metrics {
            requests: Family::default(),
            seconds: Family::new_with_constructor(|| TracedHistogram::new([0.005, 0.05, 0.5])),
        };
        let (requests, seconds) = (metrics.requests.clone(), metrics.seconds.clone());
        registry.register("http_requests", "Requests answered", requests);
        registry.register("http_request_duration_seconds", "Time to answer", seconds);
        metrics
    }

    fn handle(&self, duration: Duration) {
        let span = span("GET /checkout").start();
        println!("{}", link(&span));
        span.in_scope(|| {
            let start = Instant::now();
            sleep(duration);
            let labels = [("method", "GET"), ("route", "/checkout"), ("status", "200")];
            // The exemplar is the current span, if it is sampled: others cannot be looked up.
            let seconds = start.elapsed().as_secs_f64();
            self.seconds.get_or_create(&labels).observe(seconds);
            self.requests.get_or_create(&labels).inc();
        });
    }
}

fn main() -> Outcome {
    let _guard = start()?;
    let mut registry = Registry::default();
    let metrics = Metrics::new(&mut registry);
    metrics.handle(Duration::from_millis(1));
    metrics.handle(Duration::from_millis(80));

    let mut text = String::new();
    encode(&mut text, &registry)?; // exemplars exist in the OpenMetrics format only
    print!("{text}");
    Ok(())
}

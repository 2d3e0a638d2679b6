//! Counters and histograms whose exemplars name a trace.
//!
//! It exists so that the wrapper, and not every place that counts, knows the
//! current span. It must never name a trace that was not sampled: nobody could
//! find it.
//!
//! ```
//! use prometheus_client::metrics::family::Family;
//! use prometheus_client::registry::Registry;
//! use tracewell_instrument::correlation::exemplars::{TracedCounter, TracedHistogram};
//!
//! let seconds = TracedHistogram::new([0.01, 0.1, 1.0]);
//! let orders = Family::<Vec<(String, String)>, TracedCounter>::default();
//! let mut registry = Registry::default();
//! registry.register("request_duration_seconds", "Time to answer", seconds.clone());
//! registry.register("orders", "Orders taken", orders.clone());
//!
//! // In a request, where a span is current:
//! seconds.observe(0.042);
//! orders.get_or_create(&vec![("country".into(), "ch".into())]).inc();
//! ```

use crate::Context;
use prometheus_client::encoding::{EncodeMetric, MetricEncoder};
use prometheus_client::metrics::counter::Atomic;
use prometheus_client::metrics::exemplar::{CounterWithExemplar, HistogramWithExemplars};
use prometheus_client::metrics::{MetricType, TypedMetric};
use std::fmt;

/// `trace_id` and `span_id`, as OpenMetrics and Prometheus have them.
type Ids = [(&'static str, String); 2];

/// The current span's ids, where it is sampled.
fn current_ids() -> Option<Ids> {
    Context::with_current(|context| {
        let span = context.span();
        let is_found = span.is_valid() && span.is_sampled();
        is_found.then(|| {
            [
                ("trace_id", span.trace_id.to_string()),
                ("span_id", span.span_id.to_string()),
            ]
        })
    })
}

/// A counter that remembers the trace that counted last. Clones share it.
#[derive(Debug, Default, Clone)]
pub struct TracedCounter(CounterWithExemplar<Ids>);

impl TracedCounter {
    /// Counts one.
    pub fn inc(&self) {
        self.inc_by(1);
    }

    /// Counts so many.
    pub fn inc_by(&self, count: u64) {
        match current_ids() {
            Some(ids) => self.0.inc_by(count, Some(ids), None),
            // Without ids, `CounterWithExemplar` would forget those it has.
            None => self.0.inner().inc_by(count),
        };
    }

    /// What was counted.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.get().0
    }
}

/// A histogram that remembers, for each bucket, the trace that fell into it
/// last. Clones share it. In a `Family`, use
/// `Family::new_with_constructor(|| TracedHistogram::new(…))`.
#[derive(Debug, Clone)]
pub struct TracedHistogram(HistogramWithExemplars<Ids>);

impl TracedHistogram {
    /// With these upper bounds; one without an end is added.
    #[must_use]
    pub fn new(bounds: impl IntoIterator<Item = f64>) -> TracedHistogram {
        TracedHistogram(HistogramWithExemplars::new(bounds.into_iter()))
    }

    /// Takes a value.
    pub fn observe(&self, value: f64) {
        self.0.observe(value, current_ids(), None);
    }
}

impl TypedMetric for TracedCounter {
    const TYPE: MetricType = MetricType::Counter;
}

impl TypedMetric for TracedHistogram {
    const TYPE: MetricType = MetricType::Histogram;
}

impl EncodeMetric for TracedCounter {
    fn encode(&self, encoder: MetricEncoder<'_>) -> fmt::Result {
        self.0.encode(encoder)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

impl EncodeMetric for TracedHistogram {
    fn encode(&self, encoder: MetricEncoder<'_>) -> fmt::Result {
        self.0.encode(encoder)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{SpanContext, SpanId, TraceFlags, TraceId};
    use prometheus_client::metrics::family::Family;
    use prometheus_client::registry::Registry;

    fn in_span(id: u64, flags: TraceFlags, work: impl FnOnce()) {
        let (trace_id, span_id) = (TraceId(0xabc), SpanId(id));
        let span = SpanContext {
            trace_id,
            span_id,
            flags,
            ..SpanContext::default()
        };
        let _attached = Context::from_span(span).attach();
        work();
    }

    #[test]
    fn exemplars_name_the_last_sampled_span() {
        let counter = Family::<Vec<(String, String)>, TracedCounter>::default();
        let histogram = TracedHistogram::new([1.0, 2.0]);
        let mut registry = Registry::default();
        registry.register("orders", "Orders", counter.clone());
        registry.register("seconds", "Seconds", histogram.clone());
        let orders = counter.get_or_create_owned(&vec![("country".to_owned(), "ch".to_owned())]);
        let both = |value: f64| {
            orders.inc();
            histogram.observe(value);
        };
        in_span(1, TraceFlags::SAMPLED, || both(0.5));
        in_span(2, TraceFlags::SAMPLED, || both(1.5));
        // Neither an unsampled span nor none at all takes the place of one.
        in_span(3, TraceFlags::default(), || both(1.5));
        both(1.5);
        assert_eq!(orders.get(), 4);

        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        let trace = "trace_id=\"00000000000000000000000000000abc\"";
        for line in [
            format!(
                "orders_total{{country=\"ch\"}} 4 # {{{trace},span_id=\"0000000000000002\"}} 1.0"
            ),
            format!(
                "seconds_bucket{{le=\"1.0\"}} 1 # {{{trace},span_id=\"0000000000000001\"}} 0.5"
            ),
            format!(
                "seconds_bucket{{le=\"2.0\"}} 4 # {{{trace},span_id=\"0000000000000002\"}} 1.5"
            ),
            "seconds_bucket{le=\"+Inf\"} 4\n".to_owned(),
        ] {
            assert!(text.contains(&line), "{line}\n{text}");
        }
    }
}

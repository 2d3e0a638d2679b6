//! What the generated traces look like, before any encoding.
//!
//! A shape is a set of services and a pool of traces over them. Traces of the
//! pool are sent again and again with fresh ids, times and numbers, so a pool
//! must be large enough that a batch holds no trace twice.

mod jaeger;
mod shop;
mod tracegen;

use super::random::Random;

/// Spans in a pool: forty batches of the default size, ten megabytes encoded.
const POOL_SPANS: usize = 20_000;

/// Which traces to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ShapeName {
    /// A web shop: nine services, HTTP, databases and messages, some errors
    Shop,
    /// Ten spans a trace, eleven attributes a span drawn from 97 keys and 1,000 values
    Jaeger,
    /// What Jaeger's tracegen sends: the same sizes, with keys and values that count on
    Tracegen,
}

/// Services and the traces over them.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) services: Vec<Service>,
    pub(super) traces: Vec<Trace>,
    /// Whether traces are sent in the order of the pool and spans in the order
    /// in which they end, as one exporting process does; otherwise traces are
    /// drawn.
    pub(super) in_order: bool,
}

/// One sender of spans: a resource and its instrumentation scope.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) attributes: Vec<(String, Value)>,
    pub(super) scope_name: &'static str,
    pub(super) scope_version: &'static str,
}

/// Spans of a trace; a parent stands before its children.
#[derive(Debug, Default)]
pub(super) struct Trace {
    pub(super) spans: Vec<Span>,
}

/// One span, in nanoseconds from the start of its trace.
#[derive(Debug)]
pub(super) struct Span {
    /// Index into [`Shape::services`].
    pub(super) service: usize,
    /// Index into [`Trace::spans`].
    pub(super) parent: Option<usize>,
    pub(super) name: String,
    /// OTLP's number of the span kind.
    pub(super) kind: u8,
    pub(super) start_ns: u64,
    pub(super) end_ns: u64,
    pub(super) attributes: Vec<(String, Value)>,
    /// More attributes, after the others.
    pub(super) counted: Vec<CountedKey>,
    pub(super) events: Vec<Event>,
    /// Whether it links to the root of another trace.
    pub(super) has_link: bool,
    /// The message of an error status.
    pub(super) error: Option<String>,
}

/// An event of a span.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) name: &'static str,
    pub(super) time_ns: u64,
    pub(super) attributes: Vec<(String, Value)>,
}

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    /// Text that ends in digits drawn anew for every trace that is sent.
    Digits {
        prefix: &'static str,
        width: usize,
        source: Digits,
    },
    Int(i64),
    Bool(bool),
    Double(f64),
}

/// An attribute whose key ends in digits.
#[derive(Debug)]
pub(super) struct CountedKey {
    pub(super) prefix: &'static str,
    pub(super) width: usize,
    pub(super) source: Digits,
    pub(super) value: String,
}

/// Where fresh digits come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Digits {
    /// The same for all spans of a trace that name the same slot.
    Trace(u8),
    /// Different in every place.
    Place,
    /// Moves on by `step` with every trace of a connection, on a ring.
    Count { first: u64, step: u64, length: u64 },
}

/// OTLP's span kinds.
pub(super) const INTERNAL: u8 = 1;
/// A server span.
pub(super) const SERVER: u8 = 2;
/// A client span.
pub(super) const CLIENT: u8 = 3;
/// A producer span.
pub(super) const PRODUCER: u8 = 4;
/// A consumer span.
pub(super) const CONSUMER: u8 = 5;

impl Shape {
    /// Builds the pool; the same seed gives the same pool.
    pub(super) fn build(name: ShapeName, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let (services, next): (_, fn(&mut Random, usize) -> Trace) = match name {
            ShapeName::Shop => (shop::services(&mut random), |random, _| shop::trace(random)),
            ShapeName::Jaeger => (jaeger::services(), |random, _| jaeger::trace(random)),
            ShapeName::Tracegen => (tracegen::services(), tracegen::trace),
        };
        let mut traces = Vec::new();
        let mut spans = 0;
        while spans < POOL_SPANS {
            let trace = next(&mut random, traces.len());
            spans += trace.spans.len();
            traces.push(trace);
        }
        Self {
            services,
            traces,
            in_order: name == ShapeName::Tracegen,
        }
    }
}

fn text(value: impl Into<String>) -> Value {
    Value::Text(value.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_is_made_of_well_formed_trees() {
        for name in [ShapeName::Shop, ShapeName::Jaeger, ShapeName::Tracegen] {
            let shape = Shape::build(name, 3);
            for trace in &shape.traces {
                assert_eq!(trace.spans[0].parent, None);
                for (index, span) in trace.spans.iter().enumerate() {
                    assert!(span.service < shape.services.len());
                    assert!(span.start_ns <= span.end_ns);
                    assert_eq!(span.parent.is_none(), index == 0);
                    if let Some(parent) = span.parent {
                        assert!(parent < index);
                        assert!(trace.spans[parent].start_ns <= span.start_ns);
                    }
                }
            }
        }
    }

    #[test]
    fn the_shop_has_errors_links_and_sizes_like_real_traffic() {
        let shape = Shape::build(ShapeName::Shop, 1);
        let traces = shape.traces.len() as f64;
        let share = |test: fn(&Trace) -> bool| {
            shape.traces.iter().filter(|trace| test(trace)).count() as f64 / traces * 100.0
        };
        let errors = share(|trace| trace.spans.iter().any(|span| span.error.is_some()));
        assert!(
            (0.5..4.0).contains(&errors),
            "{errors} % of traces have an error"
        );
        let links = share(|trace| trace.spans.iter().any(|span| span.has_link));
        assert!(
            (0.1..10.0).contains(&links),
            "{links} % of traces have a link"
        );
        let sizes: Vec<usize> = shape.traces.iter().map(|trace| trace.spans.len()).collect();
        assert_eq!(sizes.iter().min(), Some(&1));
        assert!(*sizes.iter().max().unwrap() > 100);
        let has_key = |key: &str| {
            shape
                .traces
                .iter()
                .flat_map(|trace| &trace.spans)
                .any(|span| span.attributes.iter().any(|(name, _)| name == key))
        };
        for key in [
            "http.method",
            "http.request.method",
            "db.statement",
            "db.query.text",
        ] {
            assert!(has_key(key), "{key}");
        }
    }

    #[test]
    fn the_jaeger_shape_has_the_published_numbers() {
        let shape = Shape::build(ShapeName::Jaeger, 1);
        let mut keys: Vec<&str> = Vec::new();
        for span in shape.traces.iter().flat_map(|trace| &trace.spans) {
            assert_eq!(span.attributes.len(), 11);
            keys.extend(span.attributes.iter().map(|(key, _)| key.as_str()));
        }
        assert!(shape.traces.iter().all(|trace| trace.spans.len() == 10));
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), 97);
    }
}

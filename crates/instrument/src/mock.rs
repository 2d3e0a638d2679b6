//! An exporter for tests: it keeps the spans and checks what is expected.
//!
//! It exists so that an application can test its instrumentation as it tests
//! anything else. It must never need a network, a thread or a wait.
//!
//! ```
//! use tracewell_instrument::mock::{MockExporter, expect};
//! use tracewell_instrument::{SpanKind, span};
//!
//! let mock = MockExporter::new();
//! let _default = mock.tracer().set_default();
//!
//! let request = span("GET /orders").kind(SpanKind::Server).start();
//! request.in_scope(|| {
//!     let mut query = span("SELECT orders").kind(SpanKind::Client).start();
//!     query.set_attribute("db.system.name", "postgresql");
//! });
//! drop(request);
//!
//! mock.assert([
//!     expect("GET /orders").kind(SpanKind::Server).root(),
//!     expect("SELECT orders").child_of("GET /orders").attribute("db.system.name", "postgresql"),
//! ]);
//! ```

mod expectation;

pub use expectation::{ExpectedSpan, expect};

use crate::processing::{Processors, SpanProcessor};
use crate::record::{Core, CoreSettings, KeepPolicy, QueueLimits, SpanData, SpanLimits, Tracer};
use crate::sampling::{Sampler, SamplingDecision, SamplingQuestion};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

/// More finished spans than any test makes.
const MAX_SPANS: usize = 1 << 20;

/// Keeps what was recorded through its tracer.
#[derive(Debug)]
pub struct MockExporter {
    tracer: Tracer,
    spans: Mutex<Vec<SpanData>>,
}

/// What a mock is made with.
#[derive(Debug)]
#[must_use = "a builder makes nothing until it is built"]
pub struct MockBuilder {
    sampler: Arc<dyn Sampler>,
    limits: SpanLimits,
    keep: Option<KeepPolicy>,
    processors: Processors,
    service: String,
}

#[derive(Debug)]
struct Everything;

impl Sampler for Everything {
    fn decide(&self, question: &SamplingQuestion<'_>) -> SamplingDecision {
        SamplingDecision::new(true, question.trace_state())
    }
}

impl MockBuilder {
    /// Which spans are recorded; all unless said.
    pub fn sampler(mut self, sampler: impl Sampler + 'static) -> MockBuilder {
        self.sampler = Arc::new(sampler);
        self
    }

    /// How much one span may hold.
    pub fn limits(mut self, limits: SpanLimits) -> MockBuilder {
        self.limits = limits;
        self
    }

    /// Which traces are kept although the sampler said no; none unless said.
    pub fn keep(mut self, policy: KeepPolicy) -> MockBuilder {
        self.keep = Some(policy);
        self
    }

    /// What is done with each span; may be called several times.
    pub fn processor(mut self, processor: impl SpanProcessor + 'static) -> MockBuilder {
        self.processors.add(processor);
        self
    }

    /// The service's name, as samplers see it.
    pub fn service(mut self, name: impl Into<String>) -> MockBuilder {
        self.service = name.into();
        self
    }

    /// Makes it.
    #[must_use]
    pub fn build(self) -> MockExporter {
        let core = Core::leak(CoreSettings {
            service: self.service,
            sampler: self.sampler,
            limits: self.limits,
            keep: self.keep,
            processors: self.processors,
            queue: QueueLimits {
                max_items: MAX_SPANS,
                max_bytes: usize::MAX,
                batch_items: MAX_SPANS,
                batch_bytes: usize::MAX,
            },
        });
        MockExporter {
            tracer: Tracer::new(core),
            spans: Mutex::default(),
        }
    }
}

impl Default for MockExporter {
    fn default() -> MockExporter {
        MockExporter::new()
    }
}

impl MockExporter {
    /// Records every span.
    #[must_use]
    pub fn new() -> MockExporter {
        MockExporter::builder().build()
    }

    /// One with settings.
    pub fn builder() -> MockBuilder {
        MockBuilder {
            sampler: Arc::new(Everything),
            limits: SpanLimits::default(),
            keep: None,
            processors: Processors::default(),
            service: "test".to_owned(),
        }
    }

    /// What records into it. [`Tracer::set_default`] makes it the thread's.
    #[must_use]
    pub fn tracer(&self) -> Tracer {
        self.tracer
    }

    /// The finished spans of all threads, in the order in which they started.
    #[must_use]
    pub fn spans(&self) -> Vec<SpanData> {
        let mut spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        let finished = self.tracer.core().take_finished();
        spans.extend(finished.into_iter().map(|span| *span));
        spans.sort_by_key(|span| span.start_unix_ns);
        spans.clone()
    }

    /// Forgets what was recorded so far.
    pub fn discard(&self) {
        let core = self.tracer.core();
        let finished = core.take_finished();
        core.queue().recycle(finished);
        self.spans
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// The one span of this name.
    ///
    /// # Panics
    /// When there is none or more than one.
    #[must_use]
    pub fn span(&self, name: &str) -> SpanData {
        let spans = self.spans();
        let mut named = spans.iter().filter(|span| span.name == name);
        match (named.next(), named.next()) {
            (Some(span), None) => span.clone(),
            (None, _) => panic!("no span named {name:?} among:\n{}", describe(&spans)),
            (Some(_), Some(_)) => panic!("several spans named {name:?}:\n{}", describe(&spans)),
        }
    }

    /// Checks that exactly these spans were recorded, in any order.
    ///
    /// # Panics
    /// When they were not, with all differences and all spans.
    pub fn assert(&self, expected: impl IntoIterator<Item = ExpectedSpan>) {
        let spans = self.spans();
        let problems = expectation::check(expected.into_iter().collect(), &spans);
        assert!(
            problems.is_empty(),
            "{}\nspans:\n{}",
            problems.join("\n"),
            describe(&spans)
        );
    }
}

impl Drop for MockExporter {
    fn drop(&mut self) {
        self.tracer.core().close_quietly();
    }
}

fn describe(spans: &[SpanData]) -> String {
    let mut text = String::new();
    for span in spans {
        let parent = spans.iter().find(|other| {
            other.context.span_id == span.parent_span_id
                && other.context.trace_id == span.context.trace_id
        });
        let parent = parent.map_or("-", |parent| &parent.name);
        let (name, kind, status) = (&span.name, span.kind, &span.status);
        // Writing to a string cannot fail.
        write!(
            text,
            "  {name:?} kind={kind:?} parent={parent:?} status={status:?}"
        )
        .ok();
        for attribute in &span.attributes {
            write!(text, " {}={:?}", attribute.key, attribute.value).ok();
        }
        text.push('\n');
    }
    text
}

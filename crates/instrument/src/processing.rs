//! Code of the application's at the start and the end of every recorded span.
//!
//! ```text
//! span starts ─ on_start of each ─ … work … ─ on_end of each ─┬ kept ─ queue
//!                                                             └ dropped, counted
//! ```
//!
//! It exists so that what holds for all spans is said once: attributes that each
//! must have, values that must not leave the process, spans that nobody wants. It
//! runs on the application's threads and must never wait.
//!
//! A processor of one's own:
//!
//! ```
//! use tracewell_instrument::processing::{SpanProcessor, Verdict};
//! use tracewell_instrument::{SpanData, Value};
//!
//! #[derive(Debug)]
//! struct WithoutSecrets;
//!
//! impl SpanProcessor for WithoutSecrets {
//!     fn on_end(&self, span: &mut SpanData) -> Verdict {
//!         for attribute in &mut span.attributes {
//!             if attribute.key.contains("password") {
//!                 attribute.value = Value::from("REDACTED");
//!             }
//!         }
//!         if span.name == "GET /health" { Verdict::Drop } else { Verdict::Keep }
//!     }
//! }
//!
//! let setup = tracewell_instrument::builder().processor(WithoutSecrets);
//! # drop(setup);
//! ```
//!
//! Several are called in the order in which they were added, at the start and at
//! the end; the first that drops a span is the last to see it. The children of a
//! dropped span keep it as their parent: [`sampling`](crate::sampling) leaves out
//! whole traces.
//!
//! Spans that are not recorded have no processors, and a set-up without any pays
//! one comparison for each span.

mod baggage;

pub use baggage::CopyBaggage;

use crate::record::{Context, Span, SpanData};
use std::fmt;

/// Is called for each recorded span. Both methods do nothing unless written.
pub trait SpanProcessor: Send + Sync + fmt::Debug {
    /// The span has started, on the thread that started it; name, kind and parent
    /// are known, attributes mostly not yet. `parent` is the context above it.
    #[expect(unused_variables, reason = "named for whoever writes one")]
    fn on_start(&self, span: &mut Span, parent: &Context) {}

    /// The span has ended, on the thread that ended it. What is changed here is
    /// what is exported.
    #[expect(unused_variables, reason = "named for whoever writes one")]
    fn on_end(&self, span: &mut SpanData) -> Verdict {
        Verdict::Keep
    }
}

/// What becomes of a span that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It is exported.
    Keep,
    /// It is not, and counted in
    /// [`Statistics::dropped_by_processor`](crate::Statistics::dropped_by_processor).
    Drop,
}

/// All processors of a set-up.
#[derive(Debug, Default)]
pub(crate) struct Processors(Vec<Box<dyn SpanProcessor>>);

impl Processors {
    pub(crate) fn add(&mut self, processor: impl SpanProcessor + 'static) {
        self.0.push(Box::new(processor));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn start(&self, span: &mut Span, parent: &Context) {
        for processor in &self.0 {
            processor.on_start(span, parent);
        }
    }

    pub(crate) fn end(&self, span: &mut SpanData) -> Verdict {
        let is_dropped = |it: &dyn SpanProcessor, span: &mut _| it.on_end(span) == Verdict::Drop;
        if self.0.iter().any(|it| is_dropped(&**it, span)) {
            Verdict::Drop
        } else {
            Verdict::Keep
        }
    }
}

//! Our propagators as OpenTelemetry's.
//!
//! It exists so that programs which stay with the stock SDK can speak B3,
//! Jaeger and X-Ray too, whose own crates are deprecated. It must never take a
//! header that our propagators refuse.

use super::convert::{from_baggage, from_span_context, to_baggage, to_span_context};
use crate::propagation::{Extract, Inject, Propagated, Propagator, Propagators};
use ::opentelemetry::Context as OtelContext;
use ::opentelemetry::baggage::BaggageExt as _;
use ::opentelemetry::propagation::text_map_propagator::FieldIter;
use ::opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use ::opentelemetry::trace::TraceContextExt as _;
use std::sync::{Arc, OnceLock};

/// A [`TextMapPropagator`] of OpenTelemetry that reads and writes with
/// [`Propagators`].
///
/// ```
/// use tracewell_instrument::opentelemetry::TextMap;
/// use tracewell_instrument::propagation::{B3, Propagators};
///
/// opentelemetry::global::set_text_map_propagator(TextMap::from(B3::SINGLE));
/// let several = Propagators::from_names("tracecontext,baggage,xray")?;
/// opentelemetry::global::set_text_map_propagator(TextMap::new(several));
/// # Ok::<(), tracewell_instrument::propagation::PropagatorError>(())
/// ```
#[derive(Debug, Default)]
pub struct TextMap {
    /// `None` are those of the process's set-up.
    propagators: Option<Propagators>,
    fields: OnceLock<Vec<String>>,
}

impl TextMap {
    /// Of these formats. [`TextMap::default`] has those of the process's set-up
    /// (see [`propagators`](crate::propagators())), also of one made later.
    #[must_use]
    pub fn new(propagators: Propagators) -> TextMap {
        TextMap {
            propagators: Some(propagators),
            fields: OnceLock::new(),
        }
    }

    fn propagators(&self) -> &Propagators {
        let own = self.propagators.as_ref();
        own.unwrap_or_else(|| crate::propagators())
    }
}

/// Of one format.
impl<P: Propagator + 'static> From<P> for TextMap {
    fn from(propagator: P) -> TextMap {
        TextMap::new(Propagators::new(vec![Arc::new(propagator)]))
    }
}

impl TextMapPropagator for TextMap {
    fn inject_context(&self, context: &OtelContext, injector: &mut dyn Injector) {
        let propagated = Propagated {
            span: from_span_context(context.span().span_context()),
            baggage: from_baggage(context.baggage()),
        };
        self.propagators()
            .inject(&propagated, &mut Written(injector));
    }

    fn extract_with_context(
        &self,
        context: &OtelContext,
        extractor: &dyn Extractor,
    ) -> OtelContext {
        let Propagated { span, baggage } = self.propagators().extract(&Read(extractor));
        let mut extracted = context.clone();
        if span.is_valid() {
            extracted = extracted.with_remote_span_context(to_span_context(&span));
        }
        if !baggage.is_empty() {
            extracted = extracted.with_baggage(to_baggage(&baggage));
        }
        extracted
    }

    /// The headers it may write; not those whose names are made up as they are
    /// written (Jaeger's baggage).
    fn fields(&self) -> FieldIter<'_> {
        let whole_names = || {
            let fields = self.propagators().fields().into_iter();
            fields
                .filter(|name| !name.ends_with('-'))
                .map(str::to_owned)
                .collect()
        };
        FieldIter::new(self.fields.get_or_init(whole_names))
    }
}

struct Written<'a>(&'a mut dyn Injector);

impl Inject for Written<'_> {
    fn set(&mut self, name: &str, value: &str) {
        self.0.set(name, value.to_owned());
    }
}

struct Read<'a>(&'a dyn Extractor);

impl Extract for Read<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)
    }

    fn get_all(&self, name: &str, each: &mut dyn FnMut(&str)) {
        for value in self.0.get_all(name).unwrap_or_default() {
            each(value);
        }
    }

    fn with_prefix(&self, prefix: &str, each: &mut dyn FnMut(&str, &str)) {
        for name in self.0.keys() {
            let head = name.get(..prefix.len());
            let is_meant = head.is_some_and(|head| head.eq_ignore_ascii_case(prefix));
            if let (true, Some(rest), Some(value)) =
                (is_meant, name.get(prefix.len()..), self.0.get(name))
            {
                each(rest, value);
            }
        }
    }
}

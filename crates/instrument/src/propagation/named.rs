//! Several formats as one, by the names of `OTEL_PROPAGATORS`.
//!
//! It exists so that the environment chooses the formats. It must never take
//! an unknown name in silence: headers would go missing and nobody know why.

use super::{
    B3, Extract, Inject, Jaeger, OtTrace, Propagated, Propagator, TraceContext, W3cBaggage, XRay,
};
use crate::Context;
use std::sync::Arc;

/// The names it knows, as the OpenTelemetry specification writes them.
const KNOWN: &str = "tracecontext, baggage, b3, b3multi, jaeger, xray, ottrace, none";

/// Why a list of propagators was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PropagatorError {
    /// A name that stands for no format here.
    #[error("OTEL_PROPAGATORS has `{name}`, which is not known; write one or more of {KNOWN}")]
    Unknown {
        /// The name as written.
        name: String,
    },
    /// `none` beside others.
    #[error(
        "OTEL_PROPAGATORS has `none` beside other names in `{list}`; write `none` alone or leave it out"
    )]
    NoneBesideOthers {
        /// The list as written.
        list: String,
    },
}

/// Propagators that act in order; where several find a parent, the last wins.
#[derive(Debug, Clone)]
pub struct Propagators(Vec<Arc<dyn Propagator>>);

impl Propagators {
    /// The given ones, in that order.
    #[must_use]
    pub fn new(propagators: Vec<Arc<dyn Propagator>>) -> Propagators {
        Propagators(propagators)
    }

    /// None: nothing is read or written.
    #[must_use]
    pub fn none() -> Propagators {
        Propagators(Vec::new())
    }

    /// From a list of names with commas, as in `OTEL_PROPAGATORS`. An empty
    /// list is the default, `tracecontext,baggage`; repeated names count once.
    pub fn from_names(list: &str) -> Result<Propagators, PropagatorError> {
        let mut names: Vec<&str> = Vec::new();
        for name in list
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
        {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        if names.is_empty() {
            return Ok(Propagators::default());
        }
        if names == ["none"] {
            return Ok(Propagators::none());
        }
        let named = names
            .iter()
            .map(|name| -> Result<Arc<dyn Propagator>, PropagatorError> {
                Ok(match *name {
                    "tracecontext" => Arc::new(TraceContext),
                    "baggage" => Arc::new(W3cBaggage),
                    "b3" => Arc::new(B3::SINGLE),
                    "b3multi" => Arc::new(B3::MULTI),
                    "jaeger" => Arc::new(Jaeger),
                    "xray" => Arc::new(XRay),
                    "ottrace" => Arc::new(OtTrace),
                    "none" => {
                        return Err(PropagatorError::NoneBesideOthers {
                            list: list.to_owned(),
                        });
                    }
                    _ => {
                        return Err(PropagatorError::Unknown {
                            name: (*name).to_owned(),
                        });
                    }
                })
            });
        named.collect::<Result<_, _>>().map(Propagators)
    }

    /// The names of the headers that it may write.
    #[must_use]
    pub fn fields(&self) -> Vec<&'static str> {
        self.0
            .iter()
            .flat_map(|propagator| propagator.fields())
            .copied()
            .collect()
    }

    /// Writes `propagated` in every format.
    pub fn inject(&self, propagated: &Propagated, carrier: &mut dyn Inject) {
        for propagator in &self.0 {
            propagator.inject(propagated, carrier);
        }
    }

    /// Writes a context's span and baggage in every format.
    pub fn inject_context(&self, context: &Context, carrier: &mut dyn Inject) {
        let (span, baggage) = (context.span().clone(), context.baggage().clone());
        self.inject(&Propagated { span, baggage }, carrier);
    }

    /// The context of the caller, for what is done on its behalf.
    #[must_use]
    pub fn extract_context(&self, carrier: &dyn Extract) -> Context {
        let Propagated { span, baggage } = self.extract(carrier);
        Context::from_span(span).with_baggage(baggage)
    }

    /// What the caller sent, in whichever format.
    #[must_use]
    pub fn extract(&self, carrier: &dyn Extract) -> Propagated {
        let mut propagated = Propagated::default();
        for propagator in &self.0 {
            propagator.extract(carrier, &mut propagated);
        }
        propagated
    }
}

impl Default for Propagators {
    /// W3C trace context and baggage, the specification's default.
    fn default() -> Propagators {
        Propagators(vec![Arc::new(TraceContext), Arc::new(W3cBaggage)])
    }
}

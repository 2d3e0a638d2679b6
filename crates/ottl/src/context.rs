//! What a statement is run for: each resource, scope, span or event.
//!
//! A row of a lower context belongs to one of each upper one, so paths look
//! upward, **never downward**.

use tracewell_model::Level;

/// Whose rows a statement or a condition speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Context {
    /// Resources.
    Resource,
    /// Instrumentation scopes.
    Scope,
    /// Spans.
    Span,
    /// Events of spans.
    SpanEvent,
}

impl Context {
    /// All, from the top down.
    pub const ALL: [Self; 4] = [Self::Resource, Self::Scope, Self::Span, Self::SpanEvent];

    /// As configurations name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Resource => "resource",
            Self::Scope => "scope",
            Self::Span => "span",
            Self::SpanEvent => "spanevent",
        }
    }

    /// From its name in configurations and in front of paths.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "instrumentation_scope" => Some(Self::Scope),
            _ => Self::ALL.into_iter().find(|context| context.name() == name),
        }
    }

    /// The level of its attributes.
    #[must_use]
    pub fn level(self) -> Level {
        match self {
            Self::Resource => Level::Resource,
            Self::Scope => Level::Scope,
            Self::Span => Level::Span,
            Self::SpanEvent => Level::Event,
        }
    }

    /// Has each row of this one row of the other? Scopes have no resource:
    /// several resources may share the row of a scope.
    pub(crate) fn sees(self, other: Self) -> bool {
        self == other || (other < self && self != Self::Scope)
    }

    /// Where what belongs to both is known.
    pub(crate) fn joined(self, other: Self) -> Self {
        if self.sees(other) {
            self
        } else if other.sees(self) {
            other
        } else {
            Self::Span
        }
    }
}

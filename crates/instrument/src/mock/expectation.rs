//! What a test expects of its spans.
//!
//! It exists so that a failed test says what was expected and what was there.
//! What is not said of a span must never be checked.

use crate::record::{SpanData, Status, Value};
use crate::sampling::SpanKind;
use std::borrow::Cow;

/// One expected span. What is not said of it may be anything.
#[derive(Debug, Clone)]
#[must_use = "an expectation is checked by MockExporter::assert"]
pub struct ExpectedSpan {
    name: String,
    kind: Option<SpanKind>,
    parent: Option<Parent>,
    status: Option<ExpectedStatus>,
    attributes: Vec<(Cow<'static, str>, Value)>,
    absent: Vec<Cow<'static, str>>,
    events: Vec<String>,
    links: Option<usize>,
}

#[derive(Debug, Clone)]
enum Parent {
    None,
    Named(String),
    Remote,
}

#[derive(Debug, Clone)]
enum ExpectedStatus {
    Exactly(Status),
    AnyError,
}

/// Expects a span of this name.
pub fn expect(name: impl Into<String>) -> ExpectedSpan {
    ExpectedSpan {
        name: name.into(),
        kind: None,
        parent: None,
        status: None,
        attributes: Vec::new(),
        absent: Vec::new(),
        events: Vec::new(),
        links: None,
    }
}

impl ExpectedSpan {
    /// Its kind.
    pub fn kind(mut self, kind: SpanKind) -> ExpectedSpan {
        self.kind = Some(kind);
        self
    }

    /// It has no parent.
    pub fn root(mut self) -> ExpectedSpan {
        self.parent = Some(Parent::None);
        self
    }

    /// Its parent is a recorded span of this name, in the same trace.
    pub fn child_of(mut self, name: impl Into<String>) -> ExpectedSpan {
        self.parent = Some(Parent::Named(name.into()));
        self
    }

    /// Its parent is in another process.
    pub fn child_of_remote(mut self) -> ExpectedSpan {
        self.parent = Some(Parent::Remote);
        self
    }

    /// Its status.
    pub fn status(mut self, status: Status) -> ExpectedSpan {
        self.status = Some(ExpectedStatus::Exactly(status));
        self
    }

    /// Its status is an error, however it is described.
    pub fn error(mut self) -> ExpectedSpan {
        self.status = Some(ExpectedStatus::AnyError);
        self
    }

    /// An attribute and its value.
    pub fn attribute(
        mut self,
        key: impl Into<Cow<'static, str>>,
        value: impl Into<Value>,
    ) -> ExpectedSpan {
        self.attributes.push((key.into(), value.into()));
        self
    }

    /// It does not have this attribute.
    pub fn without_attribute(mut self, key: impl Into<Cow<'static, str>>) -> ExpectedSpan {
        self.absent.push(key.into());
        self
    }

    /// It has an event of this name.
    pub fn event(mut self, name: impl Into<String>) -> ExpectedSpan {
        self.events.push(name.into());
        self
    }

    /// It has this many links.
    pub fn links(mut self, count: usize) -> ExpectedSpan {
        self.links = Some(count);
        self
    }

    /// What differs, in words; nothing if it is the span.
    fn differences(&self, span: &SpanData, all: &[SpanData]) -> Vec<String> {
        let mut found = Vec::new();
        if let Some(kind) = self.kind
            && kind != span.kind
        {
            found.push(format!("kind is {:?}, not {kind:?}", span.kind));
        }
        found.extend(
            self.parent
                .as_ref()
                .and_then(|parent| parent.difference(span, all)),
        );
        let is_status = match &self.status {
            Some(ExpectedStatus::Exactly(status)) => *status == span.status,
            Some(ExpectedStatus::AnyError) => span.status.is_error(),
            None => true,
        };
        if !is_status {
            found.push(format!(
                "status is {:?}, not {:?}",
                span.status, self.status
            ));
        }
        for (key, value) in &self.attributes {
            match span.attribute(key) {
                Some(actual) if actual == value => {}
                Some(actual) => found.push(format!("{key} is {actual:?}, not {value:?}")),
                None => found.push(format!("{key} is missing")),
            }
        }
        for key in &self.absent {
            if let Some(actual) = span.attribute(key) {
                found.push(format!("{key} is {actual:?}, but should be absent"));
            }
        }
        for name in &self.events {
            if !span.events.iter().any(|event| event.name == *name) {
                found.push(format!("event {name:?} is missing"));
            }
        }
        if let Some(links) = self.links
            && links != span.links.len()
        {
            found.push(format!("it has {} links, not {links}", span.links.len()));
        }
        found
    }
}

impl Parent {
    fn difference(&self, span: &SpanData, all: &[SpanData]) -> Option<String> {
        let has_parent = span.parent_span_id.is_valid();
        let is_right = match self {
            Parent::None => !has_parent,
            Parent::Remote => has_parent && span.parent_is_remote,
            Parent::Named(name) => all.iter().any(|other| {
                other.name == *name
                    && other.context.span_id == span.parent_span_id
                    && other.context.trace_id == span.context.trace_id
            }),
        };
        (!is_right).then(|| format!("its parent is not {self:?}"))
    }
}

/// Pairs expectations with spans; what cannot be paired is a problem.
pub(super) fn check(expected: Vec<ExpectedSpan>, spans: &[SpanData]) -> Vec<String> {
    let mut unpaired: Vec<&SpanData> = spans.iter().collect();
    let mut problems = Vec::new();
    for expectation in &expected {
        let matching = unpaired.iter().position(|span| {
            span.name == expectation.name && expectation.differences(span, spans).is_empty()
        });
        if let Some(position) = matching {
            unpaired.remove(position);
            continue;
        }
        let name = &expectation.name;
        match unpaired.iter().find(|span| span.name == *name) {
            Some(near) => {
                let differences = expectation.differences(near, spans).join("; ");
                problems.push(format!("span {name:?}: {differences}"));
            }
            None => problems.push(format!("span {name:?} was not recorded")),
        }
    }
    if problems.is_empty() {
        problems.extend(
            unpaired
                .iter()
                .map(|span| format!("span {:?} was not expected", span.name)),
        );
    }
    problems
}

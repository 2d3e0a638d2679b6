//! Which spans are wanted: a predicate over one span.
//!
//! Every search, in whatever language it was written, becomes a
//! [`SpanFilter`]. Stores evaluate the part that needs only the span itself
//! ([`SpanFilter::span_local`]) on whatever they have in memory as a
//! [`SpanBatch`]; the query engine evaluates the whole over assembled traces.
//! There is one evaluator, so the two can never disagree.
//!
//! Semantics (TraceQL): an attribute that is missing makes every comparison
//! false, also `!=` and `!~`; types are not converted, except that integers,
//! doubles and durations compare as numbers; with several events or links any
//! one suffices, also for absence; of an array any element suffices, and `!=`
//! needs that none is equal.

mod condition;
mod evaluate;

pub use condition::{CompareOp, Condition, Literal};

use crate::batch::{Level, SpanBatch};
use crate::rows::RowSet;
use crate::values::Comparison;

/// A predicate over one span.
#[derive(Debug, Clone, PartialEq)]
pub enum SpanFilter {
    /// Every span.
    All,
    /// No span.
    None,
    /// All parts hold.
    And(Vec<SpanFilter>),
    /// At least one part holds.
    Or(Vec<SpanFilter>),
    /// The part does not hold.
    Not(Box<SpanFilter>),
    /// A field satisfies a condition.
    Test(Field, Condition),
    /// Two values of the span compare so.
    Compare(Box<Comparison>),
}

/// What a test looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// An attribute under any of several keys (aliases of one meaning).
    Attribute(Place, Vec<Box<str>>),
    /// The same of the parent. Needs the whole trace.
    ParentAttribute(Place, Vec<Box<str>>),
    /// Something every span has.
    Intrinsic(Intrinsic),
}

/// Where an attribute is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// Span, resource, event, link, scope: anywhere.
    Any,
    /// On the span.
    Span,
    /// On its resource.
    Resource,
    /// On its instrumentation scope.
    Scope,
    /// On one of its events.
    Event,
    /// On one of its links.
    Link,
}

impl Place {
    /// Can a span have several of them, each with attributes of its own?
    #[must_use]
    pub fn has_many(self) -> bool {
        matches!(self, Self::Event | Self::Link)
    }

    /// The levels that are searched.
    #[must_use]
    pub fn levels(self) -> &'static [Level] {
        match self {
            Self::Any => &Level::ALL,
            Self::Span => &[Level::Span],
            Self::Resource => &[Level::Resource],
            Self::Scope => &[Level::Scope],
            Self::Event => &[Level::Event],
            Self::Link => &[Level::Link],
        }
    }
}

/// Fields every span has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Intrinsic {
    /// Trace id as 32 hexadecimal digits; compared without leading zeros.
    TraceId,
    /// Span id as 16 hexadecimal digits; compared without leading zeros.
    SpanId,
    /// Parent's id; the empty text for a root.
    ParentSpanId,
    /// Operation name.
    Name,
    /// Kind.
    Kind,
    /// Status code.
    Status,
    /// Status message.
    StatusMessage,
    /// Duration in ns; 0 for a span that ended before it started.
    Duration,
    /// Did it fail, in the sense of [`crate::failure`].
    Failed,
    /// Name of any of its events.
    EventName,
    /// Event time minus span start, ns.
    EventTimeSinceStart,
    /// Trace of any of its links.
    LinkTraceId,
    /// Span of any of its links.
    LinkSpanId,
    /// Name of its instrumentation scope.
    ScopeName,
    /// Version of its instrumentation scope.
    ScopeVersion,
    /// Number of its direct children. Needs the whole trace.
    ChildCount,
    /// Latest end minus earliest start of the trace, ns. Needs the whole trace.
    TraceDuration,
    /// Name of the root span; empty if it never came. Needs the whole trace.
    RootName,
    /// Service of the root span; empty if it never came. Needs the whole trace.
    RootService,
    /// Left end of its nested set. Needs the whole trace, as the next two.
    NestedSetLeft,
    /// Right end of its nested set.
    NestedSetRight,
    /// Left end of its parent's; see [`NestedSet::parent`].
    NestedSetParent,
}

impl Intrinsic {
    /// Is it the same for all spans of a trace?
    #[must_use]
    pub fn is_of_trace(self) -> bool {
        matches!(
            self,
            Self::TraceDuration | Self::RootName | Self::RootService
        )
    }

    /// Can it be told from the span alone?
    #[must_use]
    pub fn is_span_local(self) -> bool {
        !matches!(
            self,
            Self::ChildCount
                | Self::TraceDuration
                | Self::RootName
                | Self::RootService
                | Self::NestedSetLeft
                | Self::NestedSetRight
                | Self::NestedSetParent
        )
    }
}

/// What is known of a whole trace, for the intrinsics that need it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TraceFacts {
    /// Direct children of each span, by row.
    pub child_counts: Vec<u32>,
    /// Latest end minus earliest start, ns.
    pub duration_ns: u64,
    /// Name of the root span; empty if it never came.
    pub root_name: String,
    /// Service of the root span; empty if it never came.
    pub root_service: String,
    /// The row of each span's parent, where it is here.
    pub parent_rows: Vec<Option<u32>>,
    /// The nested set of each span, by row.
    pub nested_sets: Vec<NestedSet>,
}

/// The place of a span in a tree as two numbers: those of its descendants lie
/// between them. Several trees are numbered one after the other, from 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NestedSet {
    /// Counted up on the way down.
    pub left: i64,
    /// And on the way back.
    pub right: i64,
    /// `left` of the parent; -1 of a root, 0 of an orphan.
    pub parent: i64,
}

impl Field {
    /// Can it be told from the span alone?
    #[must_use]
    pub fn is_span_local(&self) -> bool {
        match self {
            Self::Attribute(..) => true,
            Self::ParentAttribute(..) => false,
            Self::Intrinsic(field) => field.is_span_local(),
        }
    }
}

/// Says for which rows of a table a test holds; `None` where it cannot be told.
pub type Decider<'d, E> = dyn FnMut(&Field, &Condition) -> Result<Option<RowSet>, E> + 'd;

impl SpanFilter {
    /// Rows of the spans that match, as far as a span alone can tell. Tests
    /// that need the whole trace hold for no span here: pass a filter that
    /// went through [`SpanFilter::span_local`].
    #[must_use]
    pub fn matching(&self, batch: &SpanBatch) -> RowSet {
        evaluate::matching(self, batch, None)
    }

    /// Rows of the spans that match; `batch` is one whole trace.
    #[must_use]
    pub fn matching_in_trace(&self, batch: &SpanBatch, facts: &TraceFacts) -> RowSet {
        evaluate::matching(self, batch, Some(facts))
    }

    /// The one or the other, as far as the trace is known.
    #[must_use]
    pub fn matching_as_far(&self, batch: &SpanBatch, facts: Option<&TraceFacts>) -> RowSet {
        evaluate::matching(self, batch, facts)
    }

    /// Can every test be told from a span alone?
    #[must_use]
    pub fn is_span_local(&self) -> bool {
        let mut is_local = true;
        self.for_each_field(&mut |field, _| is_local &= field.is_span_local());
        is_local
    }

    /// The same filter or a weaker one without tests that need the whole
    /// trace: matches every span that `self` matches, perhaps more.
    #[must_use]
    pub fn span_local(&self) -> Self {
        self.relax(true)
    }

    /// What it asks of whole traces ([`Intrinsic::is_of_trace`]) and every span needs:
    /// the same filter or a weaker one, [`SpanFilter::All`] where it asks nothing.
    #[must_use]
    pub fn of_trace(&self) -> Self {
        match self {
            Self::And(parts) => {
                let parts = parts.iter().map(Self::of_trace);
                let parts: Vec<Self> = parts.filter(|part| *part != Self::All).collect();
                match parts.as_slice() {
                    [] => Self::All,
                    [only] => only.clone(),
                    _ => Self::And(parts),
                }
            }
            _ if self.is_of_trace() => self.clone(),
            _ => Self::All,
        }
    }

    fn is_of_trace(&self) -> bool {
        match self {
            Self::All | Self::None | Self::Compare(_) => false,
            Self::And(parts) | Self::Or(parts) => parts.iter().all(Self::is_of_trace),
            Self::Not(part) => part.is_of_trace(),
            Self::Test(field, _) => {
                matches!(field, Field::Intrinsic(field) if field.is_of_trace())
            }
        }
    }

    /// Rows of a table of `len` for which it holds, where `test` says so of its tests:
    /// `None` of one that cannot be told, and with it of the whole.
    ///
    /// # Errors
    /// What `test` says.
    pub fn decide<E>(&self, len: usize, test: &mut Decider<'_, E>) -> Result<Option<RowSet>, E> {
        let mut joined = |parts: &[Self], start: RowSet, join: fn(&mut RowSet, &RowSet)| {
            let mut rows = start;
            for part in parts {
                match part.decide(len, test)? {
                    Some(of_part) => join(&mut rows, &of_part),
                    None => return Ok(None),
                }
            }
            Ok(Some(rows))
        };
        match self {
            Self::All => Ok(Some(RowSet::all(len))),
            Self::None => Ok(Some(RowSet::none(len))),
            Self::And(parts) => joined(parts, RowSet::all(len), RowSet::intersect),
            Self::Or(parts) => joined(parts, RowSet::none(len), RowSet::unite),
            Self::Not(part) => Ok(part.decide(len, test)?.map(|mut rows| {
                rows.invert();
                rows
            })),
            Self::Test(field, condition) => test(field, condition),
            Self::Compare(_) => Ok(None),
        }
    }

    /// Replaces what cannot be told by what is always true, or, below an odd
    /// number of negations, by what is always false.
    fn relax(&self, positive: bool) -> Self {
        match self {
            Self::All | Self::None => self.clone(),
            Self::And(parts) => Self::And(parts.iter().map(|part| part.relax(positive)).collect()),
            Self::Or(parts) => Self::Or(parts.iter().map(|part| part.relax(positive)).collect()),
            Self::Not(part) => Self::Not(Box::new(part.relax(!positive))),
            Self::Test(..) | Self::Compare(_) if self.is_span_local() => self.clone(),
            Self::Test(..) | Self::Compare(_) if positive => Self::All,
            Self::Test(..) | Self::Compare(_) => Self::None,
        }
    }

    /// Calls `visit` for every test in the filter.
    pub fn for_each_test<'a>(&'a self, visit: &mut impl FnMut(&'a Field, &'a Condition)) {
        match self {
            Self::All | Self::None | Self::Compare(_) => {}
            Self::And(parts) | Self::Or(parts) => {
                parts.iter().for_each(|part| part.for_each_test(visit));
            }
            Self::Not(part) => part.for_each_test(visit),
            Self::Test(field, condition) => visit(field, condition),
        }
    }

    /// Calls `visit` for every field that is looked at, tested or compared,
    /// with the condition of a test.
    pub fn for_each_field<'a>(&'a self, visit: &mut dyn FnMut(&'a Field, Option<&'a Condition>)) {
        match self {
            Self::All | Self::None => {}
            Self::And(parts) | Self::Or(parts) => {
                parts.iter().for_each(|part| part.for_each_field(visit));
            }
            Self::Not(part) => part.for_each_field(visit),
            Self::Test(field, condition) => visit(field, Some(condition)),
            Self::Compare(comparison) => comparison.for_each_field(visit),
        }
    }
}

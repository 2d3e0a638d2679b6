//! The syntax tree: what a query means, in a shape made for lowering.
//!
//! The parser already did the normalising, so that whoever walks the tree has
//! few cases: the field is always on the left, a lone boolean field is a
//! comparison with `true`, comparisons with `nil` are [`Expr::Exists`] and
//! [`Expr::Missing`], and chains of one operator are one flat list.
//!
//! The tree knows nothing of stored spans, and equality **never** looks at
//! where something was written.

use std::ops::Range;

use tracewell_model::{SpanKind, StatusCode};

/// A whole query. Today it is one filter; pipelines will add their stages
/// beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// The condition inside the braces; `{ }` is [`Expr::True`].
    pub filter: Expr,
}

/// A condition on one span.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// All of these. The parser makes lists of two or more; parentheses stay
    /// visible as nested lists. Flat, so that a long list is not a deep tree.
    And(Vec<Expr>),
    /// At least one of these; otherwise as [`Expr::And`].
    Or(Vec<Expr>),
    /// Plain two-valued negation: `!(.a = 1)` also holds where `.a` is missing.
    Not(Box<Expr>),
    /// `field op value`. **False where the field is missing or holds a value
    /// of another type, for every operator, `!=` and `!~` included.**
    Compare {
        /// The left side.
        field: Field,
        /// The operator, turned round if the query had the value on the left.
        op: CompareOp,
        /// The right side. Text, and a pattern that compiles, for the two
        /// pattern operators.
        value: Literal,
        /// Where the comparison was written.
        source: SourceRange,
    },
    /// The span has the field: `field != nil`.
    Exists {
        /// What has to be there.
        field: Field,
        /// Where the comparison was written.
        source: SourceRange,
    },
    /// `field = nil`: nobody has the field who is asked. Of events and links
    /// it is enough that one lacks it, so it is not the opposite of
    /// [`Expr::Exists`] (ADR-015).
    Missing {
        /// What must be lacking.
        field: Field,
        /// Where the comparison was written.
        source: SourceRange,
    },
    /// Every span.
    True,
    /// No span.
    False,
}

impl Expr {
    /// `field op value` for conditions that come from no text, such as the
    /// parameters of another API.
    pub fn compare(field: Field, op: CompareOp, value: Literal) -> Self {
        Self::Compare {
            field,
            op,
            value,
            source: SourceRange::default(),
        }
    }

    /// All of `conditions`; without any, every span.
    pub fn all_of(mut conditions: Vec<Self>) -> Self {
        match conditions.len() {
            0 => Self::True,
            1 => conditions.remove(0),
            _ => Self::And(conditions),
        }
    }
}

/// What a condition looks at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Field {
    /// Something every span has by definition, such as its duration.
    Intrinsic(Intrinsic),
    /// A key–value pair that the program being traced has set.
    Attribute {
        /// Where to look for it.
        scope: AttributeScope,
        /// The key, as sent: unquoted, with its dots.
        key: String,
    },
}

/// Where an attribute is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttributeScope {
    /// `.key`: the condition holds if it holds in any of the scopes below.
    Any,
    /// `span.key`
    Span,
    /// `resource.key`
    Resource,
    /// `event.key`: any event of the span.
    Event,
    /// `link.key`: any link of the span.
    Link,
    /// `instrumentation.key`: attributes of the instrumentation scope.
    Instrumentation,
}

/// Fields with a meaning of their own. Those of events and links hold if any
/// event or link of the span matches; those of the trace are seen by every
/// span of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Intrinsic {
    /// `duration`, in nanoseconds.
    Duration,
    /// `name`
    Name,
    /// `status`; unset unless the program set it.
    Status,
    /// `statusMessage`; empty text unless set.
    StatusMessage,
    /// `kind`; unspecified unless set.
    Kind,
    /// `error`, Tracewell's own: did the span fail, in the sense of ADR-010?
    Error,
    /// `span:id`, as hex text.
    SpanId,
    /// `span:parentID`, as hex text; missing on a root.
    ParentId,
    /// `span:childCount`: direct children.
    ChildCount,
    /// `trace:duration`, in nanoseconds.
    TraceDuration,
    /// `trace:rootName`; empty text while the root is missing.
    RootName,
    /// `trace:rootService`; empty text while the root is missing.
    RootService,
    /// `trace:id`, as hex text; leading zeros do not matter.
    TraceId,
    /// `event:name`
    EventName,
    /// `event:timeSinceStart` of the span, in nanoseconds.
    EventTimeSinceStart,
    /// `link:traceID`, as hex text; leading zeros do not matter.
    LinkTraceId,
    /// `link:spanID`, as hex text.
    LinkSpanId,
    /// `instrumentation:name`; empty text unless set.
    InstrumentationName,
    /// `instrumentation:version`; empty text unless set.
    InstrumentationVersion,
}

impl Intrinsic {
    /// The type of its values.
    pub fn field_type(self) -> FieldType {
        match self {
            Self::Duration | Self::TraceDuration | Self::EventTimeSinceStart => FieldType::Duration,
            Self::Status => FieldType::Status,
            Self::Kind => FieldType::Kind,
            Self::Error => FieldType::Bool,
            Self::ChildCount => FieldType::Int,
            Self::TraceId | Self::LinkTraceId => FieldType::TraceId,
            Self::SpanId | Self::ParentId | Self::LinkSpanId => FieldType::SpanId,
            Self::Name
            | Self::StatusMessage
            | Self::RootName
            | Self::RootService
            | Self::EventName
            | Self::InstrumentationName
            | Self::InstrumentationVersion => FieldType::Text,
        }
    }

    /// Whether a span, an event or a link can be without it, so that `= nil`
    /// makes sense.
    pub fn can_be_missing(self) -> bool {
        matches!(self, Self::ParentId)
    }
}

/// The type of an intrinsic. That of an attribute is known only at run time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldType {
    /// Text.
    Text,
    /// A signed integer.
    Int,
    /// A length of time in nanoseconds.
    Duration,
    /// `true` or `false`.
    Bool,
    /// A span status.
    Status,
    /// A span kind.
    Kind,
    /// A trace id, compared as hex text.
    TraceId,
    /// A span id, compared as hex text.
    SpanId,
}

/// How a field is compared with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CompareOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `=~`: the whole text matches the pattern.
    Matches,
    /// `!~`: the text is there and does not match the pattern.
    NotMatches,
}

impl CompareOp {
    /// The operator that says the same with the sides exchanged; `None` for
    /// patterns, which have a fixed side.
    pub fn flipped(self) -> Option<Self> {
        match self {
            Self::Equal | Self::NotEqual => Some(self),
            Self::Less => Some(Self::Greater),
            Self::LessOrEqual => Some(Self::GreaterOrEqual),
            Self::Greater => Some(Self::Less),
            Self::GreaterOrEqual => Some(Self::LessOrEqual),
            Self::Matches | Self::NotMatches => None,
        }
    }

    /// Whether this is `=~` or `!~`.
    pub fn is_pattern(self) -> bool {
        matches!(self, Self::Matches | Self::NotMatches)
    }
}

/// A value written in a query.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `"text"`, with escapes resolved.
    Text(String),
    /// `42`
    Int(i64),
    /// `1.5`; never infinite, never NaN.
    Float(f64),
    /// `1h30m`, in nanoseconds.
    DurationNs(i64),
    /// `true` or `false`
    Bool(bool),
    /// `ok`, `error` or `unset`
    Status(StatusCode),
    /// `server` and its like
    Kind(SpanKind),
}

/// Where something was written: a range of characters of the query.
///
/// All ranges are equal: two trees are the same if they mean the same,
/// wherever their parts stood.
#[derive(Debug, Clone, Copy, Default)]
pub struct SourceRange {
    /// The first character.
    pub start: usize,
    /// One past the last character.
    pub end: usize,
}

impl PartialEq for SourceRange {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for SourceRange {}

impl From<Range<usize>> for SourceRange {
    fn from(range: Range<usize>) -> Self {
        Self {
            start: range.start,
            end: range.end,
        }
    }
}

impl From<SourceRange> for Range<usize> {
    fn from(range: SourceRange) -> Self {
        range.start..range.end
    }
}

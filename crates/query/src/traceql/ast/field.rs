//! What a query can look at: attributes and intrinsics, with their types.
//!
//! **How they are written stands in `vocabulary`, what they mean in the
//! model.**

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
    /// The same of the span's parent: any scope, the span or its resource.
    ParentAttribute {
        /// Where to look for it.
        scope: AttributeScope,
        /// The key.
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
    /// `nestedSetLeft`: the span's place in its tree, counted up on the way
    /// down; its descendants lie between it and `nestedSetRight`.
    NestedSetLeft,
    /// `nestedSetRight`
    NestedSetRight,
    /// `nestedSetParent`: left of the parent, -1 of a root, 0 of an orphan.
    NestedSetParent,
}

impl Intrinsic {
    /// The type of its values.
    pub fn field_type(self) -> FieldType {
        match self {
            Self::Duration | Self::TraceDuration | Self::EventTimeSinceStart => FieldType::Duration,
            Self::Status => FieldType::Status,
            Self::Kind => FieldType::Kind,
            Self::Error => FieldType::Bool,
            Self::ChildCount
            | Self::NestedSetLeft
            | Self::NestedSetRight
            | Self::NestedSetParent => FieldType::Int,
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

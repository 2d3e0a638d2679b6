//! Span kinds and status codes, with the names the APIs use.
//!
//! Batches keep the raw OTLP enum number, so that a number we do not know
//! survives the round trip; these types are for everyone who reads it.

/// OTLP `SpanKind` (`trace.proto`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SpanKind {
    /// 0, and every number this version does not know.
    Unspecified,
    /// 1
    Internal,
    /// 2
    Server,
    /// 3
    Client,
    /// 4
    Producer,
    /// 5
    Consumer,
}

impl SpanKind {
    /// All kinds, in the order of their OTLP numbers.
    pub const ALL: [Self; 6] = [
        Self::Unspecified,
        Self::Internal,
        Self::Server,
        Self::Client,
        Self::Producer,
        Self::Consumer,
    ];

    /// From the OTLP number.
    #[must_use]
    pub fn from_otlp(number: i32) -> Self {
        usize::try_from(number)
            .ok()
            .and_then(|index| Self::ALL.get(index).copied())
            .unwrap_or(Self::Unspecified)
    }

    /// The OTLP number.
    #[must_use]
    pub fn to_otlp(self) -> i32 {
        self as i32
    }

    /// Lower-case name, as in TraceQL and Jaeger's `span.kind`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::Internal => "internal",
            Self::Server => "server",
            Self::Client => "client",
            Self::Producer => "producer",
            Self::Consumer => "consumer",
        }
    }

    /// From the lower-case name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// OTLP `Status.StatusCode` (`trace.proto`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StatusCode {
    /// 0, and every number this version does not know.
    Unset,
    /// 1
    Ok,
    /// 2
    Error,
}

impl StatusCode {
    /// From the OTLP number.
    #[must_use]
    pub fn from_otlp(number: i32) -> Self {
        match number {
            1 => Self::Ok,
            2 => Self::Error,
            _ => Self::Unset,
        }
    }

    /// The OTLP number.
    #[must_use]
    pub fn to_otlp(self) -> i32 {
        self as i32
    }

    /// Lower-case name, as in TraceQL.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unset => "unset",
            Self::Ok => "ok",
            Self::Error => "error",
        }
    }
}

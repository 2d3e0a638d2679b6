//! Why a request is refused, and the one table of what its client is told.
//!
//! What clients do with the answer decides whether spans are lost: they retry
//! exactly on the codes that OTLP lists as retryable, so a refusal that may
//! pass later must have such a code and one that never will must not. Spec:
//! OTLP 1.11, "Failures" and "Throttling" for both transports.

use std::time::Duration;

use http::StatusCode;
use tonic::Code;
use tracewell_access::Denial;
use tracewell_model::StoreError;
use tracewell_wire::WireError;
use tracewell_wire::decompress::{DecompressError, Encoding};

use crate::accounting::Outcome;
use crate::admission::BudgetFull;
use crate::workers::QueueFull;

/// How long a throttled client should wait: queues drain in milliseconds and a
/// full disk takes people, so this is short enough for the one and cheap enough
/// for the other.
pub(crate) const RETRY_DELAY: Duration = Duration::from_secs(1);

/// Why a request was refused. The texts go to the client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("busy: {0}; send the request again later")]
    Busy(String),
    #[error("unavailable: {0}")]
    Unavailable(String),
    #[error("shutting down")]
    ShuttingDown,
    #[error("the request cannot be decoded: {0}")]
    Undecodable(String),
    #[error(
        "the request is larger than the {limit_bytes} bytes allowed (compressed or not); \
         send smaller batches or raise receivers.otlp.max_request_bytes"
    )]
    TooLarge { limit_bytes: usize },
    #[error(
        "the request takes more than the {limit_bytes} bytes that all requests together may hold \
         while it is read; send smaller batches or raise memory_limit"
    )]
    NeverFits { limit_bytes: usize },
    #[error("refused for good: {0}")]
    Unstorable(String),
    #[error("the encoding {0:?} is not supported; use one of {known}", known = Encoding::NAMES)]
    UnknownEncoding(String),
    #[error(
        "the content type is missing or says nothing, and the body begins neither as JSON nor as \
         protobuf; send application/json or application/x-protobuf"
    )]
    UnknownFormat,
    #[error("{0}")]
    Denied(Denial),
    #[error("the rest of the request body did not arrive within {} s", .0.as_secs())]
    TimedOut(Duration),
    #[error("the client closed the connection before the end of its request")]
    Interrupted,
    #[error("internal error: {0}")]
    Internal(&'static str),
}

/// Characters of a client's text that an answer repeats.
const MAX_QUOTED: usize = 64;

/// What a refusal means on both transports and in the accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// gRPC status code.
    pub(crate) code: Code,
    /// HTTP status code.
    pub(crate) http: StatusCode,
    /// Sent as `RetryInfo` and `Retry-After`.
    pub(crate) retry_delay: Option<Duration>,
    /// How the request is counted.
    pub(crate) outcome: Outcome,
}

impl Refusal {
    /// An encoding that is not known; a long name is cut.
    pub(crate) fn unknown_encoding(name: &str) -> Self {
        Self::UnknownEncoding(name.chars().take(MAX_QUOTED).collect())
    }

    /// The table.
    pub(crate) fn verdict(&self) -> Verdict {
        let soon = Some(RETRY_DELAY);
        #[rustfmt::skip]
        let (code, http, retry_delay, outcome) = match self {
            Self::Busy(_)            => (Code::ResourceExhausted, StatusCode::TOO_MANY_REQUESTS,     soon, Outcome::Busy),
            Self::Unavailable(_)     => (Code::Unavailable,       StatusCode::SERVICE_UNAVAILABLE,   soon, Outcome::Unavailable),
            Self::ShuttingDown       => (Code::Unavailable,       StatusCode::SERVICE_UNAVAILABLE,   soon, Outcome::Unavailable),
            Self::Undecodable(_)     => (Code::InvalidArgument,   StatusCode::BAD_REQUEST,           None, Outcome::Undecodable),
            Self::TooLarge { .. }    => (Code::ResourceExhausted, StatusCode::PAYLOAD_TOO_LARGE,     None, Outcome::TooLarge),
            Self::NeverFits { .. }   => (Code::ResourceExhausted, StatusCode::PAYLOAD_TOO_LARGE,     None, Outcome::TooLarge),
            Self::Unstorable(_)      => (Code::ResourceExhausted, StatusCode::PAYLOAD_TOO_LARGE,     None, Outcome::TooLarge),
            // gRPC's own rule: docs/compression.md of the gRPC project.
            Self::UnknownEncoding(_) => (Code::Unimplemented,     StatusCode::BAD_REQUEST,           None, Outcome::Unsupported),
            Self::UnknownFormat      => (Code::InvalidArgument,   StatusCode::UNSUPPORTED_MEDIA_TYPE, None, Outcome::Unsupported),
            Self::Denied(denial) if denial.asks_who() => (Code::Unauthenticated, StatusCode::UNAUTHORIZED, None, Outcome::Denied),
            Self::Denied(Denial::Busy) => (Code::ResourceExhausted, StatusCode::TOO_MANY_REQUESTS,   soon, Outcome::Busy),
            Self::Denied(Denial::NoTenantName(_)) => (Code::InvalidArgument, StatusCode::BAD_REQUEST, None, Outcome::Denied),
            Self::Denied(_)          => (Code::PermissionDenied,  StatusCode::FORBIDDEN,             None, Outcome::Denied),
            // Not retried over HTTP: a body too slow once is too slow again.
            Self::TimedOut(_)        => (Code::DeadlineExceeded,  StatusCode::REQUEST_TIMEOUT,       None, Outcome::TimedOut),
            Self::Interrupted        => (Code::Cancelled,         StatusCode::BAD_REQUEST,           None, Outcome::Abandoned),
            // Not retried: a body that met a defect once meets it again.
            Self::Internal(_)        => (Code::Internal,          StatusCode::INTERNAL_SERVER_ERROR, None, Outcome::Failed),
        };
        Verdict {
            code,
            http,
            retry_delay,
            outcome,
        }
    }
}

/// The reason under which the spans of a refused batch are counted.
pub(crate) fn rejection_reason(error: &StoreError) -> &'static str {
    match error {
        StoreError::Busy(_) | StoreError::OverBudget(_) => "refused_busy",
        StoreError::Unavailable(_) => "refused_unavailable",
        StoreError::ShuttingDown => "refused_shutting_down",
        StoreError::Cancelled => "refused_cancelled",
        StoreError::Refused(_) | StoreError::TooLarge(_) => "refused_too_large",
        StoreError::Damaged(_) => "refused_damaged",
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy(reason) => Self::Busy(reason),
            StoreError::Unavailable(reason) => Self::Unavailable(reason),
            StoreError::Refused(reason) => Self::Unstorable(reason),
            StoreError::ShuttingDown => Self::ShuttingDown,
            // Nothing is stored and the spans are good: let the client keep them.
            other @ (StoreError::Cancelled
            | StoreError::TooLarge(_)
            | StoreError::OverBudget(_)
            | StoreError::Damaged(_)) => Self::Unavailable(other.to_string()),
        }
    }
}

impl From<WireError> for Refusal {
    fn from(error: WireError) -> Self {
        Self::Undecodable(error.to_string())
    }
}

impl From<DecompressError> for Refusal {
    fn from(error: DecompressError) -> Self {
        match error {
            DecompressError::TooLarge { limit_bytes } => Self::TooLarge { limit_bytes },
            no_room @ DecompressError::NoRoom { .. } => Self::Busy(no_room.to_string()),
            malformed @ DecompressError::Malformed { .. } => {
                Self::Undecodable(malformed.to_string())
            }
        }
    }
}

impl From<BudgetFull> for Refusal {
    fn from(full: BudgetFull) -> Self {
        if full.is_for_ever() {
            let limit_bytes = full.limit_bytes;
            return Self::NeverFits { limit_bytes };
        }
        Self::Busy(full.to_string())
    }
}

impl From<QueueFull> for Refusal {
    fn from(full: QueueFull) -> Self {
        Self::Busy(full.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_has_its_codes() {
        let text = || "disk full".to_owned();
        let soon = Some(Duration::from_secs(1));
        let table = [
            (
                Refusal::from(StoreError::Busy(text())),
                Code::ResourceExhausted,
                429,
                soon,
            ),
            (
                Refusal::from(StoreError::Unavailable(text())),
                Code::Unavailable,
                503,
                soon,
            ),
            (
                Refusal::from(StoreError::Refused(text())),
                Code::ResourceExhausted,
                413,
                None,
            ),
            (
                Refusal::from(StoreError::ShuttingDown),
                Code::Unavailable,
                503,
                soon,
            ),
            (
                Refusal::from(StoreError::Cancelled),
                Code::Unavailable,
                503,
                soon,
            ),
            (
                Refusal::from(StoreError::Damaged(text())),
                Code::Unavailable,
                503,
                soon,
            ),
            (
                Refusal::Undecodable(text()),
                Code::InvalidArgument,
                400,
                None,
            ),
            (
                Refusal::TooLarge { limit_bytes: 1 },
                Code::ResourceExhausted,
                413,
                None,
            ),
            (
                Refusal::UnknownEncoding(text()),
                Code::Unimplemented,
                400,
                None,
            ),
            (
                Refusal::TimedOut(RETRY_DELAY),
                Code::DeadlineExceeded,
                408,
                None,
            ),
            (Refusal::Interrupted, Code::Cancelled, 400, None),
            (Refusal::Internal("defect"), Code::Internal, 500, None),
        ];
        for (refusal, code, http, retry_delay) in table {
            let verdict = refusal.verdict();
            let got = (verdict.code, verdict.http.as_u16(), verdict.retry_delay);
            assert_eq!(got, (code, http, retry_delay), "{refusal}");
        }
    }

    #[test]
    fn full_queues_and_budgets_are_busy() {
        let full = BudgetFull {
            wanted_bytes: 2,
            total_bytes: 2,
            limit_bytes: 2,
        };
        for refusal in [Refusal::from(full), Refusal::from(QueueFull { queued: 3 })] {
            assert_eq!(refusal.verdict().outcome, Outcome::Busy, "{refusal}");
        }
        let never = BudgetFull {
            total_bytes: 3,
            ..full
        };
        let verdict = Refusal::from(never).verdict();
        assert_eq!((verdict.http.as_u16(), verdict.retry_delay), (413, None));
    }
}

//! Why a call has no answer, from the error in its place.
//!
//! It exists because the name of a library's error type changes with the
//! library, and a box has none: alerts and comparisons need a word that stays.
//! Errors are read from their `Debug` text, as some of them (tower's box, tonic's
//! transport) are no `Error` of a type that can be named here. It must never put
//! that text on a span: it can hold what was sent.

use std::fmt::Debug;

/// What went wrong, as far as it can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// It took longer than somebody allowed.
    TimedOut,
    /// Nobody answers there.
    Unreachable,
    /// Somebody gave it up.
    Cancelled,
    /// tonic's own status in place of an answer.
    Grpc(&'static str),
    /// Something else; the name of the error's type.
    Other(&'static str),
}

/// Words of the errors of tonic, hyper, tower, reqwest and the standard library.
const WORDS: [(&str, Failure); 10] = [
    ("TimeoutExpired", Failure::TimedOut),
    ("Elapsed", Failure::TimedOut),
    ("TimedOut", Failure::TimedOut),
    ("timed out", Failure::TimedOut),
    ("DeadlineExceeded", Failure::TimedOut),
    ("ConnectError", Failure::Unreachable),
    ("Error(Connect", Failure::Unreachable),
    ("ConnectionRefused", Failure::Unreachable),
    ("dns error", Failure::Unreachable),
    ("Canceled", Failure::Cancelled),
];

/// tonic's names of codes, and gRPC's.
const CODES: [(&str, &str); 16] = [
    ("Cancelled", "CANCELLED"),
    ("Unknown", "UNKNOWN"),
    ("InvalidArgument", "INVALID_ARGUMENT"),
    ("DeadlineExceeded", "DEADLINE_EXCEEDED"),
    ("NotFound", "NOT_FOUND"),
    ("AlreadyExists", "ALREADY_EXISTS"),
    ("PermissionDenied", "PERMISSION_DENIED"),
    ("ResourceExhausted", "RESOURCE_EXHAUSTED"),
    ("FailedPrecondition", "FAILED_PRECONDITION"),
    ("Aborted", "ABORTED"),
    ("OutOfRange", "OUT_OF_RANGE"),
    ("Unimplemented", "UNIMPLEMENTED"),
    ("Internal", "INTERNAL"),
    ("Unavailable", "UNAVAILABLE"),
    ("DataLoss", "DATA_LOSS"),
    ("Unauthenticated", "UNAUTHENTICATED"),
];

impl Failure {
    pub(super) fn of<E: Debug>(error: &E) -> Failure {
        let text = format!("{error:?}");
        if let Some((_, rest)) = text.split_once("Status { code: ") {
            let code: &str = rest.split([',', ' ']).next().unwrap_or_default();
            if let Some((_, name)) = CODES.iter().find(|(tonic, _)| *tonic == code) {
                return Failure::Grpc(name);
            }
        }
        let known = WORDS.iter().find(|(word, _)| text.contains(word));
        match known {
            Some((_, failure)) => failure.clone(),
            None => Failure::Other(std::any::type_name::<E>()),
        }
    }

    /// `error.type` of an HTTP request.
    pub(super) fn http(&self) -> &'static str {
        match self {
            Failure::TimedOut => "timeout",
            Failure::Unreachable => "connect",
            Failure::Cancelled => "cancelled",
            Failure::Grpc(name) => name,
            // What the name of a box says changes with the compiler.
            Failure::Other(name) if name.contains("dyn ") => "error",
            Failure::Other(name) => name,
        }
    }

    /// The status of a gRPC call, which is its `error.type` as well. A deadline
    /// is one, although tonic tells its caller `Cancelled`.
    pub(super) fn grpc(&self) -> &'static str {
        match self {
            Failure::TimedOut => "DEADLINE_EXCEEDED",
            Failure::Cancelled => "CANCELLED",
            Failure::Grpc(name) => name,
            // Whatever it is, there was no answer (grpc/grpc, statuscodes.md).
            Failure::Unreachable | Failure::Other(_) => "UNAVAILABLE",
        }
    }
}

//! Who an exporter sends to, whatever is spoken with it: a batch becomes
//! messages, a message is sent once, and the answer says what becomes of it.
//!
//! **A peer never tries again by itself**: `sending` does, which keeps the
//! account.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use tracewell_model::SpanBatch;

use super::{grpc, http, kafka};

/// Largest message of several spans. Servers refuse more than 4 MiB unless they
/// are told otherwise.
const MESSAGE_BYTES_MAX: usize = 3 << 20;

/// How many spans a peer left out of what it took, and why.
pub(crate) type LeftOut = (u64, String);

/// What one attempt came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The peer has the request, but for what it left out.
    Taken { left_out: Option<LeftOut> },
    /// It may be sent again, at once or after a time that the peer named.
    Again {
        after: Option<Duration>,
        why: String,
    },
    /// The peer will never take it, for what it is.
    Refused(String),
    /// The peer takes nothing from us until somebody changes something.
    Denied(String),
}

/// See the module's text.
#[derive(Debug)]
pub(crate) enum Peer {
    /// Over gRPC.
    Grpc(Box<grpc::Peer>),
    /// Over HTTP.
    Http(Box<http::Peer>),
    /// A topic of Kafka.
    Kafka(Box<kafka::Peer>),
}

impl Peer {
    /// A batch as messages, which are not packed yet.
    pub(super) fn encode(&self, batch: &SpanBatch) -> Vec<Vec<u8>> {
        match self {
            Self::Grpc(peer) => peer.encode(batch),
            Self::Http(peer) => vec![peer.encode(batch)],
            Self::Kafka(peer) => vec![peer.encode(batch)],
        }
    }

    /// Larger messages, of several spans, go in pieces.
    pub(super) fn message_bytes_max(&self) -> usize {
        match self {
            Self::Grpc(_) | Self::Http(_) => MESSAGE_BYTES_MAX,
            Self::Kafka(peer) => peer.message_bytes_max(),
        }
    }

    /// A message as [`Peer::send`] takes it. May take milliseconds.
    pub(crate) fn pack(&self, message: Vec<u8>) -> Bytes {
        match self {
            // Packed as it is sent.
            Self::Grpc(_) | Self::Kafka(_) => message.into(),
            Self::Http(peer) => peer.pack(message),
        }
    }

    /// One attempt.
    pub(crate) async fn send(&self, message: Bytes) -> Answer {
        match self {
            Self::Grpc(peer) => peer.send(message).await,
            Self::Http(peer) => peer.send(message).await,
            Self::Kafka(peer) => peer.send(message).await,
        }
    }
}

/// What lies at the bottom: "connection refused", not "transport error".
pub(super) fn root_cause(error: &dyn Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

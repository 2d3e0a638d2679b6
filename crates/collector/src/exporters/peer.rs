//! Who an exporter sends to, whatever is spoken with it: a batch becomes
//! messages, a message is sent once, and the answer says what becomes of it.
//!
//! **A peer never tries again by itself**: `sending` does, which keeps the
//! account.

use std::time::Duration;

use bytes::Bytes;
use tracewell_model::SpanBatch;

use super::grpc;

/// What one attempt came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The peer has the request, but for so many spans that it left out, and why.
    Taken { left_out: Option<(u64, String)> },
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
    Grpc(grpc::Peer),
}

impl Peer {
    /// A batch as messages, which are not packed yet.
    pub(super) fn encode(&self, batch: &SpanBatch) -> Vec<Vec<u8>> {
        match self {
            Self::Grpc(peer) => peer.encode(batch),
        }
    }

    /// A message as [`Peer::send`] takes it. May take milliseconds.
    pub(super) fn pack(&self, message: Vec<u8>) -> Bytes {
        match self {
            // Packed as it is sent.
            Self::Grpc(_) => message.into(),
        }
    }

    /// One attempt.
    pub(super) async fn send(&self, message: Bytes) -> Answer {
        match self {
            Self::Grpc(peer) => peer.send(message).await,
        }
    }
}

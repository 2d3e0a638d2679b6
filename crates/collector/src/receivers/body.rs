//! Collects a request body with as few copies as possible, within a size limit,
//! the memory budget and a deadline.
//!
//! A body of one frame is kept as it came from the socket's buffer; more frames
//! go into one buffer that is allocated once where the length is known. **A
//! length that the client claims is believed only after it passed the limit and
//! the budget.**

use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::timeout;

use crate::admission::Permit;
use crate::refusal::Refusal;

/// Exporters give up after 10 s; six times that is patient with slow networks
/// and still frees the memory that a stalled client holds.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);

/// What is read of a refused body, so that an HTTP/1.1 client that writes all
/// before it reads gets to see the answer instead of a reset connection.
const MAX_DISCARDED_BYTES: usize = 256 << 20;

/// Time for that.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(10);

/// Where the length of a body is announced.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Length {
    /// `Content-Length`, when there is one.
    Declared(Option<u64>),
    /// A prefix of `prefix_bytes`, in which `announced` finds the length of what
    /// follows. The prefix does not count against the limit.
    Prefixed {
        prefix_bytes: usize,
        announced: fn(&[u8]) -> u64,
    },
}

impl Length {
    fn prefix_bytes(self) -> usize {
        match self {
            Self::Declared(_) => 0,
            Self::Prefixed { prefix_bytes, .. } => prefix_bytes,
        }
    }
}

/// Reads a body of at most `limit_bytes`; `permit` then holds its length.
///
/// # Errors
///
/// The refusal to answer with.
pub(crate) async fn collect(
    body: &mut Incoming,
    length: Length,
    limit_bytes: usize,
    permit: &mut Permit,
) -> Result<Bytes, Refusal> {
    let reading = async {
        let mut assembly = Assembly {
            length,
            limit_bytes,
            expected_bytes: None,
            frames: Frames::One(Bytes::new()),
            permit,
        };
        if let Length::Declared(Some(declared)) = length {
            assembly.expect(declared)?;
        }
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Refusal::Interrupted)?;
            // Trailers of a request say nothing that we use.
            if let Ok(data) = frame.into_data() {
                assembly.push(data)?;
            }
        }
        Ok(assembly.finish())
    };
    let late = |_| Refusal::TimedOut(BODY_TIMEOUT);
    timeout(BODY_TIMEOUT, reading).await.map_err(late)?
}

/// Reads and forgets a body, within reason.
pub(crate) async fn discard(mut body: Incoming) {
    let reading = async {
        let mut left = MAX_DISCARDED_BYTES;
        while let Some(Ok(frame)) = body.frame().await {
            let read = frame.data_ref().map_or(0, Bytes::len);
            let Some(rest) = left.checked_sub(read) else {
                return;
            };
            left = rest;
        }
    };
    // Too slow or too long: the connection closes with the body unread.
    timeout(DISCARD_TIMEOUT, reading).await.ok();
}

struct Assembly<'p> {
    length: Length,
    limit_bytes: usize,
    expected_bytes: Option<usize>,
    frames: Frames,
    permit: &'p mut Permit,
}

enum Frames {
    One(Bytes),
    Many(Vec<u8>),
}

impl Frames {
    fn as_slice(&self) -> &[u8] {
        match self {
            Self::One(bytes) => bytes,
            Self::Many(bytes) => bytes,
        }
    }
}

impl Assembly<'_> {
    /// Admits a length that the client announced.
    fn expect(&mut self, announced: u64) -> Result<(), Refusal> {
        let limit_bytes = self.limit_bytes;
        let expected = usize::try_from(announced)
            .ok()
            .filter(|expected| *expected <= limit_bytes)
            .ok_or(Refusal::TooLarge { limit_bytes })?
            + self.length.prefix_bytes();
        self.permit.resize(expected)?;
        self.expected_bytes = Some(expected);
        Ok(())
    }

    fn push(&mut self, frame: Bytes) -> Result<(), Refusal> {
        let held = self.frames.as_slice().len();
        let len = held.saturating_add(frame.len());
        let limit_bytes = self.limit_bytes;
        if len > limit_bytes + self.length.prefix_bytes() {
            return Err(Refusal::TooLarge { limit_bytes });
        }
        if len > self.permit.held_bytes() {
            self.permit.resize(len)?;
        }
        match &mut self.frames {
            Frames::One(first) if first.is_empty() => self.frames = Frames::One(frame),
            Frames::One(first) => {
                let capacity = self.expected_bytes.unwrap_or(0).max(len);
                let mut bytes = Vec::with_capacity(capacity);
                bytes.extend_from_slice(first);
                bytes.extend_from_slice(&frame);
                self.frames = Frames::Many(bytes);
            }
            Frames::Many(bytes) => bytes.extend_from_slice(&frame),
        }
        self.read_prefix()
    }

    fn read_prefix(&mut self) -> Result<(), Refusal> {
        if let Length::Prefixed {
            prefix_bytes,
            announced,
        } = self.length
            && self.expected_bytes.is_none()
            && let Some(prefix) = self.frames.as_slice().get(..prefix_bytes)
        {
            self.expect(announced(prefix))?;
        }
        Ok(())
    }

    fn finish(self) -> Bytes {
        match self.frames {
            Frames::One(bytes) => bytes,
            Frames::Many(bytes) => Bytes::from(bytes),
        }
    }
}

//! Collects a request body with as few copies as possible, within a size limit,
//! the memory budget and a deadline.
//!
//! A body of one frame is kept as it came from the socket's buffer; more frames
//! go into one buffer that grows with what arrives. **A length that a client
//! announces buys no memory**: it is compared with the limit and bounds the
//! buffer, but the budget is charged for what has come, so that connections
//! which announce much and send nothing shut nobody out.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, EXPECT};
use http::request::Parts;
use http::{HeaderMap, Version};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::time::timeout;
use tracewell_wire::decompress::Encoding;

use crate::admission::Permit;
use crate::refusal::Refusal;

/// Exporters give up after 10 s; six times that is patient with slow networks
/// and still frees the memory that a stalled client holds.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);

/// What is read of a refused body, so that an HTTP/1.1 client that writes all
/// before it reads gets to see the answer instead of a reset connection.
const MAX_DISCARDED_BYTES: usize = 256 << 20;

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

/// A body of which nothing comes for so long never comes to its end either.
/// Networks that stand still for seconds are usual, and clients give up at 10.
const STALL_TIMEOUT: Duration = Duration::from_secs(20);

/// First size of the buffer for a body of several frames.
const FIRST_BUFFER_BYTES: usize = 64 << 10;

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
        loop {
            let stalled = |_| Refusal::TimedOut(STALL_TIMEOUT);
            let frame = timeout(STALL_TIMEOUT, body.frame()).await;
            let Some(frame) = frame.map_err(stalled)? else {
                break;
            };
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
pub(crate) async fn discard(body: Incoming) {
    tracewell_access::discard(body, MAX_DISCARDED_BYTES).await;
}

/// Whether the rest of a body must be read although nobody needs it. Over
/// HTTP/2 a stream is simply reset; over HTTP/1.1 the connection would be, and
/// with it goes the answer, unless the client waits to be told to continue.
pub(super) fn must_read_on(head: &Parts, body: &Incoming) -> bool {
    head.version < Version::HTTP_2 && !body.is_end_stream() && !head.headers.contains_key(EXPECT)
}

/// How a body is encoded.
pub(super) fn content_encoding(headers: &HeaderMap) -> Result<Encoding, Refusal> {
    let Some(value) = headers.get(CONTENT_ENCODING) else {
        return Ok(Encoding::Identity);
    };
    let name = String::from_utf8_lossy(value.as_bytes());
    Encoding::parse(&name).ok_or_else(|| Refusal::unknown_encoding(&name))
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
    /// Judges a length that the client announced.
    fn expect(&mut self, announced: u64) -> Result<(), Refusal> {
        let limit_bytes = self.limit_bytes;
        let expected = usize::try_from(announced)
            .ok()
            .filter(|expected| *expected <= limit_bytes)
            .ok_or(Refusal::TooLarge { limit_bytes })?;
        self.expected_bytes = Some(expected + self.length.prefix_bytes());
        Ok(())
    }

    fn push(&mut self, frame: Bytes) -> Result<(), Refusal> {
        let held = self.frames.as_slice().len();
        let len = held.saturating_add(frame.len());
        let limit_bytes = self.limit_bytes;
        if len > limit_bytes + self.length.prefix_bytes() {
            return Err(Refusal::TooLarge { limit_bytes });
        }
        let most_bytes = self
            .expected_bytes
            .unwrap_or(limit_bytes + self.length.prefix_bytes());
        match &mut self.frames {
            Frames::One(first) if first.is_empty() => {
                self.permit.resize(len)?;
                self.frames = Frames::One(frame);
            }
            Frames::One(first) => {
                let mut bytes = Vec::new();
                grow(&mut bytes, len, most_bytes, self.permit)?;
                bytes.extend_from_slice(first);
                bytes.extend_from_slice(&frame);
                self.frames = Frames::Many(bytes);
            }
            Frames::Many(bytes) => {
                grow(bytes, len, most_bytes, self.permit)?;
                bytes.extend_from_slice(&frame);
            }
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

/// Makes room for `len` bytes, charged before it is taken. Doubles, but not
/// beyond `most_bytes`, which is what the client announced or may send.
fn grow(
    bytes: &mut Vec<u8>,
    len: usize,
    most_bytes: usize,
    permit: &mut Permit,
) -> Result<(), Refusal> {
    if len > bytes.capacity() {
        let doubled = bytes.capacity().saturating_mul(2).max(FIRST_BUFFER_BYTES);
        let capacity = doubled.min(most_bytes).max(len);
        permit.resize(capacity)?;
        bytes.reserve_exact(capacity - bytes.len());
    }
    Ok(())
}

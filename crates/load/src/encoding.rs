//! Spans as bytes with holes: encoded once, sent many times.
//!
//! Building a protobuf message for every span would cost more than the server
//! spends on it. So each span of the pool is encoded once, and a [`Template`]
//! remembers where ids, times and digits stand, to be overwritten in a copy.
//! All holes have a fixed width: no length field ever changes.

mod json;
mod protobuf;

use super::random::{Random, mixed};
use super::shape::{Digits, Service, Shape, Span};

/// How spans travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Encoding {
    /// OTLP protobuf
    Protobuf,
    /// OTLP JSON, over HTTP only
    Json,
}

/// What to write into a hole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hole {
    TraceId,
    SpanId,
    /// Span id of another span of the trace.
    ParentId(usize),
    LinkedTraceId,
    LinkedSpanId,
    /// Nanoseconds from the start of the trace.
    Time(u64),
    Digits {
        width: usize,
        source: Digits,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Patch {
    at: usize,
    hole: Hole,
}

/// Bytes and the holes in them, while being encoded or ready to be copied.
#[derive(Debug, Default)]
struct Piece {
    bytes: Vec<u8>,
    patches: Vec<Patch>,
}

impl Piece {
    fn text(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn hole(&mut self, hole: Hole, width: usize) {
        self.patches.push(Patch {
            at: self.bytes.len(),
            hole,
        });
        self.bytes.resize(self.bytes.len() + width, b'0');
    }

    fn piece(&mut self, inner: &Self) {
        let base = self.bytes.len();
        self.bytes.extend_from_slice(&inner.bytes);
        self.patches.extend(inner.patches.iter().map(|patch| Patch {
            at: base + patch.at,
            ..*patch
        }));
    }
}

/// The whole pool, encoded.
pub(super) struct Templates {
    encoding: Encoding,
    traces: Vec<TraceTemplate>,
    in_order: bool,
    /// What stands before the spans of each service.
    heads: Vec<Vec<u8>>,
}

struct TraceTemplate {
    spans: Vec<SpanTemplate>,
    duration_ns: u64,
}

struct SpanTemplate {
    service: usize,
    index: usize,
    piece: Piece,
}

/// One trace as it is sent: which template, with which ids and times.
#[derive(Debug, Clone)]
pub(super) struct Instance {
    trace: usize,
    /// The trace id, big-endian.
    pub(super) id: [u8; 16],
    link: Option<([u8; 16], [u8; 8])>,
    start_ns: u64,
    /// Times of the template are multiplied by this and divided by 65,536.
    stretch: u64,
    /// Traces that its connection drew before.
    number: u64,
    slots: [u64; 4],
}

impl Instance {
    /// The id of a span by its place, so that parents need not be remembered.
    fn span_id(&self, index: usize) -> [u8; 8] {
        let (_, low) = self.id.split_at(8);
        let low = u64::from_be_bytes(low.try_into().expect("half of sixteen bytes is eight"));
        (mixed(low.wrapping_add(index as u64)) | 1).to_be_bytes()
    }

    fn time_ns(&self, offset_ns: u64) -> u64 {
        self.start_ns + stretched(offset_ns, self.stretch)
    }
}

fn stretched(offset_ns: u64, stretch: u64) -> u64 {
    ((u128::from(offset_ns) * u128::from(stretch)) >> 16) as u64
}

impl Templates {
    /// Encodes the pool.
    pub(super) fn encode(shape: &Shape, encoding: Encoding) -> Self {
        let span: fn(&Span) -> Piece = match encoding {
            Encoding::Protobuf => protobuf::span,
            Encoding::Json => json::span,
        };
        let head: fn(&Service) -> Vec<u8> = match encoding {
            Encoding::Protobuf => protobuf::head,
            Encoding::Json => json::head,
        };
        let traces = shape.traces.iter().map(|trace| {
            let mut order: Vec<usize> = (0..trace.spans.len()).collect();
            if shape.in_order {
                order.sort_by_key(|index| trace.spans[*index].end_ns);
            }
            let template = |index: usize| SpanTemplate {
                service: trace.spans[index].service,
                index,
                piece: span(&trace.spans[index]),
            };
            TraceTemplate {
                duration_ns: trace
                    .spans
                    .iter()
                    .map(|span| span.end_ns)
                    .max()
                    .unwrap_or(0),
                spans: order.into_iter().map(template).collect(),
            }
        });
        Self {
            encoding,
            traces: traces.collect(),
            in_order: shape.in_order,
            heads: shape.services.iter().map(head).collect(),
        }
    }

    /// Services of the shape.
    pub(super) fn services(&self) -> usize {
        self.heads.len()
    }

    /// Draws the `number`th trace of a connection; it has just ended.
    pub(super) fn draw(
        &self,
        random: &mut Random,
        number: u64,
        now_ns: u64,
        before: Option<&Instance>,
    ) -> Instance {
        let trace = if self.in_order {
            (number % self.traces.len() as u64) as usize
        } else {
            random.below(self.traces.len())
        };
        // No trace takes exactly as long as another one like it.
        let stretch = (random.log_normal(65_536.0, 0.35) as u64).clamp(6_554, 655_360);
        let mut id = [0; 16];
        id[..8].copy_from_slice(&random.next().to_be_bytes());
        // The low half must not be zero either: Jaeger and B3 use it alone.
        id[8..].copy_from_slice(&(random.next() | 1).to_be_bytes());
        let lasted_ns = stretched(self.traces[trace].duration_ns, stretch);
        Instance {
            trace,
            id,
            link: before.map(|other| (other.id, other.span_id(0))),
            start_ns: now_ns.saturating_sub(lasted_ns),
            stretch,
            number,
            slots: std::array::from_fn(|_| random.next()),
        }
    }

    /// Spans of a drawn trace.
    pub(super) fn span_count(&self, instance: &Instance) -> usize {
        self.traces[instance.trace].spans.len()
    }

    /// Appends one span to the buffer of its service.
    pub(super) fn append(
        &self,
        instance: &Instance,
        index: usize,
        random: &mut Random,
        buffers: &mut [Vec<u8>],
    ) {
        let span = &self.traces[instance.trace].spans[index];
        let buffer = &mut buffers[span.service];
        let base = buffer.len();
        buffer.extend_from_slice(&span.piece.bytes);
        let copy = &mut buffer[base..];
        for patch in &span.piece.patches {
            self.fill(
                &mut copy[patch.at..],
                patch.hole,
                instance,
                span.index,
                random,
            );
        }
    }

    fn fill(
        &self,
        at: &mut [u8],
        hole: Hole,
        instance: &Instance,
        index: usize,
        random: &mut Random,
    ) {
        let (linked_trace, linked_span) = instance
            .link
            .unwrap_or_else(|| (instance.id, instance.span_id(0)));
        match hole {
            Hole::TraceId => self.id(at, &instance.id),
            Hole::SpanId => self.id(at, &instance.span_id(index)),
            Hole::ParentId(parent) => self.id(at, &instance.span_id(parent)),
            Hole::LinkedTraceId => self.id(at, &linked_trace),
            Hole::LinkedSpanId => self.id(at, &linked_span),
            Hole::Time(offset_ns) => {
                let time_ns = instance.time_ns(offset_ns);
                match self.encoding {
                    Encoding::Protobuf => at[..8].copy_from_slice(&time_ns.to_le_bytes()),
                    Encoding::Json => digits(&mut at[..json::TIME_DIGITS], time_ns),
                }
            }
            Hole::Digits { width, source } => {
                let value = match source {
                    Digits::Trace(slot) => instance.slots[usize::from(slot) % instance.slots.len()],
                    Digits::Place => random.next(),
                    Digits::Count {
                        first,
                        step,
                        length,
                    } => first.wrapping_add(instance.number.wrapping_mul(step)) % length,
                };
                digits(&mut at[..width], value);
            }
        }
    }

    fn id(&self, at: &mut [u8], id: &[u8]) {
        match self.encoding {
            Encoding::Protobuf => at[..id.len()].copy_from_slice(id),
            Encoding::Json => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                for (pair, byte) in at.chunks_exact_mut(2).zip(id) {
                    pair[0] = HEX[usize::from(byte >> 4)];
                    pair[1] = HEX[usize::from(byte & 15)];
                }
            }
        }
    }

    /// Makes one request of the buffers and empties them.
    pub(super) fn request(&self, buffers: &mut [Vec<u8>]) -> Vec<u8> {
        let parts = self
            .heads
            .iter()
            .zip(buffers.iter())
            .filter(|(_, spans)| !spans.is_empty());
        let body = match self.encoding {
            Encoding::Protobuf => protobuf::request(parts),
            Encoding::Json => json::request(parts),
        };
        buffers.iter_mut().for_each(Vec::clear);
        body
    }
}

/// Writes the last decimal digits of a number.
fn digits(at: &mut [u8], mut value: u64) {
    for place in at.iter_mut().rev() {
        *place = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

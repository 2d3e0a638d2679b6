//! Spans by chance, the same for the same seed.
//!
//! The values are meant to hurt: empty texts, keys with several types, nested
//! arrays, times that run backwards, ids that repeat.

use crate::spans::{Attributes, TestEvent, TestLink, TestSpan, span_id, trace_id};
use tracewell_model::{AnyValue, SpanId, SpanKind, StatusCode};

/// A small generator of numbers (SplitMix64, Steele et al. 2014).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The same seed gives the same numbers.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`, which is not 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.number() % limit
    }

    /// True once in `n` times.
    pub fn once_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// One of several.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len() as u64) as usize]
    }

    /// `count` spans of traces of up to 12 spans, starting around `start_ns`.
    pub fn spans(&mut self, count: usize, start_ns: u64) -> Vec<TestSpan> {
        let mut spans: Vec<TestSpan> = Vec::with_capacity(count);
        while spans.len() < count {
            let trace = self.number();
            let size = (1 + self.below(12)).min((count - spans.len()) as u64);
            let first_id = self.number() | 1;
            for index in 0..size {
                let mut span = self.span(trace, first_id.wrapping_add(index), start_ns);
                if index > 0 {
                    span.parent_span_id = span_id(first_id.wrapping_add(self.below(index)));
                }
                spans.push(span);
            }
        }
        spans
    }

    fn span(&mut self, trace: u64, id: u64, start_ns: u64) -> TestSpan {
        let service = *self.pick(&["frontend", "cart", "checkout", "payment", "größe", ""]);
        let name = *self.pick(&["GET /", "POST /cart/{id}", "SELECT", "charge", "", "→ send"]);
        let start_ns = start_ns + self.below(60_000_000_000);
        let mut span = TestSpan::new(trace, id.max(1), service, name, start_ns);
        span.end_ns = if self.once_in(50) {
            start_ns.wrapping_sub(self.below(1000))
        } else {
            start_ns + self.below(2_000_000_000)
        };
        span.kind = *self.pick(&SpanKind::ALL);
        span.status = *self.pick(&[StatusCode::Unset, StatusCode::Ok, StatusCode::Error]);
        span.flags = *self.pick(&[0, 1, 0x101, 0x301]);
        if span.status == StatusCode::Error {
            span.status_message = format!("failed after {}", self.below(5));
        }
        if self.once_in(8) {
            span.trace_state = format!("vendor=t{}", self.below(3));
        }
        if self.once_in(10) {
            span.dropped = [
                self.below(3) as u32,
                self.below(3) as u32,
                self.below(3) as u32,
            ];
        }
        span.attributes = self.attributes(8);
        if self.once_in(2) {
            span.resource.extend(self.attributes(3));
            span.resource.sort_by(|a, b| a.0.cmp(&b.0));
            span.resource_schema_url = "https://opentelemetry.io/schemas/1.30.0".to_owned();
        }
        span.scope_name = (*self.pick(&["", "http", "pg"])).to_owned();
        span.scope_version = (*self.pick(&["", "1.0"])).to_owned();
        for _ in 0..self.below(3) {
            span.events.push(TestEvent {
                time_ns: start_ns + self.below(1000),
                name: (*self.pick(&["exception", "cache miss", ""])).to_owned(),
                attributes: self.attributes(3),
                dropped: self.below(2) as u32,
            });
        }
        if self.once_in(6) {
            span.links.push(TestLink {
                trace_id: trace_id(self.number()),
                span_id: SpanId(self.number().to_be_bytes()),
                trace_state: String::new(),
                flags: self.below(2) as u32,
                attributes: self.attributes(2),
                dropped: 0,
            });
        }
        span
    }

    /// Up to `most` attributes with distinct keys, sorted.
    pub fn attributes(&mut self, most: u64) -> Attributes {
        let keys = [
            "http.request.method",
            "http.status_code",
            "url.path",
            "db.statement",
            "retry",
            "weight",
            "payload",
            "items",
            "user.id",
            "ключ",
        ];
        let mut attributes = Attributes::new();
        for _ in 0..self.below(most + 1) {
            let key = (*self.pick(&keys)).to_owned();
            if attributes.iter().all(|(known, _)| *known != key) {
                let value = self.value(2);
                attributes.push((key, value));
            }
        }
        attributes.sort_by(|a, b| a.0.cmp(&b.0));
        attributes
    }

    fn value(&mut self, depth: u64) -> AnyValue {
        match self.below(if depth == 0 { 8 } else { 11 }) {
            0..=2 => AnyValue::String((*self.pick(&["GET", "POST", "", "naïve 🙂"])).to_owned()),
            3 => AnyValue::String(format!("value-{}", self.number())),
            4 => AnyValue::Int(*self.pick(&[0, 1, 200, 404, 500, 503, -1, i64::MIN, i64::MAX])),
            5 => AnyValue::Double(*self.pick(&[0.0, -0.5, 1.5, 1e300, f64::INFINITY])),
            6 => AnyValue::Bool(self.once_in(2)),
            7 => AnyValue::Bytes(self.number().to_le_bytes()[..self.below(9) as usize].to_vec()),
            8 => AnyValue::Empty,
            9 => AnyValue::Array((0..self.below(4)).map(|_| self.value(depth - 1)).collect()),
            _ => AnyValue::KvList(
                (0..self.below(3))
                    .map(|i| (format!("k{i}"), self.value(depth - 1)))
                    .collect(),
            ),
        }
    }
}

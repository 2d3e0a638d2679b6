//! Traces of which it is known beforehand whether they are sampled.
//!
//! What a trace is follows from its number, and so does what must become of it: by
//! the plainest reading of the policies, which **shares no line with the program that
//! is asked**. Its spans come in three parts, and one of some comes when the trace has
//! long been decided, and says the opposite of what was decided.

use tracewell_model::StatusCode;
use tracewell_testkit::{Random, TestSpan};

/// Spans a second that the policy `limited` lets pass.
pub(crate) const LIMITED_SPANS_A_SECOND: u64 = 400;

/// What is asked of the traces.
pub(crate) const POLICIES: &str = "
      - {name: health, type: drop, drop: {drop_sub_policy: [
          {name: path, type: string_attribute, string_attribute: {key: http.route, values: [/health]}}]}}
      - {name: failed, type: status_code, status_code: {status_codes: [ERROR]}}
      - {name: slow, type: latency, latency: {threshold_ms: 3000}}
      - {name: gold, type: string_attribute, string_attribute: {key: tenant, values: [gold, platinum]}}
      - {name: code, type: numeric_attribute, numeric_attribute: {key: http.response.status_code, min_value: 500, max_value: 599}}
      - {name: paying, type: and, and: {and_sub_policy: [
          {name: path, type: string_attribute, string_attribute: {key: http.route, values: [\"^/pay/.*\"], enabled_regex_matching: true}},
          {name: not so fast, type: latency, latency: {threshold_ms: 1000}}]}}
      - {name: some, type: probabilistic, probabilistic: {sampling_percentage: 3}}
      - {name: limited, type: and, and: {and_sub_policy: [
          {name: kind, type: string_attribute, string_attribute: {key: job, values: [nightly]}},
          {name: rate, type: rate_limiting, rate_limiting: {spans_per_second: 400}}]}}
";

const MS: u64 = 1_000_000;

/// Bits of the spans of a trace; the last is the late one.
pub(crate) const LATE: u32 = 1 << 31;

/// In how many parts a trace comes, but for a late span.
pub(crate) const PARTS: u64 = 3;

/// What must become of a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    Sampled,
    NotSampled,
    /// As the rate allows: whole, or not at all.
    Either,
}

/// A trace by its number.
pub(crate) struct Trace {
    number: u64,
    spans: u64,
    lasting_ms: u64,
    failed_at: Option<u64>,
    route: &'static str,
    is_gold: bool,
    code: i64,
    is_nightly: bool,
}

impl Trace {
    pub(crate) fn new(number: u64) -> Self {
        let mut random = Random::new(number.wrapping_mul(0x2545_f491_4f6c_dd1d));
        // Eight on the average.
        let spans = 1 + random.below(15);
        let share = |random: &mut Random, of_thousand| random.below(1_000) < of_thousand;
        Self {
            number,
            spans,
            lasting_ms: match random.below(100) {
                0..=1 => 3_500 + random.below(5_000),
                2..=11 => 1_200 + random.below(1_000),
                _ => 50 + random.below(800),
            },
            failed_at: share(&mut random, 20).then(|| random.below(spans)),
            route: match random.below(100) {
                0..=4 => "/health",
                5..=14 => "/pay/{id}",
                _ => "/cart/{id}",
            },
            is_gold: share(&mut random, 10),
            code: if share(&mut random, 5) { 503 } else { 200 },
            is_nightly: share(&mut random, 50),
        }
    }

    /// Whether one of its spans comes late.
    pub(crate) fn has_late(&self) -> bool {
        self.number.is_multiple_of(10)
    }

    /// How many there are before that.
    pub(crate) fn spans(&self) -> u64 {
        self.spans
    }

    /// What must become of it.
    pub(crate) fn expected(&self) -> Expected {
        if self.route == "/health" {
            return Expected::NotSampled;
        }
        let is_sampled = self.failed_at.is_some()
            || self.lasting_ms >= 3_000
            || self.is_gold
            || self.code >= 500
            || self.route.starts_with("/pay/") && self.lasting_ms >= 1_000;
        match (is_sampled, by_chance(self.number), self.is_nightly) {
            (true, _, _) | (_, Some(true), _) => Expected::Sampled,
            (_, None, _) | (_, _, true) => Expected::Either,
            _ => Expected::NotSampled,
        }
    }

    /// The bits of all its spans.
    pub(crate) fn whole(&self) -> u32 {
        let late = if self.has_late() { LATE } else { 0 };
        ((1 << self.spans) - 1) | late
    }

    /// Its spans that come as this part.
    pub(crate) fn part(&self, part: u64, start_ns: u64, out: &mut Vec<TestSpan>) {
        let of_part = (0..self.spans).filter(|index| index % PARTS == part);
        out.extend(of_part.map(|index| self.span(index, start_ns)));
    }

    fn span(&self, index: u64, start_ns: u64) -> TestSpan {
        let lasting_ns = self.lasting_ms * MS;
        let id = self.number * 32 + index + 1;
        let span = if index == 0 {
            TestSpan::new(self.number, id, "shop", self.route, start_ns)
                .lasting_ns(lasting_ns)
                .with_text("http.route", self.route)
        } else {
            let start_ns = start_ns + index * MS;
            TestSpan::new(self.number, id, "stock", "SELECT items", start_ns)
                .child_of(self.number * 32 + 1)
                .lasting_ns(2 * MS)
                .with_text("db.query.text", "SELECT * FROM items WHERE id = ?")
        };
        let span = span.with("http.response.status_code", self.code.into());
        let last = index + 1 == self.spans;
        let span = match (last && self.is_gold, last && self.is_nightly) {
            (true, _) => span.with_text("tenant", "gold"),
            (_, true) => span.with_text("job", "nightly"),
            _ => span,
        };
        match self.failed_at == Some(index) {
            true => span.status(StatusCode::Error),
            false => span,
        }
    }

    /// One that comes when all is decided, and would have had it sampled.
    pub(crate) fn late_span(&self, start_ns: u64) -> TestSpan {
        let id = self.number * 32 + 32;
        TestSpan::new(self.number, id, "mail", "send", start_ns).status(StatusCode::Error)
    }
}

/// Number of the trace, and the bit of the span.
pub(crate) fn known(trace_id: [u8; 16], span_id: [u8; 8]) -> (u64, u32) {
    let (_, number) = trace_id.split_at(8);
    let number = number
        .iter()
        .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    let span = u64::from_be_bytes(span_id).wrapping_sub(number.wrapping_mul(32) + 1);
    (number, 1u32.checked_shl(span as u32).unwrap_or(0))
}

/// Three of a hundred, by FNV-1a over the Collector's salt and the id; `None` where
/// the last digits would decide.
fn by_chance(number: u64) -> Option<bool> {
    let id = tracewell_testkit::spans::trace_id(number);
    let mut hash: u64 = 14_695_981_039_346_656_037;
    for byte in b"default-hash-seed".iter().chain(&id.0) {
        hash ^= u64::from(*byte);
        hash = hash.wrapping_mul(1_099_511_628_211);
    }
    let share = hash as f64 / 2f64.powi(64);
    ((share - 0.03).abs() > 1e-9).then_some(share < 0.03)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_are_as_many_as_said_and_known_again() {
        let traces: Vec<Trace> = (0..20_000).map(Trace::new).collect();
        let spans: u64 = traces.iter().map(Trace::spans).sum();
        assert!((155_000..165_000).contains(&spans), "{spans}");
        let share = |expected| {
            let found = traces.iter().filter(|trace| trace.expected() == expected);
            found.count() as f64 / 20_000.0
        };
        let shares = [Expected::Sampled, Expected::Either].map(share);
        assert!((0.05..0.2).contains(&shares[0]), "{shares:?}");
        assert!((0.03..0.06).contains(&shares[1]), "{shares:?}");
        for trace in &traces[..100] {
            let mut all = Vec::new();
            (0..PARTS).for_each(|part| trace.part(part, 1, &mut all));
            if trace.has_late() {
                all.push(trace.late_span(1));
            }
            let mut bits = 0;
            for span in &all {
                let (number, bit) = known(span.trace_id.0, span.span_id.0);
                assert_eq!(number, trace.number);
                bits |= bit;
            }
            assert_eq!(bits, trace.whole());
        }
    }
}

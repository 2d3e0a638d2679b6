//! What policies say of a trace of which everything is known, and what follows.
//!
//! | in this order | |
//! |---|---|
//! | one says that it is to be dropped | not sampled |
//! | one with `invert_match` has found what it looks for | not sampled |
//! | one says that it is to be sampled | sampled |
//! | one with `invert_match` has not found it, and no other said no | sampled |
//! | none of these | not sampled |
//!
//! This is the Collector's order. Rules count what they let pass, so **a trace is
//! judged once**.

use tracewell_model::TraceId;

use super::bucket::Bucket;
use super::chance::Chance;

/// What is known of a trace once all its spans have come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct TraceFacts {
    pub(super) id: TraceId,
    /// From the first start to the last end.
    pub(super) duration_ms: i64,
    pub(super) spans: u64,
    pub(super) bytes: u64,
    /// Bits of the conditions that one of its spans has.
    pub(super) matched: u64,
}

/// A named rule of the file.
#[derive(Debug, Clone)]
pub struct Policy {
    /// As the file calls it.
    pub name: String,
    pub(super) rule: Rule,
}

impl Policy {
    /// Says yes to every trace.
    pub(super) fn always(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            rule: Rule::Always,
        }
    }
}

#[derive(Debug, Clone)]
pub(super) enum Rule {
    Always,
    /// Takes at least so long; with an upper bound, longer than the lower.
    Latency {
        over_ms: i64,
        up_to_ms: Option<i64>,
    },
    Chance(Chance),
    /// A span has the condition with this number.
    AnySpan {
        condition: u8,
        is_inverted: bool,
    },
    SpanCount {
        least: u64,
        most: Option<u64>,
    },
    SpansPerSecond(Bucket),
    BytesPerSecond(Bucket),
    All(Vec<Rule>),
    Not(Box<Rule>),
    /// As `All`, to drop and not to sample.
    Drop(Vec<Rule>),
    Composite(Composite),
}

/// What one rule says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Sampled,
    NotSampled,
    /// `invert_match` did not find it.
    InvertSampled,
    /// `invert_match` found it.
    InvertNotSampled,
    Dropped,
}

impl Verdict {
    fn of(is_sampled: bool) -> Self {
        if is_sampled {
            Self::Sampled
        } else {
            Self::NotSampled
        }
    }

    fn is_yes(self) -> bool {
        matches!(self, Self::Sampled | Self::InvertSampled)
    }
}

/// Rules that share spans of a second: the first that says yes decides, and where its
/// share is spent, that is a no.
#[derive(Debug, Clone)]
pub(super) struct Composite {
    pub(super) max_total: u64,
    pub(super) shares: Vec<Share>,
    pub(super) second: u64,
}

#[derive(Debug, Clone)]
pub(super) struct Share {
    pub(super) rule: Rule,
    pub(super) spans_per_second: u64,
    pub(super) spent: u64,
}

/// Is the trace to be kept? With `on_first_match` no policy is asked after one that
/// said yes; those that drop are asked first.
pub(super) fn is_sampled(
    policies: &mut [Policy],
    trace: &TraceFacts,
    now_ns: u64,
    on_first_match: bool,
) -> bool {
    let (dropping, others): (Vec<_>, Vec<_>) = policies
        .iter_mut()
        .map(|policy| &mut policy.rule)
        .partition(|rule| matches!(rule, Rule::Drop(_)));
    let mut is_dropped = dropping.into_iter();
    if is_dropped.any(|rule| rule.judge(trace, now_ns) == Verdict::Dropped) {
        return false;
    }
    let mut said = Vec::with_capacity(others.len());
    for rule in others {
        let verdict = rule.judge(trace, now_ns);
        said.push(verdict);
        if on_first_match && verdict == Verdict::Sampled {
            break;
        }
    }
    let has = |verdict| said.contains(&verdict);
    !has(Verdict::InvertNotSampled)
        && (has(Verdict::Sampled) || has(Verdict::InvertSampled) && !has(Verdict::NotSampled))
}

impl Rule {
    fn judge(&mut self, trace: &TraceFacts, now_ns: u64) -> Verdict {
        let is_yes = match self {
            Self::Always => true,
            Self::Latency { over_ms, up_to_ms } => match up_to_ms {
                None => trace.duration_ms >= *over_ms,
                Some(up_to_ms) => trace.duration_ms > *over_ms && trace.duration_ms <= *up_to_ms,
            },
            Self::Chance(chance) => chance.takes(trace.id),
            Self::AnySpan {
                condition,
                is_inverted,
            } => {
                let is_found = trace.matched >> *condition & 1 == 1;
                return match (*is_inverted, is_found) {
                    (false, found) => Verdict::of(found),
                    (true, false) => Verdict::InvertSampled,
                    (true, true) => Verdict::InvertNotSampled,
                };
            }
            Self::SpanCount { least, most } => {
                trace.spans >= *least && most.is_none_or(|most| trace.spans <= most)
            }
            Self::SpansPerSecond(bucket) => bucket.take(trace.spans, now_ns),
            Self::BytesPerSecond(bucket) => bucket.take(trace.bytes, now_ns),
            Self::All(rules) => rules
                .iter_mut()
                .all(|rule| rule.judge(trace, now_ns).is_yes()),
            Self::Not(rule) => !rule.judge(trace, now_ns).is_yes(),
            Self::Drop(rules) => {
                let mut rules = rules.iter_mut();
                if rules.all(|rule| rule.judge(trace, now_ns).is_yes()) {
                    return Verdict::Dropped;
                }
                false
            }
            Self::Composite(composite) => composite.takes(trace, now_ns),
        };
        Verdict::of(is_yes)
    }
}

impl Composite {
    fn takes(&mut self, trace: &TraceFacts, now_ns: u64) -> bool {
        let second = now_ns / 1_000_000_000;
        if self.second != second {
            self.second = second;
            self.shares.iter_mut().for_each(|share| share.spent = 0);
        }
        for share in &mut self.shares {
            if share.rule.judge(trace, now_ns).is_yes() {
                let spent = share.spent + trace.spans;
                let is_within = spent <= share.spans_per_second && spent <= self.max_total;
                if is_within {
                    share.spent = spent;
                }
                return is_within;
            }
        }
        false
    }
}

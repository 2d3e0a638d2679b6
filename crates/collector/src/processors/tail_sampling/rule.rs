//! What one policy says of a trace of which everything is known.
//!
//! Rules count what they let pass, so **a trace is judged in earnest once**; what
//! would be said if chance had fallen otherwise can be asked as often as one likes.

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

/// How a rule is asked.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asked<'c> {
    /// What is let through is spent.
    InEarnest,
    /// As if hashes were these, by their salt. Nothing is spent.
    Supposing(&'c [(u64, u64)]),
}

/// What one rule says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
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

    /// How many there are.
    pub(super) const COUNT: usize = 5;

    pub(super) fn is_yes(self) -> bool {
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

impl Rule {
    pub(super) fn judge(&mut self, trace: &TraceFacts, now_ns: u64, asked: Asked<'_>) -> Verdict {
        let is_yes = match self {
            Self::Always => true,
            Self::Latency { over_ms, up_to_ms } => match up_to_ms {
                None => trace.duration_ms >= *over_ms,
                Some(up_to_ms) => trace.duration_ms > *over_ms && trace.duration_ms <= *up_to_ms,
            },
            Self::Chance(chance) => match asked {
                Asked::InEarnest => chance.takes(trace.id),
                Asked::Supposing(hashes) => chance.takes_supposing(hashes),
            },
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
            Self::SpansPerSecond(bucket) => bucket.lets(trace.spans, now_ns, asked),
            Self::BytesPerSecond(bucket) => bucket.lets(trace.bytes, now_ns, asked),
            Self::All(rules) => rules
                .iter_mut()
                .all(|rule| rule.judge(trace, now_ns, asked).is_yes()),
            Self::Not(rule) => !rule.judge(trace, now_ns, asked).is_yes(),
            Self::Drop(rules) => {
                let mut rules = rules.iter_mut();
                if rules.all(|rule| rule.judge(trace, now_ns, asked).is_yes()) {
                    return Verdict::Dropped;
                }
                false
            }
            Self::Composite(composite) => composite.takes(trace, now_ns, asked),
        };
        Verdict::of(is_yes)
    }
}

impl Rule {
    /// Shows this rule and all within it.
    pub(super) fn each(&self, visit: &mut impl FnMut(&Self)) {
        visit(self);
        match self {
            Self::All(rules) | Self::Drop(rules) => rules.iter().for_each(|rule| rule.each(visit)),
            Self::Not(rule) => rule.each(visit),
            Self::Composite(composite) => {
                let shares = composite.shares.iter();
                shares.for_each(|share| share.rule.each(visit));
            }
            _ => {}
        }
    }
}

impl Composite {
    fn takes(&mut self, trace: &TraceFacts, now_ns: u64, asked: Asked<'_>) -> bool {
        let second = now_ns / 1_000_000_000;
        let is_new = self.second != second;
        let is_earnest = matches!(asked, Asked::InEarnest);
        if is_new && is_earnest {
            self.second = second;
            self.shares.iter_mut().for_each(|share| share.spent = 0);
        }
        for share in &mut self.shares {
            if share.rule.judge(trace, now_ns, asked).is_yes() {
                let spent = if is_new { 0 } else { share.spent } + trace.spans;
                let is_within = spent <= share.spans_per_second && spent <= self.max_total;
                if is_within && is_earnest {
                    share.spent = spent;
                }
                return is_within;
            }
        }
        false
    }
}

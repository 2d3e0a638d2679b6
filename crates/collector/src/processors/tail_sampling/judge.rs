//! All policies together: is a trace sampled, by whom, and for how many like it does
//! it then stand.
//!
//! | in this order | |
//! |---|---|
//! | one says that it is to be dropped | not sampled |
//! | one with `invert_match` has found what it looks for | not sampled |
//! | one says that it is to be sampled | sampled |
//! | one with `invert_match` has not found it, and no other said no | sampled |
//! | none of these | not sampled |
//!
//! This is the Collector's order. The share of all traces like this one that would be
//! sampled is not what one policy says but **what all of them would have said,
//! whatever chance had thrown**: a failed trace that is always kept stands for itself,
//! though a policy of chance said yes as well. What limits let through is taken as it
//! came.

use super::config::TailSamplingConfig;
use super::counts::{DecisionCounts, PolicyCounts, TraceCount};
use super::rule::{Asked, Policy, Rule, TraceFacts, Verdict};
use tracewell_model::trace_state::threshold::{NEVER, Threshold};

/// Throws of chance that are tried for a trace; a file that has more different ones
/// does not say for how many its traces stand.
const MAX_THROWS: usize = 256;

/// Hexadecimal digits of thresholds: all.
const PRECISION: u32 = 14;

/// See the module's text.
#[derive(Debug)]
pub(super) struct Judge {
    policies: Vec<Policy>,
    on_first_match: bool,
    throws: Vec<Throw>,
    /// Some of the policies count, so what would have been said is asked before.
    has_limits: bool,
    /// Of the last trace, by policy; `None`: it was not asked.
    said: Vec<Option<Verdict>>,
    supposed: Vec<Option<Verdict>>,
    pub(super) counts: DecisionCounts,
}

/// One way in which chance can fall, for all salts, and how often it does.
#[derive(Debug, Clone, PartialEq)]
struct Throw {
    hashes: Vec<(u64, u64)>,
    share: f64,
}

impl Verdict {
    fn place(self) -> usize {
        match self {
            Self::Sampled | Self::InvertSampled => 0,
            Self::NotSampled => 1,
            Self::InvertNotSampled => 2,
            Self::Dropped => 3,
        }
    }
}

impl Judge {
    pub(super) fn new(config: &TailSamplingConfig) -> Self {
        let of_policy = |policy: &Policy| PolicyCounts {
            name: policy.name.as_str().into(),
            said: ["sampled", "not_sampled", "excluded", "dropped"]
                .map(|said| (said, TraceCount::default())),
        };
        Self {
            policies: config.policies.clone(),
            on_first_match: config.sample_on_first_match,
            throws: throws(&config.policies).unwrap_or_default(),
            has_limits: has_limits(&config.policies),
            said: Vec::new(),
            supposed: Vec::new(),
            counts: DecisionCounts {
                all: ["sampled", "not_sampled", "too_large"]
                    .map(|decision| (decision, TraceCount::default())),
                policies: config.policies.iter().map(of_policy).collect(),
            },
        }
    }

    /// Decides of a trace, once: the threshold at which traces like it are sampled;
    /// [`NEVER`] where it is not.
    pub(super) fn judge(&mut self, trace: &TraceFacts, now_ns: u64) -> Threshold {
        let before = self.has_limits.then(|| self.share(trace, now_ns));
        let (policies, first) = (&mut self.policies, self.on_first_match);
        let earnest = Asked::InEarnest;
        let is_sampled = is_sampled(policies, &mut self.said, trace, (now_ns, first), earnest);
        self.count(trace, usize::from(!is_sampled));
        for (said, counts) in self.said.iter().zip(&mut self.counts.policies) {
            if let Some(verdict) = said {
                counts.said[verdict.place()].1.add(trace.spans);
            }
        }
        if !is_sampled {
            return NEVER;
        }
        match before.unwrap_or_else(|| self.share(trace, now_ns)) {
            // It was sampled, so its share cannot be nothing.
            share if share > 0.0 && share < 1.0 => Threshold::of_probability(share, PRECISION),
            _ => Threshold::ALWAYS,
        }
    }

    /// A trace that is not sampled whatever policies say of it.
    pub(super) fn too_large(&mut self, trace: &TraceFacts) {
        self.said.clear();
        self.count(trace, 2);
    }

    fn count(&mut self, trace: &TraceFacts, place: usize) {
        self.counts.all[place].1.add(trace.spans);
    }

    /// Policies that said yes to the last trace, by their place.
    pub(super) fn yes(&self) -> impl Iterator<Item = usize> {
        let is_yes = |said: &Option<Verdict>| said.is_some_and(Verdict::is_yes);
        let said = self.said.iter().enumerate();
        said.filter(move |(_, said)| is_yes(said))
            .map(|(place, _)| place)
    }

    /// Of traces like this one, the share that is sampled.
    fn share(&mut self, trace: &TraceFacts, now_ns: u64) -> f64 {
        if self.throws.is_empty() {
            return 1.0;
        }
        let (policies, first) = (&mut self.policies, self.on_first_match);
        let sampled = self.throws.iter().filter(|throw| {
            let asked = Asked::Supposing(&throw.hashes);
            is_sampled(policies, &mut self.supposed, trace, (now_ns, first), asked)
        });
        sampled.map(|throw| throw.share).sum()
    }
}

/// With `on_first_match` no policy is asked after one that said yes; those that drop are
/// asked first. Leaves in `said` what each one said.
fn is_sampled(
    policies: &mut [Policy],
    said: &mut Vec<Option<Verdict>>,
    trace: &TraceFacts,
    (now_ns, on_first_match): (u64, bool),
    asked: Asked<'_>,
) -> bool {
    said.clear();
    said.resize(policies.len(), None);
    let mut has_said = [false; Verdict::COUNT];
    for is_dropping in [true, false] {
        for (policy, said) in policies.iter_mut().zip(&mut *said) {
            if matches!(policy.rule, Rule::Drop(_)) != is_dropping {
                continue;
            }
            let verdict = policy.rule.judge(trace, now_ns, asked);
            *said = Some(verdict);
            if verdict == Verdict::Dropped {
                return false;
            }
            // That a policy which drops did not is no opinion of the others.
            has_said[verdict as usize] |= !is_dropping;
            if on_first_match && verdict == Verdict::Sampled {
                break;
            }
        }
    }
    let has = |verdict: Verdict| has_said[verdict as usize];
    !has(Verdict::InvertNotSampled)
        && (has(Verdict::Sampled) || has(Verdict::InvertSampled) && !has(Verdict::NotSampled))
}

/// Do any of them count what they let through?
pub(super) fn has_limits(policies: &[Policy]) -> bool {
    let mut has_limits = false;
    for policy in policies {
        policy.rule.each(&mut |rule| {
            has_limits |= matches!(
                rule,
                Rule::SpansPerSecond(_) | Rule::BytesPerSecond(_) | Rule::Composite(_)
            );
        });
    }
    has_limits
}

/// Every way in which chance can fall that makes a difference to these policies; none
/// where they throw none, `None` where there are too many.
fn throws(policies: &[Policy]) -> Option<Vec<Throw>> {
    // By salt, the last hash that a policy takes.
    let mut ends: Vec<(u64, Vec<u64>)> = Vec::new();
    for policy in policies {
        policy.rule.each(&mut |rule| {
            let Rule::Chance(chance) = rule else { return };
            let (salted, end) = chance.parts();
            match ends.iter_mut().find(|(known, _)| *known == salted) {
                Some((_, ends)) => ends.push(end),
                None => ends.push((salted, vec![end, u64::MAX])),
            }
        });
    }
    let mut throws = Vec::new();
    for (salted, mut ends) in ends {
        ends.sort_unstable();
        ends.dedup();
        if throws.is_empty() {
            throws.push(Throw {
                hashes: Vec::new(),
                share: 1.0,
            });
        }
        if throws.len() * ends.len() > MAX_THROWS {
            return None;
        }
        let mut begin = 0u128;
        let mut more = Vec::new();
        for end in ends {
            let after = u128::from(end) + 1;
            let share = (after - begin) as f64 / (1u128 << 64) as f64;
            begin = after;
            more.extend(throws.iter().map(|throw| {
                let mut hashes = throw.hashes.clone();
                hashes.push((salted, end));
                Throw {
                    hashes,
                    share: throw.share * share,
                }
            }));
        }
        throws = more;
    }
    Some(throws)
}

/// Can it be said for how many a trace stands that these sampled?
pub(super) fn is_share_known(policies: &[Policy]) -> bool {
    throws(policies).is_some()
}

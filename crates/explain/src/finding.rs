//! A finding: what it is, whom it means, what it costs.

use std::cmp::Reverse;

/// Spans that a finding names, at most; the count says how many there are.
const MAX_SPANS: usize = 1_000;

/// Findings that are listed. A trace with more has one fault many times, and
/// nobody reads on.
const MAX_FINDINGS: usize = 100;

/// The kinds of finding, in the order in which equals are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An error came up to where the trace begins.
    ErrorSurfaced,
    /// One call takes most of a slow trace.
    SlowCall,
    /// The same statement or route many times below one span.
    NPlusOne,
    /// Reads one after another that could run side by side.
    SequentialCalls,
    /// The very same read again and again.
    RepeatedCall,
    /// Calls that were tried again.
    Retries,
    /// Time on the path of which nothing is recorded.
    IdleGap,
    /// One of many that ran side by side kept the others waiting.
    Straggler,
    /// Two services that talk too often.
    ChattyServices,
    /// An error that nobody above shows.
    ErrorSwallowed,
    /// Clocks that disagree.
    ClockSkew,
    /// A call whose other side is missing though the service is traced.
    MissingServer,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 12] = [
        Self::ErrorSurfaced,
        Self::SlowCall,
        Self::NPlusOne,
        Self::SequentialCalls,
        Self::RepeatedCall,
        Self::Retries,
        Self::IdleGap,
        Self::Straggler,
        Self::ChattyServices,
        Self::ErrorSwallowed,
        Self::ClockSkew,
        Self::MissingServer,
    ];

    /// Its name in APIs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ErrorSurfaced => "error-surfaced",
            Self::SlowCall => "slow-call",
            Self::NPlusOne => "n-plus-one",
            Self::SequentialCalls => "sequential-calls",
            Self::RepeatedCall => "repeated-call",
            Self::Retries => "retries",
            Self::IdleGap => "idle-gap",
            Self::Straggler => "straggler",
            Self::ChattyServices => "chatty-services",
            Self::ErrorSwallowed => "error-swallowed",
            Self::ClockSkew => "clock-skew",
            Self::MissingServer => "missing-server",
        }
    }

    /// What people call it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::ErrorSurfaced => "Origin of the error",
            Self::SlowCall => "One slow call",
            Self::NPlusOne => "N+1 calls",
            Self::SequentialCalls => "Calls in sequence",
            Self::RepeatedCall => "Repeated call",
            Self::Retries => "Retries",
            Self::IdleGap => "Nothing recorded",
            Self::Straggler => "Straggler",
            Self::ChattyServices => "Chatty services",
            Self::ErrorSwallowed => "Hidden error",
            Self::ClockSkew => "Clocks disagree",
            Self::MissingServer => "Other side missing",
        }
    }

    /// What to look at.
    #[must_use]
    pub fn look_at(self) -> &'static str {
        match self {
            Self::ErrorSurfaced => "Begin with the innermost span: its exception and its logs.",
            Self::SlowCall => {
                "Look at what it asks for: the plan of the statement, an index, less data."
            }
            Self::NPlusOne => "Do it once for all of them: a join, a list of ids, a batch.",
            Self::SequentialCalls => {
                "Start them together and wait for all, unless one needs the answer of another: \
                 no such need is visible in the trace."
            }
            Self::RepeatedCall => "Keep the first answer for the length of the request.",
            Self::Retries => "Look at why the first attempt failed, and how long it is waited for.",
            Self::IdleGap => {
                "It computes, waits for a lock, a thread or a timer, or calls something that \
                 records no spans: profile it, or add spans."
            }
            Self::Straggler => {
                "Compare it with its siblings: its input, its host, its retries. A deadline or a \
                 second request hedges."
            }
            Self::ChattyServices => "Offer one call that answers all of it.",
            Self::ErrorSwallowed => {
                "If the caller can do without the answer, all is well; if not, somebody got a \
                 wrong one."
            }
            Self::ClockSkew => {
                "Look at the time service of the hosts. Spans are shown as they were sent."
            }
            Self::MissingServer => {
                "Its spans were sampled otherwise, lost, or never made; other calls to the same \
                 address have them."
            }
        }
    }
}

/// One thing that is worth a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its kind.
    pub kind: Kind,
    /// The spans it means, by place, ascending; of very many the first.
    pub spans: Vec<u32>,
    /// How many spans it means.
    pub span_count: usize,
    /// Time on the critical path that it costs, ns.
    pub cost_ns: u64,
    /// One plain sentence. Names in it come from spans.
    pub says: String,
}

impl Finding {
    pub(crate) fn new(kind: Kind, mut spans: Vec<u32>, cost_ns: u64, says: String) -> Self {
        spans.sort_unstable();
        spans.dedup();
        Self {
            kind,
            span_count: spans.len(),
            spans,
            cost_ns,
            says,
        }
    }
}

/// Errors first, then by what they cost; as many as are listed, and how many
/// are not.
pub(crate) fn listed(mut findings: Vec<Finding>) -> (Vec<Finding>, usize) {
    findings.sort_by_cached_key(|finding| {
        let is_error = finding.kind == Kind::ErrorSurfaced;
        (
            !is_error,
            Reverse(finding.cost_ns),
            finding.kind,
            finding.spans.first().copied(),
        )
    });
    let left_out = findings.len().saturating_sub(MAX_FINDINGS);
    findings.truncate(MAX_FINDINGS);
    for finding in &mut findings {
        finding.spans.truncate(MAX_SPANS);
    }
    (findings, left_out)
}

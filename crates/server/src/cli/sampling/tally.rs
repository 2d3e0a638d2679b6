//! Sums over traces that were kept and lost, and a few of those that were lost.

use super::lengths::Lengths;
use super::trace::SeenTrace;

/// Examples of each sort.
const EXAMPLES: usize = 5;

/// So many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) traces: u64,
    pub(super) spans: u64,
    pub(super) bytes: u64,
}

impl Sum {
    fn add(&mut self, trace: &SeenTrace) {
        self.traces += 1;
        self.spans += trace.spans;
        self.bytes += trace.bytes;
    }
}

/// What a policy did.
#[derive(Debug)]
pub(super) struct OfPolicy {
    pub(super) name: String,
    /// It said yes.
    pub(super) yes: Sum,
    /// It alone did, and they were kept.
    pub(super) alone: Sum,
}

/// What becomes of a service.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct OfService {
    pub(super) traces: u64,
    pub(super) kept_traces: u64,
    pub(super) spans: u64,
    pub(super) kept_spans: u64,
}

/// See the module's text.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) stored: Sum,
    pub(super) kept: Sum,
    pub(super) late_spans: u64,
    pub(super) policies: Vec<OfPolicy>,
    /// By number.
    pub(super) services: Vec<OfService>,
    pub(super) lost_with_errors: u64,
    lengths: Lengths,
    lost_lengths: Lengths,
    /// The longest that were lost: with errors, and without.
    pub(super) lost_failed: Vec<SeenTrace>,
    pub(super) lost_sound: Vec<SeenTrace>,
}

impl Tally {
    pub(super) fn new(policies: Vec<String>) -> Self {
        let policy = |name| OfPolicy {
            name,
            yes: Sum::default(),
            alone: Sum::default(),
        };
        Self {
            stored: Sum::default(),
            kept: Sum::default(),
            late_spans: 0,
            policies: policies.into_iter().map(policy).collect(),
            services: Vec::new(),
            lost_with_errors: 0,
            lengths: Lengths::default(),
            lost_lengths: Lengths::default(),
            lost_failed: Vec::new(),
            lost_sound: Vec::new(),
        }
    }

    /// A trace, and the places of the policies that said yes to it.
    pub(super) fn add(
        &mut self,
        trace: SeenTrace,
        is_kept: bool,
        yes: impl Iterator<Item = usize>,
    ) {
        self.stored.add(&trace);
        self.lengths.add(trace.duration_ns());
        let mut said_yes = Vec::new();
        for place in yes {
            self.policies[place].yes.add(&trace);
            said_yes.push(place);
        }
        for (service, spans) in &trace.services {
            let service = *service as usize;
            if self.services.len() <= service {
                self.services.resize(service + 1, OfService::default());
            }
            let service = &mut self.services[service];
            service.traces += 1;
            service.spans += spans;
            service.kept_traces += u64::from(is_kept);
            service.kept_spans += if is_kept { *spans } else { 0 };
        }
        if is_kept {
            self.kept.add(&trace);
            if let [only] = said_yes.as_slice() {
                self.policies[*only].alone.add(&trace);
            }
            return;
        }
        self.lost_lengths.add(trace.duration_ns());
        let examples = match trace.errors {
            0 => &mut self.lost_sound,
            _ => {
                self.lost_with_errors += 1;
                &mut self.lost_failed
            }
        };
        let longer = |known: &SeenTrace| known.duration_ns() >= trace.duration_ns();
        let place = examples.iter().take_while(|known| longer(known)).count();
        if place < EXAMPLES {
            examples.insert(place, trace);
            examples.truncate(EXAMPLES);
        }
    }

    pub(super) fn lost(&self) -> Sum {
        Sum {
            traces: self.stored.traces - self.kept.traces,
            spans: self.stored.spans - self.kept.spans,
            bytes: self.stored.bytes - self.kept.bytes,
        }
    }

    /// A length that 99 of 100 traces do not exceed, and how many of those that do
    /// are lost.
    pub(super) fn slow(&self) -> (u64, u64) {
        let p99_ns = self.lengths.quantile(0.99);
        (p99_ns, self.lost_lengths.above(p99_ns))
    }
}

//! Reads of other services one after another, of which none visibly needs the
//! answer of another.
//!
//! A value in a call that nobody above had and no call before used may come
//! from an answer, and what checks a right goes before everything else: both
//! end a sequence. Statements are left out, for one connection takes one at a
//! time.

use std::collections::HashSet;

use super::siblings::{Family, Sibling};
use crate::calls::{Protocol, values_of};
use crate::finding::{Finding, Kind};
use crate::spelling::{self, quoted};
use crate::trace::Trace;
use tracewell_model::batch::view::ValueRef;

/// Calls of a sequence.
const LEAST_CALLS: usize = 3;

/// Percent of the path that is to be won.
const LEAST_PERCENT: u64 = 15;

/// Between two calls as part of both: who thinks longer may use the answer.
const MOST_GAP_PERCENT: u128 = 25;

/// Spans above that are looked at for values; what is farther is not known.
const MOST_ABOVE: usize = 64;

/// Spans of a call that may show its URL: itself, and what it wraps.
const MOST_BELOW: usize = 4;

/// Words in questions whose answer says whether to go on.
const GATES: &[&str] = &[
    "auth",
    "login",
    "token",
    "session",
    "permission",
    "verify",
    "validate",
    "health",
    "flag",
];

pub(super) fn find(trace: &Trace<'_>, families: &[Family], many: &[Finding]) -> Vec<Finding> {
    let many: HashSet<u32> = many
        .iter()
        .flat_map(|one| one.spans.iter().copied())
        .collect();
    let urls = values_of(trace.batch(), &["url.full"]);
    let writes = Writes::new(trace);
    let mut findings = Vec::new();
    for family in families {
        let mut known: Option<HashSet<String>> = None;
        let mut run: Vec<&Sibling> = Vec::new();
        for sibling in &family.calls {
            let place = sibling.place as usize;
            let is_fit = sibling.call.is_read
                && matches!(sibling.call.protocol, Protocol::Http | Protocol::Rpc)
                && !trace.failed[place]
                && !many.contains(&sibling.place)
                && !writes.are_below(trace, sibling.place)
                && !is_gate(trace.calls.text(sibling.call.question));
            if !is_fit {
                findings.extend(finding(trace, &run));
                run.clear();
                continue;
            }
            let values = called_url(trace, &urls, sibling.place);
            let known = known.get_or_insert_with(|| known_above(trace, family.parent));
            let continues = run
                .last()
                .is_some_and(|before| follows(trace, before, sibling));
            let is_new = |value: &&str| !known.contains(*value);
            if !continues || spelling::values(values).any(|value| is_new(&value)) {
                findings.extend(finding(trace, &run));
                run.clear();
            }
            known.extend(spelling::values(values).map(str::to_owned));
            run.push(sibling);
        }
        findings.extend(finding(trace, &run));
    }
    findings
}

/// Calls that change something, before each place.
struct Writes(Vec<u32>);

impl Writes {
    fn new(trace: &Trace<'_>) -> Self {
        let is_write = |place: u32| {
            let call = trace.calls.at(place);
            call.is_some_and(|call| {
                matches!(call.protocol, Protocol::Database | Protocol::Messaging) && !call.is_read
            })
        };
        let mut before = vec![0];
        let mut count = 0;
        before.extend(trace.places().map(|place| {
            count += u32::from(is_write(place));
            count
        }));
        Self(before)
    }

    /// A GET that changes something was no read.
    fn are_below(&self, trace: &Trace<'_>, place: u32) -> bool {
        self.0[trace.behind(place) as usize] > self.0[place as usize]
    }
}

fn is_gate(question: &str) -> bool {
    let question = question.to_ascii_lowercase();
    GATES.iter().any(|word| question.contains(word))
}

/// Soon after the one before has ended.
fn follows(trace: &Trace<'_>, before: &Sibling, after: &Sibling) -> bool {
    let end_ns = trace.end_ns[before.place as usize];
    let gap_ns = trace.start_ns[after.place as usize].checked_sub(end_ns);
    let [one, other] = [before, after].map(|call| u128::from(trace.duration_ns(call.place)));
    gap_ns.is_some_and(|gap_ns| u128::from(gap_ns) * 100 <= (one + other) * MOST_GAP_PERCENT)
}

fn called_url<'a>(trace: &Trace<'_>, urls: &[Option<ValueRef<'a>>], place: u32) -> &'a str {
    let below = (place..trace.behind(place)).take(MOST_BELOW);
    let url = below
        .map(|place| urls[trace.row(place)])
        .find(Option::is_some);
    match url.flatten() {
        Some(ValueRef::Str(url)) => url,
        _ => "",
    }
}

/// Values that stand in attributes of a span or of those above it.
fn known_above(trace: &Trace<'_>, place: u32) -> HashSet<String> {
    let mut known = HashSet::new();
    let above = std::iter::once(place).chain(trace.ancestors(place));
    for place in above.take(MOST_ABOVE) {
        for (_, value) in trace.view.span(trace.row(place)).attributes() {
            match value {
                ValueRef::Str(text) => {
                    known.insert(text.to_owned());
                    known.extend(spelling::values(text).map(str::to_owned));
                }
                ValueRef::Int(number) => _ = known.insert(number.to_string()),
                _ => {}
            }
        }
    }
    known
}

fn finding(trace: &Trace<'_>, run: &[&Sibling]) -> Option<Finding> {
    if run.len() < LEAST_CALLS {
        return None;
    }
    let questions: HashSet<u32> = run.iter().map(|sibling| sibling.call.question).collect();
    let places: Vec<u32> = run.iter().map(|sibling| sibling.place).collect();
    let shares = || places.iter().map(|place| trace.critical_ns(*place));
    let cost_ns = shares().sum::<u64>() - shares().max().unwrap_or(0);
    if questions.len() < LEAST_CALLS || !trace.is_share(cost_ns, LEAST_PERCENT) {
        return None;
    }
    let mut names: Vec<String> = Vec::new();
    for sibling in run {
        let name = quoted(trace.calls.text(sibling.call.question));
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let first = names.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
    let parent = trace.parent(places[0])?;
    let says = format!(
        "{} called {} one after another, and none visibly needs the answer of another.",
        trace.title(parent),
        super::and_more(&first, names.len().saturating_sub(3))
    );
    Some(Finding::new(Kind::SequentialCalls, places, cost_ns, says))
}

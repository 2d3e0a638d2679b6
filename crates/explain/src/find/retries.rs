//! Calls that failed and were made again.

use super::Hashed;
use super::siblings::{Family, Sibling};
use crate::calls::{Protocol, values_of};
use crate::finding::{Finding, Kind};
use crate::spelling::quoted;
use crate::trace::Trace;
use tracewell_model::batch::view::ValueRef;

/// Refusals after which the same request is worth another try.
const WORTH_TRYING: [i64; 3] = [408, 425, 429];

pub(super) fn find(trace: &Trace<'_>, families: &[Family]) -> Vec<Finding> {
    let statuses = values_of(trace.batch(), &["http.response.status_code"]);
    let is_final = |place: u32| {
        let below = place..trace.behind(place).min(place + 3);
        let status = below
            .map(|place| statuses[trace.row(place)])
            .find(Option::is_some);
        is_refusal(status.flatten())
    };
    let mut findings = Vec::new();
    for family in families {
        // Attempts of which the last one failed.
        let mut open: Hashed<_, Vec<Sibling>> = Hashed::default();
        for sibling in &family.calls {
            let (place, call) = (sibling.place, sibling.call);
            let failed = trace.failed[place as usize] && !is_final(place);
            // The very same call; where nothing shows values, the same question.
            let key = (call.question, call.exact);
            let is_later = |last: &Sibling| {
                trace.start_ns[place as usize] >= trace.end_ns[last.place as usize]
            };
            match open.get_mut(&key) {
                Some(attempts) if attempts.last().is_some_and(is_later) => {
                    attempts.push(*sibling);
                    if !failed {
                        let attempts = open.remove(&key).unwrap_or_default();
                        findings.extend(finding(trace, family.parent, &attempts));
                    }
                }
                None if failed => _ = open.insert(key, vec![*sibling]),
                _ => {}
            }
        }
        let left = open.into_values();
        findings.extend(left.filter_map(|attempts| finding(trace, family.parent, &attempts)));
    }
    findings
}

/// 4xx says that asking again is no use, but for a few.
pub(super) fn is_refusal(status: Option<ValueRef<'_>>) -> bool {
    let status = match status {
        Some(ValueRef::Int(status)) => Some(status),
        Some(ValueRef::Str(text)) => text.parse().ok(),
        _ => None,
    };
    status.is_some_and(|status| (400..500).contains(&status) && !WORTH_TRYING.contains(&status))
}

fn finding(trace: &Trace<'_>, parent: u32, attempts: &[Sibling]) -> Option<Finding> {
    let last = attempts.last().filter(|_| attempts.len() > 1)?;
    let is_failed = trace.failed[last.place as usize];
    let shows_values = last.call.exact.is_some() || last.call.protocol == Protocol::Other;
    // Many that all fail without showing their values may be many questions.
    if is_failed && !shows_values {
        return None;
    }
    let (from, to) = (attempts[0].place as usize, last.place as usize);
    let cost_ns = trace.critical_within_ns(parent, trace.start_ns[from], trace.start_ns[to]);
    let says = format!(
        "{} was tried {} times below {} and {}.",
        quoted(trace.calls.text(last.call.question)),
        attempts.len(),
        trace.title(parent),
        if is_failed {
            "failed each time"
        } else {
            "succeeded at last"
        }
    );
    let places = attempts.iter().map(|sibling| sibling.place).collect();
    Some(Finding::new(Kind::Retries, places, cost_ns, says))
}

//! The detectors. Each looks for one thing in the whole trace, once, and says
//! nothing in doubt. **None looks at what another found**, but for the calls
//! that [`siblings`] has already put into groups.

mod chatty;
mod errors;
mod idle;
mod many;
mod missing;
mod retries;
mod sequential;
mod siblings;
mod skew;
mod slow;
mod straggler;

use std::collections::HashMap;

use crate::finding::Finding;
use crate::trace::Trace;

/// By something, in the order in which it came first.
type Hashed<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

pub(crate) fn all(trace: &Trace<'_>) -> Vec<Finding> {
    let families = siblings::families(trace);
    let mut findings = errors::surfaced(trace);
    let retries = retries::find(trace, &families);
    findings.extend(errors::swallowed(trace, &retries));
    findings.extend(retries);
    let many = many::find(trace, &families);
    findings.extend(chatty::find(trace, &many));
    findings.extend(sequential::find(trace, &families, &many));
    findings.extend(many);
    findings.extend(slow::find(trace));
    findings.extend(idle::find(trace));
    findings.extend(straggler::find(trace));
    findings.extend(skew::find(trace));
    findings.extend(missing::find(trace));
    findings
}

/// `a`, or `a and 2 more`.
fn and_more(first: &str, others: usize) -> String {
    match others {
        0 => first.to_owned(),
        _ => format!("{first} and {others} more"),
    }
}

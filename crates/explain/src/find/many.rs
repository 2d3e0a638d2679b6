//! The same question many times: below one span (N+1), or the very same one
//! anywhere in a service.

use super::Hashed;
use super::siblings::{Family, are_in_sequence};
use crate::finding::{Finding, Kind};
use crate::spelling::quoted;
use crate::trace::Trace;

/// Questions of one kind below one span from which on they are many.
const MANY: usize = 5;

/// The very same questions from which on they are many.
const SAME: usize = 3;

/// Percent of the path below which nobody would notice.
const LEAST_PERCENT: u64 = 5;

/// What is alike, wherever it stands.
#[derive(Default)]
struct Group {
    places: Vec<u32>,
    parents: usize,
    cost_ns: u64,
}

pub(super) fn find(trace: &Trace<'_>, families: &[Family]) -> Vec<Finding> {
    let mut found = n_plus_one(trace, families);
    found.extend(repeated(trace, &found));
    found
}

fn n_plus_one(trace: &Trace<'_>, families: &[Family]) -> Vec<Finding> {
    let mut groups: Hashed<_, Group> = Hashed::default();
    for family in families.iter().filter(|family| family.calls.len() >= MANY) {
        let mut alike: Hashed<u32, Vec<_>> = Hashed::default();
        for sibling in &family.calls {
            alike
                .entry(sibling.call.question)
                .or_default()
                .push(*sibling);
        }
        for (question, siblings) in alike {
            let places: Vec<u32> = siblings.iter().map(|sibling| sibling.place).collect();
            let first = siblings[0].call.exact;
            let is_one = first.is_some() && siblings.iter().all(|same| same.call.exact == first);
            if places.len() < MANY || is_one || !are_in_sequence(trace, &places) {
                continue;
            }
            let of_parent = (
                trace.service[family.parent as usize],
                trace.name[family.parent as usize],
            );
            let group = groups.entry((question, of_parent)).or_default();
            // Groups within groups would count twice.
            let cost_ns = group.cost_ns.saturating_add(beyond_one_ns(trace, &places));
            group.cost_ns = cost_ns.min(trace.path_ns);
            group.parents += 1;
            group.places.extend(places);
        }
    }
    let worth = groups
        .into_iter()
        .filter(|(_, group)| trace.is_share(group.cost_ns, LEAST_PERCENT));
    worth
        .map(|((question, (service, name)), group)| {
            let below = if group.parents == 1 {
                format!("{service} {name}")
            } else {
                format!("{} spans {service} {name}", group.parents)
            };
            let says = format!(
                "{} ran {} times, one after another, below {}.",
                quoted(trace.calls.text(question)),
                group.places.len(),
                below.trim()
            );
            Finding::new(Kind::NPlusOne, group.places, group.cost_ns, says)
        })
        .collect()
}

/// The very same read of one service. Those that are N+1 already are no news.
fn repeated(trace: &Trace<'_>, known: &[Finding]) -> Vec<Finding> {
    let mut is_known = vec![false; trace.len()];
    for place in known.iter().flat_map(|finding| &finding.spans) {
        is_known[*place as usize] = true;
    }
    let mut groups: Hashed<_, Vec<u32>> = Hashed::default();
    for place in trace.places() {
        let Some(call) = trace.calls.at(place) else {
            continue;
        };
        // Two instrumentations of one request are no two requests.
        let is_again = trace
            .parent(place)
            .and_then(|parent| trace.calls.at(parent))
            .is_some_and(|above| above.exact.is_some() && above.exact == call.exact);
        let is_fit =
            call.is_read && !is_again && !trace.failed[place as usize] && !is_known[place as usize];
        if let (true, Some(exact)) = (is_fit, call.exact) {
            let service = trace.service[place as usize];
            groups.entry((service, exact)).or_default().push(place);
        }
    }
    let same = groups
        .into_iter()
        .filter(|(_, places)| places.len() >= SAME);
    let found = same.filter_map(|((service, _), places)| {
        let cost_ns = beyond_one_ns(trace, &places);
        let question = trace.calls.at(places[0])?.question;
        trace.is_share(cost_ns, LEAST_PERCENT).then(|| {
            let says = format!(
                "{service} asked {} {} times with the same values.",
                quoted(trace.calls.text(question)),
                places.len()
            );
            Finding::new(
                Kind::RepeatedCall,
                places,
                cost_ns,
                says.trim_start().to_owned(),
            )
        })
    });
    found.collect()
}

/// Share of the path of all but the longest.
fn beyond_one_ns(trace: &Trace<'_>, places: &[u32]) -> u64 {
    let shares = || places.iter().map(|place| trace.critical_ns(*place));
    shares().sum::<u64>() - shares().max().unwrap_or(0)
}

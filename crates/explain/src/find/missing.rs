//! Calls without their other side, to an address whose other calls have it.
//!
//! A stranger's server has no spans here, and that is no fault: only what was
//! seen traced in this very trace is missed.

use std::collections::HashSet;

use tracewell_model::SpanKind;

use super::Hashed;
use crate::calls::{Protocol, callee, values_of};
use crate::finding::{Finding, Kind};
use crate::spelling;
use crate::trace::Trace;
use tracewell_model::batch::view::ValueRef;

pub(super) fn find(trace: &Trace<'_>) -> Vec<Finding> {
    let addresses = Addresses::new(trace);
    let is_call = |place: &u32| {
        let call = trace.calls.at(*place);
        trace.kind[*place as usize] == SpanKind::Client
            && call.is_some_and(|call| matches!(call.protocol, Protocol::Http | Protocol::Rpc))
    };
    let calls: Vec<u32> = trace.places().filter(is_call).collect();
    let (mut traced, mut alone) = (HashSet::new(), Hashed::<_, Vec<u32>>::default());
    for place in &calls {
        let Some(address) = addresses.of(trace, *place) else {
            continue;
        };
        if callee(trace, *place).is_some() {
            traced.insert(address);
        } else if !trace.has_children(*place) && !trace.failed[*place as usize] {
            let service = trace.service[*place as usize];
            alone.entry((service, address)).or_default().push(*place);
        }
    }
    alone.retain(|(_, address), _| traced.contains(address));
    let found = alone.into_iter().map(|((service, address), places)| {
        let cost_ns = places.iter().map(|place| trace.critical_ns(*place)).sum();
        let calls = if places.len() == 1 { "call" } else { "calls" };
        let says = format!(
            "{} {calls} of {service} to {address} have no span of the server.",
            places.len()
        );
        Finding::new(Kind::MissingServer, places, cost_ns, says)
    });
    found.collect()
}

/// Whom calls go to, by row of the batch.
struct Addresses<'a> {
    url: Vec<Option<ValueRef<'a>>>,
    host: Vec<Option<ValueRef<'a>>>,
    port: Vec<Option<ValueRef<'a>>>,
}

impl<'a> Addresses<'a> {
    fn new(trace: &Trace<'a>) -> Self {
        let of = |key| values_of(trace.batch(), &[key]);
        Self {
            url: of("url.full"),
            host: of("server.address"),
            port: of("server.port"),
        }
    }

    fn of(&self, trace: &Trace<'_>, place: u32) -> Option<String> {
        let row = trace.row(place);
        if let Some(ValueRef::Str(url)) = self.url[row]
            && !spelling::host(url).is_empty()
        {
            return Some(spelling::host(url).to_owned());
        }
        let Some(ValueRef::Str(host)) = self.host[row] else {
            return None;
        };
        Some(match self.port[row] {
            Some(ValueRef::Int(port)) => format!("{host}:{port}"),
            _ => host.to_owned(),
        })
    }
}

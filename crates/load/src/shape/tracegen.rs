//! What Jaeger's own load generator, tracegen, sends: the data behind Jaeger's
//! published figures for ClickHouse.
//!
//! Read from `internal/tracegen` of the Jaeger repository with the arguments of
//! that benchmark (`-spans 9`, ten services): a server span and nine client
//! spans one after another. Attributes are counted on, not drawn: the key moves
//! one step on a ring of 97 and the value one step on a ring of 1,000, so the
//! values of a key follow a fixed progression that compresses well. The shape
//! `jaeger` has the same sizes with values drawn at random.

use super::super::random::Random;
use super::{CLIENT, CountedKey, Digits, SERVER, Service, Span, Trace, text};

const SERVICES: usize = 10;
const CHILDREN: usize = 9;
const ATTRIBUTES_PER_CHILD: usize = 11;
const KEYS: usize = 97;
const VALUES: usize = 1_000;
/// How far the two counters move on in a trace.
const STEP: usize = CHILDREN * ATTRIBUTES_PER_CHILD;

/// tracegen sleeps for a microsecond in each span; this is what becomes of it.
const SLEEP_NS: f64 = 65_000.0;

pub(super) fn services() -> Vec<Service> {
    let service = |index: usize| {
        let pairs = [
            ("service.name", format!("tracegen-{index:02}")),
            ("telemetry.sdk.language", "go".to_owned()),
            ("telemetry.sdk.name", "opentelemetry".to_owned()),
            ("telemetry.sdk.version", "1.38.0".to_owned()),
            ("host.name", "tracegen-host".to_owned()),
            ("os.type", "linux".to_owned()),
        ];
        Service {
            attributes: pairs
                .map(|(key, value)| (key.to_owned(), text(value)))
                .into(),
            scope_name: "tracegen",
            scope_version: "",
        }
    };
    (0..SERVICES).map(service).collect()
}

/// The `number`th trace of one worker. Values are written down, because their
/// width varies; a pool of a multiple of 1,000 traces has them all. Keys go on
/// counting over the pool.
pub(super) fn trace(random: &mut Random, number: usize) -> Trace {
    let pause = |random: &mut Random, median: f64| random.log_normal(median, 0.3) as u64;
    let span = |name: String, kind| Span {
        service: number % SERVICES,
        parent: None,
        name,
        kind,
        start_ns: 0,
        end_ns: 0,
        attributes: Vec::new(),
        counted: Vec::new(),
        events: Vec::new(),
        has_link: false,
        error: None,
    };
    let mut root = span("lets-go".to_owned(), SERVER);
    root.attributes = vec![
        ("peer.service".to_owned(), text("tracegen-server")),
        ("peer.host.ipv4".to_owned(), text("1.1.1.1")),
    ];
    let mut trace = Trace { spans: vec![root] };
    let mut now_ns = pause(random, 2_000.0);
    for child in 0..CHILDREN {
        let start_ns = now_ns;
        let end_ns = start_ns + pause(random, SLEEP_NS);
        let counted = (0..ATTRIBUTES_PER_CHILD).map(|offset| {
            let first = child * ATTRIBUTES_PER_CHILD + offset;
            CountedKey {
                prefix: "attr_",
                width: 2,
                source: Digits::Count {
                    first: first as u64,
                    step: STEP as u64,
                    length: KEYS as u64,
                },
                value: format!("val_{:02}", (number * STEP + first) % VALUES),
            }
        });
        trace.spans.push(Span {
            parent: Some(0),
            start_ns,
            end_ns,
            counted: counted.collect(),
            ..span(format!("child-span-{child:02}"), CLIENT)
        });
        now_ns = end_ns + pause(random, 1_500.0);
    }
    trace.spans[0].end_ns = now_ns;
    trace
}

//! The shape of Jaeger's own benchmark: the one behind its published figures
//! for ClickHouse, so that ours can be set beside them.

use super::super::random::Random;
use super::{CLIENT, Digits, INTERNAL, SERVER, Service, Span, Trace, Value, text};

const SPANS_PER_TRACE: usize = 10;
const ATTRIBUTES_PER_SPAN: usize = 11;
const KEYS: usize = 97;
const SERVICES: usize = 10;
/// Three digits give the 1,000 values.
const VALUE_DIGITS: usize = 3;

pub(super) fn services() -> Vec<Service> {
    (0..SERVICES)
        .map(|index| Service {
            attributes: vec![
                ("service.name".to_owned(), text(format!("service-{index}"))),
                ("service.version".to_owned(), text("1.0.0")),
            ],
            scope_name: "tracewell.load",
            scope_version: "",
        })
        .collect()
}

pub(super) fn trace(random: &mut Random) -> Trace {
    let mut trace = Trace::default();
    let mut start_ns = 0;
    for index in 0..SPANS_PER_TRACE {
        let duration_ns = (random.log_normal(2e6, 0.8)) as u64;
        let first_key = random.below(KEYS);
        let attributes = (0..ATTRIBUTES_PER_SPAN)
            .map(|offset| {
                // 97 is prime, so steps of 7 never meet the same key twice.
                let key = (first_key + offset * 7) % KEYS;
                let value = Value::Digits {
                    prefix: "value-",
                    width: VALUE_DIGITS,
                    source: Digits::Place,
                };
                (format!("key-{key:02}"), value)
            })
            .collect();
        trace.spans.push(Span {
            service: random.below(SERVICES),
            parent: index.checked_sub(1).map(|last| random.below(last + 1)),
            name: format!("operation-{}", random.below(50)),
            kind: *random.pick(&[INTERNAL, SERVER, CLIENT]),
            start_ns,
            end_ns: start_ns + duration_ns,
            attributes,
            counted: Vec::new(),
            events: Vec::new(),
            has_link: false,
            error: None,
        });
        start_ns += duration_ns / 4;
    }
    trace
}

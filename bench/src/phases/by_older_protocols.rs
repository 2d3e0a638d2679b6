//! What receiving costs in the protocols before OTLP, beside OTLP over HTTP.
//!
//! All of them are sent from here, over one connection and one request after
//! another, so that they compare with each other; **not with what a load over
//! several connections costs**, of which several share a sync of the disk.

use std::net::UdpSocket;
use std::time::Duration;

use anyhow::ensure;
use tracewell_load::ShapeName;

use super::{Bench, check_stored};
use crate::budgets;
use crate::facts::{Facts, grouped, shown};
use crate::http::Connection;
use crate::older::{self, Protocol, SPANS_IN_DATAGRAM, SPANS_IN_REQUEST, Way};
use crate::settle::settle;

/// More would fill this process with bodies.
const MOST_SPANS: u64 = 200_000;

/// Datagrams that are sent at once: fewer than the smallest buffer of a socket
/// keeps.
const DATAGRAMS_AT_ONCE: usize = 3;

/// Time between them, which is what keeps any from being lost.
const BETWEEN_DATAGRAMS: Duration = Duration::from_millis(2);

const FLAGS: [&str; 8] = [
    "--memory-limit",
    "64GiB",
    "--jaeger-http-port",
    "0",
    "--jaeger-compact-port",
    "0",
    "--zipkin-port",
    "0",
];

const OTLP: Way = Way::Http("otlp-http", "/v1/traces", "application/x-protobuf");

pub(super) fn measure(bench: &mut Bench, facts: &mut Facts) -> anyhow::Result<()> {
    let bodies = bench.sizes.ingest_spans.min(MOST_SPANS) as usize / SPANS_IN_REQUEST;
    let sent = bodies * SPANS_IN_REQUEST;
    let of_otlp =
        |spans_each| tracewell_load::requests(ShapeName::Jaeger, 1, sent / spans_each, spans_each);
    let otlp = of_otlp(SPANS_IN_REQUEST);
    let otlp_us = server_us(bench, facts, ("OTLP", OTLP), &otlp, sent)?;
    let small = format!("OTLP, {SPANS_IN_DATAGRAM} spans a request");
    let small_us = server_us(
        bench,
        facts,
        (&small, OTLP),
        &of_otlp(SPANS_IN_DATAGRAM),
        sent,
    )?;
    let spans = older::spans(&otlp)?;
    let mut ratios = Vec::new();
    for Protocol {
        name, bodies, way, ..
    } in older::PROTOCOLS
    {
        let Some(way) = way else { continue };
        let us = server_us(bench, facts, (name, way), &bodies(&spans), sent)?;
        ratios.push(match way {
            Way::Http(..) => us / otlp_us,
            // What a datagram costs whatever is in it, a small request does too.
            Way::Udp(_) => us / small_us,
        });
    }
    let how = format!(
        "{} spans of shape jaeger with their tags and events, one request of {} after another, \
         against {} µs CPU/span for OTLP over HTTP sent the same way; datagrams of {} against {} \
         for OTLP in requests of as many; fsync; nothing was sealed",
        grouped(sent as u64),
        grouped(SPANS_IN_REQUEST as u64),
        shown(otlp_us),
        SPANS_IN_DATAGRAM,
        shown(small_us)
    );
    bench.measured(&budgets::INGEST_OLDER, &ratios, how);
    Ok(())
}

/// CPU time of the server for a span, in µs.
fn server_us<B: AsRef<[u8]>>(
    bench: &Bench,
    facts: &mut Facts,
    (name, way): (&str, Way),
    bodies: &[B],
    sent: usize,
) -> anyhow::Result<f64> {
    let server = bench.start("older", &FLAGS)?;
    let before = server.cpu_seconds()?;
    match way {
        Way::Http(endpoint, path, content_type) => {
            let mut connection = Connection::open(server.address(endpoint)?)?;
            for body in bodies {
                let answer = connection.post(path, content_type, body.as_ref())?;
                ensure!(matches!(answer.status, 200 | 202), "{name}: {answer:?}");
            }
        }
        Way::Udp(endpoint) => {
            let socket = UdpSocket::bind("127.0.0.1:0")?;
            socket.connect(server.address(endpoint)?)?;
            for bodies in bodies.chunks(DATAGRAMS_AT_ONCE) {
                for body in bodies {
                    socket.send(body.as_ref())?;
                }
                std::thread::sleep(BETWEEN_DATAGRAMS);
            }
        }
    }
    settle(&server, bench.sizes.settle)?;
    let us = (server.cpu_seconds()? - before) * 1e6 / sent as f64;
    facts.number(format!("{name}: server CPU"), us, "µs/span");
    check_stored(facts, &server, name, sent as u64, 0)?;
    bench.discard(server)?;
    Ok(us)
}

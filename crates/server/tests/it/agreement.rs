//! Every way to ask for the same spans gives the same number, over requests
//! of which some were sent twice and some share ids.

use crate::oracle::{compare, count, read_traces};
use crate::running::Running;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message;
use tracewell_testkit::Random;

/// The first of February 2023.
const START_NS: u64 = 1_675_209_600_000_000_000;

fn resource(service: &str) -> Resource {
    let value = Value::StringValue(service.to_owned());
    Resource {
        attributes: vec![KeyValue {
            key: "service.name".to_owned(),
            value: Some(AnyValue { value: Some(value) }),
            ..KeyValue::default()
        }],
        ..Resource::default()
    }
}

fn request(random: &mut Random, traces: &[[u8; 16]]) -> ExportTraceServiceRequest {
    let spans = |random: &mut Random| {
        let span = |_| {
            let start_ns = START_NS + random.below(60_000_000_000);
            Span {
                trace_id: random.pick(traces).to_vec(),
                // Few enough that spans of one trace meet.
                span_id: (1 + random.below(40)).to_be_bytes().to_vec(),
                name: (*random.pick(&["GET /", "SELECT", "charge"])).to_owned(),
                start_time_unix_nano: start_ns,
                end_time_unix_nano: start_ns + random.below(1_000_000_000),
                status: Some(Status {
                    code: *random.pick(&[0, 0, 1, 2]),
                    ..Status::default()
                }),
                ..Span::default()
            }
        };
        (0..20).map(span).collect()
    };
    let of_service = |service: &str| ResourceSpans {
        resource: Some(resource(service)),
        scope_spans: vec![ScopeSpans {
            spans: spans(random),
            ..ScopeSpans::default()
        }],
        ..ResourceSpans::default()
    };
    ExportTraceServiceRequest {
        resource_spans: ["cart", "payment", "shipping"].map(of_service).to_vec(),
    }
}

#[test]
fn all_ways_to_count_agree() {
    let mut random = Random::new(41);
    let ids: Vec<[u8; 16]> = (0..60)
        .map(|_| u128::from(random.number() | 1).to_be_bytes())
        .collect();
    let mut requests: Vec<_> = (0..20).map(|_| request(&mut random, &ids)).collect();
    // Sent again whole, and sent again as another service's and with another name.
    requests.push(requests[4].clone());
    requests.push(requests[9].clone());
    let mut other = requests[2].clone();
    other.resource_spans[0].resource = Some(resource("billing"));
    other.resource_spans[1].scope_spans[0].spans[3]
        .name
        .push('!');
    requests.push(other);
    let requests: Vec<Vec<u8>> = requests.iter().map(Message::encode_to_vec).collect();
    let traces = read_traces(&requests);
    let expected = count(&traces);
    let data = tempfile::tempdir().unwrap();
    let server = Running::start(data.path(), &["--retention", "3650d"]);
    for request in requests {
        server.store(request);
    }
    compare(&server, &traces, &expected);
}

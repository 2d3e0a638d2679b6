//! Bodies of real clients, and public traces, against the reference decoder.

use crate::flat::{FlatSpan, flatten, flatten_batch};
use flate2::read::GzDecoder;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use serde_json::Value as Json;
use std::io::Read;
use std::path::Path;
use tracewell_testkit::shared_data;
use tracewell_wire::decompress::{Encoding, decompress};
use tracewell_wire::otlp::{json, protobuf};

const LIMIT: usize = 64 << 20;

/// The reference knows protobuf; its JSON refuses some of what SDKs send
/// (numbers for 64-bit integers), so that is put right first.
fn reference(body: &[u8], is_json: bool) -> Vec<FlatSpan> {
    let request = if is_json {
        let mut value: Json = serde_json::from_slice(body).unwrap();
        integers_as_text(&mut value);
        serde_json::from_value(value).unwrap()
    } else {
        ExportTraceServiceRequest::decode(body).unwrap()
    };
    flatten(&request)
}

fn integers_as_text(value: &mut Json) {
    match value {
        Json::Array(items) => items.iter_mut().for_each(integers_as_text),
        Json::Object(members) => {
            for (name, member) in members.iter_mut() {
                match member {
                    Json::Number(number) if name == "intValue" => {
                        *member = Json::String(number.to_string());
                    }
                    _ => integers_as_text(member),
                }
            }
        }
        _ => {}
    }
}

fn check(path: &Path, protocol: &str, want_spans: u64) {
    let name = path.display();
    let body = std::fs::read(path).unwrap();
    let encoding = if protocol.ends_with("-gzip") {
        Encoding::Gzip
    } else if protocol.ends_with("-deflate") {
        Encoding::Deflate
    } else {
        Encoding::Identity
    };
    let body = decompress(&body, encoding, LIMIT).unwrap();
    let is_json = protocol.starts_with("otlp-http-json");
    let decoded = if is_json {
        json::decode(&body).unwrap()
    } else {
        protobuf::decode(&body).unwrap()
    };
    assert_eq!(decoded.rejected.message(), None, "{name}");
    assert_eq!(decoded.batch.len() as u64, want_spans, "{name}");
    let want = reference(&body, is_json);
    assert_eq!(flatten_batch(&decoded.batch), want, "{name}");
    // And once more through our JSON.
    let again = json::decode(&json::encode(&decoded.batch)).unwrap();
    assert_eq!(flatten_batch(&again.batch), want, "{name} by way of JSON");
}

#[test]
fn every_otlp_capture_reads_as_the_reference_reads_it() {
    let Some(folder) = shared_data::find("captures") else {
        return;
    };
    let index = std::fs::read(folder.join("index.json")).unwrap();
    let index: Vec<Json> = serde_json::from_slice(&index).unwrap();
    let mut checked = 0;
    for entry in &index {
        let protocol = entry["protocol"].as_str().unwrap();
        if protocol.starts_with("otlp-") && !protocol.ends_with("metrics") {
            let path = folder.join(entry["file"].as_str().unwrap());
            check(&path, protocol, entry["spans"].as_u64().unwrap());
            checked += 1;
        }
    }
    assert!(checked >= 50, "only {checked} captures");
}

/// The requests of a file of length-prefixed requests, gzipped.
fn requests(path: &Path) -> impl Iterator<Item = Vec<u8>> {
    let file = std::fs::File::open(path).unwrap();
    let mut input = GzDecoder::new(std::io::BufReader::new(file));
    std::iter::from_fn(move || {
        let mut length = [0; 4];
        input.read_exact(&mut length).ok()?;
        let mut body = vec![0; u32::from_be_bytes(length) as usize];
        input.read_exact(&mut body).unwrap();
        Some(body)
    })
}

#[test]
fn public_traces_are_read_whole() {
    for (file, want_spans) in [
        ("trainticket-2023-01-29_30.otlp.pb.gz", 508_018),
        ("fuchsia_trace.otlp.pb.gz", 66_386),
        ("otel-python-fanout.otlp.pb.gz", 14_972),
    ] {
        let Some(path) = shared_data::find(&format!("traces/{file}")) else {
            continue;
        };
        let mut spans = 0;
        for (index, body) in requests(&path).enumerate() {
            let decoded = protobuf::decode(&body).unwrap();
            assert_eq!(decoded.rejected.message(), None, "{file} request {index}");
            spans += decoded.batch.len();
            // The reference is slow: a sample of the requests will do.
            if index % 50 == 0 {
                let want = flatten(&ExportTraceServiceRequest::decode(&*body).unwrap());
                assert_eq!(
                    flatten_batch(&decoded.batch),
                    want,
                    "{file} request {index}"
                );
            }
        }
        assert_eq!(spans, want_spans, "{file}");
    }
}

#[test]
fn json_lines_of_the_opentelemetry_demo_are_read() {
    let Some(path) = shared_data::find("traces/otel-demo/otel-tui_test_data.jsonl.gz") else {
        return;
    };
    let mut text = String::new();
    let mut input = GzDecoder::new(std::fs::File::open(path).unwrap());
    input.read_to_string(&mut text).unwrap();
    // Logs and metrics stand between the traces; they are requests without spans.
    let mut spans = 0;
    for line in text.lines() {
        let decoded = json::decode(line.as_bytes()).unwrap();
        assert_eq!(decoded.rejected.message(), None);
        spans += decoded.batch.len();
    }
    assert_eq!(spans, 547);
}

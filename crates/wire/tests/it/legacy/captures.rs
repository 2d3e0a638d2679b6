//! Bodies of real clients, by path.

use super::shown::shown;
use serde_json::Value as Json;
use std::path::Path;
use tracewell_model::batch::view::BatchView;
use tracewell_testkit::shared_data;
use tracewell_wire::{Decoded, WireError, jaeger, zipkin};

/// A capture and what its index says of it.
pub(super) struct Capture {
    pub(super) name: String,
    pub(super) body: Vec<u8>,
    pub(super) decode: fn(&[u8]) -> Result<Decoded, WireError>,
    spans: Option<u64>,
    service: String,
}

/// All captures of Jaeger's and Zipkin's protocols; none where they are not.
pub(super) fn all() -> Vec<Capture> {
    let Some(folder) = shared_data::find("captures") else {
        return Vec::new();
    };
    let index = std::fs::read(folder.join("index.json")).unwrap();
    let index: Vec<Json> = serde_json::from_slice(&index).unwrap();
    index
        .iter()
        .filter_map(|entry| capture(&folder, entry))
        .collect()
}

fn capture(folder: &Path, entry: &Json) -> Option<Capture> {
    let path = entry["request"]["path"].as_str().unwrap_or_default();
    let is_v1 = path.contains("/v1/");
    let decode: fn(&[u8]) -> _ = match entry["protocol"].as_str().unwrap() {
        "zipkin-json" if is_v1 => zipkin::v1::json::decode,
        "zipkin-json" => zipkin::v2::json::decode,
        "zipkin-proto" => zipkin::v2::protobuf::decode,
        "zipkin-thrift" => zipkin::v1::thrift::decode,
        "jaeger-thrift-http" => jaeger::thrift::decode,
        "jaeger-udp-binary" | "jaeger-udp-compact" => jaeger::thrift::decode_datagram,
        "jaeger-grpc" => jaeger::protobuf::decode,
        _ => return None,
    };
    let name = entry["file"].as_str().unwrap().to_owned();
    let service = match &entry["service"] {
        Json::Array(names) => names[0].as_str().unwrap(),
        name => name.as_str().unwrap_or_default(),
    };
    Some(Capture {
        body: std::fs::read(folder.join(&name)).unwrap(),
        name,
        decode,
        spans: entry["spans"].as_u64(),
        service: service.to_owned(),
    })
}

fn decoded(label: &str) -> Option<Decoded> {
    let capture = all().into_iter().find(|one| one.name.contains(label))?;
    Some((capture.decode)(&capture.body).unwrap())
}

#[test]
fn every_capture_is_read_whole() {
    let captures = all();
    for Capture {
        name,
        body,
        decode,
        spans,
        service,
    } in &captures
    {
        let decoded = decode(body).unwrap();
        assert_eq!(decoded.rejected.message(), None, "{name}");
        let batch = &decoded.batch;
        assert!(!batch.is_empty(), "{name}");
        if let Some(spans) = spans {
            assert_eq!(batch.len() as u64, *spans, "{name}");
        }
        for span in BatchView::new(batch).spans() {
            let own = span.service();
            // py_zipkin's local spans of version 1 in JSON have no endpoint.
            let is_nameless = own.is_empty() && name.contains("pyzipkin-v1-json");
            assert!(
                service.is_empty() || own == service || is_nameless,
                "{name}: {own}"
            );
            assert!(span.start_ns() > 1_790_000_000_000_000_000, "{name}");
            for (key, _) in span.attributes() {
                assert!(!key.starts_with("otel.status"), "{name}: {key}");
                assert!(!key.starts_with("otel.library"), "{name}: {key}");
                assert!(key != "span.kind", "{name}: {key}");
            }
        }
    }
    assert!(
        captures.is_empty() || captures.len() >= 33,
        "only {}",
        captures.len()
    );
}

/// Every fixed field and every tag of Zipkin's JSON, as another reader has it.
#[test]
fn zipkin_json_says_what_serde_finds_there() {
    for Capture {
        name, body, decode, ..
    } in all()
    {
        let spans: Vec<Json> = match serde_json::from_slice(&body) {
            Ok(spans) if name.contains("zipkin") && !name.contains("-v1") => spans,
            _ => continue,
        };
        let batch = decode(&body).unwrap().batch;
        for (span, json) in BatchView::new(&batch).spans().zip(&spans) {
            let id = |key: &str| json[key].as_str().unwrap_or_default().to_owned();
            assert_eq!(span.span_id().to_string(), id("id"), "{name}");
            let parent = span.parent_span_id().map(|id| id.to_string());
            assert_eq!(parent.unwrap_or_default(), id("parentId"), "{name}");
            assert!(
                span.trace_id().to_string().ends_with(&id("traceId")),
                "{name}"
            );
            assert_eq!(span.name(), json["name"].as_str().unwrap(), "{name}");
            assert_eq!(
                span.start_ns() / 1000,
                json["timestamp"].as_u64().unwrap(),
                "{name}"
            );
            assert_eq!(
                span.duration_ns() / 1000,
                json["duration"].as_u64().unwrap(),
                "{name}"
            );
            let kind = json["kind"]
                .as_str()
                .unwrap_or("UNSPECIFIED")
                .to_lowercase();
            assert_eq!(span.kind().name(), kind, "{name}");
            let annotations = json["annotations"].as_array().map_or(0, Vec::len);
            assert_eq!(span.event_rows().len(), annotations, "{name}");
            let mut line = shown_values(&span);
            line.push(span.status_message().to_owned());
            for (key, value) in json["tags"].as_object().into_iter().flatten() {
                let value = value.as_str().unwrap();
                let is_told = key.starts_with("otel.") || key == "error";
                assert!(
                    is_told || line.iter().any(|kept| kept == &format!("{key}={value}")),
                    "{name}: {key}={value} is not in {line:?}"
                );
            }
        }
    }
}

fn shown_values(span: &tracewell_model::SpanRef<'_>) -> Vec<String> {
    use tracewell_model::{AnyValue, Level};
    let of_resource = span.view().attributes(Level::Resource, span.resource_row());
    span.attributes()
        .chain(of_resource)
        .map(|(key, value)| match value.to_any() {
            AnyValue::String(text) => format!("{key}={text}"),
            other => format!("{key}={other:?}"),
        })
        .collect()
}

#[test]
fn a_python_client_of_jaeger_is_read_span_by_span() {
    let Some(decoded) = decoded("legacy-jaegerclient-py") else {
        return;
    };
    let lines = shown(&decoded.batch);
    let resource = r#"resource{host.name="vm" ip="192.0.2.2" opencensus.exporterversion="Jaeger-Python-4.8.0" service.name="legacy-jaeger-py" zone="eu"}"#;
    assert!(
        lines.iter().all(|line| line.contains(resource)),
        "{lines:#?}"
    );
    let (child, follower, root) = (&lines[0], &lines[1], &lines[2]);
    let parent = root.split(['/', ' ']).nth(1).unwrap();
    assert!(child.contains(&format!("<{parent} \"child\"")), "{child}");
    assert!(child.contains(" event=\"x\"@"), "{child}");
    assert!(
        follower.contains(&format!("<{parent} \"async\"")),
        "{follower}"
    );
    assert!(
        follower.contains("{component=\"q\"}") && follower.contains(" link="),
        "{follower}"
    );
    assert!(root.contains("\"http_get\" server error"), "{root}");
    for part in [
        "http.status_code=500",
        "pi=3.14",
        "sampler.param=true",
        "sampler.type=\"const\"",
    ] {
        assert!(root.contains(part), "{part} in {root}");
    }
    assert!(root.contains(" event=\"baggage\"@") && root.contains("{key=\"user\" value=\"bob\"}"));
}

#[test]
fn a_python_client_of_zipkin_is_read_span_by_span() {
    for label in [
        "pyzipkin-v1-thrift",
        "pyzipkin-v1-json",
        "pyzipkin-v2-json",
        "pyzipkin-v2-proto3",
    ] {
        let Some(decoded) = decoded(label) else {
            return;
        };
        let lines = shown(&decoded.batch);
        let starts: Vec<(&str, &str)> = lines
            .iter()
            .map(|line| {
                let mut words = line.split(' ').skip(1);
                (words.next().unwrap(), words.next().unwrap())
            })
            .collect();
        let want = [
            ("\"local\"", "unspecified"),
            ("\"db\"", "client"),
            ("\"root\"", "server"),
        ];
        assert_eq!(starts, want, "{label}: {lines:#?}");
        for part in [
            "sql.query=\"select 1\"",
            "error=\"timeout\"",
            "net.host.ip=\"10.0.0.7\"",
            "net.host.port=8080",
        ] {
            assert!(lines[1].contains(part), "{label}: {part} in {}", lines[1]);
        }
        assert!(
            lines[2].contains(" event=\"cache.miss\"@"),
            "{label}: {}",
            lines[2]
        );
    }
}

#[test]
fn zipkin_s_public_traces_are_read() {
    let Some(folder) = shared_data::find("traces/zipkin-lens") else {
        return;
    };
    let mut files = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let body = std::fs::read(&path).unwrap();
            let spans: Vec<Json> = serde_json::from_slice(&body).unwrap();
            let decoded = zipkin::v2::json::decode(&body).unwrap();
            assert_eq!(decoded.rejected.message(), None, "{}", path.display());
            assert_eq!(decoded.batch.len(), spans.len(), "{}", path.display());
            files += 1;
        }
    }
    assert!(files >= 10);
}

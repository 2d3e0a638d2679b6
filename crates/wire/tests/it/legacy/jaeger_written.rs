//! Jaeger's protobuf as we write it, read again.

use super::captures;
use super::shown::shown;
use tracewell_model::{AnyValue, SpanBatch, SpanKind, StatusCode, TraceId};
use tracewell_testkit::{Random, TestLink, TestSpan, batch, flatten};
use tracewell_wire::jaeger::protobuf::{decode, encode};

/// The spans of all requests.
fn read_again(batch: &SpanBatch) -> Vec<TestSpan> {
    let requests = encode(batch, 0..batch.len());
    let mut spans = Vec::new();
    for request in requests {
        let decoded = decode(&request).unwrap();
        assert_eq!(decoded.rejected.message(), None);
        spans.extend(flatten(&decoded.batch));
    }
    spans
}

fn one_again(span: &TestSpan) -> TestSpan {
    read_again(&batch(std::slice::from_ref(span))).remove(0)
}

/// What `docs/protocols/jaeger.md` says is lost, taken from a span.
fn as_kept(span: &TestSpan) -> TestSpan {
    let mut kept = span.clone();
    kept.flags &= 1;
    kept.dropped = [0; 3];
    kept.end_ns = kept.end_ns.max(kept.start_ns);
    kept.resource_schema_url.clear();
    kept.scope.clear();
    kept.resource
        .retain(|(key, value)| key != "service.name" || *value != AnyValue::from(""));
    let attributes = kept.attributes.iter_mut().chain(&mut kept.resource);
    attributes.for_each(|(_, value)| *value = as_tag(value));
    kept.events.sort_by_key(|event| event.time_ns);
    for event in &mut kept.events {
        event.dropped = 0;
        let attributes = event.attributes.iter_mut();
        attributes.for_each(|(_, value)| *value = as_tag(value));
    }
    for link in &mut kept.links {
        link.flags = 0;
        link.attributes.clear();
    }
    kept
}

/// Values are of five types; others become JSON.
fn as_tag(value: &AnyValue) -> AnyValue {
    match value {
        AnyValue::Empty => AnyValue::from(""),
        AnyValue::Array(_) | AnyValue::KvList(_) => {
            let json = tracewell_wire::any_json::any_json(value, serde_json::Value::from);
            AnyValue::String(json.to_string())
        }
        scalar => scalar.clone(),
    }
}

#[test]
fn spans_by_chance_lose_what_the_page_lists_and_no_more() {
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let spans = random.spans(20, 1_700_000_000_000_000_000);
        let mut back = read_again(&batch(&spans));
        let mut kept: Vec<TestSpan> = spans.iter().map(as_kept).collect();
        // Requests are one for each process.
        for spans in [&mut back, &mut kept] {
            spans.sort_by_key(|span| (span.trace_id, span.span_id));
        }
        assert_eq!(back.len(), kept.len());
        for (back, kept) in back.iter().zip(&kept) {
            assert_eq!(back, kept, "seed {seed}");
        }
    }
}

#[test]
fn a_status_is_the_same_when_it_comes_back() {
    for status in [StatusCode::Unset, StatusCode::Ok, StatusCode::Error] {
        for message in ["", "no answer"] {
            for error in [None, Some("timeout"), Some("false")] {
                let mut span = TestSpan::new(1, 1, "a", "x", 9_000).status(status);
                span.status_message = message.to_owned();
                if let Some(error) = error {
                    span = span.with_text("error", error);
                }
                assert_eq!(one_again(&span), span);
            }
        }
    }
}

#[test]
fn a_parent_and_a_link_to_the_parent_are_told_once() {
    let mut span = TestSpan::new(1, 2, "a", "x", 9_000)
        .child_of(1)
        .kind(SpanKind::Server);
    let link = |trace_id, of: &TestSpan| TestLink {
        trace_id,
        span_id: of.parent_span_id,
        trace_state: String::new(),
        flags: 0,
        attributes: Vec::new(),
        dropped: 0,
    };
    span.links.push(link(span.trace_id, &span));
    span.links.push(link(TraceId([9; 16]), &span));
    assert_eq!(one_again(&span), span);
}

/// What Jaeger's clients sent comes back as it was understood, but for the
/// flags that W3C has not.
#[test]
fn captures_of_jaeger_come_back_whole() {
    let captures = captures::all();
    for capture in captures.iter().filter(|one| one.name.contains("jaeger")) {
        let sent = (capture.decode)(&capture.body).unwrap().batch;
        let requests = encode(&sent, 0..sent.len());
        let back = requests
            .iter()
            .map(|request| decode(request).unwrap().batch);
        let mut back: Vec<String> = back.flat_map(|batch| shown(&batch)).collect();
        let mut kept = shown(&sent);
        kept.iter_mut()
            .for_each(|span| *span = span.replacen(" flags=3", " flags=1", 1));
        kept.sort_unstable();
        back.sort_unstable();
        assert_eq!(kept, back, "{}", capture.name);
    }
}

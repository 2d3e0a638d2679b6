//! Requests of a given number of spans, from traces drawn one after another.
//!
//! A trace that does not fit goes on in the next request, as it does when real
//! applications send: the server has to put it together.

use bytes::Bytes;

use super::encoding::{Instance, Templates};
use super::random::Random;

/// One request.
pub(super) struct Batch {
    /// The encoded request, not compressed.
    pub(super) body: Bytes,
    /// Spans in it.
    pub(super) spans: u64,
    /// Traces that begin in it.
    pub(super) new_traces: u64,
    /// Trace ids and how many of their spans this request holds.
    pub(super) contents: Vec<([u8; 16], u32)>,
}

/// Makes requests for one connection.
pub(super) struct Batches<'a> {
    templates: &'a Templates,
    random: Random,
    buffers: Vec<Vec<u8>>,
    /// Traces drawn so far.
    drawn: u64,
    /// The trace that is being sent, and its next span.
    current: Option<(Instance, usize)>,
}

impl<'a> Batches<'a> {
    /// Requests that the same seed repeats, apart from times.
    pub(super) fn new(templates: &'a Templates, seed: u64) -> Self {
        let buffers = vec![Vec::new(); templates.services()];
        Self {
            templates,
            random: Random::new(seed),
            buffers,
            drawn: 0,
            current: None,
        }
    }

    /// A request of exactly `spans` spans; new traces end at `now_ns`.
    pub(super) fn next(&mut self, spans: usize, now_ns: u64) -> Batch {
        let (mut contents, mut new_traces, mut filled) = (Vec::new(), 0, 0);
        let mut before: Option<Instance> = None;
        while filled < spans {
            let (instance, from) = self.current.take().unwrap_or_else(|| {
                new_traces += 1;
                let number = self.drawn;
                self.drawn += 1;
                let instance =
                    self.templates
                        .draw(&mut self.random, number, now_ns, before.as_ref());
                (instance, 0)
            });
            let end = self
                .templates
                .span_count(&instance)
                .min(from + (spans - filled));
            for index in from..end {
                self.templates
                    .append(&instance, index, &mut self.random, &mut self.buffers);
            }
            filled += end - from;
            contents.push((instance.id, (end - from) as u32));
            if end < self.templates.span_count(&instance) {
                self.current = Some((instance, end));
            } else {
                before = Some(instance);
            }
        }
        let body = Bytes::from(self.templates.request(&mut self.buffers));
        Batch {
            body,
            spans: filled as u64,
            new_traces,
            contents,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use opentelemetry_proto::tonic::common::v1::any_value;
    use opentelemetry_proto::tonic::trace::v1::Span;
    use prost::Message;

    use super::super::encoding::Encoding;
    use super::super::shape::{Shape, ShapeName};
    use super::*;

    const NOW_NS: u64 = 1_790_000_000_000_000_000;

    fn requests(name: ShapeName, encoding: Encoding) -> Vec<ExportTraceServiceRequest> {
        let templates = Templates::encode(&Shape::build(name, 5), encoding);
        let mut batches = Batches::new(&templates, 9);
        (0..20)
            .map(|_| {
                let batch = batches.next(512, NOW_NS);
                let request: ExportTraceServiceRequest = match encoding {
                    Encoding::Protobuf => Message::decode(&batch.body[..]).unwrap(),
                    Encoding::Json => serde_json::from_slice(&batch.body).unwrap(),
                };
                assert_eq!(spans(&request).count(), 512);
                let told: u32 = batch.contents.iter().map(|(_, count)| count).sum();
                assert_eq!((batch.spans, told), (512, 512));
                request
            })
            .collect()
    }

    fn spans(request: &ExportTraceServiceRequest) -> impl Iterator<Item = &Span> {
        let scopes = request
            .resource_spans
            .iter()
            .flat_map(|resource| &resource.scope_spans);
        scopes.flat_map(|scope| &scope.spans)
    }

    #[test]
    fn requests_hold_whole_trees_with_unique_ids_and_sane_times() {
        for name in [ShapeName::Shop, ShapeName::Jaeger, ShapeName::Tracegen] {
            let requests = requests(name, Encoding::Protobuf);
            let mut traces: HashMap<&[u8], HashMap<&[u8], &Span>> = HashMap::new();
            for span in requests.iter().flat_map(spans) {
                assert_eq!((span.trace_id.len(), span.span_id.len()), (16, 8));
                assert!(span.start_time_unix_nano <= span.end_time_unix_nano);
                assert!(span.end_time_unix_nano <= NOW_NS);
                assert!(span.start_time_unix_nano > NOW_NS - 3_600_000_000_000);
                let repeated = traces
                    .entry(&span.trace_id)
                    .or_default()
                    .insert(&span.span_id, span);
                assert!(repeated.is_none(), "a span id repeats within its trace");
            }
            for trace in traces.values() {
                let roots = trace
                    .values()
                    .filter(|span| span.parent_span_id.is_empty())
                    .count();
                assert_eq!(roots, 1);
                for span in trace
                    .values()
                    .filter(|span| !span.parent_span_id.is_empty())
                {
                    let parent = trace[&span.parent_span_id[..]];
                    assert!(parent.start_time_unix_nano <= span.start_time_unix_nano);
                }
            }
        }
    }

    #[test]
    fn json_and_protobuf_say_the_same() {
        for name in [ShapeName::Shop, ShapeName::Jaeger, ShapeName::Tracegen] {
            let protobuf = requests(name, Encoding::Protobuf);
            assert!(protobuf == requests(name, Encoding::Json));
        }
    }

    #[test]
    fn tracegen_counts_keys_and_values_on_over_the_whole_stream() {
        let templates =
            Templates::encode(&Shape::build(ShapeName::Tracegen, 5), Encoding::Protobuf);
        let mut batches = Batches::new(&templates, 9);
        // More than one round of the pool of templates.
        let (mut counter, mut children) = (0, 0);
        for _ in 0..50 {
            let batch = batches.next(500, NOW_NS);
            let request: ExportTraceServiceRequest = Message::decode(&batch.body[..]).unwrap();
            let mut in_order: Vec<&Span> = spans(&request).collect();
            // Ten services follow one another, and requests put them together.
            in_order.sort_by_key(|span| {
                let place = |(id, _): &([u8; 16], u32)| id[..] == span.trace_id[..];
                batch.contents.iter().position(place)
            });
            for span in in_order {
                if span.parent_span_id.is_empty() {
                    assert_eq!((&span.name[..], span.attributes.len()), ("lets-go", 2));
                    assert_eq!(children, 9, "the root ends last and is sent last");
                    children = 0;
                    continue;
                }
                assert_eq!(span.name, format!("child-span-{children:02}"));
                children += 1;
                assert_eq!(span.attributes.len(), 11);
                for pair in &span.attributes {
                    let value = pair.value.as_ref().and_then(|any| any.value.as_ref());
                    let expected =
                        any_value::Value::StringValue(format!("val_{:02}", counter % 1_000));
                    assert_eq!(pair.key, format!("attr_{:02}", counter % 97));
                    assert_eq!(value, Some(&expected));
                    counter += 1;
                }
            }
        }
        assert_eq!(counter, 50 * 50 * 99);
    }

    #[test]
    fn digits_are_shared_within_a_trace_and_fresh_between_traces() {
        let requests = requests(ShapeName::Shop, Encoding::Protobuf);
        let mut users: HashMap<&[u8], Vec<String>> = HashMap::new();
        for span in requests.iter().flat_map(spans) {
            let user = span.attributes.iter().find(|pair| pair.key == "user.id");
            if let Some(pair) = user {
                users
                    .entry(&span.trace_id)
                    .or_default()
                    .push(format!("{:?}", pair.value));
            }
        }
        let mut distinct: Vec<&String> = users.values().map(|values| &values[0]).collect();
        assert!(
            users
                .values()
                .all(|values| values.iter().all(|value| *value == values[0]))
        );
        let traces = distinct.len();
        distinct.sort_unstable();
        distinct.dedup();
        assert!(
            distinct.len() * 100 > traces * 95,
            "{} of {traces}",
            distinct.len()
        );
    }
}

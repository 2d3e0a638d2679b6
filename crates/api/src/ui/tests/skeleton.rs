//! The skeleton, read as a browser reads it and compared with plain spans.

use std::collections::HashSet;

use serde_json::{Value, json};
use tracewell_model::{AnyValue, SpanId, SpanKind, StatusCode};
use tracewell_testkit::{Random, TestSpan};

use super::traces::{TRACE, details};
use crate::tests::Server;

/// The columns of an answer, read as a browser reads them.
pub(super) struct Skeleton {
    pub(super) header: Value,
    pub(super) start: Vec<f64>,
    duration: Vec<f64>,
    subtree: Vec<u32>,
    name: Vec<u32>,
    depth: Vec<u16>,
    service: Vec<u16>,
    scope: Vec<u16>,
    kind: Vec<u8>,
    status: Vec<u8>,
    flags: Vec<u8>,
    events: Vec<u8>,
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    rows: usize,
}

impl Reader<'_> {
    fn column<T, const N: usize>(&mut self, read: fn([u8; N]) -> T) -> Vec<T> {
        let raw = &self.bytes[self.at..self.at + self.rows * N];
        self.at = (self.at + raw.len()).next_multiple_of(8);
        raw.chunks_exact(N)
            .map(|value| read(value.try_into().unwrap()))
            .collect()
    }
}

impl Skeleton {
    fn decode(bytes: &[u8]) -> Self {
        let header_len = u32::from_le_bytes(bytes[..4].try_into().unwrap()) as usize;
        let header: Value = serde_json::from_slice(&bytes[4..4 + header_len]).unwrap();
        let mut reader = Reader {
            bytes,
            at: (4 + header_len).next_multiple_of(8),
            rows: header["n"].as_u64().unwrap() as usize,
        };
        let byte = |[byte]: [u8; 1]| byte;
        let decoded = Self {
            start: reader.column(f64::from_le_bytes),
            duration: reader.column(f64::from_le_bytes),
            subtree: reader.column(u32::from_le_bytes),
            name: reader.column(u32::from_le_bytes),
            depth: reader.column(u16::from_le_bytes),
            service: reader.column(u16::from_le_bytes),
            scope: reader.column(u16::from_le_bytes),
            kind: reader.column(byte),
            status: reader.column(byte),
            flags: reader.column(byte),
            events: reader.column(byte),
            header,
        };
        assert_eq!(reader.at, bytes.len(), "nothing is left");
        decoded
    }

    pub(super) fn name_of(&self, row: usize) -> &str {
        self.text("names", self.name[row] as usize)
    }

    fn text(&self, table: &str, index: usize) -> &str {
        self.header[table][index].as_str().unwrap()
    }

    fn number(&self, field: &str) -> u64 {
        let value = &self.header[field];
        let parsed = value.as_str().map(|text| text.parse().unwrap());
        parsed.or_else(|| value.as_u64()).unwrap()
    }

    /// The row above, found as the UI does it.
    fn parent(&self, row: usize) -> Option<usize> {
        let above = self.depth[row].checked_sub(1)?;
        (0..row).rev().find(|earlier| self.depth[*earlier] == above)
    }
}

pub(super) async fn skeleton(server: &Server) -> Skeleton {
    let answer = server.get(&format!("{TRACE}/skeleton")).await;
    assert_eq!(
        answer.header("content-type"),
        "application/vnd.tracewell.skeleton"
    );
    Skeleton::decode(&answer.body)
}

/// Spans with everything that can be wrong: missing parents, cycles, ids that
/// repeat, ends before starts. Each is told from the others by its flags.
fn tangled(random: &mut Random, count: usize) -> Vec<TestSpan> {
    let mut spans = random.spans(count, 1_000_000_000);
    let ids = 1 + random.below(2 * count as u64);
    for (number, span) in (0u32..).zip(&mut spans) {
        span.trace_id.0 = [0; 16];
        span.trace_id.0[..2].copy_from_slice(&[0xaa, 0xaa]);
        span.trace_id.0[15] = 1;
        span.span_id = SpanId((1 + random.below(ids)).to_be_bytes());
        span.parent_span_id = SpanId(random.below(ids + 3).to_be_bytes());
        span.flags = number;
    }
    spans
}

fn is_failed(span: &TestSpan) -> bool {
    let status_5xx = |(key, value): &(String, AnyValue)| {
        key == "http.status_code"
            && match value {
                AnyValue::Int(code) => *code >= 500,
                AnyValue::Double(code) => *code >= 500.0,
                AnyValue::String(text) => text.parse().is_ok_and(|code: i64| code >= 500),
                _ => false,
            }
    };
    match span.status {
        StatusCode::Error => true,
        StatusCode::Ok => false,
        StatusCode::Unset => {
            span.events.iter().any(|event| event.name == "exception")
                || span.attributes.iter().any(status_5xx)
        }
    }
}

fn check_row(skeleton: &Skeleton, row: usize, span: &TestSpan, spans: &[TestSpan]) {
    let start_ns = skeleton.number("startNs") as f64;
    assert_eq!(skeleton.start[row] + start_ns, span.start_ns as f64);
    let duration_ns = span.end_ns.saturating_sub(span.start_ns);
    assert_eq!(skeleton.duration[row], duration_ns as f64);
    assert_eq!(
        skeleton.text("names", skeleton.name[row] as usize),
        span.name
    );
    assert_eq!(
        skeleton.text("services", skeleton.service[row].into()),
        span.service()
    );
    let scope = match span.scope_version.as_str() {
        "" => span.scope_name.clone(),
        version => format!("{}@{version}", span.scope_name),
    };
    assert_eq!(skeleton.text("scopes", skeleton.scope[row].into()), scope);
    assert_eq!(
        skeleton.text("kinds", skeleton.kind[row].into()),
        span.kind.name()
    );
    assert_eq!(i32::from(skeleton.status[row]), span.status.to_otlp());
    assert_eq!(usize::from(skeleton.events[row]), span.events.len());
    let parent = skeleton.parent(row);
    let repeats = |other: &&TestSpan| other.span_id == span.span_id;
    let first = spans
        .iter()
        .filter(repeats)
        .map(|other| other.start_ns)
        .min();
    let flags = skeleton.flags[row];
    let stands_on_top = parent.is_none() && !span.parent_span_id.is_zero();
    let is_parent = |other: &TestSpan| other.span_id == span.parent_span_id;
    let parent_is_here = spans.iter().any(is_parent);
    let expected = [
        (1, is_failed(span)),
        (2, !span.events.is_empty()),
        (4, !span.links.is_empty()),
        (8, stands_on_top && !parent_is_here),
        (64, stands_on_top && parent_is_here),
        (16, span.end_ns < span.start_ns),
    ];
    for (flag, holds) in expected {
        assert_eq!(flags & flag != 0, holds, "flag {flag} of {span:?}");
    }
    // The two sides of a call may share one.
    let is_side = matches!(span.kind, SpanKind::Client | SpanKind::Server);
    if first < Some(span.start_ns) && !is_side {
        assert_ne!(flags & 32, 0, "an earlier span has the id");
    }
}

#[tokio::test]
async fn the_skeleton_says_of_each_span_what_was_sent() {
    let mut random = Random::new(5);
    for round in 0..40 {
        let spans = tangled(&mut random, 1 + round * 3);
        let server = Server::new(&spans);
        let skeleton = skeleton(&server).await;
        let rows: Vec<usize> = (0..skeleton.start.len()).collect();
        assert_eq!(rows.len(), spans.len());
        let details = details(&server, &skeleton.header["revision"], &rows).await;
        // The flags of a span say which one it is.
        let sent = |row: usize| &spans[details[row]["flags"].as_u64().unwrap() as usize];
        let numbers: HashSet<_> = rows.iter().map(|row| sent(*row).flags).collect();
        assert_eq!(numbers.len(), spans.len(), "every span has one row");
        for row in rows.iter().copied() {
            assert_eq!(details[row]["row"], row);
            check_row(&skeleton, row, sent(row), &spans);
            let parent = skeleton.parent(row).map(sent);
            if let Some(parent) = parent {
                // Or the other side of the call, which may share its id.
                let ids = [sent(row).parent_span_id, sent(row).span_id];
                assert!(ids.contains(&parent.span_id));
            }
            let below = skeleton.depth[row + 1..].iter();
            let below = below
                .take_while(|depth| **depth > skeleton.depth[row])
                .count();
            assert_eq!(skeleton.subtree[row] as usize, below + 1);
            let sibling = row + below + 1;
            if sibling < rows.len() && skeleton.depth[sibling] == skeleton.depth[row] {
                let order = |row: usize| (sent(row).start_ns, sent(row).span_id);
                assert!(order(row) <= order(sibling));
            }
        }
        let count = |flag: u8| {
            skeleton
                .flags
                .iter()
                .filter(|flags| **flags & flag != 0)
                .count()
        };
        assert_eq!(skeleton.number("errorCount") as usize, count(1));
        assert_eq!(skeleton.number("orphanCount") as usize, count(8));
        assert_eq!(skeleton.number("cycleCount") as usize, count(64));
        let deepest = skeleton.depth.iter().max().unwrap();
        assert_eq!(skeleton.number("depth"), u64::from(*deepest) + 1);
        let odd = [8, 16, 32, 64]
            .iter()
            .filter(|flag| count(**flag) > 0)
            .count();
        assert_eq!(skeleton.header["warnings"].as_array().unwrap().len(), odd);
    }
}

/// Reads a file of length-prefixed requests, as `shared/data/README.md` says.
fn requests(path: &std::path::Path) -> Vec<Vec<u8>> {
    let packed = std::fs::read(path).unwrap();
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&packed[..]), &mut bytes).unwrap();
    let (mut rest, mut found) = (&bytes[..], Vec::new());
    while let Some((len, tail)) = rest.split_first_chunk() {
        let (request, tail) = tail.split_at(u32::from_be_bytes(*len) as usize);
        found.push(request.to_vec());
        rest = tail;
    }
    found
}

#[tokio::test]
async fn a_public_trace_of_66_386_spans_is_read_whole() {
    let Some(path) = tracewell_testkit::shared_data::find("traces/fuchsia_trace.otlp.pb.gz") else {
        return;
    };
    let server = Server::new(&[]);
    for request in requests(&path) {
        let batch = tracewell_wire::otlp::protobuf::decode(&request)
            .unwrap()
            .batch;
        let ack = Box::new(|stored: Result<(), _>| stored.unwrap());
        server.store.append(std::sync::Arc::new(batch), ack);
    }
    let id = "5a3232bed3fa53319632bce8d32b4b0a";
    let path = format!("/api/ui/traces/{id}/skeleton");
    let answer = server.get(&path).await;
    let skeleton = Skeleton::decode(&answer.body);
    assert_eq!(skeleton.start.len(), 66_386);
    assert_eq!(
        (
            skeleton.subtree[0],
            skeleton.text("names", skeleton.name[0] as usize)
        ),
        (66_386, "fuchsia_trace")
    );
    assert_eq!(skeleton.header["warnings"], json!([]));
    let end = |row: usize| skeleton.start[row] + skeleton.duration[row];
    let latest = (0..66_386).map(end).fold(0.0, f64::max);
    assert_eq!(latest, skeleton.number("durationNs") as f64);
    let zstd = server.get_with(&path, ("accept-encoding", "zstd")).await;
    // The budget for 100,000 spans is 1.5 MB.
    assert!(zstd.body.len() < 500_000);
}

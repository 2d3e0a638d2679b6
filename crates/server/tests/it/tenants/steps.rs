//! What the tenants of the random test do, and what they must be told.
//!
//! Every name and value that a tenant sends holds a mark of its own; ids do not:
//! two tenants may send the same trace.

use crate::running::{Running, request_with};
use std::collections::{BTreeMap, BTreeSet};
use tracewell_testkit::Random;
use tracewell_testkit::thrift::{binary, jaeger_batch};

/// Names that a careless comparison would mix up, too.
pub(super) const TENANTS: [&str; 4] = ["acme", "ACME", "acme.b", "globex"];

/// Questions; `{t}` is a trace of anybody, `{s}` a service of anybody.
pub(super) const READS: &[(&str, &str)] = &[
    ("query-http", "/api/services"),
    ("query-http", "/api/services/{s}/operations"),
    ("query-http", "/api/operations?service={s}"),
    (
        "query-http",
        "/api/traces?service={s}&lookback=custom&start=0&end=9999999999999999",
    ),
    ("query-http", "/api/traces/{t}"),
    ("query-http", "/api/traces?traceID={t}"),
    (
        "query-http",
        "/api/dependencies?endTs=1700000100000&lookback=86400000",
    ),
    ("query-http", "/api/v3/services"),
    ("query-http", "/api/v3/operations?service={s}"),
    ("query-http", "/api/v3/traces/{t}"),
    ("query-http", "/api/export"),
    ("query-http", "/api/ui/services?from=0"),
    ("query-http", "/api/ui/operations?service={s}&from=0"),
    ("query-http", "/api/ui/keys?from=0"),
    ("query-http", "/api/ui/values?key=.shared.key&from=0"),
    ("query-http", "/api/ui/search?q=%7B%7D&from=0"),
    ("query-http", "/api/ui/count?q=%7B%7D&from=0"),
    ("query-http", "/api/ui/histogram?q=%7B%7D&from=0"),
    ("query-http", "/api/ui/traces/{t}/skeleton"),
    ("query-http", "/api/ui/traces/{t}/otlp"),
    ("query-http", "/api/v2/services"),
    ("query-http", "/api/status"),
    ("zipkin", "/api/v2/services"),
    ("zipkin", "/api/v2/spans?serviceName={s}"),
    (
        "zipkin",
        "/api/v2/traces?endTs=9999999999999&lookback=9999999999999",
    ),
    ("zipkin", "/api/v2/trace/{t}"),
    ("zipkin", "/api/v2/traceMany?traceIds={t},0000000000000001"),
    (
        "zipkin",
        "/api/v2/dependencies?endTs=1700000100000&lookback=86400000",
    ),
    ("query-http", "/tempo/api/v2/search/tags"),
    ("tempo", "/api/traces/{t}"),
    ("tempo", "/api/v2/traces/{t}"),
    ("tempo", "/api/search?q=%7B%7D&limit=100"),
    ("tempo", "/api/v2/search/tag/resource.service.name/values"),
    ("tempo", "/tempopb.StreamingQuerier/SearchTagsV2"),
    ("sampling-http", "/sampling?service={s}"),
    ("query-grpc", "/jaeger.api_v2.QueryService/GetServices"),
    ("query-grpc", "/jaeger.api_v3.QueryService/GetServices"),
];

/// A call of gRPC with an empty message.
const EMPTY_CALL: &[u8] = &[0; 5];

/// 14 November 2023, in the units of each protocol.
const START_S: u64 = 1_700_000_000;

/// What there is of each tenant.
#[derive(Default)]
pub(super) struct Model {
    spans: BTreeMap<&'static str, u64>,
    since_restart: BTreeMap<&'static str, u64>,
    traces: BTreeMap<&'static str, BTreeSet<u64>>,
    written: u64,
}

pub(super) fn otlp_json(trace: u64, service: &str, name: &str, key: &str, value: &str) -> Vec<u8> {
    format!(
        r#"{{"resourceSpans":[{{"resource":{{"attributes":[{{"key":"service.name","value":
        {{"stringValue":"{service}"}}}}]}},"scopeSpans":[{{"spans":[{{"traceId":"{trace:032x}",
        "spanId":"{trace:016x}","name":"{name}","startTimeUnixNano":"{START_S}000000000",
        "endTimeUnixNano":"{START_S}500000000","attributes":[
        {{"key":"{key}","value":{{"stringValue":"{value}"}}}},
        {{"key":"shared.key","value":{{"stringValue":"{value}"}}}}]}}]}}]}}]}}"#
    )
    .into_bytes()
}

fn zipkin_json(trace: u64, service: &str, name: &str, key: &str, value: &str) -> Vec<u8> {
    format!(
        r#"[{{"traceId":"{trace:032x}","id":"{trace:016x}","name":"{name}","timestamp":
        {START_S}000000,"duration":1000,"localEndpoint":{{"serviceName":"{service}"}},
        "tags":{{"{key}":"{value}","shared.key":"{value}"}}}}]"#
    )
    .into_bytes()
}

/// What stands in everything that a tenant sends, and nowhere else.
fn mark(tenant: &str) -> String {
    // In lower case and without dots, as Zipkin keeps service names.
    let bytes: String = tenant.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("mark{bytes}end")
}

impl Model {
    pub(super) fn restarted(&mut self) {
        self.since_restart.clear();
    }

    pub(super) fn write(&mut self, server: &Running, tenant: &'static str, random: &mut Random) {
        self.written += 1;
        // Few ids, so that tenants share some.
        let trace = 1 + random.below(40);
        let (mark, number) = (mark(tenant), self.written);
        let [service, name, key, value] =
            ["svc", "op", "key", "val"].map(|kind| format!("{kind}-{mark}-{number}"));
        let (port, path, content_type, body) = match random.below(3) {
            0 => (
                "otlp-http",
                "/v1/traces",
                "application/json",
                otlp_json(trace, &service, &name, &key, &value),
            ),
            1 => (
                "zipkin",
                "/api/v2/spans",
                "application/json",
                zipkin_json(trace, &service, &name, &key, &value),
            ),
            _ => (
                "jaeger-http",
                "/api/traces",
                "application/x-thrift",
                binary(&jaeger_batch(trace as i64, &name)),
            ),
        };
        let header = *random.pick(&["x-scope-orgid", "x-tenant"]);
        let headers = [("content-type", content_type), (header, tenant)];
        let answer = request_with("POST", &server.url(port, path), &headers, body);
        assert!(matches!(answer.status, 200 | 202), "{port}: {answer:?}");
        *self.spans.entry(tenant).or_default() += 1;
        *self.since_restart.entry(tenant).or_default() += 1;
        self.traces.entry(tenant).or_default().insert(trace);
    }

    pub(super) fn read(
        &self,
        server: &Running,
        tenant: &'static str,
        random: &mut Random,
        step: u64,
    ) {
        match random.below(10) {
            0 => self.assert_counts(server, tenant),
            _ => {
                let read = *random.pick(READS);
                self.read_one(server, tenant, &read, random, step);
            }
        }
    }

    /// Nothing in an answer is of another tenant; whether something is of this
    /// one.
    pub(super) fn read_one(
        &self,
        server: &Running,
        tenant: &'static str,
        (port, path): &(&str, &str),
        random: &mut Random,
        step: u64,
    ) -> bool {
        let trace = 1 + random.below(40);
        let anybody = *random.pick(&TENANTS);
        let service = format!(
            "svc-{}-{}",
            mark(anybody),
            1 + random.below(self.written.max(1))
        );
        let of_trace = format!("{trace:032x}");
        let path = path.replace("{t}", &of_trace).replace("{s}", &service);
        let url = server.url(port, &path);
        let text = match *port {
            "query-grpc" => grpc(&url, tenant),
            _ if path.starts_with("/tempopb.") => grpc(&url, tenant),
            _ => {
                let answer = request_with("GET", &url, &[("x-scope-orgid", tenant)], Vec::new());
                let is_trace = path.starts_with("/api/traces/") || path.contains("/trace/");
                if is_trace {
                    let has = self
                        .traces
                        .get(tenant)
                        .is_some_and(|all| all.contains(&trace));
                    let want = if has { 200 } else { 404 };
                    assert_eq!(answer.status, want, "step {step}: {tenant}: {path}");
                }
                // A question that is refused would show nothing of anybody.
                let is_answered =
                    answer.status == 200 || answer.status == 404 && path.contains(&of_trace);
                assert!(is_answered, "step {step}: {path}: {answer:?}");
                String::from_utf8_lossy(&answer.body).into_owned()
            }
        };
        // The question itself may be repeated in the answer.
        let text = text.replace(&service, "");
        for other in TENANTS.iter().filter(|other| **other != tenant) {
            let foreign = mark(other);
            assert!(
                !text.contains(&foreign),
                "step {step}: {tenant} sees {other} at {path}: {text}"
            );
        }
        text.contains(&mark(tenant))
    }

    /// Every number is of this tenant alone.
    pub(super) fn assert_counts(&self, server: &Running, tenant: &'static str) {
        let spans = self.spans.get(tenant).copied().unwrap_or(0);
        let traces = self.traces.get(tenant).map_or(0, BTreeSet::len) as u64;
        let (status, counted) = super::as_tenant(server, "/api/ui/count?q=%7B%7D&from=0", tenant);
        assert_eq!(status, 200, "{counted}");
        assert_eq!(counted["traces"], traces, "{tenant}: {counted}");
        let (_, status) = super::as_tenant(server, "/api/status", tenant);
        assert_eq!(status["store"]["spans"], spans, "{tenant}: {status}");
        let since = self.since_restart.get(tenant).copied().unwrap_or(0);
        assert_eq!(status["spans"]["stored"], since, "{tenant}: {status}");
    }
}

fn grpc(url: &str, tenant: &str) -> String {
    let mut curl = std::process::Command::new("curl");
    curl.args(["--silent", "--max-time", "60", "--http2-prior-knowledge"])
        .args(["-H", "te: trailers", "-H", "content-type: application/grpc"])
        .args(["-H", &format!("x-tenant: {tenant}"), "--data-binary", "@-"])
        .arg(url);
    let mut child = curl
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), EMPTY_CALL).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{url}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

//! Every TCP port of a server, with a request that it answers.

/// Which role a request needs.
#[derive(Debug, Clone, Copy)]
pub(super) enum Needs {
    Write,
    Read,
}

/// A port, and what to ask there.
#[derive(Debug)]
pub(super) struct Port {
    pub(super) name: &'static str,
    pub(super) path: &'static str,
    pub(super) needs: Needs,
    pub(super) content_type: &'static str,
    /// Nothing: it is asked with GET.
    pub(super) body: &'static str,
}

impl Port {
    pub(super) const fn get(name: &'static str, path: &'static str) -> Self {
        Self {
            name,
            path,
            needs: Needs::Read,
            content_type: "",
            body: "",
        }
    }

    /// A call with an empty message.
    pub(super) const fn grpc(name: &'static str, path: &'static str, needs: Needs) -> Self {
        Self {
            name,
            path,
            needs,
            content_type: "application/grpc",
            body: "\0\0\0\0\0",
        }
    }

    const fn post(
        name: &'static str,
        path: &'static str,
        content_type: &'static str,
        body: &'static str,
    ) -> Self {
        Self {
            name,
            path,
            needs: Needs::Write,
            content_type,
            body,
        }
    }

    pub(super) fn is_grpc(&self) -> bool {
        self.content_type == "application/grpc"
    }
}

/// A Thrift `Batch` (binary protocol) of a process without a name and no spans.
const THRIFT_BATCH: &str = "\x0c\0\x01\x0b\0\x01\0\0\0\x01x\0\x0f\0\x02\x0c\0\0\0\0\0";

pub(super) const METRICS: Port = Port::get("query-http", "/metrics");

/// All of them.
pub(super) const PORTS: &[Port] = &[
    Port::post("otlp-http", "/v1/traces", "application/json", "{}"),
    Port::grpc(
        "otlp-grpc",
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        Needs::Write,
    ),
    Port::grpc(
        "jaeger-grpc",
        "/jaeger.api_v2.CollectorService/PostSpans",
        Needs::Write,
    ),
    Port::post(
        "jaeger-http",
        "/api/traces?format=jaeger.thrift",
        "application/x-thrift",
        THRIFT_BATCH,
    ),
    Port::post("zipkin", "/api/v2/spans", "application/json", "[]"),
    Port::get("zipkin", "/api/v2/services"),
    Port {
        needs: Needs::Write,
        ..Port::get("sampling-http", "/sampling?service=shop")
    },
    Port::grpc(
        "sampling-grpc",
        "/jaeger.api_v2.SamplingManager/GetSamplingStrategy",
        Needs::Write,
    ),
    Port::get("query-http", "/api/services"),
    Port::get("query-http", "/api/ui/services"),
    Port::get("query-http", "/api/v3/services"),
    Port::grpc(
        "query-grpc",
        "/jaeger.api_v2.QueryService/GetServices",
        Needs::Read,
    ),
    Port::get("query-http", "/tempo/api/search/tags"),
    Port::get("query-http", "/prometheus/api/v1/labels"),
    Port::get("tempo", "/api/search/tags"),
    Port::get("tempo", "/prometheus/api/v1/labels"),
    Port::get("tempo", "/api/echo"),
    Port::get("tempo", "/metrics"),
    Port::grpc("tempo", "/tempopb.StreamingQuerier/SearchTags", Needs::Read),
    Port::grpc(
        "query-grpc",
        "/jaeger.api_v3.QueryService/GetServices",
        Needs::Read,
    ),
];

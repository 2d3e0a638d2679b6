//! Files of jaeger-idl: `model.proto` and `query.proto` of api_v2,
//! `query_service.proto` of api_v3 without its experimental filter.

use super::table::{File, message};

const TIME: &str = ".google.protobuf.Timestamp";
const DURATION: &str = ".google.protobuf.Duration";
const TIME_PROTO: &str = "google/protobuf/timestamp.proto";
const DURATION_PROTO: &str = "google/protobuf/duration.proto";

pub(super) const FILES: &[File] = &[MODEL_V2, QUERY_V2, QUERY_V3];

const TAGS: &str = "repeated .jaeger.api_v2.KeyValue";

const MODEL_V2: File = File {
    name: "model.proto",
    package: "jaeger.api_v2",
    imports: &[TIME_PROTO, DURATION_PROTO],
    messages: &[
        message(
            "KeyValue",
            &[
                (1, "key", "string"),
                (2, "v_type", "enum .jaeger.api_v2.ValueType"),
                (3, "v_str", "string"),
                (4, "v_bool", "bool"),
                (5, "v_int64", "int64"),
                (6, "v_float64", "double"),
                (7, "v_binary", "bytes"),
            ],
        ),
        message("Log", &[(1, "timestamp", TIME), (2, "fields", TAGS)]),
        message(
            "SpanRef",
            &[
                (1, "trace_id", "bytes"),
                (2, "span_id", "bytes"),
                (3, "ref_type", "enum .jaeger.api_v2.SpanRefType"),
            ],
        ),
        message(
            "Process",
            &[(1, "service_name", "string"), (2, "tags", TAGS)],
        ),
        message(
            "Span",
            &[
                (1, "trace_id", "bytes"),
                (2, "span_id", "bytes"),
                (3, "operation_name", "string"),
                (4, "references", "repeated .jaeger.api_v2.SpanRef"),
                (5, "flags", "uint32"),
                (6, "start_time", TIME),
                (7, "duration", DURATION),
                (8, "tags", TAGS),
                (9, "logs", "repeated .jaeger.api_v2.Log"),
                (10, "process", ".jaeger.api_v2.Process"),
                (11, "process_id", "string"),
                (12, "warnings", "repeated string"),
            ],
        ),
        message(
            "DependencyLink",
            &[
                (1, "parent", "string"),
                (2, "child", "string"),
                (3, "call_count", "uint64"),
                (4, "source", "string"),
            ],
        ),
    ],
    enums: &[
        (
            "ValueType",
            &["STRING", "BOOL", "INT64", "FLOAT64", "BINARY"],
        ),
        ("SpanRefType", &["CHILD_OF", "FOLLOWS_FROM"]),
    ],
    services: &[],
};

const QUERY_V2: File = File {
    name: "query.proto",
    package: "jaeger.api_v2",
    imports: &["model.proto", TIME_PROTO, DURATION_PROTO],
    messages: &[
        message(
            "GetTraceRequest",
            &[
                (1, "trace_id", "bytes"),
                (2, "start_time", TIME),
                (3, "end_time", TIME),
                (4, "raw_traces", "bool"),
            ],
        ),
        message(
            "SpansResponseChunk",
            &[(1, "spans", "repeated .jaeger.api_v2.Span")],
        ),
        message(
            "ArchiveTraceRequest",
            &[
                (1, "trace_id", "bytes"),
                (2, "start_time", TIME),
                (3, "end_time", TIME),
            ],
        ),
        message("ArchiveTraceResponse", &[]),
        message(
            "TraceQueryParameters",
            &[
                (1, "service_name", "string"),
                (2, "operation_name", "string"),
                (3, "tags", "map"),
                (4, "start_time_min", TIME),
                (5, "start_time_max", TIME),
                (6, "duration_min", DURATION),
                (7, "duration_max", DURATION),
                (8, "search_depth", "int32"),
                (9, "raw_traces", "bool"),
            ],
        ),
        message(
            "FindTracesRequest",
            &[(1, "query", ".jaeger.api_v2.TraceQueryParameters")],
        ),
        message("GetServicesRequest", &[]),
        message("GetServicesResponse", &[(1, "services", "repeated string")]),
        message(
            "GetOperationsRequest",
            &[(1, "service", "string"), (2, "span_kind", "string")],
        ),
        message(
            "Operation",
            &[(1, "name", "string"), (2, "span_kind", "string")],
        ),
        message(
            "GetOperationsResponse",
            &[
                (1, "operationNames", "repeated string"),
                (2, "operations", "repeated .jaeger.api_v2.Operation"),
            ],
        ),
        message(
            "GetDependenciesRequest",
            &[(1, "start_time", TIME), (2, "end_time", TIME)],
        ),
        message(
            "GetDependenciesResponse",
            &[(1, "dependencies", "repeated .jaeger.api_v2.DependencyLink")],
        ),
    ],
    enums: &[],
    services: &[(
        "QueryService",
        &[
            (
                "GetTrace",
                ".jaeger.api_v2.GetTraceRequest",
                "stream .jaeger.api_v2.SpansResponseChunk",
            ),
            (
                "ArchiveTrace",
                ".jaeger.api_v2.ArchiveTraceRequest",
                ".jaeger.api_v2.ArchiveTraceResponse",
            ),
            (
                "FindTraces",
                ".jaeger.api_v2.FindTracesRequest",
                "stream .jaeger.api_v2.SpansResponseChunk",
            ),
            (
                "GetServices",
                ".jaeger.api_v2.GetServicesRequest",
                ".jaeger.api_v2.GetServicesResponse",
            ),
            (
                "GetOperations",
                ".jaeger.api_v2.GetOperationsRequest",
                ".jaeger.api_v2.GetOperationsResponse",
            ),
            (
                "GetDependencies",
                ".jaeger.api_v2.GetDependenciesRequest",
                ".jaeger.api_v2.GetDependenciesResponse",
            ),
        ],
    )],
};

const QUERY_V3: File = File {
    name: "query_service.proto",
    package: "jaeger.api_v3",
    imports: &[
        TIME_PROTO,
        DURATION_PROTO,
        "opentelemetry/proto/trace/v1/trace.proto",
    ],
    messages: &[
        message(
            "GetTraceRequest",
            &[
                (1, "trace_id", "string"),
                (2, "start_time", TIME),
                (3, "end_time", TIME),
                (4, "raw_traces", "bool"),
            ],
        ),
        message(
            "TraceQueryParameters",
            &[
                (1, "service_name", "string"),
                (2, "operation_name", "string"),
                (3, "attributes", "map"),
                (4, "start_time_min", TIME),
                (5, "start_time_max", TIME),
                (6, "duration_min", DURATION),
                (7, "duration_max", DURATION),
                (8, "search_depth", "int32"),
                (9, "raw_traces", "bool"),
            ],
        ),
        message(
            "FindTracesRequest",
            &[(1, "query", ".jaeger.api_v3.TraceQueryParameters")],
        ),
        message("GetServicesRequest", &[]),
        message("GetServicesResponse", &[(1, "services", "repeated string")]),
        message(
            "GetOperationsRequest",
            &[(1, "service", "string"), (2, "span_kind", "string")],
        ),
        message(
            "Operation",
            &[(1, "name", "string"), (2, "span_kind", "string")],
        ),
        message(
            "GetOperationsResponse",
            &[(1, "operations", "repeated .jaeger.api_v3.Operation")],
        ),
        message(
            "GetDependenciesRequest",
            &[(1, "start_time", TIME), (2, "end_time", TIME)],
        ),
        message(
            "DependenciesResponse",
            &[(1, "dependencies", "repeated .jaeger.api_v3.Dependency")],
        ),
        message(
            "Dependency",
            &[
                (1, "parent", "string"),
                (2, "child", "string"),
                (3, "call_count", "uint64"),
            ],
        ),
        message(
            "ServiceSummary",
            &[
                (1, "name", "string"),
                (2, "span_count", "int32"),
                (3, "error_span_count", "int32"),
            ],
        ),
        message(
            "TraceSummary",
            &[
                (1, "trace_id", "string"),
                (2, "root_service_name", "string"),
                (3, "root_operation_name", "string"),
                (4, "min_start_time_unix_nano", "fixed64"),
                (5, "max_end_time_unix_nano", "fixed64"),
                (6, "span_count", "int32"),
                (7, "error_span_count", "int32"),
                (8, "orphan_span_count", "int32"),
                (9, "services", "repeated .jaeger.api_v3.ServiceSummary"),
            ],
        ),
        message(
            "FindTraceSummariesRequest",
            &[(1, "query", ".jaeger.api_v3.TraceQueryParameters")],
        ),
        message(
            "FindTraceSummariesResponse",
            &[(1, "summaries", "repeated .jaeger.api_v3.TraceSummary")],
        ),
    ],
    enums: &[],
    services: &[(
        "QueryService",
        &[
            (
                "GetTrace",
                ".jaeger.api_v3.GetTraceRequest",
                "stream .opentelemetry.proto.trace.v1.TracesData",
            ),
            (
                "FindTraces",
                ".jaeger.api_v3.FindTracesRequest",
                "stream .opentelemetry.proto.trace.v1.TracesData",
            ),
            (
                "GetServices",
                ".jaeger.api_v3.GetServicesRequest",
                ".jaeger.api_v3.GetServicesResponse",
            ),
            (
                "GetOperations",
                ".jaeger.api_v3.GetOperationsRequest",
                ".jaeger.api_v3.GetOperationsResponse",
            ),
            (
                "GetDependencies",
                ".jaeger.api_v3.GetDependenciesRequest",
                ".jaeger.api_v3.DependenciesResponse",
            ),
            (
                "FindTraceSummaries",
                ".jaeger.api_v3.FindTraceSummariesRequest",
                "stream .jaeger.api_v3.FindTraceSummariesResponse",
            ),
        ],
    )],
};

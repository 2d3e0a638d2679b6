//! Files of protobuf itself and of opentelemetry-proto 1.x, as far as
//! `TracesData` reaches.

use super::table::{File, Message, message};

const KEY_VALUES: &str = "repeated .opentelemetry.proto.common.v1.KeyValue";

pub(super) const FILES: &[File] = &[
    File {
        name: "google/protobuf/timestamp.proto",
        package: "google.protobuf",
        imports: &[],
        messages: &[message(
            "Timestamp",
            &[(1, "seconds", "int64"), (2, "nanos", "int32")],
        )],
        enums: &[],
        services: &[],
    },
    File {
        name: "google/protobuf/duration.proto",
        package: "google.protobuf",
        imports: &[],
        messages: &[message(
            "Duration",
            &[(1, "seconds", "int64"), (2, "nanos", "int32")],
        )],
        enums: &[],
        services: &[],
    },
    File {
        name: "opentelemetry/proto/common/v1/common.proto",
        package: "opentelemetry.proto.common.v1",
        imports: &[],
        messages: &[
            message(
                "AnyValue",
                &[
                    (1, "string_value", "oneof string"),
                    (2, "bool_value", "oneof bool"),
                    (3, "int_value", "oneof int64"),
                    (4, "double_value", "oneof double"),
                    (
                        5,
                        "array_value",
                        "oneof .opentelemetry.proto.common.v1.ArrayValue",
                    ),
                    (
                        6,
                        "kvlist_value",
                        "oneof .opentelemetry.proto.common.v1.KeyValueList",
                    ),
                    (7, "bytes_value", "oneof bytes"),
                ],
            ),
            message(
                "ArrayValue",
                &[(
                    1,
                    "values",
                    "repeated .opentelemetry.proto.common.v1.AnyValue",
                )],
            ),
            message("KeyValueList", &[(1, "values", KEY_VALUES)]),
            message(
                "KeyValue",
                &[
                    (1, "key", "string"),
                    (2, "value", ".opentelemetry.proto.common.v1.AnyValue"),
                ],
            ),
            message(
                "InstrumentationScope",
                &[
                    (1, "name", "string"),
                    (2, "version", "string"),
                    (3, "attributes", KEY_VALUES),
                    (4, "dropped_attributes_count", "uint32"),
                ],
            ),
            message(
                "EntityRef",
                &[
                    (1, "schema_url", "string"),
                    (2, "type", "string"),
                    (3, "id_keys", "repeated string"),
                    (4, "description_keys", "repeated string"),
                ],
            ),
        ],
        enums: &[],
        services: &[],
    },
    File {
        name: "opentelemetry/proto/resource/v1/resource.proto",
        package: "opentelemetry.proto.resource.v1",
        imports: &["opentelemetry/proto/common/v1/common.proto"],
        messages: &[message(
            "Resource",
            &[
                (1, "attributes", KEY_VALUES),
                (2, "dropped_attributes_count", "uint32"),
                (
                    3,
                    "entity_refs",
                    "repeated .opentelemetry.proto.common.v1.EntityRef",
                ),
            ],
        )],
        enums: &[],
        services: &[],
    },
    File {
        name: "opentelemetry/proto/trace/v1/trace.proto",
        package: "opentelemetry.proto.trace.v1",
        imports: &[
            "opentelemetry/proto/common/v1/common.proto",
            "opentelemetry/proto/resource/v1/resource.proto",
        ],
        messages: &[
            message(
                "TracesData",
                &[(
                    1,
                    "resource_spans",
                    "repeated .opentelemetry.proto.trace.v1.ResourceSpans",
                )],
            ),
            message(
                "ResourceSpans",
                &[
                    (1, "resource", ".opentelemetry.proto.resource.v1.Resource"),
                    (
                        2,
                        "scope_spans",
                        "repeated .opentelemetry.proto.trace.v1.ScopeSpans",
                    ),
                    (3, "schema_url", "string"),
                ],
            ),
            message(
                "ScopeSpans",
                &[
                    (
                        1,
                        "scope",
                        ".opentelemetry.proto.common.v1.InstrumentationScope",
                    ),
                    (2, "spans", "repeated .opentelemetry.proto.trace.v1.Span"),
                    (3, "schema_url", "string"),
                ],
            ),
            SPAN,
            STATUS,
        ],
        enums: &[],
        services: &[],
    },
];

const SPAN: Message = Message {
    name: "Span",
    fields: &[
        (1, "trace_id", "bytes"),
        (2, "span_id", "bytes"),
        (3, "trace_state", "string"),
        (4, "parent_span_id", "bytes"),
        (5, "name", "string"),
        (
            6,
            "kind",
            "enum .opentelemetry.proto.trace.v1.Span.SpanKind",
        ),
        (7, "start_time_unix_nano", "fixed64"),
        (8, "end_time_unix_nano", "fixed64"),
        (9, "attributes", KEY_VALUES),
        (10, "dropped_attributes_count", "uint32"),
        (
            11,
            "events",
            "repeated .opentelemetry.proto.trace.v1.Span.Event",
        ),
        (12, "dropped_events_count", "uint32"),
        (
            13,
            "links",
            "repeated .opentelemetry.proto.trace.v1.Span.Link",
        ),
        (14, "dropped_links_count", "uint32"),
        (15, "status", ".opentelemetry.proto.trace.v1.Status"),
        (16, "flags", "fixed32"),
    ],
    messages: &[
        message(
            "Event",
            &[
                (1, "time_unix_nano", "fixed64"),
                (2, "name", "string"),
                (3, "attributes", KEY_VALUES),
                (4, "dropped_attributes_count", "uint32"),
            ],
        ),
        message(
            "Link",
            &[
                (1, "trace_id", "bytes"),
                (2, "span_id", "bytes"),
                (3, "trace_state", "string"),
                (4, "attributes", KEY_VALUES),
                (5, "dropped_attributes_count", "uint32"),
                (6, "flags", "fixed32"),
            ],
        ),
    ],
    enums: &[(
        "SpanKind",
        &[
            "SPAN_KIND_UNSPECIFIED",
            "SPAN_KIND_INTERNAL",
            "SPAN_KIND_SERVER",
            "SPAN_KIND_CLIENT",
            "SPAN_KIND_PRODUCER",
            "SPAN_KIND_CONSUMER",
        ],
    )],
};

const STATUS: Message = Message {
    name: "Status",
    fields: &[
        (2, "message", "string"),
        (
            3,
            "code",
            "enum .opentelemetry.proto.trace.v1.Status.StatusCode",
        ),
    ],
    messages: &[],
    enums: &[(
        "StatusCode",
        &["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"],
    )],
};

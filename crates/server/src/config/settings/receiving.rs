//! Settings of what is received, and of what clients are told.
//!
//! Rows of the table in the parent, **nothing else**.

use super::super::value::{self, show_bytes, show_file, show_or_off};
use super::{Kind, Setting, at_least, file, port};

/// A single span with its resource easily takes more than a few hundred bytes.
const MIN_MAX_REQUEST_BYTES: u64 = 1 << 10;

/// In the order in which people read a configuration.
pub(super) static ROWS: &[Setting] = &[
    Setting {
        key: "listen",
        flag: "listen",
        value_name: "HOST",
        default: "127.0.0.1",
        help: "Host of every port below that has none of its own; 0.0.0.0 opens all to the network",
        kind: Kind::Value,
        read: |draft, text| value::host(text).map(|host| draft.listen = host),
        show: |config| config.listen.to_string(),
    },
    port(
        "receivers.otlp.protocols.grpc.endpoint",
        "otlp-grpc-port",
        "4317",
        "Where OTLP over gRPC is received; port 0 takes a free one, off closes it",
        |draft, text| value::port_or_off(text).map(|port| draft.otlp_grpc = port),
        |config| show_or_off(config.otlp.grpc.as_ref()),
    ),
    port(
        "receivers.otlp.protocols.http.endpoint",
        "otlp-http-port",
        "4318",
        "Where OTLP over HTTP is received; port 0 takes a free one, off closes it",
        |draft, text| value::port_or_off(text).map(|port| draft.otlp_http = port),
        |config| show_or_off(config.otlp.http.as_ref()),
    ),
    Setting {
        key: "receivers.otlp.protocols.http.cors.allowed_origins",
        flag: "otlp-http-cors-allowed-origins",
        value_name: "ORIGIN,…",
        default: "",
        help: "Origins whose web pages may send spans, such as https://*.example.com, or *",
        kind: Kind::List,
        read: |draft, text| value::origins(text).map(|list| draft.cors_allowed_origins = list),
        show: |config| config.otlp.cors_allowed_origins.join(","),
    },
    // One request is decoded whole, so it must fit the memory limit several
    // times; real exporters stay below 4 MiB, and archives are imported in 64.
    Setting {
        key: "receivers.otlp.max_request_bytes",
        flag: "otlp-max-request-bytes",
        value_name: "SIZE",
        default: "64MiB",
        help: "Largest OTLP request accepted, measured after decompression",
        kind: Kind::Value,
        read: |draft, text| {
            draft.max_request_bytes = at_least(text, value::bytes(text)?, MIN_MAX_REQUEST_BYTES)?;
            Ok(())
        },
        show: |config| show_bytes(config.otlp.max_request_bytes as u64),
    },
    // Ports of the protocols before OTLP. Their defaults are those of Jaeger's
    // all-in-one; a default that is taken keeps nobody from starting.
    port(
        "receivers.jaeger.protocols.grpc.endpoint",
        "jaeger-grpc-port",
        "14250",
        "Where Jaeger's agents and collectors send over gRPC; off closes it",
        |draft, text| value::port_or_off(text).map(|port| draft.jaeger.grpc = port),
        |config| show_or_off(config.jaeger.grpc.as_ref()),
    ),
    port(
        "receivers.jaeger.protocols.thrift_http.endpoint",
        "jaeger-http-port",
        "14268",
        "Where Jaeger's clients send Thrift over HTTP; off closes it",
        |draft, text| value::port_or_off(text).map(|port| draft.jaeger.thrift_http = port),
        |config| show_or_off(config.jaeger.thrift_http.as_ref()),
    ),
    port(
        "receivers.jaeger.protocols.thrift_compact.endpoint",
        "jaeger-compact-port",
        "6831",
        "UDP port for Jaeger's clients that send compact Thrift; off closes it",
        |draft, text| value::port_or_off(text).map(|port| draft.jaeger.thrift_compact = port),
        |config| show_or_off(config.jaeger.thrift_compact.as_ref()),
    ),
    port(
        "receivers.jaeger.protocols.thrift_binary.endpoint",
        "jaeger-binary-port",
        "6832",
        "UDP port for Jaeger's clients that send binary Thrift; off closes it",
        |draft, text| value::port_or_off(text).map(|port| draft.jaeger.thrift_binary = port),
        |config| show_or_off(config.jaeger.thrift_binary.as_ref()),
    ),
    port(
        "receivers.jaeger.protocols.zipkin_compact.endpoint",
        "jaeger-zipkin-port",
        "5775",
        "UDP port for Jaeger's oldest clients, which send Zipkin's spans; off closes it",
        |draft, text| value::port_or_off(text).map(|port| draft.jaeger.zipkin_compact = port),
        |config| show_or_off(config.jaeger.zipkin_compact.as_ref()),
    ),
    port(
        "receivers.zipkin.endpoint",
        "zipkin-port",
        "9411",
        "Where Zipkin's clients send over HTTP; off closes it",
        |draft, text| value::port_or_off(text).map(|port| draft.zipkin = port),
        |config| show_or_off(config.zipkin.as_ref()),
    ),
    file(
        "sampling.strategies_file",
        "sampling-strategies-file",
        "Jaeger's file of sampling strategies, read again when it changes; \
         without one clients are told to record everything",
        |draft, text| {
            draft.sampling.strategies_file = value::file(text);
            Ok(())
        },
        |config| show_file(config.sampling.strategies_file.as_ref()),
    ),
    port(
        "sampling.http.endpoint",
        "sampling-http-port",
        "5778",
        "Where Jaeger's clients ask over HTTP how to sample; off closes it",
        |draft, text| value::port_or_off(text).map(|port| draft.sampling.http = port),
        |config| show_or_off(config.sampling.http.as_ref()),
    ),
    port(
        "sampling.grpc.endpoint",
        "sampling-grpc-port",
        "5779",
        "Where Jaeger's clients ask over gRPC how to sample; off closes it",
        |draft, text| value::port_or_off(text).map(|port| draft.sampling.grpc = port),
        |config| show_or_off(config.sampling.grpc.as_ref()),
    ),
];

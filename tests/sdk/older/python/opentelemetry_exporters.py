"""OpenTelemetry's exporters of the protocols before OTLP.

    python opentelemetry_exporters.py jaeger-udp|jaeger-http|jaeger-grpc|zipkin-json|zipkin-proto

TARGET is HOST:PORT of jaeger-udp and jaeger-grpc, and else a URL.
"""

import sys

from opentelemetry import trace
from opentelemetry.exporter.jaeger.proto.grpc import JaegerExporter as JaegerGrpc
from opentelemetry.exporter.jaeger.thrift import JaegerExporter as JaegerThrift
from opentelemetry.exporter.zipkin.json import ZipkinExporter as ZipkinJson
from opentelemetry.exporter.zipkin.proto.http import ZipkinExporter as ZipkinProto
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Link, SpanKind, Status, StatusCode

from scenario import SHOP, STOCK, TARGET, nanoseconds, said


def exporter() -> SpanExporter:
    """The exporter that the command line names."""
    match sys.argv[1]:
        case "jaeger-udp":
            host, port = TARGET.split(":")
            return JaegerThrift(agent_host_name=host, agent_port=int(port))
        case "jaeger-http":
            return JaegerThrift(collector_endpoint=TARGET)
        case "jaeger-grpc":
            return JaegerGrpc(collector_endpoint=TARGET, insecure=True)
        case "zipkin-json":
            return ZipkinJson(endpoint=TARGET)
        case "zipkin-proto":
            return ZipkinProto(endpoint=TARGET)
        case name:
            raise SystemExit(f"no exporter {name}")


def provider_of(service: str) -> TracerProvider:
    """A provider whose resource is all that these exporters are told of a service."""
    resource = Resource({"service.name": service, "service.version": "1.2.3"})
    provider = TracerProvider(resource=resource)
    # Jaeger's exporters take the service's name from the provider that is set.
    trace._TRACER_PROVIDER = provider
    provider.add_span_processor(BatchSpanProcessor(exporter()))
    return provider


providers = [provider_of(SHOP), provider_of(STOCK)]
shop, stock = (provider.get_tracer("scenario", "2.1.0") for provider in providers)

cart = shop.start_span(
    "GET /cart",
    kind=SpanKind.SERVER,
    start_time=nanoseconds(0),
    attributes={
        "http.response.status_code": 200,
        "cart.total": 12.5,
        "cart.empty": False,
        "cart.owner": "Zoë 🛒",
        "cart.number": 2**62 + 1,
        "cart.skus": ["a-1", "b-2"],
    },
)
cart.add_event("cart opened", {"items": 3, "guest": True}, nanoseconds(1))
reserve = shop.start_span(
    "reserve",
    trace.set_span_in_context(cart),
    kind=SpanKind.CLIENT,
    start_time=nanoseconds(1),
)
served = stock.start_span(
    "reserve",
    trace.set_span_in_context(reserve),
    kind=SpanKind.SERVER,
    start_time=nanoseconds(2),
)
count = stock.start_span(
    "count shelves", trace.set_span_in_context(served), start_time=nanoseconds(3)
)
count.set_status(Status(StatusCode.ERROR, "shelf is locked"))
count.end(nanoseconds(4))
served.set_status(Status(StatusCode.OK))
served.end(nanoseconds(5))
reserve.end(nanoseconds(6))
cart.end(nanoseconds(8))
notify = stock.start_span(
    "notify",
    trace.set_span_in_context(cart),
    kind=SpanKind.PRODUCER,
    start_time=nanoseconds(9),
    links=[Link(reserve.get_span_context())],
)
notify.end(nanoseconds(11))

said(
    trace.format_trace_id(cart.get_span_context().trace_id),
    {
        name: trace.format_span_id(span.get_span_context().span_id)
        for name, span in [
            ("cart", cart),
            ("reserve", reserve),
            ("served", served),
            ("count", count),
            ("notify", notify),
        ]
    },
)
for provider in providers:
    provider.shutdown()

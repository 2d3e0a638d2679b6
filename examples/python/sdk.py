"""The set-up that the examples share.

The standard variables decide where spans go: OTEL_EXPORTER_OTLP_ENDPOINT, and
OTEL_EXPORTER_OTLP_PROTOCOL (grpc, or http/protobuf when unset). Written out in
full: setup_grpc.py, setup_http.py.
"""

import os
import signal
import sys
from collections.abc import Sequence

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import Sampler


def otlp_exporter() -> SpanExporter:
    if os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL") == "grpc":
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    else:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    return OTLPSpanExporter()


def start(
    sampler: Sampler | None = None, processors: Sequence[SpanProcessor] | None = None
) -> TracerProvider:
    defaults = {
        "service.name": "examples-python",
        "service.version": "1.0.0",
        "deployment.environment.name": "development",
    }
    # Code wins over the variables in Python, so the defaults come first.
    named = os.environ.get("OTEL_SERVICE_NAME")
    resource = Resource(defaults).merge(
        Resource.create({"service.name": named or defaults["service.name"]})
    )
    provider = TracerProvider(resource=resource, sampler=sampler)
    for processor in processors or [BatchSpanProcessor(otlp_exporter())]:
        provider.add_span_processor(processor)
    trace.set_tracer_provider(provider)
    # Spans wait up to five seconds for their batch; the provider sends what is left when
    # the interpreter exits. A signal does not exit, it kills: turn SIGTERM into an exit.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    return provider


def link(span: trace.Span) -> str:
    """Where to look at the trace of a span."""
    trace_id = trace.format_trace_id(span.get_span_context().trace_id)
    return f"http://localhost:16686/trace/{trace_id}"


def changed(span: ReadableSpan, **changes: object) -> ReadableSpan:
    """A copy of an ended span, which is itself final."""
    fields = {
        "name": span.name,
        "context": span.context,
        "parent": span.parent,
        "resource": span.resource,
        "attributes": span.attributes,
        "events": span.events,
        "links": span.links,
        "kind": span.kind,
        "status": span.status,
        "start_time": span.start_time,
        "end_time": span.end_time,
        "instrumentation_scope": span.instrumentation_scope,
    }
    return ReadableSpan(**(fields | changes))

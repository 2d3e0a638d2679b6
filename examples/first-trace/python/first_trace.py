"""Sends one trace of two spans to Tracewell over OTLP/gRPC, port 4317."""

import time

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

resource = Resource.create({"service.name": "first-trace-python", "service.version": "1.0.0"})
provider = TracerProvider(resource=resource)
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))

tracer = provider.get_tracer("first-trace")
with tracer.start_as_current_span("checkout") as checkout:
    checkout.set_attribute("order.id", 42)
    with tracer.start_as_current_span("charge card"):
        time.sleep(0.03)
    trace_id = trace.format_trace_id(checkout.get_span_context().trace_id)

provider.shutdown()  # sends what is still waiting
print(f"http://localhost:16686/trace/{trace_id}")

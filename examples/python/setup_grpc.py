"""Set-up over OTLP/gRPC, written out: no variable is needed, everything is here.

python setup_grpc.py        sends one span to localhost:4317
"""

import os

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

resource = Resource.create(
    {
        SERVICE_NAME: "my-service",
        SERVICE_VERSION: "1.0.0",
        "deployment.environment.name": "production",
    }
)

# The scheme decides about TLS: http:// is plain text, https:// is not.
endpoint = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4317")
exporter = OTLPSpanExporter(endpoint=endpoint)

provider = TracerProvider(resource=resource)
provider.add_span_processor(BatchSpanProcessor(exporter))
trace.set_tracer_provider(provider)

with trace.get_tracer("setup").start_as_current_span("set-up over gRPC") as span:
    pass

provider.shutdown()  # sends what is still waiting
print(f"http://localhost:16686/trace/{trace.format_trace_id(span.get_span_context().trace_id)}")

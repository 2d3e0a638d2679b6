"""Set-up over OTLP/HTTP, written out: no variable is needed, everything is here.

python setup_http.py        sends one span to localhost:4318
"""

import os

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
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

# A URL given in code is used as it is, so it needs the path of the signal; to
# OTEL_EXPORTER_OTLP_ENDPOINT the SDK itself appends /v1/traces.
endpoint = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318")
exporter = OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces")

provider = TracerProvider(resource=resource)
provider.add_span_processor(BatchSpanProcessor(exporter))
trace.set_tracer_provider(provider)

with trace.get_tracer("setup").start_as_current_span("set-up over HTTP") as span:
    pass

provider.shutdown()  # sends what is still waiting
print(f"http://localhost:16686/trace/{trace.format_trace_id(span.get_span_context().trace_id)}")

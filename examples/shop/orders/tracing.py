"""The set-up of examples/python, as a service has it: names by default, the rest from OTEL_*.

OTEL_PROPAGATORS is read by the API itself; b3, b3multi, jaeger and xray are there
because their packages are installed.
"""

import os

from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor


def start(app: FastAPI) -> TracerProvider:
    # Unless told otherwise, Python's instrumentations use the names before the stable ones.
    os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http,database")
    if os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL") == "grpc":
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    else:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    name = os.environ.get("OTEL_SERVICE_NAME", "orders")
    resource = Resource({"service.version": "1.0.0"}).merge(Resource.create({"service.name": name}))
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)

    HTTPXClientInstrumentor().instrument()
    PsycopgInstrumentor().instrument()
    # A span for each part of an answer that is sent tells nothing here.
    FastAPIInstrumentor.instrument_app(app, exclude_spans=["receive", "send"])
    return provider

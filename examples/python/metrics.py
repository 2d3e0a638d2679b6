"""Metrics that lead to traces: an exemplar says which trace was one of the requests
that a bucket counted. (A trace id as a label would make a time series of every request.)

    python metrics.py           prints what GET /metrics would answer
"""

import time

from opentelemetry import trace
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.openmetrics.exposition import generate_latest

from sdk import link, start

start()
tracer = trace.get_tracer("checkout", "1.0.0")

registry = CollectorRegistry()
LABELS = ["method", "route", "status"]
requests = Counter("http_requests", "Requests answered.", LABELS, registry=registry)
seconds = Histogram(
    "http_request_duration_seconds",
    "Time to answer.",
    LABELS,
    registry=registry,
    buckets=[0.005, 0.05, 0.5],
)


def exemplar() -> dict[str, str] | None:
    context = trace.get_current_span().get_span_context()
    # A trace that was not sampled cannot be looked up.
    if not context.trace_flags.sampled:
        return None
    return {
        "trace_id": trace.format_trace_id(context.trace_id),
        "span_id": trace.format_span_id(context.span_id),
    }


def handle(duration_s: float) -> None:
    with tracer.start_as_current_span("GET /checkout") as span:
        print(link(span))
        start_s = time.perf_counter()
        time.sleep(duration_s)
        labels = ("GET", "/checkout", "200")
        elapsed_s = time.perf_counter() - start_s
        seconds.labels(*labels).observe(elapsed_s, exemplar=exemplar())
        requests.labels(*labels).inc(exemplar=exemplar())


handle(0.001)
handle(0.08)
print(generate_latest(registry).decode())  # exemplars exist in the OpenMetrics format only

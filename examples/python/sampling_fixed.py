"""A fixed share of all traces. The decision is made from the trace id, so that every
service with this rate keeps the same traces, and once per trace: a span with a parent
does what its parent did.

    python sampling_fixed.py

Without code: OTEL_TRACES_SAMPLER=parentbased_traceidratio OTEL_TRACES_SAMPLER_ARG=0.25
"""

from opentelemetry import trace
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

from sdk import link, start

provider = start(sampler=ParentBased(TraceIdRatioBased(0.25)))
tracer = trace.get_tracer("sampling", "1.0.0")

kept = 0
for _ in range(400):
    with tracer.start_as_current_span("request") as span:
        with tracer.start_as_current_span("work"):
            pass
        if span.is_recording():
            kept += 1
            print(link(span))
print(f"kept {kept} of 400 traces")

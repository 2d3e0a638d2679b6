"""Few traces, but every one that failed or was slow: keep_errors_processor.py is the part
to copy, this program shows what it keeps.

    python sampling_errors.py
"""

import os
import time

from opentelemetry import trace
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import AlwaysRecordSampler, ParentBased, TraceIdRatioBased
from opentelemetry.trace import Status, StatusCode

from keep_errors_processor import KeepErrorsProcessor
from sdk import link, otlp_exporter, start

SHARE = float(os.environ.get("SHARE", "0.01"))
MAX_SPANS = int(os.environ.get("MAX_SPANS", "10000"))

batches = BatchSpanProcessor(otlp_exporter())
keep_errors = KeepErrorsProcessor(batches, slow_ms=200, max_spans=MAX_SPANS)
provider = start(
    sampler=AlwaysRecordSampler(ParentBased(TraceIdRatioBased(SHARE))), processors=[keep_errors]
)
tracer = trace.get_tracer("sampling", "1.0.0")


def request(name: str, fails: bool = False, duration_s: float = 0) -> None:
    with tracer.start_as_current_span(name) as root:
        if fails or duration_s:
            print(name, link(root))
        with tracer.start_as_current_span("charge card") as span:
            time.sleep(duration_s)
            if fails:
                span.set_status(Status(StatusCode.ERROR, "card limit exceeded"))


for _ in range(100):
    request("ordinary")
request("failing", fails=True)
request("slow", duration_s=0.25)
# One that has more spans than there is room for while others wait.
with tracer.start_as_current_span("endless"):
    for _ in range(MAX_SPANS + 1):
        tracer.start_span("step").end()
print(f"dropped for want of room: {keep_errors.dropped} spans")

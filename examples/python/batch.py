"""Batches: spans wait in a queue and leave together, so that the application never waits
for the network. What each number is for, and what is lost when.

    python batch.py
"""

from collections.abc import Sequence

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from sdk import link, otlp_exporter, start


class Counted(SpanExporter):
    def __init__(self, exporter: SpanExporter) -> None:
        self.exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        print(f"batch of {len(spans)}")
        return self.exporter.export(spans)

    def shutdown(self) -> None:
        self.exporter.shutdown()


processor = BatchSpanProcessor(
    Counted(otlp_exporter()),
    max_queue_size=2048,  # spans beyond it are dropped: memory stays bounded
    max_export_batch_size=512,  # a full batch leaves at once
    schedule_delay_millis=5000,  # an incomplete one after this time
)
provider = start(processors=[processor])

tracer = trace.get_tracer("batch", "1.0.0")
with tracer.start_as_current_span("import") as span:
    print(link(span))
    for row in range(1, 1200):
        tracer.start_span("row", attributes={"import.row": row}).end()
provider.shutdown()  # without it, what waits is lost when the process is killed

"""A span processor of one's own that works beside the application: on_end only takes note,
the work is done by a thread, within a limit. Here it fingerprints SQL before spans leave;
to send only, use batch.py.

    python async_processing.py
"""

import re
from collections.abc import Callable
from queue import Full, Queue
from threading import Thread

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from sdk import changed, link, otlp_exporter, start


class AsyncProcessor(SpanProcessor):
    def __init__(
        self,
        following: SpanProcessor,
        work: Callable[[ReadableSpan], ReadableSpan],
        limit: int = 2048,
    ) -> None:
        self.next, self.work = following, work
        self.dropped = 0
        self._queue: Queue[ReadableSpan] = Queue(limit)
        Thread(target=self._drain, daemon=True).start()

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        self.next.on_start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        try:
            self._queue.put_nowait(span)
        except Full:
            self.dropped += 1  # the application must not wait, nor run out of memory

    def _drain(self) -> None:
        while True:
            span = self._queue.get()
            try:
                self.next.on_end(self.work(span))
            finally:
                self._queue.task_done()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        self._queue.join()
        return self.next.force_flush(timeout_millis)

    def shutdown(self) -> None:
        self._queue.join()
        self.next.shutdown()


def without_literals(span: ReadableSpan) -> ReadableSpan:
    text = span.attributes.get("db.query.text")
    if not isinstance(text, str):
        return span
    masked = re.sub(r"'[^']*'|\b\d+\b", "?", text)
    return changed(span, attributes={**span.attributes, "db.query.text": masked})


start(processors=[AsyncProcessor(BatchSpanProcessor(otlp_exporter()), without_literals)])
tracer = trace.get_tracer("async", "1.0.0")

with tracer.start_as_current_span("report") as root:
    print(link(root))
    for user_id in (17, 18):
        sql = f"SELECT * FROM users WHERE name = 'Ada' AND id = {user_id}"
        tracer.start_span("SELECT users", attributes={"db.query.text": sql}).end()

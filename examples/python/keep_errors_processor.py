"""Keeps traces that failed or were slow although the sampler said no.

A sampler decides when a span starts, before anything can have failed. So the sampler is
told to record what it would drop (AlwaysRecordSampler), and this processor holds those
spans until the local root ends: the span that has no parent in this process. Then the
trace is sent or forgotten as a whole.

What it cannot do: the services called have seen "not sampled" and decide by themselves,
each for its part of the trace.
"""

from collections import OrderedDict
from threading import Lock

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import SpanContext, StatusCode, TraceFlags

from sdk import changed


class KeepErrorsProcessor(SpanProcessor):
    def __init__(self, following: SpanProcessor, slow_ms: float, max_spans: int = 10_000) -> None:
        self._next = following
        self._slow_ns = slow_ms * 1_000_000
        self._max_spans = max_spans
        self._lock = Lock()  # spans end in any thread
        self._waiting: OrderedDict[int, list[ReadableSpan]] = OrderedDict()  # oldest trace first
        self._waiting_spans = 0
        self._kept_ids: OrderedDict[int, None] = OrderedDict()  # for spans that outlive their root
        self.dropped = 0  # spans of traces that had to go for want of room

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        self._next.on_start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        if span.context.trace_flags.sampled:
            self._next.on_end(span)
            return
        with self._lock:
            kept = self._decide(span)
        for each in kept:
            self._next.on_end(sampled(each))

    def _decide(self, span: ReadableSpan) -> list[ReadableSpan]:
        """Which spans to send, now that this one has ended."""
        trace_id = span.context.trace_id
        if trace_id in self._kept_ids:
            return [span]
        spans = self._waiting.setdefault(trace_id, [])
        spans.append(span)
        self._waiting_spans += 1

        kept = []
        if span.parent is None or span.parent.is_remote:
            self._forget(trace_id)
            if self._is_worth_keeping(span, spans):
                kept = spans
                self._kept_ids[trace_id] = None
                if len(self._kept_ids) > 1000:
                    self._kept_ids.popitem(last=False)
        while self._waiting_spans > self._max_spans:
            self.dropped += self._forget(next(iter(self._waiting)))
        return kept

    def _is_worth_keeping(self, root: ReadableSpan, spans: list[ReadableSpan]) -> bool:
        if root.end_time - root.start_time >= self._slow_ns:
            return True
        return any(span.status.status_code is StatusCode.ERROR for span in spans)

    def _forget(self, trace_id: int) -> int:
        count = len(self._waiting.pop(trace_id))
        self._waiting_spans -= count
        return count

    def shutdown(self) -> None:
        self._next.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._next.force_flush(timeout_millis)


def sampled(span: ReadableSpan) -> ReadableSpan:
    """The batch processor and exporters skip spans without the sampled flag."""
    context = span.context
    flags = TraceFlags(context.trace_flags | TraceFlags.SAMPLED)
    return changed(
        span,
        context=SpanContext(
            context.trace_id, context.span_id, context.is_remote, flags, context.trace_state
        ),
    )

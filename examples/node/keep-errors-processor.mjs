// Keeps traces that failed or were slow although the sampler said no.
//
// A sampler decides when a span starts, before anything can have failed. So the
// sampler is told to record what it would drop (createAlwaysRecordSampler), and
// this processor holds those spans until the local root ends: the span that has
// no parent in this process. Then the trace is sent or forgotten as a whole.
//
// What it cannot do: the services called have seen "not sampled" and decide by
// themselves, each for its part of the trace.
import { SpanStatusCode, TraceFlags } from '@opentelemetry/api';

export class KeepErrorsProcessor {
  #next;
  #slowMs;
  #maxSpans;
  #waiting = new Map(); // trace id -> spans, oldest trace first
  #waitingSpans = 0;
  #keptIds = new Set(); // for spans that end after their local root
  dropped = 0; // spans of traces that had to go for want of room

  constructor(next, { slowMs, maxSpans = 10_000 }) {
    this.#next = next;
    this.#slowMs = slowMs;
    this.#maxSpans = maxSpans;
  }

  onStart(span, parentContext) {
    this.#next.onStart(span, parentContext);
  }

  onEnd(span) {
    const { traceId, traceFlags } = span.spanContext();
    if (traceFlags & TraceFlags.SAMPLED) return this.#next.onEnd(span);
    if (this.#keptIds.has(traceId)) return this.#next.onEnd(sampled(span));

    const spans = this.#waiting.get(traceId) ?? [];
    spans.push(span);
    this.#waiting.set(traceId, spans);
    this.#waitingSpans += 1;

    if (!span.parentSpanContext || span.parentSpanContext.isRemote) {
      this.#forget(traceId);
      if (this.#isWorthKeeping(span, spans)) {
        this.#remember(traceId);
        for (const each of spans) this.#next.onEnd(sampled(each));
      }
    }
    while (this.#waitingSpans > this.#maxSpans) {
      const [oldest] = this.#waiting.keys();
      this.dropped += this.#forget(oldest);
    }
  }

  #isWorthKeeping(root, spans) {
    const [seconds, nanos] = root.duration;
    if (seconds * 1000 + nanos / 1e6 >= this.#slowMs) return true;
    return spans.some((span) => span.status.code === SpanStatusCode.ERROR);
  }

  #forget(traceId) {
    const count = this.#waiting.get(traceId).length;
    this.#waiting.delete(traceId);
    this.#waitingSpans -= count;
    return count;
  }

  #remember(traceId) {
    this.#keptIds.add(traceId);
    if (this.#keptIds.size > 1000) this.#keptIds.delete(this.#keptIds.values().next().value);
  }

  forceFlush() {
    return this.#next.forceFlush();
  }

  shutdown() {
    return this.#next.shutdown();
  }
}

// The batch processor and exporters skip spans without the sampled flag.
function sampled(span) {
  const context = span.spanContext();
  const flagged = { ...context, traceFlags: context.traceFlags | TraceFlags.SAMPLED };
  return Object.create(span, { spanContext: { value: () => flagged } });
}

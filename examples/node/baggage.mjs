// Baggage: a few values that travel with the context through every service.
// Nothing puts them on spans; the processor below does, for the keys it is told.
// Baggage goes to whoever is called, so never put secrets in it.
//
//   node baggage.mjs
import { context, propagation, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace';
import { link, start } from './sdk.mjs';

class BaggageSpanProcessor {
  constructor(keys) {
    this.keys = keys;
  }
  onStart(span, parentContext) {
    const baggage = propagation.getBaggage(parentContext);
    for (const key of this.keys) {
      const entry = baggage?.getEntry(key);
      if (entry) span.setAttribute(key, entry.value);
    }
  }
  onEnd() {}
  async forceFlush() {}
  async shutdown() {}
}

const sdk = start({
  spanProcessors: [
    new BaggageSpanProcessor(['tenant.id']),
    new BatchSpanProcessor({ exporter: new OTLPTraceExporter() }), // endpoint from OTEL_*
  ],
});
const tracer = trace.getTracer('baggage', '1.0.0');

const headers = {};
const baggage = propagation.createBaggage({
  'tenant.id': { value: 'acme' },
  'user.tier': { value: 'gold, since 2024' }, // escaped in the header
});
context.with(propagation.setBaggage(ROOT_CONTEXT, baggage), () => {
  tracer.startActiveSpan('front', (span) => {
    console.log(link(span));
    propagation.inject(context.active(), headers);
    span.end();
  });
});
console.log(headers.baggage);

// In the next service:
const received = propagation.extract(ROOT_CONTEXT, headers);
tracer.startActiveSpan('back', { kind: SpanKind.SERVER }, received, (span) => {
  const tier = propagation.getActiveBaggage().getEntry('user.tier').value;
  if (tier.startsWith('gold')) span.setAttribute('order.priority', 1);
  span.end();
});
await sdk.shutdown();

// Metrics that lead to traces: an exemplar says which trace was one of the
// requests that a bucket counted. (A trace id as a label would make a time
// series of every request.)
//
//   node metrics.mjs        prints what GET /metrics would answer
import { setTimeout as sleep } from 'node:timers/promises';
import { trace, TraceFlags } from '@opentelemetry/api';
import { Counter, Histogram, Registry } from 'prom-client';
import { link, start } from './sdk.mjs';

const sdk = start();
const tracer = trace.getTracer('checkout', '1.0.0');

// Exemplars exist in the OpenMetrics format only.
const registry = new Registry(Registry.OPENMETRICS_CONTENT_TYPE);
const labelNames = ['method', 'route', 'status'];
const common = { labelNames, registers: [registry], enableExemplars: true };
const requests = new Counter({ ...common, name: 'http_requests', help: 'Requests answered.' });
const seconds = new Histogram({
  ...common,
  name: 'http_request_duration_seconds',
  help: 'Time to answer.',
  buckets: [0.005, 0.05, 0.5],
});

function exemplarLabels() {
  const context = trace.getActiveSpan()?.spanContext();
  // A trace that was not sampled cannot be looked up.
  if (!context || !(context.traceFlags & TraceFlags.SAMPLED)) return undefined;
  return { trace_id: context.traceId, span_id: context.spanId };
}

async function handle(ms) {
  await tracer.startActiveSpan('GET /checkout', async (span) => {
    console.log(link(span));
    const start = performance.now();
    await sleep(ms);
    const value = (performance.now() - start) / 1000;
    const labels = { method: 'GET', route: '/checkout', status: '200' };
    seconds.observe({ labels, value, exemplarLabels: exemplarLabels() });
    requests.inc({ labels, value: 1, exemplarLabels: exemplarLabels() });
    span.end();
  });
}

await handle(1);
await handle(80);
console.log(await registry.metrics());
await sdk.shutdown();

// Few traces, but every one that failed or was slow: keep-errors-processor.mjs
// is the part to copy, this program shows what it keeps.
//
//   node sampling-errors.mjs
import { setTimeout as sleep } from 'node:timers/promises';
import { SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  BatchSpanProcessor,
  createAlwaysRecordSampler,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';
import { KeepErrorsProcessor } from './keep-errors-processor.mjs';
import { link, start } from './sdk.mjs';

const SHARE = Number(process.env.SHARE ?? 0.01);
const MAX_SPANS = Number(process.env.MAX_SPANS ?? 10_000);

const batches = new BatchSpanProcessor({ exporter: new OTLPTraceExporter() });
const keepErrors = new KeepErrorsProcessor(batches, { slowMs: 200, maxSpans: MAX_SPANS });
const ratio = new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(SHARE) });
const sdk = start({
  sampler: createAlwaysRecordSampler(ratio),
  spanProcessors: [keepErrors],
});
const tracer = trace.getTracer('sampling', '1.0.0');

async function request(name, { fails = false, ms = 0 } = {}) {
  await tracer.startActiveSpan(name, async (root) => {
    if (fails || ms > 0) console.log(name, link(root));
    await tracer.startActiveSpan('charge card', async (span) => {
      if (ms > 0) await sleep(ms);
      if (fails) span.setStatus({ code: SpanStatusCode.ERROR, message: 'card limit exceeded' });
      span.end();
    });
    root.end();
  });
}

for (let i = 0; i < 100; i += 1) await request('ordinary');
await request('failing', { fails: true });
await request('slow', { ms: 250 });
// One that has more spans than there is room for while others wait.
tracer.startActiveSpan('endless', (root) => {
  for (let i = 0; i <= MAX_SPANS; i += 1) tracer.startSpan('step').end();
  root.end();
});
await sdk.shutdown();
console.log(`dropped for want of room: ${keepErrors.dropped} spans`);

// A fixed share of all traces. The decision is made from the trace id, so that
// every service with this rate keeps the same traces, and once per trace: a
// span with a parent does what its parent did.
//
//   node sampling-fixed.mjs
// Without code: OTEL_TRACES_SAMPLER=parentbased_traceidratio OTEL_TRACES_SAMPLER_ARG=0.25
import { trace } from '@opentelemetry/api';
import { ParentBasedSampler, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace';
import { link, start } from './sdk.mjs';

const sdk = start({ sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0.25) }) });
const tracer = trace.getTracer('sampling', '1.0.0');

let kept = 0;
for (let request = 0; request < 400; request += 1) {
  tracer.startActiveSpan('request', (span) => {
    tracer.startActiveSpan('work', (child) => child.end());
    if (span.isRecording()) {
      kept += 1;
      console.log(link(span));
    }
    span.end();
  });
}
await sdk.shutdown();
console.log(`kept ${kept} of 400 traces`);

// A rate per operation that follows the traffic: about as many traces a second
// of each, so that rare operations are not lost among the frequent ones.
//
//   node sampling-dynamic.mjs
//
// Per operation, not per service: a sampler never sees the resource, and a
// process is one service anyway.
import { trace } from '@opentelemetry/api';
import { ParentBasedSampler, SamplingDecision } from '@opentelemetry/sdk-trace';
import { start } from './sdk.mjs';

export class DynamicSampler {
  #operations = new Map();

  constructor({ perSecond, maxOperations = 1000, now = Date.now }) {
    Object.assign(this, { perSecond, maxOperations, now });
  }

  shouldSample(_context, traceId, spanName) {
    const operation = this.#operation(spanName);
    operation.seen += 1;
    const { rate } = operation;
    // 56 random bits of the id: with equal rates, every service decides alike.
    const isKept = Number.parseInt(traceId.slice(-14), 16) / 2 ** 56 < rate;
    if (!isKept) return { decision: SamplingDecision.NOT_RECORD };

    operation.kept += 1;
    // More than planned within this second: do not wait for its end.
    if (operation.kept % this.perSecond === 0) operation.rate /= 2;
    // One kept span stands for 1 / rate; whoever counts needs to know.
    return {
      decision: SamplingDecision.RECORD_AND_SAMPLED,
      attributes: { 'sampling.rate': rate },
    };
  }

  #operation(name) {
    const second = Math.floor(this.now() / 1000);
    // Names come from requests in the worst case; memory must not.
    const key = this.#operations.size < this.maxOperations || this.#operations.has(name) ? name : '';
    const known = this.#operations.get(key);
    if (known?.second === second) return known;
    const rate = known ? Math.min(1, this.perSecond / known.seen) : 1;
    const operation = { second, rate, seen: 0, kept: 0 };
    this.#operations.set(key, operation);
    return operation;
  }

  toString() {
    return `DynamicSampler{${this.perSecond} per second and operation}`;
  }
}

let clockMs = 0;
const sdk = start({
  sampler: new ParentBasedSampler({ root: new DynamicSampler({ perSecond: 20, now: () => clockMs }) }),
});
const tracer = trace.getTracer('sampling', '1.0.0');

function request(name) {
  const span = tracer.startSpan(name, { root: true });
  const isKept = span.isRecording();
  span.end();
  return isKept ? 1 : 0;
}

for (; clockMs < 3000; clockMs += 1000) {
  const kept = { 'GET /list': 0, 'POST /checkout': 0 };
  for (let i = 0; i < 1000; i += 1) kept['GET /list'] += request('GET /list');
  for (let i = 0; i < 5; i += 1) kept['POST /checkout'] += request('POST /checkout');
  console.log(JSON.stringify(kept));
}
await sdk.shutdown();

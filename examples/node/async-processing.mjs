// A span processor of one's own that works beside the application: onEnd only
// takes note, the work is done later, one piece at a time, within a limit.
// Here it fingerprints SQL before spans leave; to send only, use batch.mjs.
//
//   node async-processing.mjs
import { setImmediate as nextTurn } from 'node:timers/promises';
import { trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace';
import { link, start } from './sdk.mjs';

class AsyncProcessor {
  #queue = [];
  #working = null;
  dropped = 0;

  constructor(next, work, limit = 2048) {
    Object.assign(this, { next, work, limit });
  }

  onStart(span, parentContext) {
    this.next.onStart(span, parentContext);
  }

  onEnd(span) {
    if (this.#queue.length >= this.limit) {
      this.dropped += 1; // the application must not run out of memory for its traces
      return;
    }
    this.#queue.push(span);
    this.#working ??= this.#drain();
  }

  async #drain() {
    while (this.#queue.length > 0) {
      await nextTurn(); // requests go first
      const span = this.#queue.shift();
      this.next.onEnd(await this.work(span));
    }
    this.#working = null;
  }

  async forceFlush() {
    await this.#working;
    await this.next.forceFlush();
  }

  async shutdown() {
    await this.#working;
    await this.next.shutdown();
  }
}

async function withoutLiterals(span) {
  const text = span.attributes['db.query.text'];
  if (typeof text !== 'string') return span;
  const attributes = { ...span.attributes, 'db.query.text': text.replace(/'[^']*'|\b\d+\b/g, '?') };
  return Object.create(span, { attributes: { value: attributes } }); // an ended span is final
}

const batches = new BatchSpanProcessor({ exporter: new OTLPTraceExporter() });
const sdk = start({ spanProcessors: [new AsyncProcessor(batches, withoutLiterals)] });
const tracer = trace.getTracer('async', '1.0.0');

tracer.startActiveSpan('report', (span) => {
  console.log(link(span));
  for (const id of [17, 18]) {
    const sql = `SELECT * FROM users WHERE name = 'Ada' AND id = ${id}`;
    tracer.startSpan('SELECT users', { attributes: { 'db.query.text': sql } }).end();
  }
  span.end();
});
await sdk.shutdown();

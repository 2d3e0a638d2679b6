// Batches: spans wait in a queue and leave together, so that the application
// never waits for the network. What each number is for, and what is lost when.
//
//   node batch.mjs
import { trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace';
import { link, start } from './sdk.mjs';

const exporter = new OTLPTraceExporter();
const send = exporter.export.bind(exporter);
exporter.export = (spans, done) => {
  console.log(`batch of ${spans.length}`);
  send(spans, done);
};

// Processors are given to the constructor: since 2.0 none can be added later.
const sdk = start({
  spanProcessors: [
    new BatchSpanProcessor({
      exporter,
      maxQueueSize: 2048, // spans beyond it are dropped: memory stays bounded
      maxExportBatchSize: 512, // a full batch leaves at once
      scheduledDelayMillis: 5000, // an incomplete one after this time
      exportTimeoutMillis: 30_000, // a batch that takes longer is given up
    }),
  ],
});

const tracer = trace.getTracer('batch', '1.0.0');
tracer.startActiveSpan('import', (span) => {
  console.log(link(span));
  for (let row = 1; row < 1200; row += 1) {
    tracer.startSpan('row', { attributes: { 'import.row': row } }).end();
  }
  span.end();
});
await sdk.shutdown(); // without it, what waits is lost when the process ends

// Log lines that name their trace: pino writes JSON with trace_id, span_id and
// trace_flags, so a log search leads to the trace and back.
//
//   node logs.mjs
import { trace } from '@opentelemetry/api';
import pino from 'pino';
import { link, start } from './sdk.mjs';

const sdk = start();
const tracer = trace.getTracer('accounts', '1.0.0');

const logger = pino({
  formatters: { level: (label) => ({ level: label }) },
  // Called for each line; `base` is evaluated once, when the logger is made.
  mixin() {
    const context = trace.getActiveSpan()?.spanContext();
    if (!context) return {};
    return {
      trace_id: context.traceId,
      span_id: context.spanId,
      trace_flags: context.traceFlags.toString(16).padStart(2, '0'),
    };
  },
});

logger.info('started'); // outside of a span: no ids
tracer.startActiveSpan('log in', (span) => {
  console.log(link(span));
  logger.info({ userId: '123' }, 'User logged in');
  logger.child({ component: 'mail' }).warn('Address not confirmed');
  span.end();
});
await sdk.shutdown();

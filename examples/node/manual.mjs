// Manual spans: startActiveSpan makes the spans inside it children, and the
// wrapper below makes sure that every span ends and that a failure is told.
//
//   node manual.mjs
import { setTimeout as sleep } from 'node:timers/promises';
import { SpanStatusCode, trace } from '@opentelemetry/api';
import { link, start } from './sdk.mjs';

const sdk = start();
const tracer = trace.getTracer('my-service', '1.0.0');

function traced(name, options, work) {
  return tracer.startActiveSpan(name, options, async (span) => {
    try {
      return await work(span);
    } catch (error) {
      span.recordException(error);
      span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
      throw error;
    } finally {
      span.end();
    }
  });
}

async function processOrder(orderId, cardLimit) {
  return traced('processOrder', { attributes: { 'order.id': orderId } }, async (span) => {
    console.log(link(span));
    await traced('validateOrder', {}, () => sleep(5));
    await traced('processPayment', {}, async (payment) => {
      payment.addEvent('card.checked', { 'card.limit': cardLimit });
      if (cardLimit < 100) throw new RangeError('card limit exceeded');
    });
    await traced('sendConfirmation', {}, () => sleep(5));
  });
}

await processOrder('A-17', 500);
await processOrder('A-18', 50).catch((error) => console.log(`A-18 failed: ${error.message}`));
await sdk.shutdown();

// Sends one trace of two spans to Tracewell over OTLP/HTTP, port 4318.
import { setTimeout as sleep } from 'node:timers/promises';
import { trace } from '@opentelemetry/api';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import { NodeSDK } from '@opentelemetry/sdk-node';

const service = { 'service.name': 'first-trace-node', 'service.version': '1.0.0' };
const sdk = new NodeSDK({ resource: defaultResource().merge(resourceFromAttributes(service)) });
sdk.start();

const tracer = trace.getTracer('first-trace');
const traceId = await tracer.startActiveSpan('checkout', async (checkout) => {
  checkout.setAttribute('order.id', 42);
  await tracer.startActiveSpan('charge card', async (charge) => {
    await sleep(30);
    charge.end();
  });
  checkout.end();
  return checkout.spanContext().traceId;
});

await sdk.shutdown(); // sends what is still waiting
console.log(`http://localhost:16686/trace/${traceId}`);

// Context over any carrier: here HTTP headers and the messages of a queue.
// What inject writes, extract of any other process reads.
//
//   node propagation.mjs
import { context, propagation, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { link, start } from './sdk.mjs';

const sdk = start();
const tracer = trace.getTracer('queue', '1.0.0');

// fetch's Headers are no plain object, so they need a getter and a setter.
const fetchHeaders = {
  keys: (headers) => [...headers.keys()],
  get: (headers, key) => headers.get(key) ?? undefined,
  set: (headers, key, value) => headers.set(key, value),
};
export const injectHeaders = (headers) =>
  propagation.inject(context.active(), headers, fetchHeaders);
// From the root: a context that happens to be active must not become the parent.
export const extractHeaders = (headers) =>
  propagation.extract(ROOT_CONTEXT, headers, fetchHeaders);

const queue = [];

function send(order) {
  const options = { kind: SpanKind.PRODUCER, attributes: { 'messaging.destination.name': 'orders' } };
  tracer.startActiveSpan('send orders', options, (span) => {
    const message = { order, headers: {} };
    propagation.inject(context.active(), message.headers); // a plain object needs no setter
    queue.push(message);
    span.end();
  });
}

function receive({ order, headers }) {
  const sender = propagation.extract(ROOT_CONTEXT, headers);
  const options = { kind: SpanKind.CONSUMER, attributes: { 'order.id': order } };
  tracer.startActiveSpan('process orders', options, sender, (span) => span.end());
}

tracer.startActiveSpan('place order', (span) => {
  console.log(link(span));
  send('A-17');

  const headers = new Headers();
  injectHeaders(headers);
  const other = extractHeaders(headers);
  tracer.startActiveSpan('elsewhere', { kind: SpanKind.SERVER }, other, (child) => child.end());
  span.end();
});
queue.forEach(receive); // outside of the span: only the message carries the context
await sdk.shutdown();

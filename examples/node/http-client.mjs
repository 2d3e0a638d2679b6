// A CLIENT span around an HTTP call, by hand, with the context in the request's
// headers: what to write for a client that has no instrumentation. (fetch has
// one, see express.mjs.)
//
//   node http-client.mjs
import { createServer } from 'node:http';
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { link, start } from './sdk.mjs';

const sdk = start();
const tracer = trace.getTracer('http-client', '1.0.0');

async function makeRequest(url, options = {}) {
  const method = options.method ?? 'GET';
  const { hostname, port, href } = new URL(url);
  const attributes = {
    'http.request.method': method,
    'url.full': href,
    'server.address': hostname,
    'server.port': Number(port),
  };
  return tracer.startActiveSpan(method, { kind: SpanKind.CLIENT, attributes }, async (span) => {
    try {
      // Headers objects, arrays and plain objects alike; spreading would lose the first two.
      const headers = new Headers(options.headers);
      propagation.inject(context.active(), headers, { set: (h, key, value) => h.set(key, value) });

      const response = await fetch(url, { ...options, headers });
      span.setAttribute('http.response.status_code', response.status);
      if (response.status >= 400) {
        // No message: the status code says it all. For a server, only 5xx is an error.
        span.setAttribute('error.type', String(response.status));
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      return response;
    } catch (error) {
      span.setAttribute('error.type', error.cause?.code ?? error.name);
      span.recordException(error);
      span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
      throw error;
    } finally {
      span.end();
    }
  });
}

const server = createServer((request, response) => {
  response.setHeader('connection', 'close');
  response.statusCode = request.url === '/missing' ? 404 : 200;
  response.end(request.headers.traceparent);
}).listen(0, '127.0.0.1', async () => {
  const base = `http://127.0.0.1:${server.address().port}`;
  await tracer.startActiveSpan('three requests', async (span) => {
    console.log(link(span));
    const answer = await makeRequest(`${base}/users`, { headers: [['accept', 'text/plain']] });
    console.log('the server received', await answer.text());
    await makeRequest(`${base}/missing`);
    await new Promise((closed) => server.close(closed));
    await makeRequest(`${base}/nobody-listens`).catch(() => {});
    span.end();
  });
  await sdk.shutdown();
});

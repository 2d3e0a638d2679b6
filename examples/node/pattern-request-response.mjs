// Request and response: one SERVER span per request that says how it ended,
// around any handler. 4xx is the caller's mistake and no error of this service;
// 5xx is one, and carries the exception that caused it.
//
//   node pattern-request-response.mjs
import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import express from 'express';
import { link, start } from './sdk.mjs';

const sdk = start();
const tracer = trace.getTracer('http-server', '1.0.0');

class NotFound extends Error {
  status = 404;
}

function traced(route, handle) {
  return async (request, response) => {
    const caller = propagation.extract(ROOT_CONTEXT, request.headers);
    const options = {
      kind: SpanKind.SERVER,
      attributes: {
        'http.request.method': request.method,
        'http.route': route,
        'url.path': request.path,
      },
    };
    await tracer.startActiveSpan(`${request.method} ${route}`, options, caller, async (span) => {
      try {
        response.json(await handle(request));
      } catch (error) {
        const status = error.status ?? 500;
        if (status >= 500) {
          span.recordException(error);
          span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
          span.setAttribute('error.type', error.name);
        }
        // The reason is in the trace; a stranger gets no details.
        response.status(status).json({ error: status < 500 ? error.message : 'internal error' });
      } finally {
        span.setAttribute('http.response.status_code', response.statusCode);
        span.end();
      }
    });
  };
}

const app = express();
app.get('/orders/:id', traced('/orders/:id', async (request) => {
  if (request.params.id === '404') throw new NotFound('no such order');
  if (request.params.id === '500') throw new TypeError('total is not a number');
  return { id: request.params.id };
}));

const server = app.listen(0, '127.0.0.1', async () => {
  const base = `http://127.0.0.1:${server.address().port}`;
  await tracer.startActiveSpan('three requests', async (span) => {
    console.log(link(span));
    const headers = { connection: 'close' };
    propagation.inject(context.active(), headers);
    for (const id of ['17', '404', '500']) {
      const response = await fetch(`${base}/orders/${id}`, { headers });
      console.log(response.status, await response.text());
    }
    span.end();
  });
  server.close(() => sdk.shutdown());
});

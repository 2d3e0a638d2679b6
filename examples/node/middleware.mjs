// Express middleware that continues the caller's trace, by hand: what the
// Express instrumentation of express.mjs does, for frameworks without one.
//
//   node middleware.mjs
import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import express from 'express';
import { link, start } from './sdk.mjs';

const sdk = start();
const tracer = trace.getTracer('express-middleware', '1.0.0');

function tracing(request, response, next) {
  const caller = propagation.extract(ROOT_CONTEXT, request.headers);
  const span = tracer.startSpan(
    request.method,
    {
      kind: SpanKind.SERVER,
      attributes: { 'http.request.method': request.method, 'url.path': request.path },
    },
    caller,
  );
  response.once('close', () => {
    // Known only now: the route, never the path, which has a value per user.
    if (request.route) {
      span.updateName(`${request.method} ${request.route.path}`);
      span.setAttribute('http.route', request.route.path);
    }
    span.setAttribute('http.response.status_code', response.statusCode);
    if (response.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  });
  context.with(trace.setSpan(caller, span), next);
}

const app = express();
app.use(tracing);
app.get('/users/:id', (request, response) => {
  tracer.startActiveSpan('load user', (span) => span.end()); // a child of the request's span
  response.json({ id: request.params.id });
});

const server = app.listen(0, '127.0.0.1', async () => {
  const url = `http://127.0.0.1:${server.address().port}/users/7`;
  await tracer.startActiveSpan('caller', { kind: SpanKind.CLIENT }, async (span) => {
    console.log(link(span));
    const headers = { connection: 'close' };
    propagation.inject(context.active(), headers);
    await fetch(url, { headers });
    span.end();
  });
  server.close(() => sdk.shutdown());
});

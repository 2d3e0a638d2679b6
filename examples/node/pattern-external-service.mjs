// An external service that is slow or fails now and then: one span for the
// call as the application sees it, and in it one span for each attempt, made by
// fetch's instrumentation. A call that succeeds in the end is no error.
//
//   node --import ./tracing.mjs pattern-external-service.mjs
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { SpanStatusCode, trace } from '@opentelemetry/api';
import { link } from './sdk.mjs';
import { sdk } from './tracing.mjs';

const tracer = trace.getTracer('external-service', '1.0.0');

async function callExternalService(name, url, { attempts = 3, timeoutMs = 2000 } = {}) {
  const options = { attributes: { 'peer.service': name } };
  return tracer.startActiveSpan(`call ${name}`, options, async (span) => {
    console.log(link(span));
    try {
      for (let attempt = 1; ; attempt += 1) {
        try {
          const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
          if (response.status < 500) return await response.json();
          throw new Error(`${name} answered ${response.status}`);
        } catch (error) {
          if (attempt === attempts) throw error;
          span.addEvent('retry', { 'retry.attempt': attempt, 'retry.reason': error.message });
          await sleep(10 * 2 ** attempt);
        }
      }
    } catch (error) {
      span.recordException(error);
      span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
      throw error;
    } finally {
      span.end();
    }
  });
}

let requests = 0;
const server = createServer((request, response) => {
  requests += 1;
  if (request.url === '/hangs') return; // never answers
  response.statusCode = requests === 1 ? 503 : 200;
  response.end('{"rate": 1.17}');
}).listen(0, '127.0.0.1', async () => {
  const base = `http://127.0.0.1:${server.address().port}`;
  console.log(await callExternalService('rates', `${base}/rates`));
  await callExternalService('rates', `${base}/hangs`, { attempts: 2, timeoutMs: 100 }).catch(() => {});
  server.closeAllConnections();
  server.close(() => sdk.shutdown()); // by then its own spans have ended as well
});

// The Express half of the two applications that tests/sdk drives.
//
// GET /checkout/:sku  manual span, then a call to the FastAPI application,
//                     which calls back to /price: one trace across both
// GET /price/:sku     the leaf that the FastAPI application asks
// GET /fail           a manual span that throws; answered with 500
// anything else       404
'use strict';

const { SpanKind, SpanStatusCode, trace } = require('@opentelemetry/api');
const { logs } = require('@opentelemetry/api-logs');
const express = require('express');

const STOCK_URL = process.env.STOCK_URL;
const tracer = trace.getTracer('shop', '2.1.0');
const logger = logs.getLogger('shop', '2.1.0');
const app = express();

// The test finds a request's trace by this header.
app.use((request, response, next) => {
  response.set('x-trace-id', trace.getActiveSpan().spanContext().traceId);
  next();
});

app.get('/checkout/:sku', async (request, response) => {
  const { sku } = request.params;
  const stock = await tracer.startActiveSpan(
    'reserve stock',
    {
      kind: SpanKind.INTERNAL,
      attributes: {
        'shop.sku': sku,
        'shop.quantity': 3,
        'shop.discount': 0.25,
        'shop.express': true,
        'shop.tags': ['red', 'größe 42', ''],
        'shop.offsets': [-1, 0, 9007199254740991],
        'shop.weights': [0.5, 1.25],
        'shop.flags': [true, false],
      },
    },
    async (span) => {
      span.addEvent('stock.requested', { 'stock.warehouse': 'north', 'stock.attempt': 1 });
      const answer = await fetch(`${STOCK_URL}/stock/${sku}`);
      span.setStatus({ code: SpanStatusCode.OK });
      span.end();
      return answer.json();
    },
  );
  logger.emit({ severityText: 'INFO', body: `checked out ${sku}` });
  response.json(stock);
});

app.get('/price/:sku', (request, response) => {
  response.json({ cents: 1999 });
});

app.get('/fail', (request, response, next) => {
  tracer.startActiveSpan('charge card', (span) => {
    try {
      throw new RangeError('card limit exceeded');
    } catch (error) {
      span.recordException(error);
      span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
      next(error);
    } finally {
      span.end();
    }
  });
});

// Express's default handler would print the stack; the test reads this
// process's output to look for complaints of the SDK.
app.use((error, request, response, next) => {
  response.status(500).json({ error: error.message });
});

const server = app.listen(Number(process.env.PORT), '127.0.0.1', () => {
  console.log(`listening on ${server.address().port}`);
});

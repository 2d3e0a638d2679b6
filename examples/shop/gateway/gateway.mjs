// The shop's front: a page, and the API behind it.
//
//   node --import ./tracing.mjs gateway.mjs     (PORT, ORDERS_URL, INVENTORY_URL, TRACEWELL_URL)
import { fileURLToPath } from 'node:url';
import { trace } from '@opentelemetry/api';
import express from 'express';

const { PORT = '8080', ORDERS_URL, INVENTORY_URL } = process.env;
const TRACEWELL_URL = process.env.TRACEWELL_URL ?? 'http://localhost:16686';
const app = express();
app.use(express.static(fileURLToPath(new URL('public', import.meta.url))));
app.get('/config.json', (request, response) => response.json({ tracewell: TRACEWELL_URL }));
// Whatever the content type says: `curl -d` calls JSON a form.
app.use(express.json({ type: () => true }));

// What the page shows as a link, and what support asks a customer for.
app.use('/api', (request, response, next) => {
  const span = trace.getActiveSpan();
  if (span) response.set('x-trace-id', span.spanContext().traceId);
  next();
});

async function ask(url, options) {
  const response = await fetch(url, options);
  const isJson = response.headers.get('content-type')?.startsWith('application/json');
  const body = isJson ? await response.json() : {};
  if (response.ok) return body;
  const reason = reasonOf(body) ?? `${new URL(url).pathname} failed`;
  throw Object.assign(new Error(reason), { status: response.status });
}

// The inventory says `error`, FastAPI `detail`: a text, or a list of what is wrong.
function reasonOf({ error, detail }) {
  if (!Array.isArray(detail)) return detail ?? error;
  return detail.map(({ loc, msg }) => `${loc.at(-1)}: ${msg}`).join('; ');
}

app.get('/api/products', async (request, response) => {
  response.json(await ask(`${ORDERS_URL}/products`));
});

// Three calls, one after the other, though none needs the others' answer: the
// waterfall shows a staircase where Promise.all would show three bars.
app.get('/api/products/:sku', async (request, response) => {
  const sku = encodeURIComponent(request.params.sku);
  const product = await ask(`${ORDERS_URL}/products/${sku}`);
  const reviews = await ask(`${ORDERS_URL}/products/${sku}/reviews`);
  const { quantity } = await ask(`${INVENTORY_URL}/stock/${sku}`);
  response.json({ ...product, reviews, quantity });
});

app.get('/api/customers/:customer/orders', async (request, response) => {
  const customer = encodeURIComponent(request.params.customer);
  response.json(await ask(`${ORDERS_URL}/customers/${customer}/orders`));
});

app.post('/api/orders', async (request, response) => {
  const { customer, sku, quantity } = request.body ?? {};
  trace.getActiveSpan()?.setAttributes({ 'shop.customer': customer, 'shop.sku': sku });
  const order = await ask(`${ORDERS_URL}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ customer, sku, quantity }),
  });
  response.status(201).json(order);
});

app.get('/api/report', async (request, response) => {
  response.json(await ask(`${ORDERS_URL}/report`));
});

app.use((error, request, response, next) => {
  const status = error.status ?? 500;
  // A refusal goes on to the customer; whatever else failed behind us is a 502.
  response.status(status < 500 ? status : 502).json({ error: error.message });
});

const server = app.listen(Number(PORT), '127.0.0.1', () => {
  console.log(`listening on ${server.address().port}`);
});

// A trickle of customers, until it is stopped: most are content, some find a
// slow report, a sold-out samovar, or a gift card that nobody can charge.
//
//   node traffic.mjs http://localhost:8080
import { setTimeout as sleep } from 'node:timers/promises';

const shop = process.argv[2];
const PAUSE_MS = Number(process.env.PAUSE_MS ?? 250);

const get = (path) => () => fetch(`${shop}${path}`);
const order = (sku) => () =>
  fetch(`${shop}/api/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ customer: 'grace', sku, quantity: 1 }),
  });

// In turn, not by chance: whoever looks for one of them finds it within a round.
const ROUND = [
  get('/api/products'),
  get('/api/products/teapot'),
  order('mug'),
  get('/api/customers/ada/orders'),
  get('/api/products/kettle'),
  order('green-tea'),
  order('gift-card'),
  get('/api/products/mug'),
  order('samovar'),
  order('black-tea'),
  get('/api/report'),
  get('/api/products/unicorn'),
];

for (let turn = 0; ; turn += 1) {
  try {
    const response = await ROUND[turn % ROUND.length]();
    await response.arrayBuffer();
  } catch (error) {
    console.error(`the shop does not answer: ${error.message}`);
  }
  await sleep(PAUSE_MS);
}

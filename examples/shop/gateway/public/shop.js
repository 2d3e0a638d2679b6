// The page: products, two reports, and a log that links each request to its trace.
const { tracewell } = await (await fetch('config.json')).json();
const log = document.querySelector('#log');

async function request(method, path, body) {
  const start = performance.now();
  const response = await fetch(path, {
    method,
    headers: body ? { 'content-type': 'application/json' } : {},
    body: body && JSON.stringify(body),
  });
  const answer = await response.json();
  const row = log.insertRow(0);
  row.className = response.ok ? '' : 'failed';
  row.insertCell().textContent = `${method} ${path}`;
  row.insertCell().textContent = response.ok ? response.status : `${response.status} ${answer.error}`;
  row.insertCell().textContent = `${Math.round(performance.now() - start)} ms`;
  const link = document.createElement('a');
  const traceId = response.headers.get('x-trace-id');
  link.href = `${tracewell}/trace/${traceId}`;
  link.textContent = traceId.slice(0, 8);
  row.insertCell().append(link);
  return answer;
}

function button(text, act) {
  const element = document.createElement('button');
  element.textContent = text;
  element.addEventListener('click', act);
  return element;
}

document.querySelector('#orders').addEventListener('click', () => request('GET', 'api/customers/ada/orders'));
document.querySelector('#report').addEventListener('click', () => request('GET', 'api/report'));
for (const { sku, name, cents } of await request('GET', 'api/products')) {
  const item = document.createElement('li');
  const title = document.createElement('p');
  title.textContent = `${name}, ${(cents / 100).toFixed(2)}`;
  const order = { customer: 'you', sku, quantity: 1 };
  item.append(
    title,
    button('Look', () => request('GET', `api/products/${sku}`)),
    button('Buy', () => request('POST', 'api/orders', order)),
  );
  document.querySelector('#products').append(item);
}

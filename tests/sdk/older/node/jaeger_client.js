// jaeger-client, the OpenTracing library that Jaeger had for Node.js.
//
//   node jaeger_client.js udp|http     TARGET is the agent's HOST:PORT or the collector's URL
"use strict";

const { initTracer, opentracing } = require("jaeger-client");
const { FORMAT_HTTP_HEADERS, followsFrom } = opentracing;
const { SHOP, STOCK, TARGET, ms, said } = require("./scenario");

const [agentHost, agentPort] = TARGET.split(":");
const reporter =
  process.argv[2] === "udp"
    ? { agentHost, agentPort: Number(agentPort) }
    : { collectorEndpoint: TARGET };

const tracerOf = (serviceName) =>
  initTracer(
    { serviceName, sampler: { type: "const", param: 1 }, reporter },
    {
      tags: { "service.version": "1.2.3", replicas: 2 },
      traceId128bit: true,
      shareRpcSpan: true,
      logger: { info() {}, error: console.error },
    },
  );

const shop = tracerOf(SHOP);
const stock = tracerOf(STOCK);

const cart = shop.startSpan("GET /cart", {
  startTime: ms(0),
  tags: {
    "span.kind": "server",
    "http.status_code": 200,
    "cart.total": 12.5,
    "cart.empty": false,
    "cart.owner": "Zoë 🛒",
    "cart.raw": Buffer.from([0, 159, 255]),
    "cart.lines": [{ sku: "a-1" }],
  },
});
cart.log({ event: "cart opened", items: 3, guest: true }, ms(1));
cart.log({ message: "no event, only a message" }, ms(2));

const reserve = shop.startSpan("reserve", {
  startTime: ms(1),
  childOf: cart,
  tags: { "span.kind": "client", "peer.service": STOCK },
});
const headers = {};
shop.inject(reserve.context(), FORMAT_HTTP_HEADERS, headers);

// The server's half has the client's id, as in Zipkin.
const served = stock.startSpan("reserve", {
  startTime: ms(2),
  childOf: stock.extract(FORMAT_HTTP_HEADERS, headers),
  tags: { "span.kind": "server" },
});
const count = stock.startSpan("count shelves", { startTime: ms(3), childOf: served });
count.setTag("error", true);
count.log({ event: "error", "error.kind": "RangeError", message: "shelf is locked" }, ms(4));
count.finish(ms(4));
served.finish(ms(5));
reserve.finish(ms(6));
cart.finish(ms(8));

const notify = stock.startSpan("notify", {
  startTime: ms(9),
  references: [followsFrom(cart.context())],
});
notify.finish(ms(11));

const id = (span) => span.context().spanIdStr;
said(cart.context().traceIdStr, {
  cart: id(cart),
  reserve: id(reserve),
  served: id(served),
  count: id(count),
  notify: id(notify),
});
shop.close(() => stock.close(() => {}));

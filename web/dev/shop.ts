// Made-up but realistic traces of a web shop, as OTLP JSON requests: for the development server
// and for the browser tests, which send them to the real binary. The same seed gives the same trace.

export interface ShopOptions {
  seed: number;
  startMs: number;
  /** The card service fails with an exception. */
  failed?: boolean;
  /** Leaves out the span of the checkout service, so that its children have no parent. */
  lost?: boolean;
  traceId?: string;
}

type Value = string | number | boolean;
interface OtlpSpan {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: object[];
  events: object[];
  links: object[];
  status: object;
}

const KIND = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;

function random(seed: number): () => number {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    const mixed = Math.imul(state ^ (state >>> 12), 0x297a2d39) >>> 0;
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 4294967296;
  };
}

const attribute = (key: string, value: Value): object => ({
  key,
  value:
    typeof value === "string"
      ? { stringValue: value }
      : typeof value === "boolean"
        ? { boolValue: value }
        : Number.isInteger(value)
          ? { intValue: String(value) }
          : { doubleValue: value },
});
const attributes = (values: Record<string, Value>): object[] => Object.entries(values).map(([key, value]) => attribute(key, value));

const STACK = `CardDeclinedError: card declined by issuer: insufficient_funds
    at Gateway.charge (/app/src/payment/gateway.ts:88:13)
    at processTicksAndRejections (node:internal/process/task_queues:95:5)
    at async PaymentService.authorize (/app/src/payment/service.ts:41:20)
    at async /app/src/payment/routes.ts:23:18
    at async Layer.handle (/app/node_modules/router/lib/layer.js:152:17)`;

/** One trace as an ExportTraceServiceRequest. */
export function shopTrace(options: ShopOptions): { resourceSpans: object[] } {
  const rnd = random(options.seed);
  const hex = (digits: number): string => Array.from({ length: digits }, () => Math.floor(rnd() * 16).toString(16)).join("");
  const traceId = options.traceId ?? hex(32);
  const byService = new Map<string, OtlpSpan[]>();
  const base = BigInt(Math.round(options.startMs * 1000)) * 1000n;

  /** Times in ms after the start of the trace. */
  function span(service: string, name: string, kind: keyof typeof KIND, parent: string, from: number, length: number, values: Record<string, Value>, extra: Partial<OtlpSpan> = {}): string {
    const spanId = hex(16);
    const at = (ms: number): string => String(base + BigInt(Math.round(ms * 1e6)));
    const list = byService.get(service) ?? [];
    byService.set(service, list);
    list.push({
      traceId, spanId, parentSpanId: parent, name, kind: KIND[kind],
      startTimeUnixNano: at(from), endTimeUnixNano: at(from + length),
      attributes: attributes(values), events: [], links: [], status: {}, ...extra,
    });
    return spanId;
  }
  const slow = rnd() < 0.12 ? 4 + rnd() * 6 : 1;
  const scale = (0.5 + rnd()) * slow;
  const eventAt = (ms: number): string => String(base + BigInt(Math.round(ms * 1e6)));

  if (rnd() < 0.35 && !options.failed && !options.lost) {
    const total = 18 * scale;
    const root = span("frontend", "GET /products/:id", "server", "", 0, total, { "http.request.method": "GET", "http.route": "/products/:id", "url.path": `/products/${Math.floor(rnd() * 900)}`, "http.response.status_code": 200 });
    const call = span("frontend", "GET", "client", root, 1.2, total - 2, { "http.request.method": "GET", "server.address": "catalog", "url.full": "http://catalog:8080/products", "http.response.status_code": 200 });
    const serve = span("catalog", "GET /products", "server", call, 2, total - 4, { "http.request.method": "GET", "http.route": "/products", "http.response.status_code": 200 });
    span("catalog", "GET product", "client", serve, 2.4, 0.6, { "db.system.name": "redis", "db.query.text": "GET product:417", "server.address": "cache-1" });
    span("catalog", "SELECT shop.products", "client", serve, 3.4, total - 6.5, { "db.system.name": "postgresql", "db.namespace": "shop", "db.query.text": "SELECT id, name, price, stock FROM products WHERE id = $1", "db.response.returned_rows": 1 });
    return toRequest(byService);
  }

  const payment = options.failed ? 61 * scale : 92 * scale;
  const total = 70 * scale + payment;
  const status = options.failed ? 502 : 200;
  const root = span("frontend", "POST /checkout", "server", "", 0, total, {
    "http.request.method": "POST", "http.route": "/checkout", "url.path": "/checkout", "http.response.status_code": status,
    "user_agent.original": "Mozilla/5.0 (X11; Linux x86_64) Firefox/132.0", "enduser.id": `customer-${Math.floor(rnd() * 5000)}`, "feature.new_cart": rnd() < 0.5, "cart.total": Number((rnd() * 300).toFixed(2)),
  }, options.failed ? { status: { code: 2, message: "upstream failed: payment" } } : {});
  span("frontend", "middleware - session", "internal", root, 0.3, 1.1, { "express.type": "middleware" });
  const call = span("frontend", "POST", "client", root, 2, total - 4, { "http.request.method": "POST", "server.address": "checkout", "server.port": 8080, "url.full": "http://checkout:8080/orders", "http.response.status_code": status });
  const hidden = options.lost ? hex(16) : "";
  const checkout = options.lost ? hidden : span("checkout", "POST /orders", "server", call, 4, total - 8, { "http.request.method": "POST", "http.route": "/orders", "http.response.status_code": status, "order.items": 3 }, options.failed ? { status: { code: 2, message: "payment was declined" } } : {});
  let at = 6;
  const cart = span("checkout", "CartService/GetCart", "client", checkout, at, 9 * scale, { "rpc.system": "grpc", "rpc.service": "CartService", "rpc.method": "GetCart", "rpc.grpc.status_code": 0 });
  const serveCart = span("cart", "CartService/GetCart", "server", cart, at + 0.8, 9 * scale - 1.6, { "rpc.system": "grpc", "rpc.service": "CartService", "rpc.method": "GetCart" });
  for (let i = 0; i < 3; i++) span("cart", "HGETALL cart", "client", serveCart, at + 1.4 + i * 1.9 * scale, 1.5 * scale, { "db.system.name": "redis", "db.query.text": `HGETALL cart:${i}`, "server.address": "cache-1" });
  at += 9 * scale + 1;
  const stock = span("checkout", "reserve stock", "internal", checkout, at, 30 * scale, { "order.items": 3 });
  for (let i = 0; i < 6; i++) {
    span("checkout", "UPDATE shop.stock", "client", stock, at + 0.5 + i * 4.8 * scale, 4.2 * scale, {
      "db.system.name": "postgresql", "db.namespace": "shop", "db.query.text": "UPDATE stock SET reserved = reserved + $1 WHERE sku = $2 AND available >= $1", "server.address": "pg-primary", "server.port": 5432,
    });
  }
  at += 30 * scale + 1;
  const pay = span("checkout", "POST", "client", checkout, at, payment, { "http.request.method": "POST", "server.address": "payment", "url.full": "http://payment:8080/authorize", "http.response.status_code": options.failed ? 402 : 200 });
  const authorize = span("payment", "POST /authorize", "server", pay, at + 1, payment - 2, { "http.request.method": "POST", "http.route": "/authorize", "http.response.status_code": options.failed ? 402 : 200, "payment.provider": "acme" });
  span("payment", "charge card", "internal", authorize, at + 4, payment - 10, { "payment.amount": 129.9, "payment.currency": "EUR", "payment.attempt": 1 }, options.failed
    ? {
        status: { code: 2, message: "card declined by issuer: insufficient_funds" },
        events: [
          { name: "retry", timeUnixNano: eventAt(at + 20 * scale), attributes: attributes({ attempt: 2, "backoff.ms": 20 }) },
          { name: "exception", timeUnixNano: eventAt(at + payment - 8), attributes: attributes({ "exception.type": "CardDeclinedError", "exception.message": "card declined by issuer: insufficient_funds", "exception.stacktrace": STACK }) },
        ],
      }
    : { events: [{ name: "authorized", timeUnixNano: eventAt(at + payment - 9), attributes: attributes({ "payment.code": "A1B2" }) }] });
  at += payment + 1;
  if (!options.failed) {
    span("checkout", "orders publish", "producer", checkout, at, 3 * scale, { "messaging.system": "kafka", "messaging.destination.name": "orders", "messaging.operation.type": "send" });
    span("mailer", "orders process", "consumer", checkout, at + 5, 9 * scale, { "messaging.system": "kafka", "messaging.destination.name": "orders", "messaging.operation.type": "process" }, {
      links: [{ traceId: hex(32), spanId: hex(16), attributes: attributes({ "link.reason": "batch" }) }],
    });
  }
  return toRequest(byService);
}

function toRequest(byService: Map<string, OtlpSpan[]>): { resourceSpans: object[] } {
  return {
    resourceSpans: [...byService].map(([service, spans]) => ({
      resource: {
        attributes: attributes({
          "service.name": service, "service.version": "1.4.2", "deployment.environment.name": "production", "host.name": `${service}-7d9f`,
          "telemetry.sdk.language": service === "payment" ? "nodejs" : "rust", "telemetry.sdk.name": "opentelemetry",
        }),
      },
      scopeSpans: [{ scope: { name: `@shop/${service}`, version: "2.1.0" }, spans }],
    })),
  };
}

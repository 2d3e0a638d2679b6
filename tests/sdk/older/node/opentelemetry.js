// OpenTelemetry's exporters of the protocols before OTLP.
//
//   node opentelemetry.js jaeger-udp|jaeger-http|zipkin     TARGET is HOST:PORT or a URL
"use strict";

const { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } = require("@opentelemetry/api");
const { JaegerExporter } = require("@opentelemetry/exporter-jaeger");
const { ZipkinExporter } = require("@opentelemetry/exporter-zipkin");
const { resourceFromAttributes } = require("@opentelemetry/resources");
const { BatchSpanProcessor, TracerProvider } = require("@opentelemetry/sdk-trace");
const { SHOP, STOCK, TARGET, ms, said } = require("./scenario");

const [host, port] = TARGET.split(":");
const exporters = {
  "jaeger-udp": () => new JaegerExporter({ host, port: Number(port) }),
  "jaeger-http": () => new JaegerExporter({ endpoint: TARGET }),
  zipkin: () => new ZipkinExporter({ url: TARGET }),
};

const providerOf = (service) =>
  new TracerProvider({
    resource: resourceFromAttributes({ "service.name": service, "service.version": "1.2.3" }),
    spanProcessors: [new BatchSpanProcessor({ exporter: exporters[process.argv[2]]() })],
  });
const providers = [providerOf(SHOP), providerOf(STOCK)];
const [shop, stock] = providers.map((provider) => provider.getTracer("scenario", "2.1.0"));

const below = (span) => trace.setSpan(ROOT_CONTEXT, span);
const time = (tick) => {
  const us = ms(tick) * 1000;
  return [Math.floor(us / 1_000_000), (us % 1_000_000) * 1000];
};

const cart = shop.startSpan(
  "GET /cart",
  {
    kind: SpanKind.SERVER,
    startTime: time(0),
    attributes: {
      "http.response.status_code": 200,
      "cart.total": 12.5,
      "cart.empty": false,
      "cart.owner": "Zoë 🛒",
      "cart.skus": ["a-1", "b-2"],
    },
  },
  ROOT_CONTEXT,
);
cart.addEvent("cart opened", { items: 3, guest: true }, time(1));
const reserve = shop.startSpan("reserve", { kind: SpanKind.CLIENT, startTime: time(1) }, below(cart));
const served = stock.startSpan("reserve", { kind: SpanKind.SERVER, startTime: time(2) }, below(reserve));
const count = stock.startSpan("count shelves", { startTime: time(3) }, below(served));
count.setStatus({ code: SpanStatusCode.ERROR, message: "shelf is locked" });
count.end(time(4));
served.setStatus({ code: SpanStatusCode.OK });
served.end(time(5));
reserve.end(time(6));
cart.end(time(8));
const notify = stock.startSpan(
  "notify",
  { kind: SpanKind.PRODUCER, startTime: time(9), links: [{ context: reserve.spanContext() }] },
  below(cart),
);
notify.end(time(11));

const id = (span) => span.spanContext().spanId;
said(cart.spanContext().traceId, {
  cart: id(cart),
  reserve: id(reserve),
  served: id(served),
  count: id(count),
  notify: id(notify),
});
Promise.all(providers.map((provider) => provider.shutdown()));

// zipkin-js, the library of Zipkin's own project.
//
//   node zipkin_js.js v1-json|v2-json|v1-thrift     TARGET is Zipkin's URL
"use strict";

const { Annotation, BatchRecorder, ExplicitContext, InetAddress, Tracer, jsonEncoder } = require("zipkin");
const { HttpLogger } = require("zipkin-transport-http");
const thrift = require("zipkin-encoder-thrift");
const { SHOP, STOCK, TARGET, us, said } = require("./scenario");

const ENCODING = process.argv[2];

/** Sends the list as Thrift; the transport of the library only knows JSON. */
class ThriftLogger {
  constructor() {
    this.spans = [];
  }

  logSpan(span) {
    this.spans.push(Buffer.from(thrift.encode(span)));
  }

  async send() {
    // A list of structs: element type 12, then how many.
    const head = Buffer.from([12, 0, 0, 0, this.spans.length]);
    const response = await fetch(`${TARGET}/api/v1/spans`, {
      method: "POST",
      headers: { "Content-Type": "application/x-thrift" },
      body: Buffer.concat([head, ...this.spans]),
    });
    if (response.status !== 202) throw new Error(await response.text());
  }
}

const http = () =>
  new HttpLogger({
    endpoint: `${TARGET}/api/${ENCODING === "v2-json" ? "v2" : "v1"}/spans`,
    jsonEncoder: ENCODING === "v2-json" ? jsonEncoder.JSON_V2 : jsonEncoder.JSON_V1,
    httpInterval: 50,
  });

const logger = ENCODING === "v1-thrift" ? new ThriftLogger() : http();
const ctxImpl = new ExplicitContext();
const tracerOf = (localServiceName) =>
  new Tracer({
    ctxImpl,
    recorder: new BatchRecorder({ logger }),
    localServiceName,
    traceId128Bit: true,
    defaultTags: { "service.version": "1.2.3" },
  });
const shop = tracerOf(SHOP);
const stock = tracerOf(STOCK);

/** Records one span: what comes in between stands at the times given. */
function record(tracer, id, name, [begin, start], [end, stop], more = () => {}) {
  tracer.scoped(() => {
    tracer.setId(id);
    tracer.recordServiceName(tracer.localEndpoint.serviceName);
    tracer.recordAnnotation(begin, us(start));
    if (name) tracer.recordRpc(name);
    more();
    tracer.recordAnnotation(end, us(stop));
  });
}

const cart = shop.createRootId();
const reserve = shop.createChildId(cart);
record(
  shop,
  cart,
  "GET /cart",
  [new Annotation.ServerRecv(), 0],
  [new Annotation.ServerSend(), 8],
  () => {
    shop.recordAnnotation(new Annotation.LocalAddr({ host: new InetAddress("10.1.2.3"), port: 8080 }));
    shop.recordAnnotation(new Annotation.ClientAddr({ host: new InetAddress("10.9.8.7"), port: 40001 }));
    shop.recordBinary("http.status_code", 200);
    shop.recordBinary("cart.owner", "Zoë 🛒");
    shop.recordAnnotation(new Annotation.Message("cart opened"), us(1));
  },
);
record(
  shop,
  reserve,
  "reserve",
  [new Annotation.ClientSend(), 1],
  [new Annotation.ClientRecv(), 6],
  () =>
    shop.recordAnnotation(
      new Annotation.ServerAddr({ serviceName: STOCK, host: new InetAddress("10.1.2.4"), port: 8081 }),
    ),
);

// The server's half has the client's id; another process, so another object.
const joined = stock.join(Object.assign(Object.create(Object.getPrototypeOf(reserve)), reserve));
record(stock, joined, "reserve", [new Annotation.ServerRecv(), 2], [new Annotation.ServerSend(), 5]);

const count = stock.createChildId(joined);
record(
  stock,
  count,
  null,
  [new Annotation.LocalOperationStart("count shelves"), 3],
  [new Annotation.LocalOperationStop(), 4],
  () => stock.recordBinary("error", "shelf is locked"),
);
const queued = stock.createChildId(cart);
record(stock, queued, "notify", [new Annotation.ProducerStart(), 9], [new Annotation.ProducerStop(), 11]);
const taken = stock.createChildId(queued);
record(stock, taken, "mail", [new Annotation.ConsumerStart(), 12], [new Annotation.ConsumerStop(), 14]);

said(cart.traceId, {
  cart: cart.spanId,
  reserve: reserve.spanId,
  served: joined.spanId,
  count: count.spanId,
  notify: queued.spanId,
  mail: taken.spanId,
});

// The recorder has written all spans by now; HttpLogger sends by a timer that
// does not keep the process alive.
if (ENCODING === "v1-thrift") logger.send();
else {
  const alive = setInterval(() => {}, 1000);
  logger.on("success", () => clearInterval(alive));
}

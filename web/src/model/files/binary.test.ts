// OTLP protobuf and Zipkin JSON as files.
import { expect, it } from "vitest";
import { readBytes, readSpans } from "./open";

// --- a writer of protobuf, as small as the tests need it ---
type Part = [number, number, number[]];
const varint = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, ...varint(Math.floor(n / 128))]);
const bytes = (number: number, content: number[] | string): Part => [number, 2, typeof content === "string" ? [...new TextEncoder().encode(content)] : content];
const fixed64 = (number: number, value: bigint): Part => [number, 1, Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n))];
const number = (field: number, value: number): Part => [field, 0, varint(value)];
const message = (...parts: Part[]): number[] => parts.flatMap(([field, wire, content]) => [...varint(field * 8 + wire), ...(wire === 2 ? varint(content.length) : []), ...content]);
const hex = (text: string): number[] => text.match(/../g)!.map((pair) => Number.parseInt(pair, 16));

const attribute = (key: string, value: Part): Part => bytes(9, message(bytes(1, key), bytes(2, message(value))));
const START = 1_700_000_000_000_000_123n;
const SPAN = message(
  bytes(1, hex("0af7651916cd43dd8448eb211c80319c")), bytes(2, hex("00f067aa0ba902b7")), bytes(5, "GET /"), number(6, 2), fixed64(7, START), fixed64(8, START + 5n),
  attribute("text", bytes(1, "ü")), attribute("big", [3, 0, [255, 255, 255, 255, 255, 255, 255, 255, 255, 1]]), attribute("double", [4, 1, [0, 0, 0, 0, 0, 0, 0xf8, 0x3f]]),
  attribute("list", bytes(5, message(bytes(1, message(number(3, 7)))))), bytes(15, message(bytes(2, "broken"), number(3, 2))), number(99, 5), bytes(98, "unknown"),
);
const SERVICE = bytes(1, message(bytes(1, message(bytes(1, "service.name"), bytes(2, message(bytes(1, "shop")))))));
const REQUEST = message(bytes(1, message(SERVICE, bytes(2, message(bytes(2, SPAN))))));

it("reads a request as it is sent", () => {
  const [span, ...others] = readBytes(Uint8Array.from(REQUEST), "f.pb");
  expect(others).toEqual([]);
  expect(span).toMatchObject({ traceId: "0af7651916cd43dd8448eb211c80319c", service: "shop", start: START, end: START + 5n });
  expect(span!.detail).toMatchObject({ spanId: "00f067aa0ba902b7", parentSpanId: null, name: "GET /", kind: "server", statusCode: "error", statusMessage: "broken" });
  expect(span!.detail.attributes.map(({ key, type, value }) => [key, type, value])).toEqual([["text", "string", "ü"], ["big", "int", "-1"], ["double", "double", 1.5], ["list", "array", ["7"]]]);
});

it("reads requests with their lengths before them, as the Collector writes them", () => {
  const framed = [0, 0, 0, REQUEST.length, ...REQUEST];
  expect(readBytes(Uint8Array.from([...framed, ...framed]), "f.bin")).toHaveLength(2);
});

it.each([
  ["cut off", REQUEST.slice(0, -3)],
  ["noise", [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
  ["nothing", [0x0a, 0x00]],
])("says what is wrong with a file that is %s", (_, content) => expect(() => readBytes(Uint8Array.from(content), "f.pb")).toThrow(/f\.pb/));

it("reads a text that begins with an empty line", () => expect(() => readBytes(new TextEncoder().encode('\n{"resourceSpans":[]}'), "f")).toThrow("f contains no spans"));

it("bounds how deep values are nested", () => {
  let value = message(number(3, 1));
  for (let i = 0; i < 200; i++) value = message(bytes(5, message(bytes(1, value))));
  const span = message(bytes(1, hex("0af7651916cd43dd8448eb211c80319c")), bytes(9, message(bytes(1, "k"), bytes(2, value))));
  expect(() => readBytes(Uint8Array.from(message(bytes(1, message(bytes(2, message(bytes(2, span))))))), "f")).toThrow("nested deeper");
});

it("reads Zipkin's JSON", () => {
  const zipkin = [
    { traceId: "5af7", id: "1", name: "get /", kind: "CLIENT", timestamp: 1_700_000_000_000_001, duration: 25, localEndpoint: { serviceName: "web" }, remoteEndpoint: { serviceName: "db", port: 5432 }, tags: { "http.path": "/" }, annotations: [{ timestamp: 1_700_000_000_000_011, value: "ws" }] },
    { traceId: "5af7", id: "1", shared: true, name: "get /", kind: "SERVER", timestamp: 1_700_000_000_000_003, duration: 20, localEndpoint: { serviceName: "api" }, tags: { error: "no such row" } },
  ];
  for (const document of [zipkin, [zipkin]]) {
    const [client, server] = readSpans(JSON.stringify(document), "z.json");
    expect(client).toMatchObject({ traceId: "5af7".padStart(32, "0"), service: "web", end: 1_700_000_000_000_026_000n });
    expect(client!.detail).toMatchObject({ kind: "client", statusCode: "unset", events: [{ name: "ws", offsetNs: "10000" }] });
    expect(client!.detail.attributes.map(({ key, value }) => `${key}=${String(value)}`)).toEqual(["http.path=/", "peer.service=db", "network.peer.port=5432"]);
    expect(server!.detail).toMatchObject({ kind: "server", statusCode: "error", statusMessage: "no such row", parentSpanId: null });
  }
});

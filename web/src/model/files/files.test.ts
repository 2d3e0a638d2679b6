// Opened files: what Jaeger, OTLP and JSON lines become, and what is said about files that are neither.
import { describe, expect, it } from "vitest";
import { assembleTraces } from "../assemble";
import { readSpans } from "./open";

const TRACE = "0af7651916cd43dd8448eb211c80319c";

const otlp = (spans: object[]): object => ({
  resourceSpans: [
    {
      resource: { attributes: [{ key: "service.name", value: { stringValue: "cart" } }] },
      scopeSpans: [{ scope: { name: "lib", version: "2" }, spans }],
    },
  ],
});
const otlpSpan = (id: string, more: object = {}): object => ({
  traceId: TRACE, spanId: id, name: `op ${id}`, kind: 2, startTimeUnixNano: "1700000000000000001", endTimeUnixNano: "1700000000005000001", ...more,
});

describe("OTLP JSON", () => {
  it("keeps ns, types, events, links and status", () => {
    const [span] = readSpans(
      JSON.stringify(
        otlp([
          otlpSpan("AABBCCDDEEFF0011", {
            parentSpanId: "", status: { code: "STATUS_CODE_ERROR", message: "no" }, kind: "SPAN_KIND_CLIENT",
            attributes: [
              { key: "i", value: { intValue: "9007199254740993" } },
              { key: "n", value: { intValue: 5 } },
              { key: "d", value: { doubleValue: "NaN" } },
              { key: "b", value: { boolValue: false } },
              { key: "a", value: { arrayValue: { values: [{ stringValue: "x" }, { intValue: "1" }] } } },
              { key: "m", value: { kvlistValue: { values: [{ key: "k", value: { stringValue: "v" } }] } } },
              { key: "e" },
            ],
            events: [{ name: "exception", timeUnixNano: "1700000000000000301", attributes: [{ key: "exception.type", value: { stringValue: "E" } }] }],
            links: [{ traceId: TRACE.toUpperCase(), spanId: "0011223344556677" }],
          }),
        ]),
      ),
      "a.json",
    );
    expect(span).toMatchObject({ traceId: TRACE, service: "cart", start: 1700000000000000001n });
    const { detail } = span!;
    expect(detail).toMatchObject({ spanId: "aabbccddeeff0011", parentSpanId: null, kind: "client", statusCode: "error", statusMessage: "no", durationNs: "5000000" });
    expect(detail.attributes.map(({ type, value }) => [type, value])).toEqual([
      ["int", "9007199254740993"], ["int", "5"], ["double", "NaN"], ["bool", false], ["array", ["x", "1"]], ["kvlist", { k: "v" }], ["empty", null],
    ]);
    expect(detail.events[0]).toMatchObject({ name: "exception", offsetNs: "300" });
    expect(detail.links[0]!.traceId).toBe(TRACE);
  });
  it("reads one document per line, with metrics and logs between", () => {
    const lines = [JSON.stringify(otlp([otlpSpan("0000000000000001")])), '{"resourceMetrics":[]}', "", JSON.stringify(otlp([otlpSpan("0000000000000002", { parentSpanId: "0000000000000001" })]))];
    const [trace] = assembleTraces(readSpans(lines.join("\n"), "a.jsonl"));
    expect(trace!.header).toMatchObject({ n: 2, orphanCount: 0, services: ["cart"], scopes: ["lib@2"] });
  });
  it("reads a list of requests", () => {
    expect(readSpans(JSON.stringify([otlp([otlpSpan("0000000000000001")])]), "a.json")).toHaveLength(1);
  });
});

describe("Jaeger JSON", () => {
  const trace = {
    traceID: "8448eb211c80319c",
    processes: { p1: { serviceName: "web", tags: [{ key: "host.name", type: "string", value: "h1" }] } },
    spans: [
      {
        traceID: "8448eb211c80319c", spanID: "1", operationName: "GET /", processID: "p1", startTime: 1_700_000_000_000_000, duration: 1500, references: [],
        tags: [{ key: "span.kind", type: "string", value: "server" }, { key: "error", type: "bool", value: true }, { key: "n", type: "int64", value: 3 }],
        logs: [{ timestamp: 1_700_000_000_000_100, fields: [{ key: "event", type: "string", value: "exception" }, { key: "exception.type", type: "string", value: "E" }] }],
      },
      {
        traceID: "8448eb211c80319c", spanID: "2", operationName: "query", processID: "p1", startTime: 1_700_000_000_000_200, duration: 100,
        references: [{ refType: "CHILD_OF", traceID: "8448eb211c80319c", spanID: "1" }, { refType: "FOLLOWS_FROM", traceID: "ff", spanID: "9" }],
        tags: [{ key: "old", type: "bool", value: "true" }],
      },
    ],
  };
  it.each([
    ["a response", { data: [trace], total: 0 }],
    ["a trace", trace],
    ["a list", [trace]],
  ])("reads %s", (_, document) => {
    const [read] = assembleTraces(readSpans(JSON.stringify(document), "j.json"));
    expect(read!.header).toMatchObject({ traceId: "00000000000000008448eb211c80319c", n: 2, rootService: "web", rootName: "GET /", errorCount: 1, orphanCount: 0, durationNs: "1500000" });
    const [root, child] = read!.details;
    expect(root).toMatchObject({ kind: "server", statusCode: "error", events: [{ name: "exception", offsetNs: "100000" }] });
    expect(root!.attributes).toEqual([{ key: "n", type: "int", value: "3" }]);
    expect(child).toMatchObject({ parentSpanId: "0000000000000001", links: [{ traceId: "ff".padStart(32, "0"), spanId: "0000000000000009" }] });
    expect(child!.attributes).toEqual([{ key: "old", type: "bool", value: true }]);
  });
});

it.each([
  ["", "f is empty"],
  ["{", "f is not JSON"],
  ['{"a":1}', "neither Jaeger's nor OTLP's"],
  ["[]", "neither"],
  ['{"resourceSpans":[]}', "f contains no spans"],
  ['{"resourceSpans":[]}\nnot json', "line 2 is not a JSON document"],
  [JSON.stringify(otlp([{ spanId: "1", traceId: "xyz" }])), "not hexadecimal"],
])("says what is wrong with %s", (text, message) => expect(() => readSpans(text, "f")).toThrow(message));

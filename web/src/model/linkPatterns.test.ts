import { describe, expect, it } from "vitest";
import type { Attribute } from "./details";
import { inLists, isBeside, type LinkPattern, linksOf, namesIn, spanFact, traceFact } from "./linkPatterns";

const pattern = (url: string, text = "x"): LinkPattern => ({ types: ["tags"], keys: ["id"], values: null, url, text });
const lookup = (name: string): string | number | undefined => ({ id: "a b/ü", count: 41, at: 1_700_000_000_123_456 })[name];

describe("templates of links", () => {
  const cases: [string, string | null][] = [
    ["https://x/#{id}", "https://x/a%20b%2F%C3%BC"],
    ["https://x/#{ id }?n=#{count}", "https://x/a%20b%2F%C3%BC?n=41"],
    ["/logs?from=#{at | add -60000000}", "/logs?from=1699999940123456"],
    ["/logs?from=#{at | epoch_micros_to_date_iso}", "/logs?from=2023-11-14T22%3A13%3A20.123Z"],
    ["/t/#{count | pad_start 6 0}", "/t/000041"],
    ["/t/#{count | add 1 | pad_start 4 0}", "/t/0042"],
    ["/plain", "/plain"],
    ["/x/#{missing}", null],
    ["/x/#{id | no_such_function}", null],
    ["/x/#{id | toString}", null],
    ["/x/#{id | add 1}", null],
    ["/x/#{id | epoch_micros_to_date_iso}", null],
  ];
  it.each(cases)("%s → %s", (url, expected) => expect(linksOf([pattern(url)], lookup)).toEqual(expected === null ? [] : [{ url: expected, text: "x" }]));

  it("texts are not encoded, and lack values as well", () => {
    expect(linksOf([pattern("/", "Of #{id}")], lookup)).toEqual([{ url: "/", text: "Of a b/ü" }]);
    expect(linksOf([pattern("/", "Of #{missing}")], lookup)).toEqual([]);
  });

  it("a value cannot make a link of another kind", () => {
    const [link] = linksOf([pattern("#{id}")], () => "javascript:alert(1)");
    expect(new URL(link!.url, "https://here/").protocol).toBe("https:");
  });

  it("names what it needs", () => expect(namesIn(pattern("/#{a | add 1}/#{trace.traceID}", "#{b}"))).toEqual(["a", "trace.traceID", "b"]));
});

describe("where names are looked for", () => {
  const list = (...pairs: [string, string][]): Attribute[] => pairs.map(([key, value]) => ({ key, type: "string", value }));
  it("the nearest list wins", () => {
    const lists = [list(["a", "own"]), list(["a", "parent"], ["b", "parent"])];
    expect(["a", "b", "c"].map((name) => inLists(lists, name))).toEqual(["own", "parent", undefined]);
  });
  it("facts have Jaeger's names and are in microseconds", () => {
    const trace = { traceId: "1f", rootService: "shop", rootName: "GET /", startNs: "1700000000123456789", durationNs: "5000" };
    expect(["traceID", "traceName", "startTime", "endTime", "duration", "x"].map((name) => traceFact(trace, name))).toEqual(["1f", "shop: GET /", 1_700_000_000_123_456, 1_700_000_000_123_461, 5, undefined]);
    const span = { spanId: "2a", name: "call", startNs: "1700000000123456789", durationNs: "5000" };
    expect(["spanID", "operationName", "startTime", "endTime", "duration", "x"].map((name) => spanFact(span, name))).toEqual(["2a", "call", 1_700_000_000_123_456, 1_700_000_000_123_461, 5, undefined]);
  });
});

it("keys and values say beside which attributes", () => {
  const attribute: Attribute = { key: "env", type: "string", value: "prod" };
  const one = (more: Partial<LinkPattern>): boolean => isBeside({ types: ["tags", "process"], keys: null, values: null, url: "/", text: "x", ...more }, "tags", attribute);
  expect([one({}), one({ keys: ["env"] }), one({ keys: ["other"] }), one({ values: ["prod", "dev"] }), one({ values: ["dev"] }), one({ types: ["logs"] })]).toEqual([true, true, false, true, false, false]);
});

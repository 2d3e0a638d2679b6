// Query text to chips and back, completion contexts, and literals.
import { describe, expect, it } from "vitest";
import { catalogueKey, completionAt } from "./completion";
import { compare, parseConditions, slotValue, toQuery, withSlot } from "./conditions";
import { durationLiteral, parseDuration, valueLiteral } from "./literal";
import { attributeField, quote, tokenize, unquote } from "./tokens";

describe("conditions", () => {
  it.each([
    ["{}", []],
    ["", []],
    ["{ true }", []],
    ["{ status = error }", ["status = error"]],
    ['{resource.service.name="a"&&duration>100ms}', ['resource.service.name="a"', "duration>100ms"]],
    ['{ .a = "x && y" && .b =~ `z.*` }', ['.a = "x && y"', ".b =~ `z.*`"]],
    ["{ (.a = 1 || .b = 2) && .c = 3 }", ["(.a = 1 || .b = 2)", ".c = 3"]],
    ["{ .a = 1 || .b = 2 && .c = 3 }", [".a = 1 || .b = 2 && .c = 3"]],
    ["{ .a > -5 }", [".a > -5"]],
    ["{ .a } | count() > 2", null],
    ["{ .a } >> { .b }", null],
    ["{ .a && }", null],
    ["{ (.a }", null],
    ["checkout", null],
  ])("%s", (query, texts) => expect(parseConditions(query)?.map(({ text }) => text) ?? null).toEqual(texts));

  it("fills the form from a query", () => {
    const conditions = parseConditions('{ .service.name = "cart" && name = "GET /" && error && duration > 1s && duration <= 2s && traceDuration >= 5s }')!;
    const slots = (["service", "operation", "errors", "minDuration", "maxDuration", "minTrace", "maxTrace"] as const).map((slot) => slotValue(conditions, slot));
    expect(slots).toEqual(["cart", "GET /", "error", "1s", "2s", "5s", null]);
  });

  it("writes the form into a query, in place", () => {
    let conditions = parseConditions('{ .a = 1 && resource.service.name = "x" && .b = 2 }')!;
    conditions = withSlot(conditions, "service", 'y"z');
    expect(toQuery(conditions)).toBe('{ .a = 1 && resource.service.name = "y\\"z" && .b = 2 }');
    conditions = withSlot(conditions, "service", null);
    expect(toQuery(conditions)).toBe("{ .a = 1 && .b = 2 }");
    conditions = withSlot(withSlot(conditions, "operation", "op"), "service", "s");
    expect(toQuery(conditions)).toBe('{ resource.service.name = "s" && name = "op" && .a = 1 && .b = 2 }');
    expect(toQuery(withSlot([], "errors", "yes"))).toBe("{ error }");
    expect(toQuery([])).toBe("{}");
  });

  it("keeps the meaning of an OR when a condition is added", () => {
    const conditions = [...parseConditions("{ .a = 1 || .b = 2 }")!, compare(".c", "=", "3")];
    expect(toQuery(conditions)).toBe("{ (.a = 1 || .b = 2) && .c = 3 }");
    expect(toQuery([...parseConditions("{ (.a = 1) || (.b = 2) }")!, compare(".c", "=", "3")])).toBe("{ ((.a = 1) || (.b = 2)) && .c = 3 }");
  });
});

describe("tokens", () => {
  it("covers every character once", () => {
    for (const text of ['{ span."odd \\" key" >= 1.5s && name =~ `a|b` } | count() > 2', '{ .a = "unfinished', "{ å = ✓ }", "&&&"]) {
      expect(tokenize(text).map((token) => token.text).join("")).toBe(text);
    }
  });
  it.each(["a", 'say "hi"', "back\\slash", "new\nline", "ü"])("quotes %j", (text) => expect(unquote(quote(text))).toBe(text));
  it("quotes unusual keys only", () => {
    expect(attributeField("span", "http.route")).toBe("span.http.route");
    expect(attributeField("", "a b")).toBe('."a b"');
    expect(attributeField("scope", "x")).toBe("instrumentation.x");
  });
});

describe("completion", () => {
  it("replaces the whole word under the caret", () => {
    const context = completionAt("{ status = error }", 13);
    expect([context.from, context.to, context.field]).toEqual([11, 16, "status"]);
  });
  it.each([
    ["name", "intrinsic", "name"],
    ["resource.service.name", "intrinsic", "service.name"],
    ["span.http.route", "span", "http.route"],
    ['span."a b"', "span", "a b"],
    [".x.y", "span", "x.y"],
    ["instrumentation.v", "scope", "v"],
  ])("asks the catalogue for %s", (field, scope, key) => expect(catalogueKey(field)).toEqual({ scope, key }));
});

describe("literals", () => {
  it.each([
    ["1.5s", 1.5e9],
    ["1h30m", 5400e9],
    ["250 ms", 250e6],
    ["250", 250e6],
    ["100us", 1e5],
    ["5 parsecs", null],
    ["", null],
  ])("duration %s", (text, ns) => expect(parseDuration(text)).toBe(ns));
  it.each([
    [1.2e9, "1.2s"],
    [100e6, "100ms"],
    [1_234_567, "1234.567us"],
    [90e9, "1.5m"],
    [7, "7ns"],
  ])("writes %d ns", (ns, text) => {
    expect(durationLiteral(ns)).toBe(text);
    expect(parseDuration(text)).toBeCloseTo(ns, 3);
  });
  it.each([
    ["GET", '"GET"'],
    ["200", "200"],
    ["true", "true"],
    ['"200"', '"200"'],
    ["1.2.3", '"1.2.3"'],
  ])("value %s", (text, literal) => expect(valueLiteral(text)).toBe(literal));
});

// A span as text for somewhere else.
import { expect, it } from "vitest";
import type { Attribute } from "./details";
import { COPY_FORMATS } from "./copyAs";
import { fileSpan } from "./fixtures";

function copied(format: string, attributes: [string, string][]): string | null {
  const { detail } = fileSpan({ id: "1" });
  detail.attributes = attributes.map(([key, value]): Attribute => ({ key, type: "string", value }));
  return COPY_FORMATS.find(({ name }) => name === format)!.text(detail, "shop", "abc");
}

it("writes key=value, with quotes where they are needed", () => {
  expect(copied("key=value", [["a", "1"], ["b", "x y"], ["c", ""]])).toBe('a=1\nb="x y"\nc=""');
});

it("writes a request that can be made again, whatever is in it", () => {
  const request: [string, string][] = [["http.request.method", "POST"], ["url.full", "http://h/it's?a=1&b=$(rm)"], ["http.request.header.x_id", "7"]];
  expect(copied("curl", request)).toBe("curl -X POST -H 'x-id: 7' 'http://h/it'\\''s?a=1&b=$(rm)'");
  expect(copied("curl", [["url.path", "/x"]])).toBeNull();
});

it("writes the statement of a database, and a table", () => {
  expect(copied("SQL", [["db.query.text", "select 1"]])).toBe("select 1");
  expect(copied("SQL", [])).toBeNull();
  expect(copied("Markdown", [["k", "a|b"]])).toContain("| k | a\\|b |");
  expect(JSON.parse(copied("JSON", [["k", "v"]])!)).toMatchObject({ attributes: [{ key: "k", value: "v" }] });
});

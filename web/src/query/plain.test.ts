// What is typed without knowing the query language does the obvious thing.
import { expect, it } from "vitest";
import { pastedTraceId, plainQuery } from "./plain";

it.each([
  ["checkout", '{ (name =~ "(?i).*checkout.*" || resource.service.name =~ "(?i).*checkout.*") }'],
  ["GET /cart", '{ (name =~ "(?i).*GET /cart.*" || resource.service.name =~ "(?i).*GET /cart.*") }'],
  ["a.b", '{ (name =~ "(?i).*a\\\\.b.*" || resource.service.name =~ "(?i).*a\\\\.b.*") }'],
  ["http.status_code=500", '{ (.http.status_code = 500 || .http.status_code = "500") }'],
  ['service=cart db.system="postgres ql"', '{ resource.service.name = "cart" && .db.system = "postgres ql" }'],
  ["duration>500ms name=x", '{ duration > 500ms && name = "x" }'],
  ["user.id=abc timeout", '{ .user.id = "abc" && (name =~ "(?i).*timeout.*" || resource.service.name =~ "(?i).*timeout.*") }'],
])("%s", (text, query) => expect(plainQuery(text)).toBe(query));

it.each(["", "{ error }", "{ broken", '{ name = "x" } | count() > 1', "a && b", "(x)"])("leaves %j alone", (text) => expect(plainQuery(text)).toBeNull());

it.each([
  ["0af7651916cd43dd8448eb211c80319c", true],
  [" 8448eb211c80319c ", true],
  ["0af76519-16cd-43dd-8448-eb211c80319c", true],
  ["cafe", false],
  ["checkout", false],
])("%j is a trace id: %s", (text, isId) => expect(pastedTraceId(text) !== null).toBe(isId));

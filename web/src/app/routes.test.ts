// The route table: which path is which page, and that each page can be loaded.
import { expect, it } from "vitest";
import { matchRoute, ROUTES } from "./routes";

it.each([
  ["search", "search", {}],
  ["import", "import", {}],
  ["status", "status", {}],
  ["sign-in", "sign-in", {}],
  ["trace/0af7651916cd43dd8448eb211c80319c", "trace/:traceId", { traceId: "0af7651916cd43dd8448eb211c80319c" }],
  ["trace/a%20b", "trace/:traceId", { traceId: "a b" }],
] as const)("%s", (path, pattern, args) => {
  const match = matchRoute(path)!;
  expect(match.route.path).toBe(pattern);
  expect(match.args).toEqual(args);
});

it.each(["", "nowhere", "trace", "trace/a/b", "trace/%E0%A4%A", "%", "search/%"])("%j is no page", (path) => expect(matchRoute(path)).toBeNull());

it("keeps a page while it shows the same thing, and makes a new one for another", () => {
  expect(matchRoute("trace/a")!.key).toBe(matchRoute("trace/a")!.key);
  expect(matchRoute("trace/a")!.key).not.toBe(matchRoute("trace/b")!.key);
});

it.each(ROUTES.map(({ path, load }) => [path, load] as const))("the page of %s can be loaded", async (_path, load) => {
  expect(typeof (await load()).default).toBe("function");
});

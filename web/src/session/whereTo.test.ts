// The way to the sign-in and back, whatever somebody puts into a link.
import { expect, it } from "vitest";
import { place } from "../location/place";
import { signInFrom, whereTo } from "./whereTo";

it("leads back to where one was, with all parameters", () => {
  const to = signInFrom("sign-in", { path: "search", params: new URLSearchParams({ q: "{ error }", from: "now-1h" }) });
  place.value = { path: "sign-in", params: new URL(to, document.baseURI).searchParams };
  const back = new URL(whereTo(), document.baseURI);
  expect(back.pathname).toMatch(/\/search$/);
  expect(back.searchParams.get("q")).toBe("{ error }");
  expect(back.searchParams.get("from")).toBe("now-1h");
});

it.each(["//elsewhere.test/x", "/\\elsewhere.test", "\\\\elsewhere.test", "https://elsewhere.test/", "javascript:alert(1)"])("%s stays here", (to) => {
  place.value = { path: "sign-in", params: new URLSearchParams({ to }) };
  const base = new URL(document.baseURI);
  const back = new URL(whereTo(), base);
  expect([back.protocol, back.host]).toEqual([base.protocol, base.host]);
});

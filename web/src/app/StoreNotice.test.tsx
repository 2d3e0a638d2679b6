import { render } from "preact";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { StoreNotice } from "./StoreNotice";

let degraded: string | null = null;
const root = document.createElement("div");
const text = (): string | null => root.querySelector('[role="status"]')!.textContent;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("fetch", async () => new Response(JSON.stringify({ store: { degraded } })));
  document.body.append(root);
});

afterEach(() => {
  render(null, root);
  root.remove();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** Lets one poll come and be drawn. */
const poll = (): Promise<unknown> => vi.advanceTimersByTimeAsync(15_000);

test("says why the store is degraded, as long as it is", async () => {
  render(<StoreNotice />, root);
  await poll();
  expect(text()).toBe("");
  degraded = "1 block is damaged, 5 spans cannot be read";
  await poll();
  await poll();
  expect(text()).toBe("The store needs attention. 1 block is damaged, 5 spans cannot be read");
  expect(root.querySelector(".notice.warn")).not.toBeNull();
  degraded = null;
  await poll();
  await poll();
  expect(text()).toBe("");
});

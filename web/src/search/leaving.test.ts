// What happens to a search and its histogram when nobody looks any more.
import { afterEach, expect, it, vi } from "vitest";
import { readSearchParams } from "../location/params";
import { HistogramSession } from "./histogram";
import { SearchSession } from "./session";

afterEach(() => void vi.unstubAllGlobals());

/** A server that never answers; the signals of the requests. */
function silent(): AbortSignal[] {
  const signals: AbortSignal[] = [];
  vi.stubGlobal("fetch", (_: unknown, init: RequestInit) => {
    signals.push(init.signal!);
    return new Promise((_resolve, reject) => init.signal!.addEventListener("abort", () => reject(new DOMException("", "AbortError"))));
  });
  return signals;
}

const params = readSearchParams(new URLSearchParams());

it("a search that was under way is cut off, and asked for again by whoever comes back", async () => {
  const signals = silent();
  const session = new SearchSession();
  void session.run(params);
  await Promise.resolve();
  expect(session.holds(params)).toBe(true);
  session.leave();
  expect([signals[0]!.aborted, session.holds(params), session.wasLeft]).toEqual([true, false, true]);
  void session.run(params, { quietly: session.wasLeft });
  await Promise.resolve();
  expect([signals.length, session.holds(params)]).toEqual([2, true]);
});

it("a histogram that was under way is cut off, and counted again for the same search", async () => {
  const signals = silent();
  const histogram = new HistogramSession();
  histogram.run(params, 1);
  await Promise.resolve();
  histogram.stop();
  expect([signals[0]!.aborted, histogram.busy.value]).toEqual([true, false]);
  histogram.run(params, 1);
  await Promise.resolve();
  expect(signals.length).toBe(2);
});

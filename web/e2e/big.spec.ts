// A trace of 66,386 spans: how soon its first rows are there, what a scroll step costs. Times of
// the main thread are CPU time, so that a busy machine does not matter.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import type { CDPSession, Page } from "@playwright/test";
import { expect, test } from "./fixtures";
import type { Server } from "./server";

const DATA = new URL("../../../shared/data/traces/fuchsia_trace.otlp.pb.gz", import.meta.url);
const SPANS = 66_386;
const STEPS = 60;

/** The path of the big trace, sent to the server first where that is needed. */
async function load(server: Server): Promise<string> {
  if (server.isDev) return `/trace/${SPANS}`;
  test.skip(!existsSync(DATA), `no test data at ${DATA.pathname}`);
  const data = gunzipSync(await readFile(DATA));
  for (let at = 0; at < data.length; ) {
    const size = data.readUInt32BE(at);
    await server.sendProtobuf(data.subarray(at + 4, at + 4 + size));
    at += 4 + size;
  }
  const answer = await (await fetch(`${server.ui}/api/ui/search?limit=1000&from=1970-01-02T00:00:00Z`)).text();
  const traces = answer.split("\n").filter(Boolean).map((line) => JSON.parse(line) as { type: string; traceId: string; spanCount: number });
  const found = traces.find(({ type, spanCount }) => type === "trace" && spanCount > SPANS / 2);
  if (found === undefined) throw new Error("the big trace is not found by search");
  return `/trace/${found.traceId}`;
}

async function cpuMs(session: CDPSession): Promise<number> {
  const { metrics } = await session.send("Performance.getMetrics");
  return metrics.find(({ name }) => name === "TaskDuration")!.value * 1000;
}

async function measure(page: Page, url: string): Promise<Record<string, number>> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  await page.addInitScript(() => {
    const observer = new MutationObserver(() => {
      if (document.querySelector(".row") === null) return;
      observer.disconnect();
      // The frame after the next one has the rows painted.
      requestAnimationFrame(() => requestAnimationFrame(() => ((window as unknown as { firstRows: number }).firstRows = performance.now())));
    });
    observer.observe(document, { childList: true, subtree: true });
  });
  const before = await cpuMs(session);
  await page.goto(url);
  await expect(page.locator(".row").first()).toBeVisible();
  await page.waitForFunction(() => (window as unknown as { firstRows?: number }).firstRows !== undefined);
  const firstRows = await page.evaluate(() => (window as unknown as { firstRows: number }).firstRows);
  const load = (await cpuMs(session)) - before;

  const timed = async (action: () => Promise<unknown>): Promise<number> => {
    const start = await cpuMs(session);
    await action();
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    return (await cpuMs(session)) - start;
  };
  const expand = await timed(() => page.keyboard.press("["));
  const scroll = await timed(() =>
    page.locator(".waterfall-scroll").evaluate(async (element, steps) => {
      for (let i = 0; i < steps; i++) {
        element.scrollBy(0, 120);
        await new Promise((resolve) => requestAnimationFrame(resolve));
      }
    }, STEPS),
  );
  const collapse = await timed(() => page.keyboard.press("]"));
  const nodes = await page.evaluate(() => document.querySelectorAll("*").length);
  return { firstRows, load, expand, scrollStep: scroll / STEPS, collapse, nodes };
}

test("opens within a second and scrolls without a stall", async ({ page, server }, testInfo) => {
  test.setTimeout(120_000);
  const path = await load(server);
  // Once for warm caches of the server and the browser.
  await page.goto(server.ui + path);
  await expect(page.locator(".trace-facts")).toContainText(SPANS.toLocaleString("en-US"));
  const result = await measure(page, server.ui + path);
  const text = Object.entries(result)
    .map(([name, value]) => `${name} ${value.toFixed(name === "nodes" ? 0 : 1)}`)
    .join(", ");
  testInfo.annotations.push({ type: "measured", description: text });
  console.log(`${SPANS} spans: ${text} (ms; load, expand, scrollStep, collapse are CPU of the main thread)`);
  expect(result.firstRows).toBeLessThan(1000);
  expect(result.scrollStep).toBeLessThan(10);
  expect(result.nodes).toBeLessThan(2000);

  await page.keyboard.press("[");
  await page.locator(".waterfall-scroll").evaluate((element) => element.scrollTo(0, element.scrollHeight));
  await expect(page.getByRole("row").last()).toHaveAttribute("aria-rowindex", String(SPANS));
});

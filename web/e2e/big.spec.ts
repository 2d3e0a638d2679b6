// A trace of 66,386 spans: what it costs to open it and to scroll.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { measure, told } from "./cost";
import { expect, test } from "./fixtures";
import type { Server } from "./server";

const DATA = new URL("../../../shared/data/traces/fuchsia_trace.otlp.pb.gz", import.meta.url);
const SPANS = 66_386;

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

test("opens and scrolls without a stall", async ({ page, server }, testInfo) => {
  test.setTimeout(120_000);
  const path = await load(server);
  // Once for warm caches of the server and the browser.
  await page.goto(server.ui + path);
  await expect(page.locator(".trace-facts")).toContainText(SPANS.toLocaleString("en-US"));
  const result = await measure(page, server.ui + path);
  testInfo.annotations.push({ type: "measured", description: told(SPANS, result) });
  console.log(told(SPANS, result));
  expect(result.stepNodes).toBeLessThan(200);
  expect(result.nodes).toBeLessThan(500);

  await page.keyboard.press("[");
  await page.locator(".waterfall-scroll").evaluate((element) => element.scrollTo(0, element.scrollHeight));
  await expect(page.getByRole("treegrid").getByRole("row").last()).toHaveAttribute("aria-rowindex", String(SPANS));
});

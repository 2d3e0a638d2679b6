// What an operator configured, as a person sees it: links of Jaeger's file, and where the store is.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { shopTrace } from "../dev/shop";
import { expect, test as base } from "./fixtures";
import { type Server, startServer } from "./server";

const TRACE = "00000000000000000000000000000c01";

/** As in Jaeger's documentation; the last one needs a value that only an ancestor has. */
const LINKS = {
  menu: [{ label: "Ours", url: "/ours" }],
  linkPatterns: [
    { type: ["resource"], key: "service.name", url: "https://owners.test/#{service.name}", text: "Owner of #{service.name}" },
    { type: "tags", key: "order.note", url: "https://orders.test/?q=#{order.note}&at=#{trace.startTime | epoch_micros_to_date_iso}", text: "Order" },
    { type: "tags", key: "db.system", url: "https://db.test/#{db.system}?route=#{http.route}&span=#{span.spanID}", text: "Queries of this route" },
    { type: "logs", key: "exception.type", url: "https://errors.test/#{exception.type}", text: "Errors like this" },
    { type: "tags", key: "order.note", url: "https://x.test/#{no.such.attribute}", text: "Never" },
    { type: "traces", url: "https://logs.test/?trace=#{traceID}&from=#{startTime | add -1000000}", text: "Logs" },
  ],
};

type Attribute = [string, string];
const attributes = (...pairs: Attribute[]): object[] => pairs.map(([key, stringValue]) => ({ key, value: { stringValue } }));

const request = {
  resourceSpans: [
    {
      resource: { attributes: attributes(["service.name", "desk"]) },
      scopeSpans: [
        {
          spans: [
            { traceId: TRACE, spanId: "00000000000000a1", name: "order", kind: 2, startTimeUnixNano: "1790000000000000000", endTimeUnixNano: "1790000001000000000", attributes: attributes(["http.route", "/order/{id}"], ["order.note", "50 % & more"]) },
            {
              traceId: TRACE, spanId: "00000000000000a2", parentSpanId: "00000000000000a1", name: "select", kind: 3, startTimeUnixNano: "1790000000100000000", endTimeUnixNano: "1790000000200000000",
              attributes: attributes(["db.system", "sqlite"]),
              events: [{ timeUnixNano: "1790000000150000000", name: "retry", attributes: attributes(["exception.type", "Busy"]) }],
            },
          ],
        },
      ],
    },
  ],
};

const test = base.extend<object, { server: Server }>({
  server: [
    // Playwright wants the pattern, although no other fixture is needed.
    // oxlint-disable-next-line no-empty-pattern
    async ({}, use) => {
      const directory = await mkdtemp(join(tmpdir(), "tracewell-links-"));
      const file = join(directory, "ui.json");
      await writeFile(file, JSON.stringify(LINKS));
      const strategies = join(directory, "strategies.json");
      await writeFile(strategies, JSON.stringify({ service_strategies: [{ service: "frontend", type: "adaptive", param: 2 }] }));
      const server = await startServer(["--query-ui-config", file, "--retention-age", "3d", "--retention-bytes", "1GiB", "--sampling-strategies-file", strategies]);
      try {
        await server.send(request);
        await server.send(shopTrace({ seed: 1, startMs: Date.now() - 30_000, failed: false }));
        await server.waitForTraces(2);
        await use(server);
      } finally {
        await server.stop();
        await rm(directory, { recursive: true, force: true });
      }
    },
    { scope: "worker", timeout: 240_000 },
  ],
});

test.beforeEach(({ server }) => test.skip(server.isDev, "the development server is not configured"));

test("links stand beside the values and the trace that they are for", async ({ page, open }) => {
  await open(`/trace/${TRACE}`);
  const link = (name: string) => page.getByRole("link", { name, exact: true });
  await expect(link("Logs")).toHaveAttribute("href", `https://logs.test/?trace=${TRACE}&from=1789999999000000`);
  await page.getByRole("row", { name: /order/ }).first().click();
  await expect(link("Order")).toHaveAttribute("href", "https://orders.test/?q=50%20%25%20%26%20more&at=2026-09-21T14%3A13%3A20.000Z");
  await expect(link("Never")).toHaveCount(0);
  await page.getByText("Resource", { exact: true }).click();
  await expect(link("Owner of desk")).toHaveAttribute("href", "https://owners.test/desk");
  await page.getByRole("row", { name: /select/ }).click();
  await expect(link("Queries of this route")).toHaveAttribute("href", "https://db.test/sqlite?route=%2Forder%2F%7Bid%7D&span=00000000000000a2");
  await expect(link("Errors like this")).toHaveAttribute("href", "https://errors.test/Busy");
});

test("an ancestor's value is fetched when the link names its span right away", async ({ page, open }) => {
  await open(`/trace/${TRACE}?span=00000000000000a2`);
  await expect(page.getByRole("link", { name: "Queries of this route" })).toBeVisible();
});

test("the status page says where spans lie and how long they are kept", async ({ page, open }) => {
  await open("/status");
  const storage = page.locator(".status-card", { hasText: "Storage" });
  await expect(storage).toContainText(/tracewell-e2e-.*data/);
  await expect(storage).toContainText(/Disk free\s*[\d.]+ \w+ of [\d.]+ \w+/);
  await expect(storage).toContainText(/Kept\s*for 3d, up to 1(\.07)? Gi?B/);
});

test("the status page says what clients are told to record, and why", async ({ page, open }) => {
  await open("/status");
  const row = page.getByRole("table", { name: "Adaptive sampling" }).getByRole("row").filter({ hasText: "frontend" });
  await expect(row).toContainText("/");
  await expect(row).toContainText("2 /s");
  await expect(row).toContainText("0.1 %");
  await expect(row).toContainText("seen for the first time");
});

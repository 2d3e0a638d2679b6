// The pipelines of a Collector's file on the status page: what stands behind what, what goes over
// it, and that nothing is missing; for eyes, ears and telephones.
import AxeBuilder from "@axe-core/playwright";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { shopTrace } from "../dev/shop";
import { expect, test as base } from "./fixtures";
import { type Server, startServer } from "./server";

const FILE = `
receivers: {otlp: {protocols: {grpc: , http: }}}
processors:
  batch: {timeout: 5ms}
  filter/health: {trace_conditions: ['span.name == "no such span"']}
connectors: {spanmetrics: {metrics_flush_interval: 100ms}, forward/archive: }
exporters:
  tracewell:
  debug:
  otlp/away: {endpoint: "http://127.0.0.1:1", retry_on_failure: {enabled: false}}
service:
  pipelines:
    traces: {receivers: [otlp], processors: [filter/health, batch], exporters: [tracewell, spanmetrics, forward/archive]}
    traces/archive: {receivers: [forward/archive], exporters: [debug]}
    metrics: {receivers: [spanmetrics], exporters: [otlp/away]}
`;

const test = base.extend<object, { file: string; server: Server }>({
  file: [
    // oxlint-disable-next-line no-empty-pattern
    async ({}, use) => {
      const directory = await mkdtemp(join(tmpdir(), "tracewell-e2e-pipelines-"));
      const file = join(directory, "collector.yaml");
      await writeFile(file, FILE);
      await use(file);
      await rm(directory, { recursive: true, force: true });
    },
    { scope: "worker" },
  ],
  server: [
    async ({ file }, use) => {
      const server = await startServer(["--config", file]);
      try {
        for (let seed = 0; seed < 5; seed++) await server.send(shopTrace({ seed, startMs: Date.now() - 1_000, failed: false }));
        await use(server);
      } finally {
        await server.stop();
      }
    },
    { scope: "worker", timeout: 120_000 },
  ],
});

test.skip(process.env.TRACEWELL_E2E === "dev", "the development server has no pipelines");

test("the pipelines stand in their order and say what goes over them", async ({ page, open, server }) => {
  await open("/status");
  const traces = page.getByRole("region", { name: "Pipeline traces", exact: true });
  const stages = traces.locator(".stage");
  await expect(stages).toHaveCount(4);
  await expect(stages.nth(0)).toContainText("otlp");
  await expect(stages.nth(1)).toContainText("filter/health");
  await expect(stages.nth(2)).toContainText("batch");
  await expect(stages.nth(3).getByRole("listitem")).toHaveCount(3);
  // Whoever hears it hears what each is.
  await expect(stages.nth(3).getByRole("listitem").nth(1)).toHaveText(/spanmetrics, connector: .*spans\/s/);
  await expect(page.getByRole("region", { name: "Pipeline traces/archive" })).toContainText("debug");
  // Rates come with the second answer, and follow what is sent.
  const rate = stages.nth(0).locator(".box-flow");
  await expect(rate).toHaveText("0 spans/s");
  const sending = setInterval(() => void server.send(shopTrace({ seed: 9, startMs: Date.now(), failed: false })), 200);
  try {
    await expect(rate).toHaveText(/^[1-9][\d,.]* spans\/s$/);
  } finally {
    clearInterval(sending);
  }
  await expect(page.getByRole("table", { name: "Exporters of metrics" })).toContainText("otlp/away");
});

test("every span is somewhere", async ({ page, open }) => {
  await open("/status");
  const all = page.getByRole("group", { name: "Every span of the pipelines" });
  await expect(all).toContainText("copied to go several ways");
  // Both of one moment: the page is drawn anew as the server answers.
  const [came, went] = await all.evaluate((group) => [...group.querySelectorAll("dl")].map((list) => [...list.querySelectorAll("dd")].reduce((sum, figure) => sum + Number(figure.textContent!.replace(/\D/g, "")), 0)));
  expect(came).toBeGreaterThan(0);
  expect(went).toBe(came);
  await expect(all).toContainText("are somewhere");
});

for (const theme of ["light", "dark"] as const) {
  test(`it fits a telephone and is readable: ${theme}`, async ({ page, open }) => {
    await page.emulateMedia({ colorScheme: theme });
    await page.setViewportSize({ width: 390, height: 844 });
    await open("/status");
    const pipeline = page.locator(".pipeline").first();
    await expect(pipeline).toBeVisible();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    const boxes = await pipeline.locator(".box").all();
    for (const box of boxes) {
      const { x, width } = (await box.boundingBox())!;
      expect(x >= 0 && x + width <= 390).toBe(true);
    }
    const found = await new AxeBuilder({ page }).include(".status-page").analyze();
    expect(found.violations).toEqual([]);
  });
}

test("a file that cannot be used is said, and what was before goes on", async ({ page, open, file }) => {
  await open("/status");
  const said = page.getByText("The configuration was read again and cannot be used; what was before goes on");
  await expect(page.getByRole("region", { name: "Pipeline traces", exact: true })).toBeVisible();
  await expect(said).toHaveCount(0);
  await writeFile(file, FILE.replace("timeout: 5ms", "timeot: 5ms"));
  await expect(said).toContainText("did you mean timeout?");
  await expect(page.getByRole("region", { name: "Pipeline traces", exact: true })).toBeVisible();
  await writeFile(file, FILE);
  await expect(said).toHaveCount(0);
});

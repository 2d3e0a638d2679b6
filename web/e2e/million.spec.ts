// A trace of a million spans, in the real server: a link to one of its spans, its details, Back.
import { measure, told } from "./cost";
import { expect, test as base } from "./fixtures";
import { type Server, startServer } from "./server";

const TRACE = "0000000000000000000000000000000f";
const LEAVES = 999;
const SPANS = 1 + 1000 * (1 + LEAVES);
/** The same shape with fewer branches. */
const SMALL = { trace: "00000000000000000000000000002710", spans: 1 + 10 * (1 + LEAVES) };
/** Spans of one request. */
const BATCH = 20_000;

const id = (n: number): string => n.toString(16).padStart(16, "0");

/** A root, its branches one after another, and leaves below each: number 1, then depth first. */
function span(trace: string, count: number, n: number): object {
  const start = 1_790_000_000_000_000_000n + BigInt(n) * 1000n;
  const place = (n - 2) % (LEAVES + 1);
  const parent = n === 1 ? undefined : place === 0 ? id(1) : id(n - place);
  const length = n === 1 ? BigInt(count) * 1000n : place === 0 ? BigInt(LEAVES + 1) * 1000n : 900n;
  return {
    traceId: trace, spanId: id(n), parentSpanId: parent, name: n === 1 ? "all" : place === 0 ? "branch" : "leaf", kind: 1,
    startTimeUnixNano: String(start), endTimeUnixNano: String(start + length),
    attributes: n % 100 === 0 ? [{ key: "number", value: { intValue: n } }] : [],
  };
}

async function fill(server: Server, trace: string, count: number): Promise<void> {
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "batch" } }] };
  for (let first = 1; first <= count; first += BATCH) {
    const spans = Array.from({ length: Math.min(BATCH, count + 1 - first) }, (_, i) => span(trace, count, first + i));
    await server.send({ resourceSpans: [{ resource, scopeSpans: [{ spans }] }] });
  }
}

const test = base.extend<object, { server: Server }>({
  server: [
    // Playwright wants the pattern, although no other fixture is needed.
    // oxlint-disable-next-line no-empty-pattern
    async ({}, use) => {
      const server = await startServer();
      try {
        if (!server.isDev) {
          await fill(server, TRACE, SPANS);
          await fill(server, SMALL.trace, SMALL.spans);
        }
        await use(server);
      } finally {
        await server.stop();
      }
    },
    { scope: "worker", timeout: 240_000 },
  ],
});

test("a link to a span of a million: it is selected, in view, with its details; and so after a reload and Back", async ({ page, open, server }) => {
  test.skip(server.isDev, "the development server makes its own");
  test.setTimeout(240_000);
  const wanted = 765_400;
  const selected = page.locator('[role="row"][aria-selected="true"]');
  const heading = page.getByRole("complementary", { name: "Span details" }).getByRole("heading", { level: 2 });
  const number = page.getByRole("complementary", { name: "Span details" }).getByRole("row", { name: /number/ });
  const patience = { timeout: 60_000 };
  await open(`/trace/${TRACE}?span=${id(wanted)}`);
  await expect(selected).toBeInViewport(patience);
  await expect(number).toContainText(String(wanted), patience);
  await expect(page.locator(".trace-facts")).toContainText(SPANS.toLocaleString("en-US"));
  await page.reload();
  await expect(number).toContainText(String(wanted), patience);
  await expect(selected).toBeInViewport();
  const parent = page.locator(".detail-facts > div").filter({ has: page.getByText("Parent", { exact: true }) });
  await parent.getByRole("button").click();
  await expect(heading).toContainText("branch", patience);
  await expect(page).toHaveURL(new RegExp(`span=${id(wanted - ((wanted - 2) % (LEAVES + 1)))}`));
  await page.goBack();
  await expect(number).toContainText(String(wanted), patience);
  await expect(selected).toBeInViewport();
});

for (const { trace, spans } of [SMALL, { trace: TRACE, spans: SPANS }]) {
  test(`what a page of ${spans} spans costs`, async ({ page, server }, testInfo) => {
    test.skip(server.isDev, "the development server makes its own");
    test.setTimeout(240_000);
    const url = `${server.ui}/trace/${trace}`;
    // Once for warm caches of the browser.
    await page.goto(url);
    await expect(page.locator(".row").first()).toBeVisible({ timeout: 60_000 });
    const result = await measure(page, url);
    testInfo.annotations.push({ type: "measured", description: told(spans, result) });
    console.log(told(spans, result));
    expect(result.stepNodes).toBeLessThan(200);
    expect(result.nodes).toBeLessThan(500);
  });
}

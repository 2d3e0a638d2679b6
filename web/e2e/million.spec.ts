// A trace of a million spans, in the real server: a link to one of its spans, its details, Back.
import { expect, test as base } from "./fixtures";
import { type Server, startServer } from "./server";

const TRACE = "0000000000000000000000000000000f";
const BRANCHES = 1000;
const LEAVES = 999;
const SPANS = 1 + BRANCHES * (1 + LEAVES);
/** Spans of one request. */
const BATCH = 20_000;

const id = (n: number): string => n.toString(16).padStart(16, "0");

/** A root, its branches one after another, and leaves below each: number 1, then depth first. */
function span(n: number): object {
  const start = 1_790_000_000_000_000_000n + BigInt(n) * 1000n;
  const place = (n - 2) % (LEAVES + 1);
  const parent = n === 1 ? undefined : place === 0 ? id(1) : id(n - place);
  const length = n === 1 ? BigInt(SPANS) * 1000n : place === 0 ? BigInt(LEAVES + 1) * 1000n : 900n;
  return {
    traceId: TRACE, spanId: id(n), parentSpanId: parent, name: n === 1 ? "all" : place === 0 ? "branch" : "leaf", kind: 1,
    startTimeUnixNano: String(start), endTimeUnixNano: String(start + length),
    attributes: n % 100 === 0 ? [{ key: "number", value: { intValue: n } }] : [],
  };
}

async function fill(server: Server): Promise<void> {
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "batch" } }] };
  for (let first = 1; first <= SPANS; first += BATCH) {
    const spans = Array.from({ length: Math.min(BATCH, SPANS + 1 - first) }, (_, i) => span(first + i));
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
        if (!server.isDev) await fill(server);
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
  await page.getByRole("link", { name: "Parent" }).or(page.locator(".detail-facts .link-button")).first().click();
  await expect(heading).toContainText("branch", patience);
  await expect(page).toHaveURL(new RegExp(`span=${id(wanted - ((wanted - 2) % (LEAVES + 1)))}`));
  await page.goBack();
  await expect(number).toContainText(String(wanted), patience);
  await expect(selected).toBeInViewport();
});

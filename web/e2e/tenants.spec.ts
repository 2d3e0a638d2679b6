// Several tenants on one server, as a person meets them: naming one's own, seeing it alone, changing.
import type { Page } from "@playwright/test";
import { shopTrace } from "../dev/shop";
import { expect, test as base } from "./fixtures";
import { type Server, startServer } from "./server";

const TRACES = { acme: "0000000000000000000000000000ac01", globex: "0000000000000000000000000000910b" };

const test = base.extend<object, { server: Server }>({
  server: [
    // Playwright wants the pattern, although no other fixture is needed.
    // oxlint-disable-next-line no-empty-pattern
    async ({}, use) => {
      const server = await startServer(["--tenants"]);
      try {
        if (!server.isDev)
          for (const [tenant, traceId] of Object.entries(TRACES)) {
            const body = JSON.stringify(shopTrace({ seed: 1, startMs: Date.now() - 30_000, failed: false, traceId }));
            const headers = { "content-type": "application/json", "x-scope-orgid": tenant };
            const sent = await fetch(`${server.otlpHttp}/v1/traces`, { method: "POST", headers, body });
            expect(sent.status).toBe(200);
          }
        await use(server);
      } finally {
        await server.stop();
      }
    },
    { scope: "worker", timeout: 240_000 },
  ],
});

test.beforeEach(({ server, errors }) => {
  test.skip(server.isDev, "the development server has no tenants");
  // The browser itself writes down every answer that is an error.
  errors.allow(/status of 40[14]/);
});

async function name(page: Page, tenant: string): Promise<void> {
  const field = page.getByLabel("Tenant");
  await expect(field).toBeFocused();
  await page.keyboard.type(tenant);
  await page.keyboard.press("Enter");
}

test("whose spans are shown is asked once, and is kept for pages and downloads", async ({ page, open }) => {
  await open(`/trace/${TRACES.acme}`);
  await name(page, "acme");
  await expect(page).toHaveURL(new RegExp(`/trace/${TRACES.acme}`));
  await expect(page.getByRole("row").nth(1)).toBeVisible();
  await page.reload();
  await expect(page.getByRole("row").nth(1)).toBeVisible();
  const download = (trace: string) => page.request.get(new URL(`api/ui/traces/${trace}/otlp`, page.url().replace(/trace\/.*/, "")).href);
  expect((await download(TRACES.acme)).status()).toBe(200);
  expect((await download(TRACES.globex)).status()).toBe(404);

  await open(`/trace/${TRACES.globex}`);
  await expect(page.getByText(/not (found|here|stored)|no trace/i).first()).toBeVisible();
  await page.getByRole("link", { name: "acme" }).click();
  await name(page, "globex");
  await expect(page).toHaveURL(new RegExp(`/trace/${TRACES.globex}`));
  await expect(page.getByRole("row").nth(1)).toBeVisible();
  await expect(page.getByRole("link", { name: "globex" })).toBeVisible();
});

test("what is no name is told before anything is asked", async ({ page, open }) => {
  await open("/search");
  await name(page, "a/b");
  await expect(page.getByLabel("Tenant")).toBeVisible();
  expect(await page.getByLabel("Tenant").evaluate((field: HTMLInputElement) => field.validity.patternMismatch)).toBe(true);
});

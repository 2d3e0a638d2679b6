// A server that is slow, away, broken or cut off, on each page: what is said, what stays, and that it
// heals by itself.
import type { Page, Route } from "@playwright/test";
import { expect, test, TRACES } from "./fixtures";

const TRACE = `/trace/${TRACES.failed}`;
const rows = (page: Page) => page.getByRole("treegrid").getByRole("row");

/** Answers requests in a bad way until it is told that the server is well. */
async function fail(page: Page, url: RegExp, how: (route: Route) => Promise<void>): Promise<() => Promise<void>> {
  const handler = (route: Route): Promise<void> => how(route).catch(() => undefined);
  await page.route(url, handler);
  return () => page.unroute(url, handler);
}

const FAULTS = {
  gone: (route: Route) => route.abort("connectionrefused"),
  500: (route: Route) => route.fulfill({ status: 500, contentType: "application/json", body: '{"code":"internal","message":"a fault of the store"}' }),
  cut: (route: Route) => route.fulfill({ status: 200, contentType: "application/x-ndjson", body: '{"type":"progress","searchedBlocks":1,"totalBlocks":4,"searchedBytes":1}\n{"type":"tra' }),
};

test.beforeEach(({ errors }) => errors.allow(/Failed to load resource|ERR_|500|404/));

for (const [name, fault] of Object.entries(FAULTS)) {
  test(`search: ${name}, said, and healed by itself`, async ({ page, open }) => {
    const heal = await fail(page, /api\/ui\/search/, fault);
    await open("/search");
    await expect(page.getByRole("alert")).toContainText(/Trying again/);
    await expect(page.getByText(/No traces found|0 traces/)).toHaveCount(0);
    await heal();
    await expect(page.getByText("20 traces", { exact: true })).toBeVisible();
    await expect(page.getByRole("alert")).toHaveCount(0);
  });

  test(`trace: ${name}, said, and healed by itself`, async ({ page, open }) => {
    const heal = await fail(page, /skeleton/, fault);
    await open(TRACE);
    await expect(page.getByRole("alert")).toContainText(/Trying again/);
    await expect(page.getByText("This trace is not here")).toHaveCount(0);
    await heal();
    await expect(rows(page)).toHaveCount(19);
  });

  test(`details: ${name}, said in the pane, and healed by itself`, async ({ page, open }) => {
    const heal = await fail(page, /\/spans$/, fault);
    await open(TRACE);
    await page.getByRole("row", { name: /charge card/ }).click();
    const pane = page.getByRole("complementary", { name: "Span details" });
    await expect(pane.getByRole("alert")).toContainText(/Trying again/);
    await heal();
    await expect(pane.getByRole("heading", { name: /charge card/ })).toBeVisible();
    await expect(page).toHaveURL(/span=[0-9a-f]{16}/);
  });

  test(`find: ${name}, is not "no match"`, async ({ page, open }) => {
    const heal = await fail(page, /\/find\?/, fault);
    await open(TRACE);
    await expect(rows(page)).toHaveCount(19);
    await page.getByRole("textbox", { name: "Find in this trace" }).fill("db.system.name=postgresql");
    await expect(page.locator(".find-count")).toHaveText("0+ ?");
    await heal();
    await expect(page.locator(".find-count")).toHaveText("6");
  });
}

test("more results: what failed is asked for again, and nothing from the beginning", async ({ page, open }) => {
  await open("/search");
  await expect(page.getByText("20 traces", { exact: true })).toBeVisible();
  const heal = await fail(page, /api\/ui\/search/, FAULTS[500]);
  await page.getByRole("button", { name: "Load older traces" }).click();
  await expect(page.getByRole("alert")).toContainText(/Trying again/);
  await heal();
  const asked: string[] = [];
  page.on("request", (request) => request.url().includes("api/ui/search") && asked.push(request.url()));
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByText("33 traces", { exact: true })).toBeVisible();
  expect(asked.length).toBeGreaterThan(0);
  for (const url of asked) expect(url).toContain("cursor=");
});

test("status: away, said, and healed by itself", async ({ page, open }) => {
  const heal = await fail(page, /api\/status/, FAULTS.gone);
  await open("/status");
  await expect(page.getByRole("alert")).toContainText("The server is away");
  await heal();
  await expect(page.locator(".status-card").first()).toBeVisible();
  await fail(page, /api\/status/, FAULTS[500]);
  await expect(page.getByRole("alert")).toContainText("The status may be out of date");
  await expect(page.locator(".status-card").first()).toBeVisible();
});

test("search: slow, what was there stays and is marked as old", async ({ page, open }) => {
  await open("/search");
  await expect(page.getByText("20 traces", { exact: true })).toBeVisible();
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  await fail(page, /api\/ui\/search/, async (route) => {
    await released;
    await route.continue();
  });
  await page.getByRole("button", { name: "Errors only" }).click();
  await expect(page.locator(".found.stale .result").first()).toBeVisible();
  await expect(page.locator(".summary")).toContainText("Searching");
  release();
  await expect(page.getByText("4 traces", { exact: true })).toBeVisible();
  await expect(page.locator(".found.stale")).toHaveCount(0);
});

test("search: the server goes away and comes back while a list is shown", async ({ page, open }) => {
  await open("/search");
  await expect(page.getByText("20 traces", { exact: true })).toBeVisible();
  const heal = await fail(page, /\/api\//, FAULTS.gone);
  await page.locator("body").press("r");
  await expect(page.locator(".page-notice .notice.error")).toContainText("The server does not answer");
  await expect(page.locator(".result").first()).toBeVisible();
  await heal();
  await expect(page.locator(".page-notice .notice.error")).toHaveCount(0);
});

test("trace: a reload that fails keeps the trace and says that it may be old", async ({ page, open }) => {
  await open(TRACE);
  await expect(rows(page)).toHaveCount(19);
  const heal = await fail(page, /skeleton/, FAULTS.gone);
  await page.locator("body").press("r");
  await expect(page.getByRole("alert")).toContainText("The trace may be out of date");
  await expect(rows(page)).toHaveCount(19);
  await heal();
  await expect(page.getByRole("alert")).toHaveCount(0);
});

test("trace: a link to a span, while details are slow", async ({ page, open }) => {
  await open(TRACE);
  await page.getByRole("row", { name: /charge card/ }).click();
  await expect(page).toHaveURL(/span=/);
  const url = page.url();
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  await fail(page, /\/(spans|rows|find)(\?|$)/, async (route) => {
    await released;
    await route.continue();
  });
  const asked = page.waitForRequest(/\/(spans|rows|find)(\?|$)/);
  await page.goto(url);
  await expect(rows(page)).toHaveCount(19);
  await asked;
  // A zoom meanwhile is written, and does not lose the span.
  await page.keyboard.press("w");
  await expect(page).toHaveURL(/span=.*zoom=/);
  release();
  await expect(page.locator(".row.selected")).toContainText("charge card");
  await expect(page).toHaveURL(/span=.*zoom=/);
});

test("trace: a link that is copied while details are on their way names the selected span", async ({ page, open, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await open(TRACE);
  await page.getByRole("row", { name: /POST \/authorize/ }).first().click();
  await expect(page).toHaveURL(/span=/);
  const before = new URL(page.url()).searchParams.get("span");
  await page.reload();
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  await expect(page.locator(".row.selected")).toBeVisible();
  await fail(page, /\/spans$/, async (route) => {
    await released;
    await route.continue();
  });
  await page.getByRole("row", { name: /charge card/ }).click();
  await page.keyboard.press("l");
  release();
  await expect(page).not.toHaveURL(new RegExp(before!));
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(new URL(copied).searchParams.get("span")).toBe(new URL(page.url()).searchParams.get("span"));
});

test("a page whose code cannot be loaded says so", async ({ page, open }) => {
  await open("/search");
  await expect(page.locator(".result").first()).toBeVisible();
  await fail(page, /assets\/import-.*\.js/, FAULTS.gone);
  await page.evaluate(() => {
    const link = document.createElement("a");
    link.href = "/import";
    document.querySelector("main")!.append(link);
    link.click();
  });
  await expect(page.getByRole("heading", { name: "This page has changed on the server" })).toBeVisible();
});

test("a path with a broken % is a page that says so", async ({ page, open, server }) => {
  test.skip(!server.isDev, "the server answers this path by itself");
  await open("/trace/%25E0%25A4%25A");
  await expect(page.locator("main")).toContainText("There is no such page");
});

// Each input that went wrong once, opened in the browser.
import { hasCases, pathOf, readCase, sendCase } from "./cases";
import { expect, filledServer, test as base, TRACES } from "./fixtures";
import type { Server } from "./server";

const test = base.extend<object, { server: Server }>({ server: filledServer() });

test.skip(!hasCases(), "no test data at ../shared/data/cases/ui");

const rows = (page: import("@playwright/test").Page) => page.getByRole("treegrid").getByRole("row");

test("cycle: said as such, and not a missing parent", async ({ page, open, server }) => {
  await sendCase(server, "cycle");
  await open(pathOf("cycle"));
  await expect(rows(page)).toHaveCount(3);
  await expect(page.locator(".notices")).toContainText(/cycle/);
  await expect(page.locator(".notices")).not.toContainText(/never arrived/);
  await expect(page.locator(".orphan-mark")).toHaveText(["cycle", "cycle"]);
  await page.getByRole("row", { name: /self parent/ }).click();
  await expect(page.getByRole("complementary")).toContainText("a cycle");
});

test("exception: two clicks from the search to the stack", async ({ page, open, server }) => {
  await sendCase(server, "exception");
  await open("/search?limit=200");
  await page.locator(".result", { hasText: "POST /checkout" }).filter({ has: page.locator(`a[href*="${pathOf("exception")}"]`) }).getByRole("link").first().click();
  await page.getByRole("row", { name: /charge/ }).click();
  await expect(page.locator(".stack")).toContainText("IllegalStateException");
});

test("http500-unset: found by Errors only, counted the same everywhere", async ({ page, open, server }) => {
  await sendCase(server, "http500-unset");
  for (const service of ["gw500", "exc-only"]) {
    await open(`/search?q=${encodeURIComponent(`{ resource.service.name = "${service}" }`)}`);
    await expect(page.locator(".result .pill.error")).toHaveText("1");
    await page.getByRole("button", { name: "Errors only" }).click();
    await expect(page).toHaveURL(/error/);
    await expect(page.locator(".result .pill.error")).toHaveText("1");
  }
  await open("/search?service=gw500&lookback=1h&tags=%7B%22error%22%3A%22true%22%7D");
  await expect(page.locator(".result")).toHaveCount(1);
  await open("/search?service=gw500&lookback=1h&tags=%7B%22error%22%3A%22false%22%7D");
  await expect(page.getByRole("heading", { name: "No traces found" })).toBeVisible();
});

test("links: within the trace, to another, and to one that is not here", async ({ page, open, server, errors }) => {
  errors.allow(/404/);
  await sendCase(server, "links");
  await sendCase(server, "exception");
  await open(pathOf("links"));
  await page.getByRole("row", { name: /consumer/ }).click();
  const pane = page.getByRole("complementary");
  const selected = page.locator(".row.selected");
  await pane.getByRole("link", { name: /in this trace/ }).click();
  await expect(selected).toContainText("step");
  await expect(page).toHaveURL(/span=0000000000000002/);
  await page.goBack();
  await expect(selected).toContainText("consumer");
  await page.goForward();
  await expect(selected).toContainText("step");
  await page.goBack();
  await pane.getByRole("link", { name: /00000000…\/0000000000000002/ }).nth(1).click();
  await expect(page).toHaveURL(/c00a/);
  await expect(selected).toContainText("charge");
  await page.goBack();
  await expect(selected).toContainText("consumer");
  await pane.getByRole("link", { name: /00000000…\/0000000000000002/ }).nth(2).click();
  await expect(page.getByRole("heading", { name: "This trace is not here" })).toBeVisible();
});

test("mentioned-id: a deep link selects the span itself", async ({ page, open, server }) => {
  await sendCase(server, "mentioned-id");
  await open(`${pathOf("mentioned-id")}?span=feedface12345678`);
  await expect(page.getByRole("complementary")).toContainText("feedface12345678");
  await expect(page.locator(".row.selected")).toBeVisible();
  await expect(page).toHaveURL(/span=feedface12345678/);
});

test("long-attr: digits are unchanged, and all of a long text can be read", async ({ page, open, server }) => {
  await sendCase(server, "long-attr");
  await open(pathOf("long-attr"));
  await rows(page).first().click();
  const pane = page.getByRole("complementary");
  await expect(pane.locator(".value").first()).toBeVisible();
  const sent = JSON.stringify(await readCase("long-attr")).match(/(?<![\d.])\d{17,}(?=[,\\}\]])/g) ?? [];
  const more = pane.getByRole("button", { name: /^Show all/ });
  for (let left = await more.count(); left > 0; left--) await more.first().click();
  const shown = (await pane.innerText()).replace(/\s/g, "");
  for (const digits of sent.filter((digits) => !digits.startsWith("1795"))) expect(shown).toContain(digits);
});

test("odd-times: nothing underflows, and what is odd is marked", async ({ page, open, server }) => {
  await sendCase(server, "odd-times");
  await open(pathOf("odd-times"));
  await expect(rows(page)).toHaveCount(3);
  await expect(page.getByText("ends before it starts")).toHaveCount(2);
  await expect(page.locator(".trace-facts")).toContainText(/Duration\s*5 ms/);
});

test("skew: said, times as sent, and adjusted on demand", async ({ page, open, server }) => {
  await sendCase(server, "skew");
  await open(pathOf("skew"));
  await expect(page.locator(".notices")).toContainText("1 span starts before the span that called it, by up to 5 s");
  await expect(page.locator(".notices")).toContainText("as they were sent");
  await page.getByRole("button", { name: "Adjust clocks" }).click();
  await expect(page).toHaveURL(/skew=1/);
  await page.reload();
  await expect(page.locator(".notices")).toContainText("Times are adjusted");
  await page.getByRole("button", { name: "Show times as sent" }).click();
  await expect(page).not.toHaveURL(/skew/);
});

test("missing-root and no-service: honest words", async ({ page, open, server }) => {
  await sendCase(server, "missing-root");
  await open(pathOf("missing-root"));
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Root span not received");
  await expect(page.locator(".notices")).toContainText(/never arrived/);
  await sendCase(server, "no-service");
  await open(pathOf("no-service"));
  await expect(rows(page).first()).toContainText(/no service name|unknown_service/);
  await expect(rows(page).nth(1)).toContainText("(no name)");
});

test("services40: every service can be told from the others", async ({ page, open, server }) => {
  await sendCase(server, "services40");
  await open(pathOf("services40"));
  await expect(rows(page).first()).toBeVisible();
  const colours = await page.locator(".row .stripe").evaluateAll((stripes) => stripes.map((stripe) => getComputedStyle(stripe).backgroundColor));
  expect(new Set(colours).size).toBe(colours.length);
});

test("submicro: in the order of nanoseconds", async ({ page, open, server }) => {
  await sendCase(server, "submicro");
  await open(pathOf("submicro"));
  await expect(page.locator(".span-name")).toHaveText(["root", "first", "second", "third"]);
});

test("grow: what comes later appears by itself, and the selection stays", async ({ page, open, server }) => {
  await sendCase(server, "grow-1");
  await open(pathOf("grow-1"));
  await page.getByRole("row", { name: /early/ }).click();
  await expect(page).toHaveURL(/span=0000000000000002/);
  await sendCase(server, "grow-2");
  await expect(page.getByRole("row", { name: /late-1/ })).toBeVisible();
  await expect(page.locator(".row.selected")).toContainText("early");
});

test("a trace is never shown under another's URL", async ({ page, open, errors }) => {
  errors.allow(/404|ERR_|500/);
  await open(`/trace/${TRACES.failed}`);
  await expect(rows(page)).toHaveCount(19);
  const other = `trace/${TRACES.lost}`;
  const go = (path: string) => page.evaluate((to) => {
    const link = document.createElement("a");
    link.href = `/${to}`;
    document.querySelector("main")!.append(link);
    link.click();
    link.remove();
  }, path);
  // Slow: the old one is gone at once.
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route(/f02\/skeleton/, async (route) => {
    await released;
    await route.continue();
  });
  await go(other);
  await expect(page).toHaveURL(new RegExp(other));
  await expect(page.getByText("frontend")).toHaveCount(0);
  await expect(page.getByRole("status", { name: "Loading the trace" })).toBeVisible();
  release();
  await expect(page.locator(".orphan-mark")).toHaveCount(5);
  await page.unroute(/f02\/skeleton/);
  // Absent.
  await go("trace/00000000000000000000000000abcdef");
  await expect(page.getByRole("heading", { name: "This trace is not here" })).toBeVisible();
  await expect(page.getByRole("treegrid")).toHaveCount(0);
  // Cut off.
  await page.route(/f03\/skeleton/, (route) => route.fulfill({ status: 200, body: Buffer.from([9, 9, 0, 0, 1]) }));
  await go(`trace/${TRACES.good}`);
  await expect(page.getByRole("alert")).toContainText("cut off");
  await expect(page.getByRole("treegrid")).toHaveCount(0);
});

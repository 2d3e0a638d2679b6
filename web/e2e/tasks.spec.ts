// What people come for, from the page they land on, with the number of clicks (or keys) it takes.
import type { Locator } from "@playwright/test";
import { expect, test, TRACES } from "./fixtures";

/** Counts the clicks of a task, and says at the end how many it took. */
function counter() {
  let count = 0;
  return {
    click: async (target: Locator): Promise<void> => {
      count++;
      await target.click();
    },
    get count() {
      return count;
    },
  };
}

test("the slowest request of a service in the last hour: 3 clicks", async ({ page, open }) => {
  await open("/");
  const clicks = counter();
  await clicks.click(page.getByRole("button", { name: "Service any" }));
  await clicks.click(page.getByRole("option", { name: /^payment/ }));
  await expect(page).toHaveURL(/payment/);
  await clicks.click(page.getByRole("button", { name: "Duration", exact: true }));
  await expect(page.locator(".summary")).toContainText("that match");
  const widths = await page.locator(".result .meter > span").evaluateAll((spans) => spans.map((span) => Number.parseFloat((span as HTMLElement).style.width)));
  expect(Math.max(...widths)).toBe(widths[0]);
  expect(clicks.count).toBe(3);
});

test("a failing request and its exception: 2 clicks", async ({ page, open }) => {
  await open("/");
  const clicks = counter();
  await clicks.click(page.getByRole("button", { name: "Errors only" }));
  await expect(page.getByText("4 traces", { exact: true })).toBeVisible();
  await clicks.click(page.locator(".result-link").first());
  // The result opens at the first span that matches; the next error is one key away.
  for (let key = 0; key < 4 && (await page.locator(".stack").count()) === 0; key++) {
    await expect(page.locator(".row.selected")).toBeVisible();
    await page.keyboard.press("e");
    await expect(page.locator(".detail:not(.stale) .detail-head")).toBeVisible();
  }
  await expect(page.locator(".stack")).toContainText("CardDeclinedError");
  expect(clicks.count).toBe(2);
});

test("share exactly this view: 1 click, and the link shows the same", async ({ page, open, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await open(`/trace/${TRACES.failed}`);
  await page.getByRole("row", { name: /reserve stock/ }).locator(".fold").click();
  await page.getByRole("row", { name: /charge card/ }).click();
  await page.keyboard.press("w");
  await page.getByRole("textbox", { name: "Find in this trace" }).fill("redis");
  await expect(page.locator(".find-count")).toHaveText(/3$/);
  const clicks = counter();
  await clicks.click(page.getByRole("button", { name: "Copy a link to this view (l)" }));
  await expect(page.getByRole("button", { name: "Copied" })).toBeVisible();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  const shown = async (): Promise<string[]> => [await page.getByRole("treegrid").getByRole("row").count().then(String), await page.locator(".row.selected").innerText(), await page.locator(".minimap .window").getAttribute("style").then(String)];
  const before = await shown();
  await page.goto("about:blank");
  await page.goto(link);
  await expect(page.locator(".find-count")).toHaveText(/3$/);
  await expect(page.locator(".row.selected")).toBeVisible();
  await expect.poll(shown).toEqual(before);
  expect(clicks.count).toBe(1);
});

test("search by attribute: 3 clicks", async ({ page, open }) => {
  await open("/search?limit=100");
  const clicks = counter();
  await clicks.click(page.getByRole("button", { name: "Attribute" }));
  await page.getByRole("combobox", { name: "Attribute" }).fill("db.system");
  await clicks.click(page.getByRole("option", { name: /db\.system\.name/ }).first());
  await clicks.click(page.getByRole("option", { name: /^redis/ }).first());
  await expect(page.getByRole("combobox", { name: "TraceQL query" })).toHaveValue('{ span.db.system.name = "redis" }');
  await expect(page.locator(".result").first()).toBeVisible();
  expect(clicks.count).toBe(3);
});

test("by keyboard alone: from the search to an exception and back", async ({ page, open }) => {
  await open("/search");
  await expect(page.getByText("20 traces", { exact: true })).toBeVisible();
  await page.keyboard.press("/");
  await page.keyboard.type("{ error }");
  await page.keyboard.press("Enter");
  await expect(page.getByText("4 traces", { exact: true })).toBeVisible();
  await page.keyboard.press("Escape");
  await page.keyboard.press("j");
  await expect(page.locator(".result.selected")).toHaveAttribute("aria-posinset", "1");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("treegrid")).toBeVisible();
  await expect(page.locator(".row.selected")).toBeVisible();
  for (let key = 0; key < 4 && (await page.locator(".stack").count()) === 0; key++) {
    await page.keyboard.press("e");
    await expect(page.locator(".detail:not(.stale) .detail-head")).toBeVisible();
  }
  await expect(page.locator(".stack")).toBeVisible();
  await page.keyboard.press("u");
  await expect(page.getByRole("combobox", { name: "TraceQL query" })).toHaveValue("{ error }");
  await expect(page.getByText("4 traces", { exact: true })).toBeVisible();
});

test("Back and Forward through a search, a trace and its spans", async ({ page, open }) => {
  await open("/search?q=" + encodeURIComponent("{ error }"));
  await page.locator(".result-link").first().click();
  await page.getByRole("row", { name: /charge card/ }).click();
  await expect(page.getByRole("complementary")).toContainText("charge card");
  await page.getByRole("complementary").getByRole("button", { name: "POST /authorize" }).click();
  await expect(page.locator(".row.selected")).toContainText("POST /authorize");
  await page.goBack();
  await expect(page.locator(".row.selected")).toContainText("charge card");
  await page.goBack();
  await expect(page.locator(".result").first()).toBeVisible();
  await page.goForward();
  await expect(page.locator(".row.selected")).toContainText("charge card");
  await page.goForward();
  await expect(page.locator(".row.selected")).toContainText("POST /authorize");
});

// Queries that make figures over time: charts, their tables, examples, completion.
import type { Locator, Page } from "@playwright/test";
import { EXAMPLES } from "../src/query/examples";
import { expect, test } from "./fixtures";

const query = (text: string): string => `/search?q=${encodeURIComponent(text)}`;
const BY_SERVICE = "{ } | count_over_time() by (resource.service.name)";
const chart = (page: Page): Locator => page.locator(".time-chart canvas");

/** How much of the canvas is not left blank, 0 to 1. */
const drawn = (page: Page): Promise<number> =>
  chart(page).evaluate((canvas: HTMLCanvasElement) => {
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let i = 3; i < data.length; i += 4) if (data[i]! > 0) count++;
    return count / (canvas.width * canvas.height);
  });

test("series are drawn, and a table has their figures", async ({ page, open, server }) => {
  await open(query(BY_SERVICE));
  await expect(page.getByText("6 series", { exact: true })).toBeVisible();
  const checkout = page.getByRole("row").filter({ has: page.getByRole("button", { name: "checkout" }) });
  await expect(checkout).toBeVisible();
  await expect.poll(() => drawn(page)).toBeGreaterThan(0.005);
  const { series } = (await (await fetch(`${server.ui}/api/ui/metrics?q=${encodeURIComponent(BY_SERVICE)}`)).json()) as { series: { labels: { value: string }[]; values: (number | null)[] }[] };
  const max = Math.max(...series.find(({ labels }) => labels[0]!.value === "checkout")!.values.map(Number));
  await expect(checkout.getByRole("cell").nth(2)).toHaveText(String(max));
  await chart(page).hover();
  await expect(page.locator(".time-chart .tooltip")).toContainText("checkout");
});

test("which series are shown, and their order, is in the URL", async ({ page, open }) => {
  await open(query(BY_SERVICE));
  const name = (of: string): Locator => page.getByRole("button", { name: of, exact: true });
  await name("checkout").click();
  await expect(page).toHaveURL(/only=checkout/);
  await name("cart").click({ modifiers: ["Shift"] });
  await expect(page).toHaveURL(/only=checkout&only=cart/);
  await page.getByRole("button", { name: "Max" }).click();
  await expect(page).toHaveURL(/order=-Max/);
  await page.reload();
  await expect(name("checkout")).toHaveAttribute("aria-pressed", "true");
  await expect(name("payment")).toHaveAttribute("aria-pressed", "false");
  await expect(page.getByRole("columnheader", { name: "Max" })).toHaveAttribute("aria-sort", "descending");
  await expect(page.locator(".series-name").first()).toHaveText("checkout");
  await name("cart").click();
  await name("cart").click();
  await expect(page).not.toHaveURL(/only=/);
});

test("a stretch that is dragged in the chart is the time range", async ({ page, open }) => {
  await open(query(BY_SERVICE));
  await expect(page.getByRole("button", { name: "checkout" })).toBeVisible();
  const box = (await chart(page).boundingBox())!;
  const x = (share: number): number => box.x + box.width * share;
  await page.mouse.move(x(0.5), box.y + 60);
  await page.mouse.down();
  await page.mouse.move(x(0.6), box.y + 60, { steps: 4 });
  await page.mouse.move(x(0.9), box.y + 60, { steps: 4 });
  await page.mouse.up();
  await expect(page).toHaveURL(/from=\d{4}-.*&to=\d{4}-/);
  const params = new URL(page.url()).searchParams;
  const minutes = (Date.parse(params.get("to")!) - Date.parse(params.get("from")!)) / 60_000;
  expect(minutes).toBeGreaterThan(20);
  expect(minutes).toBeLessThan(30);
  await page.goBack();
  await expect(page).not.toHaveURL(/from=/);
});

test("durations over time are a heatmap, of all or of one group", async ({ page, open }) => {
  await open(`${query("{ } | histogram_over_time(duration) by (resource.service.name)")}&step=1m`);
  const table = page.getByRole("table", { name: "Spans by bucket" });
  await expect(table).toBeVisible();
  await expect.poll(() => drawn(page)).toBeGreaterThan(0.02);
  const buckets = await table.getByRole("row").count();
  await page.getByRole("combobox", { name: "Shown" }).selectOption("payment");
  await expect(page).toHaveURL(/only=payment/);
  await expect.poll(() => table.getByRole("row").count()).toBeLessThan(buckets);
});

test("a comparison ranks what sets a selection apart", async ({ page, open }) => {
  await open(query("{ } | compare({ error })"));
  const table = page.getByRole("table", { name: "Attributes of the selection and of the rest" });
  const row = table.getByRole("row").filter({ hasText: "span.http.response.status_code" }).filter({ hasText: "502" });
  await expect(row).toContainText("+");
  // Of those that failed by their status, none did not.
  await expect(row.getByRole("cell").nth(3)).toContainText("0 %");
});

test("the greatest example of a series leads to its trace", async ({ page, open }) => {
  await open(query("{ kind = server } | max_over_time(duration) by (resource.service.name)"));
  await page.getByRole("link", { name: /^Trace of checkout with/ }).click();
  await expect(page).toHaveURL(/trace\/[0-9a-f]{32}\?span=[0-9a-f]{16}/);
  await expect(page.getByRole("treegrid")).toBeVisible();
  await page.goBack();
  await expect(page.getByRole("button", { name: "checkout" })).toBeVisible();
});

test("another step is another answer", async ({ page, open }) => {
  await open(query(BY_SERVICE));
  await page.getByRole("combobox", { name: "Step" }).selectOption("5m");
  await expect(page.getByText("every 5m")).toBeVisible();
  await expect(page).toHaveURL(/step=5m/);
});

test("what cannot be answered says why", async ({ page, open, errors, server }) => {
  test.skip(server.isDev, "the development server answers everything");
  errors.allow(/400/);
  await open(`${query(BY_SERVICE)}&step=1ms`);
  await expect(page.getByRole("alert")).toContainText("10000 samples");
  await page.getByRole("combobox", { name: "TraceQL query" }).fill("{ error }");
  await page.keyboard.press("Enter");
  await expect(page.locator(".result").first()).toBeVisible();
  await page.goBack();
  await expect(page.getByRole("alert")).toContainText("10000 samples");
});

test("a query of metrics is completed while typing", async ({ page, open }) => {
  await open("/search");
  const input = page.getByRole("combobox", { name: "TraceQL query" });
  const take = async (name: RegExp): Promise<void> => {
    await expect(page.getByRole("option", { name }).first()).toBeVisible();
    await page.getByRole("option", { name }).first().click();
  };
  await input.click();
  await input.pressSequentially("{ } ");
  await take(/^\|/);
  await input.pressSequentially("coun");
  await take(/^count_over_time/);
  await take(/^by/);
  await take(/^resource.service.name/);
  await take(/^\)/);
  await expect(input).toHaveValue("{ } | count_over_time() by (resource.service.name) ");
  await input.press("Enter");
  await expect(page.getByText("6 series", { exact: true })).toBeVisible();
});

test("an example is asked at once", async ({ page, open }) => {
  await open("/search");
  await page.getByRole("button", { name: "Examples" }).click();
  await page.getByRole("button", { name: /^Spans a second, by service/ }).click();
  await expect(page.getByRole("combobox", { name: "TraceQL query" })).toHaveValue("{ } | rate() by (resource.service.name)");
  await expect(page.getByText("6 series", { exact: true })).toBeVisible();
});

test("every example is answered", async ({ server }) => {
  test.skip(server.isDev, "the development server does not know the whole language");
  const all = EXAMPLES.flatMap(({ group, examples }) => examples.map(({ query }) => ({ text: query, kind: group === "Figures over time" ? "metrics" : "search" })));
  for (const { text, kind } of all) {
    const q = encodeURIComponent(text);
    expect([text, await (await fetch(`${server.ui}/api/ui/query/check?q=${q}`)).json()]).toEqual([text, { ok: true, kind }]);
    const answer = await fetch(`${server.ui}/api/ui/${kind}?q=${q}`);
    expect([text, answer.status]).toEqual([text, 200]);
    expect([text, await answer.text()]).not.toEqual([text, expect.stringContaining('"type":"error"')]);
  }
});

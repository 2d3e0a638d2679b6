// Pages that are neither search nor trace, and choices that hold on all of them.
import { expect, test, TRACES } from "./fixtures";

test("the status accounts for every span", async ({ page, open }) => {
  await open("/search");
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Status" }).click();
  await expect(page.getByRole("heading", { name: "Status", level: 1 })).toBeVisible();
  const spans = page.locator(".status-card", { hasText: "Spans since the start" });
  const figure = async (name: string): Promise<number> => Number((await spans.locator("div", { hasText: name }).locator("dd").innerText()).replaceAll(",", ""));
  await expect.poll(async () => (await figure("Received")) - (await figure("Stored")) - (await figure("Rejected")) - (await figure("On their way"))).toBe(0);
  expect(await figure("Stored")).toBeGreaterThan(500);
});

test("times are shown in the zone that is chosen or that the URL names", async ({ page, open }) => {
  await open(`/trace/${TRACES.good}?tz=UTC`);
  const started = page.locator(".fact", { hasText: "Started" }).locator("dd");
  await expect(started).toHaveText(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$/);
  const utc = Date.parse(`${(await started.innerText()).replace(" ", "T")}Z`);
  await page.getByRole("button", { name: /^Time zone/ }).click();
  await page.getByRole("combobox", { name: "Find a time zone" }).fill("tokyo");
  await page.keyboard.press("Enter");
  await expect.poll(async () => Date.parse(`${(await started.innerText()).replace(" ", "T")}Z`) - utc).toBe(9 * 3_600_000);
  await open(`/trace/${TRACES.good}`);
  await expect(page.getByRole("button", { name: "Time zone: Asia/Tokyo" })).toBeVisible();
});

// The flame graph: reached by tab, key and URL; a frame leads to its span; merged or in the order of time.
import type { Page } from "@playwright/test";
import { expect, test, TRACES } from "./fixtures";

/** How many distinct colours the graph shows: none before it is drawn. */
const colours = (page: Page): Promise<number> =>
  page.locator(".flame canvas").evaluate((canvas: HTMLCanvasElement) => {
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size;
  });

/** In the middle of a lane, that far across. */
async function frame(page: Page, share: number, lane: number): Promise<{ x: number; y: number }> {
  const box = (await page.locator(".flame canvas").boundingBox())!;
  return { x: box.width * share, y: lane * 20 + 10 };
}

test("shows every level, and a frame leads to its span in every view", async ({ page, open }) => {
  await open(`/trace/${TRACES.failed}`);
  await page.getByRole("tab", { name: "Flame graph" }).click();
  await expect(page).toHaveURL(/view=flame/);
  await expect.poll(() => colours(page)).toBeGreaterThan(4);
  const canvas = page.locator(".flame canvas");
  await canvas.hover({ position: await frame(page, 0.5, 0) });
  await expect(page.locator(".flame-hint")).toContainText("frontend POST /checkout");
  await canvas.click({ position: await frame(page, 0.5, 0) });
  await expect(page.getByRole("complementary", { name: "Span details" }).getByRole("heading", { name: /POST \/checkout/ })).toBeVisible();
  await page.keyboard.press("1");
  await expect(page.locator(".row.selected")).toContainText("POST /checkout");
});

test("merges what has the same path, from the URL, and zooms to a part of it", async ({ page, open }) => {
  await open(`/trace/${TRACES.good}?view=flame&heavy=1`);
  await expect.poll(() => colours(page)).toBeGreaterThan(4);
  const canvas = page.locator(".flame canvas");
  await expect(page.getByRole("button", { name: "Left heavy" })).toHaveAttribute("aria-pressed", "true");
  // What takes most of the time stands at the left of each lane.
  await canvas.hover({ position: await frame(page, 0.05, 3) });
  await expect(page.locator(".flame-hint")).toContainText("checkout POST");
  await canvas.dblclick({ position: await frame(page, 0.05, 3) });
  await page.getByRole("button", { name: "Whole trace" }).click();
  await expect(page.getByRole("button", { name: "Whole trace" })).toHaveCount(0);
  await page.getByRole("button", { name: "Left heavy" }).click();
  await expect(page).not.toHaveURL(/heavy/);
});

// Opening files in the browser.
import { shopTrace } from "../dev/shop";
import { expect, test } from "./fixtures";

async function choose(page: import("@playwright/test").Page, name: string, text: string): Promise<void> {
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.getByRole("button", { name: "Open file" }).click()]);
  await chooser.setFiles({ name, mimeType: "application/json", buffer: Buffer.from(text) });
}

test("one trace opens at once, with details and find", async ({ page, open }) => {
  await open("/");
  await choose(page, "checkout.json", JSON.stringify(shopTrace({ seed: 9, startMs: Date.now() - 1e7, failed: true })));
  await expect(page.getByText("Opened from checkout.json")).toBeVisible();
  await page.getByRole("row", { name: /charge card/ }).click();
  await expect(page.locator(".exception")).toContainText("CardDeclinedError");
  await page.getByRole("textbox", { name: "Find in this trace" }).fill("redis");
  await expect(page.locator(".find-count")).toHaveText("3");
});

test("several traces become a list", async ({ page, open }) => {
  await open("/import");
  await expect(page.getByRole("heading", { name: "Open a trace from a file" })).toBeVisible();
  await choose(page, "many.jsonl", [1, 2, 3].map((seed) => JSON.stringify(shopTrace({ seed, startMs: Date.now() - seed * 1000 }))).join("\n"));
  await expect(page.getByRole("heading", { name: "3 traces in many.jsonl" })).toBeVisible();
  await page.locator(".opened-list a").nth(1).click();
  await expect(page.getByRole("treegrid")).toBeVisible();
  await page.reload();
  await expect(page.getByText("Opened from many.jsonl")).toBeVisible();
  await expect(page.getByRole("treegrid")).toBeVisible();
});

test("a file that is no trace is explained", async ({ page, open }) => {
  await open("/");
  await choose(page, "notes.json", '{"hello": "world"}');
  await expect(page.getByRole("alert")).toContainText("notes.json is JSON, but neither Jaeger's nor OTLP's");
});

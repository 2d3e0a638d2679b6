// The explanation on the trace page: findings that mark their spans, where the time is, the critical path.
import { expect, test, TRACES } from "./fixtures";

test("says where an error began: 1 click from the trace, 1 more to its spans", async ({ page, open }) => {
  await open(`/trace/${TRACES.failed}`);
  await page.getByRole("button", { name: "Explain" }).click();
  await expect(page).toHaveURL(/explain=1.*cp=1/);
  const panel = page.getByRole("region", { name: "Explanation" });
  const origin = panel.getByRole("button", { name: /Origin of the error/ });
  await expect(origin).toContainText("payment charge card");
  await expect(origin).toContainText("CardDeclinedError");
  await origin.click();
  await expect(page.locator(".row.marked")).toHaveCount(1);
  await expect(page.locator(".row.marked.selected")).toContainText("charge card");
  await expect(page.getByRole("complementary", { name: "Span details" }).getByRole("heading", { name: /charge card/ })).toBeVisible();
  await origin.click();
  await expect(page.locator(".row.marked")).toHaveCount(0);
});

test("an N+1 shows each of its spans, also those that stood for one row", async ({ page, open }) => {
  await open(`/trace/${TRACES.good}`);
  await page.keyboard.press("x");
  const panel = page.getByRole("region", { name: "Explanation" });
  const many = panel.getByRole("button", { name: /N\+1 calls/ });
  await expect(many).toContainText("“UPDATE stock SET reserved");
  await expect(many).toContainText("6 times");
  await many.click();
  await expect(page.locator(".row.marked")).toHaveCount(6);
  await expect(panel).toContainText("6 spans marked.");
  await expect(page.locator(".row.marked").first()).toBeInViewport();
});

test("where the time is adds up, and leads to the span", async ({ page, open }) => {
  await open(`/trace/${TRACES.good}?explain=1`);
  const operations = page.locator(".operation");
  await expect(operations.first()).toContainText("payment");
  const shares = await operations.locator(".num:first-child").allInnerTexts();
  const sum = shares.reduce((total, share) => total + Number.parseInt(share, 10), 0);
  expect(sum).toBeGreaterThan(90);
  expect(sum).toBeLessThan(110);
  await operations.first().click();
  await expect(page.locator(".row.selected")).toContainText("charge card");
});

test("the critical path is drawn without gaps, from the URL and by key", async ({ page, open }) => {
  await open(`/trace/${TRACES.good}?cp=1`);
  const parts = page.locator(".on-path");
  await expect(parts.first()).toBeVisible();
  await expect(page.locator(".explain")).toHaveCount(0);
  const boxes = await parts.evaluateAll((all) => all.map((part) => part.getBoundingClientRect()).map(({ left, right }) => [left, right] as const));
  boxes.sort(([a], [b]) => a - b);
  for (let next = 1; next < boxes.length; next++) expect(Math.abs(boxes[next]![0] - boxes[next - 1]![1])).toBeLessThan(3);
  await expect(page.locator(".row").first().locator(".duration")).toHaveAttribute("title", /^Own time .* on the critical path$/);
  await page.keyboard.press("c");
  await expect(parts).toHaveCount(0);
  await expect(page).not.toHaveURL(/cp=/);
  await page.keyboard.press("x");
  await page.getByRole("button", { name: "Close the explanation" }).click();
  await expect(page).not.toHaveURL(/explain=|cp=/);
});

test("a span is compared with its own operation, and so is the next one", async ({ page, open }) => {
  await open(`/trace/${TRACES.failed}`);
  await page.getByRole("row", { name: /charge card/ }).click();
  const pane = page.getByRole("complementary", { name: "Span details" });
  const asked = page.waitForRequest(/api\/ui\/count\?.*duration/);
  await pane.getByRole("button", { name: "Is that usual?" }).click();
  await asked;
  await expect(pane.locator(".usual")).toContainText(/(slower than|no slower than any).* of \d+ others in the hour before|too few to compare/);
  await page.getByRole("row").first().click();
  await expect(pane.getByRole("heading", { name: /POST \/checkout/ })).toBeVisible();
  await expect(pane.locator(".usual")).toContainText("in the hour before");
  await expect(pane.getByRole("button", { name: "Is that usual?" })).toHaveCount(0);
});

test("is read by keyboard alone, and Back leads back", async ({ page, open }) => {
  await open(`/trace/${TRACES.failed}`);
  await expect(page.getByRole("treegrid")).toBeVisible();
  await page.keyboard.press("x");
  const origin = page.getByRole("button", { name: /Origin of the error/ });
  await origin.focus();
  await page.keyboard.press("Enter");
  await expect(page.locator(".row.marked")).toHaveCount(1);
  await expect(page).toHaveURL(/span=/);
  await page.goBack();
  await expect(page).not.toHaveURL(/span=/);
  await expect(page.getByRole("region", { name: "Explanation" })).toBeVisible();
});

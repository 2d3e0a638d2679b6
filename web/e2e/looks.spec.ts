// Themes, narrow windows, and what axe finds on each page in both themes.
import AxeBuilder from "@axe-core/playwright";
import { expect, test, TRACES } from "./fixtures";

const PAGES = [
  ["search", "/search", ".result"],
  ["search with filters", `/search?q=${encodeURIComponent('{ resource.service.name = "payment" && error && .http.route = "/authorize" }')}`, ".result, .state"],
  ["no results", `/search?q=${encodeURIComponent('{ name = "nothing" }')}`, ".state"],
  ["trace", `/trace/${TRACES.failed}`, ".row"],
  ["trace with missing parents", `/trace/${TRACES.lost}`, ".row"],
  ["open a file", "/import", ".drop-zone"],
] as const;

for (const theme of ["light", "dark"] as const) {
  for (const [name, path, ready] of PAGES) {
    test(`axe: ${name}, ${theme}`, async ({ page, open }) => {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
      await open(path);
      await expect(page.locator(ready).first()).toBeVisible();
      if (path.startsWith("/trace")) {
        await page.keyboard.press("e");
        await page.keyboard.press("j");
        await expect(page.locator(".detail-head")).toBeVisible();
      }
      const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]).analyze();
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => `${node.target.join(" ")} ${node.failureSummary?.split("\n")[1] ?? ""}`).join(" | ")}`)).toEqual([]);
    });
  }
}

test("the theme follows the system, a choice stays, a URL wins", async ({ page, open }) => {
  const background = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await open("/search");
  const light = await background();
  await page.emulateMedia({ colorScheme: "dark" });
  const dark = await background();
  expect(dark).not.toBe(light);
  await page.getByRole("button", { name: "Theme" }).click();
  await page.getByRole("button", { name: "Light", exact: true }).click();
  expect(await background()).toBe(light);
  await page.reload();
  await expect(page.locator(".result").first()).toBeVisible();
  expect(await background()).toBe(light);
  await open("/search?theme=dark");
  await expect(page.locator(".result").first()).toBeVisible();
  expect(await background()).toBe(dark);
});

for (const width of [390, 768]) {
  test(`nothing sticks out at ${width} pixels`, async ({ page, open }) => {
    await page.setViewportSize({ width, height: 800 });
    for (const path of ["/search", `/trace/${TRACES.failed}`]) {
      await open(path);
      await expect(page.locator(".result, .row").first()).toBeVisible();
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    }
  });
}

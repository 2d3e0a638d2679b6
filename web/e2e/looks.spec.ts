// Themes, narrow windows, and what axe finds on each page in both themes.
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, test, TRACES } from "./fixtures";

type Act = (page: Page) => Promise<unknown>;

const query = (text: string): string => `/search?q=${encodeURIComponent(text)}`;
const press = (...keys: string[]): Act => async (page) => {
  for (const key of keys) await page.keyboard.press(key);
};
const open = (name: RegExp): Act => (page) => page.getByRole("button", { name }).click();
const broken = (url: RegExp): Act => (page) => page.route(url, (route) => route.abort());

interface State {
  path: string;
  /** What is there when the state is. */
  ready: string;
  /** Before the page is opened. */
  before?: Act;
  act?: Act;
}

const locked: Act = (page) => page.route(/api\/session/, (route) => route.fulfill({ json: { asks: true, passwords: true, name: null } }));

const STATES: Record<string, State> = {
  "sign-in": { path: "/sign-in?to=search", before: locked, ready: ".sign-in form" },
  search: { path: "/search", ready: ".result" },
  "search, points": { path: "/search?chart=traces", ready: ".result" },
  "search with filters": { path: query('{ resource.service.name = "payment" && error && .http.route = "/authorize" }'), ready: ".result, .state" },
  "figures over time": { path: query("{ } | quantile_over_time(duration, 0.5, 0.9) by (resource.service.name)"), ready: ".figures .table" },
  "figures of one series": { path: `${query("{ } | rate() by (resource.service.name)")}&only=checkout&order=-Max`, ready: ".figures .table" },
  heatmap: { path: query("{ } | histogram_over_time(duration) by (resource.service.name)"), ready: ".figures .table" },
  comparison: { path: query("{ } | compare({ error })"), ready: ".figures .table" },
  "no figures": { path: query('{ name = "nothing" } | rate()'), ready: ".state" },
  "wrong step": { path: `${query("{ } | rate()")}&step=1ms`, ready: ".state[role=alert]" },
  examples: { path: "/search", act: open(/^Examples$/), ready: ".examples .menu-item" },
  "no results": { path: query('{ name = "nothing" }'), ready: ".state" },
  "wrong query": { path: query('{ name ~ "x" }'), ready: ".query-error" },
  "search, server away": { path: "/search", before: broken(/api\/ui\/search/), ready: ".state[role=alert]" },
  "time range": { path: "/search", act: open(/Last hour/), ready: ".time-form" },
  "time zone": { path: "/search", act: open(/^Time zone/), ready: ".picklist [role=option]" },
  suggestions: { path: "/search", act: press("/", "{"), ready: ".suggestions [role=option]" },
  help: { path: "/search", act: press("?"), ready: "dialog[open]" },
  trace: { path: `/trace/${TRACES.failed}`, act: press("e", "j"), ready: ".detail-head" },
  "trace, compared": { path: `/trace/${TRACES.failed}`, act: async (page) => (await page.keyboard.press("e"), open(/^Is that usual/)(page)), ready: ".usual" },
  "trace, copy menu": { path: `/trace/${TRACES.failed}?find=redis`, act: async (page) => (await page.keyboard.press("e"), open(/^Copy the span as/)(page)), ready: ".popover .menu-item" },
  "trace, explained": { path: `/trace/${TRACES.failed}?explain=1&cp=1`, act: open(/began in/), ready: ".row.marked" },
  "trace, explanation away": { path: `/trace/${TRACES.failed}?explain=1`, before: broken(/\/explain\?/), ready: ".state[role=alert]" },
  "trace with missing parents": { path: `/trace/${TRACES.lost}`, act: press("j", "j", "j"), ready: ".detail-head" },
  "trace, flame graph": { path: `/trace/${TRACES.failed}?view=flame&heavy=1`, ready: ".flame canvas" },
  "trace, statistics": { path: `/trace/${TRACES.failed}?view=statistics`, ready: ".table" },
  "trace, details away": { path: `/trace/${TRACES.failed}`, before: broken(/\/spans$/), act: press("j"), ready: ".detail-pane [role=alert]" },
  "trace, server away": { path: `/trace/${TRACES.failed}`, before: broken(/skeleton/), ready: ".state" },
  "trace that is not there": { path: "/trace/abc", ready: ".state" },
  "open a file": { path: "/import", ready: ".drop-zone" },
  status: { path: "/status", ready: ".status-card" },
  "no such page": { path: "/nowhere", ready: ".state" },
};

for (const theme of ["light", "dark"] as const) {
  for (const [name, { path, ready, before, act }] of Object.entries(STATES)) {
    test(`axe: ${name}, ${theme}`, async ({ page, open: go, errors }) => {
      errors.allow(/404|400|ERR_FAILED|Failed to load/);
      await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
      await before?.(page);
      await go(path);
      if (act !== undefined) {
        await expect(page.locator(".result, .row").first()).toBeVisible();
        await act(page);
      }
      await expect(page.locator(ready).first()).toBeVisible();
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

for (const width of [390, 720, 768]) {
  test(`nothing sticks out at ${width} pixels`, async ({ page, open }) => {
    await page.setViewportSize({ width, height: 800 });
    for (const path of ["/search", "/search?chart=traces", `/trace/${TRACES.failed}`, `/trace/${TRACES.failed}?view=statistics`, `/trace/${TRACES.failed}?explain=1&cp=1`, `/trace/${TRACES.failed}?view=flame`, "/status", query("{ } | quantile_over_time(duration, 0.9) by (resource.service.name, name)")]) {
      await open(path);
      await expect(page.locator(".result, .row, .flame canvas, .table, .status-card").first()).toBeVisible();
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    }
  });
}

test("a menu whose button stands at the lower edge opens above it", async ({ page, open }) => {
  await page.setViewportSize({ width: 720, height: 450 });
  await open(`/trace/${TRACES.failed}`);
  await expect(page.locator(".row").first()).toBeVisible();
  await page.keyboard.press("e");
  await page.getByRole("button", { name: /^Copy the span as/ }).click();
  for (const name of ["JSON", "Markdown"]) await expect(page.getByRole("button", { name, exact: true })).toBeInViewport({ ratio: 1 });
});

// Links made by Jaeger's UI open the same thing here; and links work from another place.
import { expect, test, TRACES } from "./fixtures";

test("a Jaeger search link", async ({ page, open }) => {
  await open("/search?service=payment&lookback=1h&limit=100&tags=%7B%22error%22%3A%22true%22%7D&minDuration&maxDuration&operation=all");
  await expect(page.getByRole("combobox", { name: "TraceQL query" })).toHaveValue('{ resource.service.name = "payment" && error }');
  await expect(page.getByText("4 traces", { exact: true })).toBeVisible();
  await expect(page).not.toHaveURL(/service=/);
});

test("a Jaeger search link with fixed times", async ({ page, open }) => {
  const end = Date.now() * 1000;
  await open(`/search?service=cart&start=${end - 3_600_000_000}&end=${end}&lookback=custom&minDuration=1us`);
  await expect(page.locator(".result").first()).toBeVisible();
  await expect(page.getByRole("button", { name: /–/ }).first()).toBeVisible();
});

for (const [what, path] of [
  ["upper case", `/trace/${TRACES.failed.toUpperCase()}`],
  ["unpadded", "/trace/F01"],
  ["16 digits", `/trace/${TRACES.failed.slice(16)}`],
  ["from a search for an id", "/search?traceID=f01"],
] as const) {
  test(`a Jaeger trace link, ${what}`, async ({ page, open }) => {
    await open(path);
    await expect(page).toHaveURL(new RegExp(`/trace/${TRACES.failed}$`));
    await expect(page.getByRole("treegrid").getByRole("row")).toHaveCount(19);
  });
}

test("a Jaeger trace link with uiFind", async ({ page, open }) => {
  await open(`/trace/${TRACES.failed}?uiFind=redis`);
  await expect(page.getByRole("textbox", { name: "Find in this trace" })).toHaveValue("redis");
  await expect(page.locator(".find-count")).toHaveText(/3$/);
});

test("the field for a trace id opens it", async ({ page, open }) => {
  await open("/");
  const field = page.getByRole("textbox", { name: "Go to trace id" });
  await field.fill("not an id");
  await field.press("Enter");
  await expect(field).toHaveAttribute("aria-invalid", "true");
  await field.fill(TRACES.failed.toUpperCase());
  await field.press("Enter");
  await expect(page.getByRole("treegrid")).toBeVisible();
});

test("a page that does not exist says so", async ({ page, open }) => {
  await open("/trace/not-a-trace-id");
  await expect(page.getByRole("heading", { name: "There is no such page" })).toBeVisible();
});

test("an embedded trace of Jaeger's has what its parameters leave", async ({ page, open }) => {
  await open(`/trace/${TRACES.failed}?uiEmbed=v0&uiTimelineHideMinimap=1&uiTimelineHideSummary=1&uiTheme=dark`);
  await expect(page.getByRole("treegrid")).toBeVisible();
  await expect(page.locator(".topbar, .minimap, .trace-facts")).toHaveCount(0);
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await open("/search?service=payment&lookback=1h&uiEmbed=v0&uiSearchHideGraph=1");
  await expect(page.locator(".result").first()).toBeVisible();
  await expect(page.locator(".topbar, .overview")).toHaveCount(0);
});

// The search page: results, filters, query text, scatter, sort, keyboard, states.
import { expect, OTHER_TRACES, test, TRACES } from "./fixtures";

const ALL = OTHER_TRACES + 3;

test("lists the newest traces and opens one", async ({ page, open }) => {
  await open("/");
  await expect(page.getByText("20 traces", { exact: true })).toBeVisible();
  const first = page.locator(".result").first();
  await expect(first).toContainText("frontend POST /checkout");
  await first.getByRole("link").first().click();
  await expect(page).toHaveURL(new RegExp(`/trace/${TRACES.failed}`));
  await expect(page.getByRole("treegrid")).toBeVisible();
  await page.goBack();
  await expect(page.getByText("20 traces", { exact: true })).toBeVisible();
});

test("the way back from a trace leads to the search it came from, at its place", async ({ page, open }) => {
  await open("/search?limit=100&sort=longest");
  // Results come in pieces: with the first of them the list is too short for that place.
  await expect(page.getByText(`${ALL} traces`, { exact: true })).toBeVisible();
  await page.locator(".result-scroll").evaluate((element) => element.scrollTo(0, 600));
  // A row of the new place, so that the click itself does not scroll.
  await page.locator('.result[aria-posinset="15"] .result-link').click();
  await page.getByRole("link", { name: "Back to search" }).click();
  await expect(page).toHaveURL(/limit=100&sort=longest/);
  await expect.poll(() => page.locator(".result-scroll").evaluate((element) => element.scrollTop)).toBe(600);
});

test("loads older traces after the newest", async ({ page, open }) => {
  await open("/search");
  await expect(page.getByText("more available")).toBeVisible();
  await page.locator(".result-scroll").evaluate((element) => element.scrollTo(0, element.scrollHeight));
  await page.getByRole("button", { name: "Load older traces" }).click();
  await expect(page.getByText(`${ALL} traces`, { exact: true })).toBeVisible();
  await expect(page.getByText("more available")).toBeHidden();
});

test("chips write the query, and the query fills the chips", async ({ page, open }) => {
  await open("/search?limit=100");
  await page.getByRole("button", { name: "Service any" }).click();
  await page.getByRole("combobox", { name: "Find service" }).fill("paym");
  await page.getByRole("option", { name: /^payment/ }).click();
  const query = page.getByRole("combobox", { name: "TraceQL query" });
  await expect(query).toHaveValue('{ resource.service.name = "payment" }');
  await page.getByRole("button", { name: "Errors only" }).click();
  await expect(query).toHaveValue('{ resource.service.name = "payment" && error }');
  await expect(page.getByText("4 traces", { exact: true })).toBeVisible();
  await expect(page).toHaveURL(/q=.*payment.*error/);
  await page.getByRole("button", { name: "Any service" }).click();
  await expect(query).toHaveValue("{ error }");

  await query.fill('{ name = "charge card" && duration > 1ms }');
  await query.press("Enter");
  await expect(page.getByRole("button", { name: "Operation charge card" })).toBeVisible();
  await expect(page.getByRole("button", { name: /Duration span ≥ 1ms/ })).toBeVisible();
  await page.goBack();
  await expect(query).toHaveValue("{ error }");
});

test("an attribute is chosen from what is stored", async ({ page, open }) => {
  await open("/search?limit=100");
  await page.getByRole("button", { name: "Attribute" }).click();
  await page.getByRole("combobox", { name: "Attribute" }).fill("payment.prov");
  await page.getByRole("option", { name: /payment.provider/ }).first().click();
  await page.getByRole("option", { name: /acme/ }).first().click();
  await expect(page.getByRole("combobox", { name: "TraceQL query" })).toHaveValue('{ span.payment.provider = "acme" }');
  await expect(page.locator(".result").first()).toContainText("checkout");
});

test("durations narrow the list", async ({ page, open }) => {
  await open("/search?limit=100");
  await expect(page.getByText(`${ALL} traces`, { exact: true })).toBeVisible();
  await page.getByRole("button", { name: "Duration any" }).click();
  await page.getByRole("button", { name: "The whole trace" }).click();
  await page.getByLabel("At least").fill("rubbish");
  await expect(page.getByText("Write a number and a unit")).toBeVisible();
  await page.getByLabel("At least").fill("60ms");
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page.getByRole("combobox", { name: "TraceQL query" })).toHaveValue("{ traceDuration >= 60ms }");
  await expect(page.locator(".summary strong")).not.toHaveText(`${ALL} traces`);
});

test("a query is completed while typing", async ({ page, open }) => {
  await open("/search");
  const query = page.getByRole("combobox", { name: "TraceQL query" });
  await query.click();
  await expect(page.getByRole("option", { name: "{ error }" })).toBeVisible();
  await query.pressSequentially("{ resource.service.name = ");
  await expect(page.getByRole("option", { name: /^checkout/ })).toBeVisible();
  await query.pressSequentially("ch");
  await query.press("ArrowDown");
  await query.press("Tab");
  await expect(query).toHaveValue('{ resource.service.name = "checkout" ');
  await query.pressSequentially("}");
  await query.press("Enter");
  await expect(page.getByText("20 traces", { exact: true })).toBeVisible();
});

test("a choice made while the server still answers is the one that was seen", async ({ page, open }) => {
  await open("/search");
  const query = page.getByRole("combobox", { name: "TraceQL query" });
  await query.fill("{ span.payment.provider = ");
  await expect(page.getByRole("option", { name: /^acme/ })).toBeVisible();
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route(/prefix=ac/, async (route) => {
    await released;
    await route.continue();
  });
  await query.pressSequentially("ac");
  await query.press("ArrowDown");
  const late = page.waitForResponse(/prefix=ac/);
  release();
  await late;
  await expect(page.getByRole("option", { name: /^acme/ })).toHaveAttribute("aria-selected", "true");
  await query.press("Tab");
  await expect(query).toHaveValue('{ span.payment.provider = "acme" ');
});

test("a wrong query is underlined and explained", async ({ page, open, errors }) => {
  errors.allow(/400/);
  await open("/search");
  const query = page.getByRole("combobox", { name: "TraceQL query" });
  await query.fill(`{ name ~ "x" }`);
  await query.press("Enter");
  await expect(page.locator(".query-error")).toHaveCount(1);
  await expect(page.locator(".tok-wrong").first()).toBeVisible();
  // Said once, and covering nothing.
  await expect(page.locator(".notice.error")).toHaveCount(0);
  await page.getByRole("button", { name: "Service any" }).click({ trial: true });
  await query.fill("{ error }");
  await query.press("Enter");
  await expect(page.locator(".query-error")).toBeHidden();
  await expect(page.locator(".result").first()).toBeVisible();
});

test("words, a service and a trace id do the obvious thing", async ({ page, open }) => {
  await open("/search");
  const query = page.getByRole("combobox", { name: "TraceQL query" });
  await query.pressSequentially("paym");
  await expect(page.getByRole("option", { name: /^payment/ }).first()).toBeVisible();
  await query.press("ArrowDown");
  await query.press("Tab");
  await expect(query).toHaveValue('{ resource.service.name = "payment" }');
  await query.fill("charge CARD");
  await query.press("Enter");
  await expect(query).toHaveValue(/name =~ "\(\?i\)\.\*charge CARD\.\*"/);
  await expect(page.locator(".result").first()).toBeVisible();
  await query.fill(` ${TRACES.failed.toUpperCase()} `);
  await query.press("Enter");
  await expect(page).toHaveURL(new RegExp(`/trace/${TRACES.failed}`));
});

test("sorts all that matches, not only what is shown", async ({ page, open }) => {
  await open("/search?limit=5");
  await expect(page.getByText("5 traces", { exact: true })).toBeVisible();
  await page.getByRole("button", { name: "Errors", exact: true }).click();
  await expect(page).toHaveURL(/sort=errors/);
  // Four traces failed; the newest five have one of them.
  await expect(page.locator(".result .pill.error")).toHaveCount(4);
  await expect(page.locator(".summary")).toContainText(`of ${ALL} that match`);
  // Five traces are shown before it, too: the search is over once it was asked.
  const asked = page.waitForRequest(/sort=longest/);
  await page.getByRole("button", { name: "Duration", exact: true }).click();
  await asked;
  await expect(page).toHaveURL(/sort=longest/);
  await expect(page.locator(".summary strong")).toHaveText("5 traces");
  const longest = await page.locator(".result .result-link").first().getAttribute("href");
  await page.getByRole("button", { name: "Load more traces" }).click();
  await expect(page.getByText("10 traces", { exact: true })).toBeVisible();
  const widths = await page.locator(".result .meter > span").evaluateAll((spans) => spans.map((span) => Number.parseFloat((span as HTMLElement).style.width)));
  expect(widths).toEqual([...widths].sort((a, b) => b - a));
  await expect(page.locator(".result .result-link").first()).toHaveAttribute("href", longest!);
});

test("the chart opens a trace on click, and narrows the search by a dragged box", async ({ page, open }) => {
  await open("/search?limit=100&chart=traces&q=" + encodeURIComponent("{ error }"));
  await expect(page.getByText("4 traces", { exact: true })).toBeVisible();
  const chart = page.locator(".scatter canvas");
  const box = (await chart.boundingBox())!;
  await page.mouse.move(box.x + 70, box.y + 12);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width - 16, box.y + 108, { steps: 5 });
  await page.mouse.up();
  await expect(page.getByRole("combobox", { name: "TraceQL query" })).toHaveValue(/traceDuration >= .* && traceDuration <= /);
  await expect(page).toHaveURL(/from=20\d\d-/);
  await expect(page.getByText("4 traces", { exact: true })).toBeVisible();
  // Points are where the data is: look for one under the pointer.
  let hit = false;
  for (let x = box.x + box.width - 14; x > box.x + 58 && !hit; x -= 6) {
    for (let y = box.y + 12; y < box.y + 112 && !hit; y += 9) {
      await page.mouse.move(x, y);
      hit = (await chart.getAttribute("class")) === "pointing";
    }
  }
  expect(hit).toBe(true);
  await expect(page.locator(".tooltip")).toContainText("error");
  await page.mouse.down();
  await page.mouse.up();
  await expect(page).toHaveURL(/\/trace\/[0-9a-f]{32}/);
});

test("all that matches is counted over time, and a dragged stretch narrows the search", async ({ page, open }) => {
  await open("/search?q=" + encodeURIComponent("{ error }"));
  const chart = page.getByRole("img", { name: /Matching spans over time: 1[36] spans, 1[36] failed/ });
  await expect(chart).toBeVisible();
  await expect(page.locator(".overview-head")).toContainText(/1[36] spans match, 1[36] failed/);
  const box = (await chart.boundingBox())!;
  await page.mouse.move(box.x + box.width * 0.9, box.y + 60);
  await expect(page.locator(".tooltip")).toContainText("span");
  await page.mouse.move(box.x + box.width * 0.5, box.y + 60);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width - 15, box.y + 60, { steps: 4 });
  await page.mouse.up();
  await expect(page).toHaveURL(/from=20\d\d-.*to=20\d\d-/);
  await page.getByRole("button", { name: "Shown traces" }).click();
  await expect(page).toHaveURL(/chart=traces/);
  await page.goBack();
  await expect(page).not.toHaveURL(/from=/);
});

test("works by keyboard alone", async ({ page, open }) => {
  await open("/search");
  await expect(page.getByText("20 traces", { exact: true })).toBeVisible();
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog")).toContainText("Next result");
  await page.keyboard.press("Escape");
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  await expect(page.locator(".result.selected")).toHaveAttribute("aria-posinset", "1");
  await page.keyboard.press("/");
  await expect(page.getByRole("combobox", { name: "TraceQL query" })).toBeFocused();
  await page.keyboard.type("j{}");
  await expect(page.getByRole("combobox", { name: "TraceQL query" })).toHaveValue("j{}");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.keyboard.press("t");
  await expect(page.getByRole("button", { name: "Last 24 hours" })).toBeVisible();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(new RegExp(TRACES.failed));
});

test("says which condition removed everything", async ({ page, open }) => {
  await open("/search?q=" + encodeURIComponent('{ error && name = "no such thing" }'));
  await expect(page.getByRole("heading", { name: "No traces found" })).toBeVisible();
  await expect(page.getByText("There are traces without")).toContainText('name = "no such thing"');
  await page.getByRole("button", { name: "Remove it" }).click();
  await expect(page.getByText("4 traces", { exact: true })).toBeVisible();
});

test("an empty time range offers the time that has data", async ({ page, open }) => {
  await open("/search?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z");
  await expect(page.getByText("outside of this range")).toBeVisible();
  await page.getByRole("button", { name: "Search all stored time" }).click();
  await expect(page.locator(".result").first()).toBeVisible();
});

test("a trace with missing parents says so in the list", async ({ page, open }) => {
  await open("/search?limit=100");
  await expect(page.locator(".result", { hasText: "incomplete" })).toHaveCount(1);
});

test("a reload keeps what was loaded and the place in it", async ({ page, open }) => {
  await open("/search?limit=10");
  await page.locator(".result-scroll").evaluate((element) => element.scrollTo(0, element.scrollHeight));
  await page.getByRole("button", { name: "Load older traces" }).click();
  await expect(page.getByText("20 traces", { exact: true })).toBeVisible();
  await page.locator(".result-scroll").evaluate((element) => element.scrollTo(0, 480));
  await expect(page.locator('.result[aria-posinset="12"]')).toBeVisible();
  await page.reload();
  await expect(page.getByText("20 traces", { exact: true })).toBeVisible();
  await expect.poll(() => page.locator(".result-scroll").evaluate((element) => element.scrollTop)).toBe(480);
});

test("what was searched for is what an opened trace shows", async ({ page, open }) => {
  await open("/search?q=" + encodeURIComponent('{ span.db.system.name = "redis" }'));
  await page.locator(".result .result-link").first().click();
  await expect(page.getByRole("textbox", { name: "Find in this trace" })).toHaveValue("db.system.name=redis");
  await expect(page.locator(".row.selected")).toContainText(/HGETALL|GET/);
});

test("the list renews itself as often as is asked", async ({ page, open, server }) => {
  test.skip(server.isDev, "the development server has no second service");
  await open("/search?refresh=5&q=" + encodeURIComponent('{ resource.service.name = "refreshed" }'));
  await expect(page.getByRole("button", { name: /every 5 s/ })).toBeVisible();
  await expect(page.getByRole("heading", { name: "No traces found" })).toBeVisible();
  const startMs = Date.now() - 1000;
  await server.send({ resourceSpans: [{ resource: { attributes: [{ key: "service.name", value: { stringValue: "refreshed" } }] }, scopeSpans: [{ spans: [{ traceId: "00000000000000000000000000000fff", spanId: "00000000000000aa", name: "later", startTimeUnixNano: `${startMs}000000`, endTimeUnixNano: `${startMs + 5}000000` }] }] }] });
  await expect(page.locator(".result")).toContainText("later", { timeout: 15_000 });
});

test("columns are chosen, and the choice is kept", async ({ page, open }) => {
  await open("/search");
  await expect(page.locator(".result").first()).toBeVisible();
  await page.getByRole("button", { name: "Columns" }).click();
  await page.getByRole("checkbox", { name: "Timeline" }).uncheck();
  await page.getByRole("checkbox", { name: "Spans" }).uncheck();
  await page.keyboard.press("Escape");
  await expect(page.locator(".mini-timeline")).toHaveCount(0);
  await page.reload();
  await expect(page.locator(".result").first()).toBeVisible();
  await expect(page.locator(".result-head")).toHaveText(/Trace\s*Duration\s*Errors\s*Started/);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(1440);
});

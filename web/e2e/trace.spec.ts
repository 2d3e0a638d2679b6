// The trace page: tree, folding, zoom, find, details, keyboard, links, honesty about what is missing.
import { readFile } from "node:fs/promises";
import { expect, test, TRACES } from "./fixtures";

const FAILED = `/trace/${TRACES.failed}`;

test("shows every span as a row of a treegrid", async ({ page, open }) => {
  await open(FAILED);
  const grid = page.getByRole("treegrid");
  await expect(grid.getByRole("row")).toHaveCount(19);
  await expect(grid).toHaveAttribute("aria-rowcount", "19");
  const root = grid.getByRole("row").first();
  await expect(root).toHaveAttribute("aria-level", "1");
  await expect(root).toHaveAttribute("aria-expanded", "true");
  await expect(root).toContainText("frontend");
  await expect(page.locator(".trace-facts")).toContainText(/Spans\s*19/);
  await expect(page.locator(".trace-facts")).toContainText(/Errors\s*4/);
  await expect(page).toHaveTitle(/frontend POST \/checkout/);
});

test("an exception reads like one", async ({ page, open }) => {
  await open(FAILED);
  await page.getByRole("row", { name: /charge card/ }).click();
  const pane = page.getByRole("complementary", { name: "Span details" });
  await expect(pane.getByRole("heading", { name: /charge card/ })).toBeVisible();
  await expect(pane.locator(".exception")).toContainText("CardDeclinedError");
  await expect(pane.locator(".stack")).toContainText("at Gateway.charge (/app/src/payment/gateway.ts:88:13)");
  await expect(pane.locator(".stack .foreign").first()).toContainText("node:internal");
  await expect(pane.getByRole("region", { name: "Events" })).toContainText("retry");
  await expect(pane).toContainText("payment.currency");
  await pane.getByText("Resource").click();
  await expect(pane).toContainText("deployment.environment.name");
  await pane.getByRole("textbox", { name: "Search in attributes" }).fill("telemetry");
  await expect(pane).toContainText("telemetry.sdk.language");
  await expect(pane.getByRole("rowheader", { name: "payment.currency" })).toBeHidden();
  await pane.getByRole("button", { name: "POST /authorize" }).click();
  await expect(pane.getByRole("heading", { name: /POST \/authorize/ })).toBeVisible();
});

test("folds one, all, a level and a subtree", async ({ page, open }) => {
  await open(FAILED);
  const rows = page.getByRole("treegrid").getByRole("row");
  await expect(rows).toHaveCount(19);
  await page.getByRole("row", { name: /reserve stock/ }).locator(".fold").click();
  await expect(rows).toHaveCount(13);
  await expect(page).toHaveURL(/fold=/);
  await page.reload();
  await expect(rows).toHaveCount(13);
  await page.keyboard.press("[");
  await expect(rows).toHaveCount(19);
  await page.keyboard.press("]");
  await expect(rows).toHaveCount(1);
  await page.keyboard.press("o");
  await expect(rows).toHaveCount(3);
  await page.keyboard.press("[");
  await page.keyboard.press("p");
  await expect(page.getByRole("row", { name: /HGETALL/ })).toHaveCount(0);
  await page.keyboard.press("]");
  await rows.first().locator(".fold").click({ modifiers: ["Alt"] });
  await expect(rows).toHaveCount(19);
});

test("is moved through by keyboard, and the URL follows", async ({ page, open }) => {
  await open(FAILED);
  await expect(page.getByRole("treegrid")).toBeVisible();
  await page.keyboard.press("j");
  await page.keyboard.press("ArrowDown");
  const selected = page.locator(".row.selected");
  await expect(selected).toContainText("middleware - session");
  await page.keyboard.press("ArrowLeft");
  await expect(selected).toContainText("POST /checkout");
  await page.keyboard.press("ArrowLeft");
  await expect(page.getByRole("treegrid").getByRole("row")).toHaveCount(1);
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("e");
  await page.keyboard.press("e");
  await expect(selected).toContainText("checkout");
  // The URL follows a moment later: until then it names the span before.
  const spanOfUrl = () => new URL(page.url()).searchParams.get("span") ?? "none";
  const details = page.getByRole("complementary");
  await expect(details).toContainText("checkout");
  await expect.poll(async () => (await details.innerText()).includes(spanOfUrl())).toBe(true);
  const url = page.url();
  await page.keyboard.press("b");
  await expect(page.getByRole("complementary")).toBeHidden();
  await page.goto(url);
  await expect(selected).toContainText("checkout");
  await expect(page.getByRole("complementary")).toBeVisible();
  await page.keyboard.press("\\");
  await expect(page.locator(".trace-page")).toHaveClass(/dock-bottom/);
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog")).toContainText("Zoom to the selected span");
});

test("finds text and attributes, steps, and shows matches only", async ({ page, open }) => {
  await open(FAILED);
  await expect(page.getByRole("treegrid")).toBeVisible();
  await page.keyboard.press("/");
  const find = page.getByRole("textbox", { name: "Find in this trace" });
  await expect(find).toBeFocused();
  await find.fill("db.system.name=postgresql");
  await expect(page.locator(".find-count")).toHaveText("6");
  await find.press("Enter");
  await expect(page.locator(".find-count")).toHaveText("1 of 6");
  await expect(page.locator(".row.selected")).toContainText("UPDATE shop.stock");
  await page.getByRole("button", { name: "Matches only" }).click();
  await expect(page.getByRole("treegrid").getByRole("row")).toHaveCount(10);
  await expect(page).toHaveURL(/find=.*only=1/);
  await page.reload();
  await expect(page.getByRole("treegrid").getByRole("row")).toHaveCount(10);
  await page.keyboard.press("n");
  await page.keyboard.press("N");
  await page.keyboard.press("h");
  await expect(page.getByRole("treegrid").getByRole("row")).toHaveCount(19);
  await page.keyboard.press("Escape");
  await expect(find).toHaveValue("");
  await find.fill("nowhere to be found");
  await expect(page.locator(".find-count")).toHaveText("0");
});

test("zooms by keys, by dragging on the minimap, by its edges and by wheel", async ({ page, open }) => {
  await open(FAILED);
  const map = page.locator(".minimap");
  await expect(map).toBeVisible();
  const box = (await map.boundingBox())!;
  await page.mouse.move(box.x + box.width * 0.25, box.y + 30);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.75, box.y + 35, { steps: 4 });
  await page.mouse.up();
  await expect(page).toHaveURL(/zoom=\d+-\d+/);
  const width = (): number => {
    const [from, to] = new URL(page.url()).searchParams.get("zoom")!.split("-").map(Number) as [number, number];
    return to - from;
  };
  const half = width();
  await page.mouse.move(box.x + box.width * 0.75, box.y + 12);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.9, box.y + 12, { steps: 4 });
  await page.mouse.up();
  await expect.poll(width).toBeGreaterThan(half * 1.2);
  const wider = width();
  await page.mouse.move(box.x + box.width * 0.5, box.y + 30);
  await page.mouse.wheel(0, -100);
  await expect.poll(width).toBeLessThan(wider);
  await page.reload();
  await expect(page.locator(".minimap .window")).toBeVisible();
  await page.getByRole("button", { name: "Whole trace" }).click();
  await expect(page).not.toHaveURL(/zoom=/);
  await page.keyboard.press("w");
  await expect(page).toHaveURL(/zoom=/);
  await page.keyboard.press("0");
  await expect(page).not.toHaveURL(/zoom=/);
  await page.getByRole("row", { name: /charge card/ }).click();
  await page.keyboard.press("f");
  await expect(page.locator(".outside").first()).toBeVisible();
});

test("says exactly what is missing", async ({ page, open }) => {
  await open(`/trace/${TRACES.lost}`);
  await expect(page.locator(".notice.warn")).toContainText(/5 spans refer to parents that never arrived/);
  await expect(page.locator(".orphan-mark")).toHaveCount(5);
  await page.getByRole("row", { name: /reserve stock/ }).click();
  await expect(page.getByRole("complementary")).toContainText(/[0-9a-f]{16} never arrived/);
});

test("a trace that is not stored is said to be missing", async ({ page, open, errors }) => {
  errors.allow(/404/);
  await open("/trace/deadbeef");
  await expect(page.getByRole("heading", { name: "This trace is not here" })).toBeVisible();
  await expect(page).toHaveURL(/0{24}deadbeef/);
});

test("is downloaded as OTLP and as Jaeger JSON, and both open again in the browser", async ({ page, open, server }, testInfo) => {
  test.skip(server.isDev, "the development server has no downloads");
  for (const format of ["OTLP JSON", "Jaeger JSON"]) {
    await open(FAILED);
    await page.getByRole("button", { name: "Download" }).click();
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: format }).click()]);
    const file = testInfo.outputPath(download.suggestedFilename());
    await download.saveAs(file);
    expect(JSON.parse(await readFile(file, "utf8"))).toBeTruthy();
    const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.getByRole("button", { name: "Open file" }).click()]);
    await chooser.setFiles(file);
    await expect(page).toHaveURL(/\/import/);
    await expect(page.getByRole("treegrid").getByRole("row")).toHaveCount(19);
    await expect(page.locator(".trace-facts")).toContainText(/Errors\s*4/);
  }
});

test("links lead to the other trace, and text of spans is never HTML", async ({ page, open, server, errors }) => {
  errors.allow(/404/);
  await server.send({
    resourceSpans: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: "<b>bold</b>" } }] },
        scopeSpans: [
          {
            spans: [
              {
                traceId: "00000000000000000000000000000f09", spanId: "00000000000000a1", name: "<img src=x onerror=alert(1)>", kind: 5,
                startTimeUnixNano: `${Date.now() - 500_000}000000`, endTimeUnixNano: `${Date.now() - 499_000}000000`,
                attributes: [{ key: "<script>", value: { stringValue: "<script>alert(1)</script>" } }, { key: "json", value: { stringValue: '{"a":[1,2]}' } }],
                links: [{ traceId: TRACES.good, spanId: "00000000000000b2" }],
              },
            ],
          },
        ],
      },
    ],
  });
  await open("/trace/f09");
  const row = page.getByRole("treegrid").getByRole("row");
  await expect(row).toContainText("<b>bold</b>");
  await row.click();
  const pane = page.getByRole("complementary");
  await expect(pane).toContainText("<script>alert(1)</script>");
  await expect(pane).toContainText('"a": [');
  expect(await page.locator("main img, main script, main b").count()).toBe(0);
  await pane.getByRole("link", { name: /00000000…\/00000000000000b2/ }).click();
  await expect(page).toHaveURL(new RegExp(TRACES.good));
  await expect(page.getByRole("treegrid").getByRole("row").first()).toContainText("frontend");
});

test("a value leads to more traces with it, or to those without", async ({ page, open }) => {
  await open("/search?q=" + encodeURIComponent("{ error }"));
  await page.locator(".result .result-link").first().click();
  await page.getByRole("row", { name: /charge card/ }).click();
  const row = page.getByRole("row", { name: /payment\.currency/ });
  await row.hover();
  await expect(row.getByRole("link", { name: "Exclude this payment.currency from the search" })).toHaveAttribute("href", /error.*payment\.currency.*!%3D/);
  await row.getByRole("link", { name: "Search for traces with payment.currency" }).click();
  await expect(page.getByRole("combobox", { name: "TraceQL query" })).toHaveValue('{ error && span.payment.currency = "EUR" }');
});

test("a value is added to a query that is more than a list of conditions", async ({ page, open }) => {
  await open("/search?q=" + encodeURIComponent("{ kind = server } >> { error }"));
  await page.locator(".result .result-link").first().click();
  await page.getByRole("row", { name: /charge card/ }).click();
  const row = page.getByRole("row", { name: /payment\.currency/ });
  await row.hover();
  await row.getByRole("link", { name: "Search for traces with payment.currency" }).click();
  await expect(page.getByRole("combobox", { name: "TraceQL query" })).toHaveValue('({ kind = server } >> { error }) && { span.payment.currency = "EUR" }');
  await expect(page.locator(".result").first()).toBeVisible();
});

test("a span is copied as text for somewhere else", async ({ page, open, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await open(FAILED);
  await page.getByRole("row", { name: /UPDATE shop.stock/ }).first().click();
  await page.getByRole("button", { name: "Copy the span as" }).click();
  await page.getByRole("button", { name: "key=value", exact: true }).click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toContain("db.system.name=postgresql");
});

test("statistics lead to the longest span of an operation", async ({ page, open }) => {
  await open(FAILED);
  await page.getByRole("tab", { name: "Statistics" }).click();
  await expect(page).toHaveURL(/view=statistics/);
  const row = page.getByRole("row", { name: /UPDATE shop.stock/ });
  await expect(row).toContainText("6");
  await row.getByRole("button").click();
  await expect(page.locator(".row.selected")).toContainText("UPDATE shop.stock");
  await page.goBack();
  await expect(page.getByRole("tab", { name: "Statistics" })).toHaveAttribute("aria-selected", "true");
});

test("in a low window the rows stay", async ({ page, open }) => {
  await page.setViewportSize({ width: 720, height: 450 });
  await open(FAILED);
  await page.getByRole("row", { name: /charge card/ }).click();
  await expect(page.getByRole("complementary")).toBeVisible();
  const height = await page.locator(".waterfall-scroll").evaluate((element) => element.clientHeight);
  expect(height).toBeGreaterThan(100);
});

test("siblings that are alike stand in one row until they are asked for", async ({ page, open, server }) => {
  const at = (ms: number): string => `${Date.now() - 300_000 + ms}000000`;
  const traceId = "00000000000000000000000000000f0a";
  const child = (i: number) => ({ traceId, spanId: (i + 16).toString(16).padStart(16, "0"), parentSpanId: "0000000000000001", name: "SELECT row", kind: 3, startTimeUnixNano: at(i * 2), endTimeUnixNano: at(i * 2 + 1) });
  const spans = [{ traceId, spanId: "0000000000000001", name: "load", kind: 2, startTimeUnixNano: at(0), endTimeUnixNano: at(100) }, ...Array.from({ length: 24 }, (_, i) => child(i))];
  await server.send({ resourceSpans: [{ resource: { attributes: [{ key: "service.name", value: { stringValue: "loader" } }] }, scopeSpans: [{ spans }] }] });
  await open("/trace/f0a");
  const rows = page.getByRole("treegrid").getByRole("row");
  await expect(rows).toHaveCount(2);
  await expect(rows.nth(1)).toContainText("× 24");
  await expect(rows.nth(1).locator(".bar")).toHaveCount(24);
  await rows.nth(1).getByRole("button").click();
  await expect(rows).toHaveCount(25);
  await page.reload();
  await expect(rows).toHaveCount(2);
  await open("/trace/f0a?span=0000000000000018");
  await expect(page.locator(".row.selected")).toBeVisible();
  await expect(rows).toHaveCount(25);
});

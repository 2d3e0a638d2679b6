// What a page costs: CPU time of its main thread, which is told and never asserted (a busy machine
// takes more of it for the same work), and how many nodes it has and makes, which is the same
// everywhere. The one place that knows how that is asked.
import type { CDPSession, Page } from "@playwright/test";
import { expect } from "./fixtures";

const STEPS = 60;
/** A detail that comes later than this is not waited for. */
const SETTLED_MS = 200;

async function cpuMs(session: CDPSession): Promise<number> {
  const { metrics } = await session.send("Performance.getMetrics");
  return metrics.find(({ name }) => name === "TaskDuration")!.value * 1000;
}

/** Element nodes that come into the page while something is done. */
async function madeBy(page: Page, action: () => Promise<unknown>): Promise<number> {
  await page.evaluate(() => {
    const counted = { nodes: 0 };
    const elements = (node: Node): number => (node instanceof Element ? 1 + node.querySelectorAll("*").length : 0);
    new MutationObserver((records) => {
      for (const { addedNodes } of records) for (const node of addedNodes) counted.nodes += elements(node);
    }).observe(document, { childList: true, subtree: true });
    (window as unknown as { counted: typeof counted }).counted = counted;
  });
  await action();
  return page.evaluate(() => (window as unknown as { counted: { nodes: number } }).counted.nodes);
}

/**
 * Loads a trace page and goes through it; ms of CPU but for `firstRows`, which is a time, `stepNodes`,
 * the nodes that one step of scrolling makes, and `nodes`, those of the page.
 */
export async function measure(page: Page, url: string): Promise<Record<string, number>> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  await page.addInitScript(() => {
    const observer = new MutationObserver(() => {
      if (document.querySelector(".row") === null) return;
      observer.disconnect();
      // The frame after the next one has the rows painted.
      requestAnimationFrame(() => requestAnimationFrame(() => ((window as unknown as { firstRows: number }).firstRows = performance.now())));
    });
    observer.observe(document, { childList: true, subtree: true });
  });
  const before = await cpuMs(session);
  await page.goto(url);
  await expect(page.locator(".row").first()).toBeVisible();
  await page.waitForFunction(() => (window as unknown as { firstRows?: number }).firstRows !== undefined);
  const firstRows = await page.evaluate(() => (window as unknown as { firstRows: number }).firstRows);
  const load = (await cpuMs(session)) - before;

  const timed = async (action: () => Promise<unknown>): Promise<number> => {
    const start = await cpuMs(session);
    await action();
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    return (await cpuMs(session)) - start;
  };
  const expand = await timed(() => page.keyboard.press("["));
  let scroll = 0;
  const made = await madeBy(page, async () => {
    scroll = await timed(() =>
      page.locator(".waterfall-scroll").evaluate(async (element, steps) => {
        for (let i = 0; i < steps; i++) {
          element.scrollBy(0, 120);
          await new Promise((resolve) => requestAnimationFrame(resolve));
        }
      }, STEPS),
    );
  });
  await page.locator(".row").nth(8).click();
  await expect(page.locator(".detail h2")).toBeVisible();
  // With its details, which are here by then.
  const select = await timed(async () => {
    await page.keyboard.press("j");
    await page.waitForTimeout(SETTLED_MS);
  });
  const collapse = await timed(() => page.keyboard.press("]"));
  const nodes = await page.evaluate(() => document.querySelectorAll("*").length);
  return { firstRows, load, expand, scrollStep: scroll / STEPS, select, collapse, stepNodes: made / STEPS, nodes };
}

export function told(spans: number, result: Record<string, number>): string {
  const text = Object.entries(result).map(([name, value]) => `${name} ${value.toFixed(name.toLowerCase().endsWith("nodes") ? 0 : 1)}`);
  return `${spans.toLocaleString("en-US")} spans: ${text.join(", ")} (ms of CPU of the main thread; firstRows: ms)`;
}

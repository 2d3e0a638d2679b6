// What every browser test gets: a server with the same few traces in it, and a page that fails the
// test on any error in the console (which includes violations of the content security policy).

import { type Page, test as base } from "@playwright/test";
import { shopTrace } from "../dev/shop";
import { type Server, startServer } from "./server";

export const TRACES = {
  /** A checkout whose card payment failed with an exception. */
  failed: "00000000000000000000000000000f01",
  /** A checkout whose checkout span never arrived. */
  lost: "00000000000000000000000000000f02",
  /** A checkout that went well. */
  good: "00000000000000000000000000000f03",
} as const;
/** Besides the three above. */
export const OTHER_TRACES = 30;

async function fill(server: Server): Promise<void> {
  const now = Date.now();
  for (let i = 0; i < OTHER_TRACES; i++) await server.send(shopTrace({ seed: 100 + i, startMs: now - 60_000 - i * 20_000, failed: i % 10 === 3 }));
  await server.send(shopTrace({ seed: 1, startMs: now - 30_000, failed: true, traceId: TRACES.failed }));
  await server.send(shopTrace({ seed: 2, startMs: now - 100_000, lost: true, traceId: TRACES.lost }));
  await server.send(shopTrace({ seed: 4, startMs: now - 40_000, failed: false, traceId: TRACES.good }));
  await server.waitForTraces(OTHER_TRACES + 3);
}

/** Fails the test when the page logged an error, except those a test expects. */
export function watchErrors(page: Page): { allow: (pattern: RegExp) => void; check: () => void } {
  const errors: string[] = [];
  const allowed: RegExp[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  return {
    allow: (pattern) => allowed.push(pattern),
    check: () => {
      const unexpected = errors.filter((error) => !allowed.some((pattern) => pattern.test(error)));
      if (unexpected.length > 0) throw new Error(`errors in the page:\n${unexpected.join("\n")}`);
    },
  };
}

/** A server of its own, for tests that leave traces behind: `test.extend({ server: filledServer() })`. */
export function filledServer(): [(fixtures: object, use: (server: Server) => Promise<void>) => Promise<void>, { scope: "worker"; timeout: number }] {
  return [
    // Playwright wants the pattern, although no other fixture is needed.
    // oxlint-disable-next-line no-empty-pattern
    async ({}, use) => {
      const server = await startServer();
      try {
        await fill(server);
        await use(server);
      } finally {
        await server.stop();
      }
    },
    { scope: "worker", timeout: 240_000 },
  ];
}

export const test = base.extend<{ errors: ReturnType<typeof watchErrors>; open: (path: string) => Promise<void> }, { server: Server }>({
  server: filledServer(),
  errors: [
    async ({ page }, use) => {
      const watch = watchErrors(page);
      await use(watch);
      watch.check();
    },
    { auto: true },
  ],
  open: async ({ page, server }, use) => {
    await use(async (path) => {
      await page.goto(server.ui + path);
    });
  },
});

export { expect } from "@playwright/test";

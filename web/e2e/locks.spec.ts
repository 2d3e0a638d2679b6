// A locked server, as a person meets it: signing in by keyboard, staying signed in, and losing it.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { shopTrace } from "../dev/shop";
import { expect, test as base } from "./fixtures";
import { type Server, startServer } from "./server";

const TRACE = "00000000000000000000000000000d01";
const READER = "0123456789abcdef-reader";
const OPERATOR = "0123456789abcdef-operator";
/** `htpasswd -nbBC 4 ada secret`. */
const ADA = "ada:$2y$04$MDAwMDAwMDAwMDAwMDAwMOd1C.R.tlp12Axz/RiJ6i8oIXXw64cd6:read";
/** The pages of `dist` are served without one. */
const BASE = process.env.TRACEWELL_E2E === "disk" ? "" : "/traces";

/** Who may read from now on, besides the operator. */
type Knows = (...tokens: string[]) => Promise<void>;

const test = base.extend<object, { server: Server; directory: string; knows: Knows }>({
  directory: [
    // Playwright wants the pattern, although no other fixture is needed.
    // oxlint-disable-next-line no-empty-pattern
    async ({}, use) => {
      const directory = await mkdtemp(join(tmpdir(), "tracewell-locks-"));
      await use(directory);
      await rm(directory, { recursive: true, force: true });
    },
    { scope: "worker" },
  ],
  knows: [
    async ({ directory }, use) => {
      const lines = (tokens: string[]): string[] => [`admin ${OPERATOR} operator`, ...tokens.map((token) => `read ${token} reader`)];
      const knows: Knows = (...tokens) => writeFile(join(directory, "tokens"), lines(tokens).join("\n"));
      await knows(READER);
      await use(knows);
    },
    { scope: "worker" },
  ],
  server: [
    async ({ directory, knows: _written }, use) => {
      const passwords = join(directory, "passwords");
      await writeFile(passwords, ADA);
      const flags = ["--access-tokens-file", join(directory, "tokens"), "--access-passwords-file", passwords];
      const server = await startServer(BASE === "" ? flags : [...flags, "--query-base-path", BASE], OPERATOR);
      try {
        await server.send(shopTrace({ seed: 1, startMs: Date.now() - 30_000, failed: false, traceId: TRACE }));
        await use({ ...server, ui: server.ui + BASE });
      } finally {
        await server.stop();
      }
    },
    { scope: "worker", timeout: 240_000 },
  ],
});

test.beforeEach(({ server, errors }) => {
  test.skip(server.isDev, "the development server has no locks");
  // The browser itself writes down every 401.
  errors.allow(/status of 401/);
});

const heading = (page: Page) => page.getByRole("heading", { name: "Sign in", level: 1 });

async function signInWithToken(page: Page, token: string): Promise<void> {
  await page.getByRole("button", { name: "Token", exact: true }).click();
  await page.getByLabel("Token", { exact: true }).fill(token);
  await page.keyboard.press("Enter");
}

test("who is not known signs in by keyboard alone, and is led to where they were going", async ({ page, open }) => {
  await open(`/trace/${TRACE}?find=cart`);
  await expect(heading(page)).toBeVisible();
  // The first field has the focus already.
  await expect(page.getByLabel("User")).toBeFocused();
  await page.keyboard.type("ada");
  await page.keyboard.press("Tab");
  await page.keyboard.type("guess");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toContainText("not known here");
  // What was typed is selected: typing replaces it.
  await page.keyboard.type("secret");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(new RegExp(`${BASE}/trace/${TRACE}\\?.*find=cart`));
  await expect(page.getByRole("row").nth(1)).toBeVisible();
  await expect(page.getByRole("button", { name: "Sign out" })).toHaveAttribute("title", "Signed in as ada");
  expect(await page.evaluate(() => document.cookie)).toBe("");
  await page.reload();
  await expect(page.getByRole("row").nth(1)).toBeVisible();
});

test("a wrong token is told, and a right one that is taken back ends the session", async ({ page, open, knows, server }) => {
  await open("/status");
  await signInWithToken(page, "not-a-token-at-all");
  await expect(page.getByRole("alert")).toContainText("This token is not known here.");
  await page.getByLabel("Token", { exact: true }).fill(READER);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Status" })).toBeVisible();
  await knows("fedcba9876543210-another");
  // The page asks again by itself, and is not known any more.
  await expect(heading(page)).toBeVisible({ timeout: 20_000 });
  await expect(page.getByRole("button", { name: "Sign out" })).toHaveCount(0);
  await expect(page.getByLabel("User")).toBeVisible();
  await knows(READER);
  // The server looks at the file once a second; who comes next needs the token.
  const asked = () => fetch(`${server.ui}/api/services`, { headers: { authorization: `Bearer ${READER}` } });
  await expect.poll(async () => (await asked()).status).toBe(200);
});

test("who signs out is out, also for the way back", async ({ page, open }) => {
  await open("/search");
  await signInWithToken(page, READER);
  await expect(page.getByRole("button", { name: "Sign out" })).toBeVisible();
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(heading(page)).toBeVisible();
  await open(`/trace/${TRACE}`);
  await expect(heading(page)).toBeVisible();
  await expect(page.getByText("buy", { exact: true })).toHaveCount(0);
});

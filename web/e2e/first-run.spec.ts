// Before the first span, and the moment it arrives.
import { expect, test as base } from "@playwright/test";
import { shopTrace } from "../dev/shop";
import { startServer } from "./server";

base("says where to send spans, turns green at the first one, and shows it", async ({ page }) => {
  const server = await startServer();
  try {
    await page.goto(`${server.ui}/`);
    await expect(page.getByText("Waiting for the first span")).toBeVisible();
    await expect(page.getByText("OTLP HTTP", { exact: true })).toBeVisible();
    for (const [language, part] of [["Node.js", "auto-instrumentations-node"], ["Python", "opentelemetry-instrument"], ["curl", "v1/traces"]] as const) {
      await page.getByRole("tab", { name: language }).click();
      await expect(page.getByRole("tabpanel")).toContainText(part);
    }
    await server.send(shopTrace({ seed: 5, startMs: Date.now() - 2000, failed: true }));
    await expect(page.getByRole("link", { name: "frontend POST /checkout" })).toBeVisible();
    await expect(page.getByText("Waiting for the first span")).toBeHidden();
  } finally {
    await server.stop();
  }
});

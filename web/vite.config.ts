// How the UI is built and served in development. The build is embedded in the binary: hashed
// files, no inline code (the server sends a strict CSP), relative URLs (it may sit under a base path).
import { type Plugin, runnerImport } from "vite";
import { defineConfig } from "vitest/config";

/** The development server exists only where something is served. */
async function devBackend(): Promise<Plugin> {
  const { module } = await runnerImport<{ devBackend: () => Plugin }>("./dev/plugin.ts");
  return module.devBackend();
}

export default defineConfig(async ({ command }) => ({
  base: "./",
  plugins: command === "serve" && process.env.VITEST === undefined ? [await devBackend()] : [],
  build: {
    target: "es2022",
    cssTarget: ["chrome123", "firefox121", "safari17.5"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    reportCompressedSize: false,
    manifest: true,
  },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.ts", "src/**/*.test.tsx"],
  },
}));

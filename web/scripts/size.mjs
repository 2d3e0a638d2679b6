// Fails when the built files are larger than the budget in design: gzip of what each page loads.

import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUDGET_KB = { "shell and search": 80, "trace page on top": 45, styles: 20 };

const dist = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));
const gz = (file) => gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length;

/** Script files that an entry needs at once, its static imports included. */
function scripts(key, seen = new Set()) {
  const chunk = manifest[key];
  if (seen.has(chunk.file)) return seen;
  seen.add(chunk.file);
  for (const imported of chunk.imports ?? []) scripts(imported, seen);
  return seen;
}

const shell = scripts("index.html");
const traceKey = Object.keys(manifest).find((key) => key.endsWith("src/trace/pages.tsx"));
const trace = [...scripts(traceKey)].filter((file) => !shell.has(file));
const styles = new Set(Object.values(manifest).flatMap((chunk) => chunk.css ?? []));
const sum = (files) => [...files].reduce((total, file) => total + gz(file), 0) / 1024;

let over = false;
for (const [name, size] of [["shell and search", sum(shell)], ["trace page on top", sum(trace)], ["styles", sum(styles)]]) {
  const limit = BUDGET_KB[name];
  over ||= size > limit;
  console.log(`${size > limit ? "OVER" : "ok  "} ${name}: ${size.toFixed(1)} KB of ${limit} KB`);
}
process.exitCode = over ? 1 : 0;

// Fails when the built files are larger than the budget in design: gzip of what each page loads.

import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

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

const page = (name) => scripts(Object.keys(manifest).find((key) => key.endsWith(`src/pages/${name}.tsx`)));
const sum = (files) => [...files].reduce((total, file) => total + gz(file), 0) / 1024;

const entry = scripts("index.html");
const shell = new Set([...entry, ...page("search")]);
const styles = new Set(Object.values(manifest).flatMap((chunk) => chunk.css ?? []));
const sizes = [
  ["shell and search", sum(shell), 80],
  ["trace page on top", sum([...page("trace")].filter((file) => !shell.has(file))), 45],
  ["styles", sum(styles), 20],
];
for (const key of Object.keys(manifest)) {
  const name = /src\/pages\/(\w+)\.tsx$/.exec(key)?.[1];
  if (name === undefined || name === "search" || name === "trace") continue;
  // A page may share the parts of another; what it brings by itself counts.
  const known = new Set([...shell, ...page("trace")]);
  sizes.push([`${name} page on top`, sum([...page(name)].filter((file) => !known.has(file))), 30]);
}

let over = false;
for (const [name, size, limit] of sizes) {
  over ||= size > limit;
  console.log(`${size > limit ? "OVER" : "ok  "} ${name}: ${size.toFixed(1)} KB of ${limit} KB`);
}
process.exitCode = over ? 1 : 0;

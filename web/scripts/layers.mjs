// Fails when a folder of src knows one that it must not: pages and the frame know features, features
// know components and what is below, never the other way round, and never one another.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** From the top down. A folder knows those of the rows below its own, and itself. */
const LAYERS = [["main.tsx"], ["app"], ["pages"], ["search", "metrics", "trace", "files", "status", "session"], ["components"], ["api", "location"], ["query"], ["model"], ["styles"]];
const rank = new Map(LAYERS.flatMap((folders, index) => folders.map((folder) => [folder, index])));

/** What the files say they import, and why it is wrong; empty when all is well. */
export function violations(files) {
  const wrong = [];
  for (const [file, text] of files) {
    const from = file.split("/")[0];
    if (!rank.has(from)) wrong.push(`${file}: ${from} has no layer; name it in scripts/layers.mjs`);
    for (const [, specifier] of text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)) {
      const to = join(dirname(file), specifier).split(sep)[0];
      if (to === from || to === "..") continue;
      if (!(rank.get(to) > rank.get(from))) wrong.push(`${file}: ${from} must not know ${to} (${specifier})`);
    }
  }
  return wrong;
}

function sources(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !/\.test\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL("../src", import.meta.url));
  const wrong = violations(sources(root).map((file) => [relative(root, file).split(sep).join("/"), readFileSync(file, "utf8")]));
  for (const line of wrong) console.error(line);
  process.exitCode = wrong.length > 0 ? 1 : 0;
}

// Small traces that went wrong once, from ../shared/data/cases/ui beside the repository: read,
// moved to now, and sent.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { Server } from "./server";

const FOLDER = new URL("../../../shared/data/cases/ui/", import.meta.url);
/** When the cases were written, in ms. */
const WRITTEN_MS = 1_795_917_336_459;

export const hasCases = (): boolean => existsSync(FOLDER);

/** The ids are those of the files. */
export const CASE = {
  submicro: "c007", "long-attr": "c008", cycle: "c009", exception: "c00a", "http500-unset": "c00b", links: "c00d", "odd-times": "c00f",
  "no-service": "c003", "missing-root": "c004", skew: "c010", "mentioned-id": "c011", services40: "c012", "grow-1": "c013",
} as const;

export const pathOf = (name: keyof typeof CASE): string => `/trace/${CASE[name].padStart(32, "0")}`;

/** As JSON, with its times `agoMs` before now. */
export async function readCase(name: string, agoMs = 30_000): Promise<object> {
  const moved = BigInt(Date.now() - agoMs - WRITTEN_MS) * 1_000_000n;
  const text = await readFile(new URL(`${name}.json`, FOLDER), "utf8");
  return JSON.parse(text.replace(/"(17959173\d{11})"/g, (_, ns: string) => `"${BigInt(ns) + moved}"`)) as object;
}

export async function sendCase(server: Server, name: string, agoMs?: number): Promise<void> {
  await server.send(await readCase(name, agoMs));
}

//! Files that were opened in the browser. They stay in its memory: nothing is sent anywhere.

import { signal } from "@preact/signals";
import type { AssembledTrace } from "../model/assemble";
import { FileError, openFiles } from "../model/files/open";
import { href, navigate } from "../location/place";
import { keep, kept } from "./kept";

export interface Opened {
  names: string;
  traces: AssembledTrace[];
}

export const opened = signal<Opened | null>(null);
export const openError = signal<string | null>(null);

export async function openDropped(files: File[]): Promise<void> {
  if (files.length === 0) return;
  if (await read(files)) await keep(files);
  navigate(href("import"));
}

/** What was open before the page was loaded again. */
export async function openKept(): Promise<void> {
  const files = await kept();
  if (files.length > 0 && opened.peek() === null) await read(files);
}

async function read(files: File[]): Promise<boolean> {
  try {
    opened.value = { names: files.map(({ name }) => name).join(", "), traces: await openFiles(files) };
    openError.value = null;
    return true;
  } catch (error) {
    openError.value = error instanceof FileError ? error.message : `The file could not be read: ${String(error)}`;
    return false;
  }
}

export function chooseFiles(): void {
  const input = document.createElement("input");
  input.type = "file";
  input.multiple = true;
  input.accept = ".json,.jsonl,.ndjson,.gz,.pb,.bin,.proto,.otlp";
  input.addEventListener("change", () => void openDropped([...(input.files ?? [])]));
  input.click();
}

//! Files that were opened in the browser. They stay in its memory: nothing is sent anywhere.

import { signal } from "@preact/signals";
import type { AssembledTrace } from "../model/assemble";
import { FileError, openFiles } from "../model/files/open";
import { href, navigate } from "../location/place";

export interface Opened {
  names: string;
  traces: AssembledTrace[];
}

export const opened = signal<Opened | null>(null);
export const openError = signal<string | null>(null);

export async function openDropped(files: File[]): Promise<void> {
  if (files.length === 0) return;
  try {
    opened.value = { names: files.map(({ name }) => name).join(", "), traces: await openFiles(files) };
    openError.value = null;
  } catch (error) {
    openError.value = error instanceof FileError ? error.message : `The file could not be read: ${String(error)}`;
  }
  navigate(href("import"));
}

export function chooseFiles(): void {
  const input = document.createElement("input");
  input.type = "file";
  input.multiple = true;
  input.accept = ".json,.jsonl,.ndjson,.gz";
  input.addEventListener("change", () => void openDropped([...(input.files ?? [])]));
  input.click();
}

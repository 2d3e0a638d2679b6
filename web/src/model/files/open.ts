//! Turns the text of a file that a person opened into traces: Jaeger JSON, OTLP JSON, or one JSON
//! document per line. Says what is wrong with a file in words that help.

import { type AssembledTrace, assembleTraces, type FileSpan } from "../assemble";
import { jaegerTraces, readJaeger } from "./jaeger";
import { looksLikeOtlp, readOtlp } from "./otlp";

export class FileError extends Error {}

/** Larger files would freeze the tab. */
const MAX_FILE_BYTES = 512 * 1024 * 1024;

export async function openFiles(files: Iterable<File>): Promise<AssembledTrace[]> {
  const spans: FileSpan[] = [];
  for (const file of files) {
    if (file.size > MAX_FILE_BYTES) throw new FileError(`${file.name} is larger than 512 MB; send it to the server instead of opening it here`);
    spans.push(...readSpans(await textOf(file), file.name));
  }
  return assembleTraces(spans);
}

async function textOf(file: File): Promise<string> {
  if (!file.name.endsWith(".gz")) return file.text();
  return new Response(file.stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

export function readSpans(text: string, name: string): FileSpan[] {
  if (text.trim() === "") throw new FileError(`${name} is empty`);
  let spans: FileSpan[] = [];
  for (const document of documents(text, name)) spans = spans.concat(spansOf(document, name));
  if (spans.length === 0) throw new FileError(`${name} contains no spans`);
  if (spans.some((span) => !/^[0-9a-f]{32}$/.test(span.traceId))) throw new FileError(`${name} has a span whose trace id is not hexadecimal`);
  return spans;
}

function spansOf(document: unknown, name: string): FileSpan[] {
  if (looksLikeOtlp(document)) return readOtlp(document);
  const traces = jaegerTraces(document);
  if (traces !== null) return readJaeger(traces);
  if (Array.isArray(document) && document.length > 0 && document.every(looksLikeOtlp)) return document.flatMap(readOtlp);
  // A collector's file exporter puts metrics and logs beside traces; they have no spans.
  if (typeof document === "object" && document !== null && ("resourceMetrics" in document || "resourceLogs" in document)) return [];
  throw new FileError(`${name} is JSON, but neither Jaeger's nor OTLP's: expected "data" with traces, or "resourceSpans"`);
}

function documents(text: string, name: string): unknown[] {
  try {
    return [JSON.parse(text)];
  } catch (whole) {
    const lines = text.split("\n");
    if (lines.filter((line) => line.trim() !== "").length < 2) throw new FileError(`${name} is not JSON: ${(whole as Error).message}`);
    return lines.flatMap((line, index) => {
      if (line.trim() === "") return [];
      try {
        return [JSON.parse(line) as unknown];
      } catch {
        // A document of several lines fails at its first line; its own message is the useful one.
        const message = index === 0 ? (whole as Error).message : `line ${index + 1} is not a JSON document`;
        throw new FileError(`${name} is not JSON: ${message}`);
      }
    });
  }
}

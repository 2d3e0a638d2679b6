//! Turns a file that a person opened into traces: OTLP in JSON or protobuf, Jaeger's or Zipkin's JSON,
//! or one JSON document per line. Says what is wrong with a file in words that help.

import { type AssembledTrace, assembleTraces } from "../assemble";
import type { FileSpan } from "../fileSpan";
import { jaegerTraces, readJaeger } from "./jaeger";
import { looksLikeOtlp, readOtlp } from "./otlp";
import { ProtobufError, readProtobuf } from "./protobuf";
import { readZipkin, zipkinSpans } from "./zipkin";

export class FileError extends Error {}

/** Larger files would freeze the tab. */
const MAX_FILE_BYTES = 512 * 1024 * 1024;

export async function openFiles(files: Iterable<File>): Promise<AssembledTrace[]> {
  const spans: FileSpan[] = [];
  for (const file of files) {
    if (file.size > MAX_FILE_BYTES) throw new FileError(`${file.name} is larger than 512 MB; send it to the server instead of opening it here`);
    for (const span of readBytes(await bytesOf(file), file.name)) spans.push(span);
  }
  return assembleTraces(spans);
}

async function bytesOf(file: File): Promise<Uint8Array> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  // What it is says its beginning, whatever its name is.
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer());
}

/** Text, or protobuf where it is none. */
export function readBytes(bytes: Uint8Array, name: string): FileSpan[] {
  const asText = (): FileSpan[] => readSpans(new TextDecoder().decode(bytes), name);
  if (!PROTOBUF_BEGIN.has(bytes[0] ?? -1)) return asText();
  try {
    return checked(readProtobuf(bytes).flatMap(readOtlp), name);
  } catch (error) {
    if (!(error instanceof ProtobufError)) throw error;
    // A text may begin with an empty line.
    if (isText(bytes)) return asText();
    throw new FileError(`${name} is neither JSON nor OTLP protobuf: ${error.message}`);
  }
}

/** The first field of a request, or the first byte of a length before it. */
const PROTOBUF_BEGIN = new Set([0x0a, 0x00]);
const isText = (bytes: Uint8Array): boolean => bytes.subarray(0, 1000).every((byte) => byte >= 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d);

export function readSpans(text: string, name: string): FileSpan[] {
  if (text.trim() === "") throw new FileError(`${name} is empty`);
  let spans: FileSpan[] = [];
  for (const document of documents(text, name)) spans = spans.concat(spansOf(document, name));
  return checked(spans, name);
}

function checked(spans: FileSpan[], name: string): FileSpan[] {
  if (spans.length === 0) throw new FileError(`${name} contains no spans`);
  if (spans.some((span) => !/^[0-9a-f]{32}$/.test(span.traceId))) throw new FileError(`${name} has a span whose trace id is not hexadecimal`);
  return spans;
}

function spansOf(document: unknown, name: string): FileSpan[] {
  if (looksLikeOtlp(document)) return readOtlp(document);
  const zipkin = zipkinSpans(document);
  if (zipkin !== null) return readZipkin(zipkin);
  const traces = jaegerTraces(document);
  if (traces !== null) return readJaeger(traces);
  if (Array.isArray(document) && document.length > 0 && document.every(looksLikeOtlp)) return document.flatMap(readOtlp);
  // A collector's file exporter puts metrics and logs beside traces; they have no spans.
  if (typeof document === "object" && document !== null && ("resourceMetrics" in document || "resourceLogs" in document)) return [];
  throw new FileError(`${name} is JSON, but neither Jaeger's nor OTLP's nor Zipkin's: expected "data" with traces, "resourceSpans", or a list of spans`);
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

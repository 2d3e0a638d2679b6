//! Everything about single spans that the skeleton leaves out, and where it comes from: the server,
//! or the memory of the browser for an opened file. The pages know only this interface.

import type { Explanation } from "./explanation";

export type AttributeType = "string" | "int" | "double" | "bool" | "bytes" | "array" | "kvlist" | "empty";

/** 64-bit integers arrive as decimal strings, bytes as base64. */
export type AttributeValue = string | number | boolean | null | AttributeValue[] | { [key: string]: AttributeValue };

export interface Attribute {
  key: string;
  type: AttributeType;
  value: AttributeValue;
}

export interface SpanEvent {
  name: string;
  timeNs: string;
  /** After the start of the span; may be negative for clocks that disagree. */
  offsetNs: string;
  attributes: Attribute[];
  droppedAttributes: number;
}

export interface SpanLink {
  traceId: string;
  spanId: string;
  traceState: string;
  attributes: Attribute[];
}

export interface SpanDetail {
  row: number;
  spanId: string;
  parentSpanId: string | null;
  traceState: string;
  flags: number;
  name: string;
  kind: string;
  statusCode: "unset" | "ok" | "error";
  statusMessage: string;
  startNs: string;
  durationNs: string;
  attributes: Attribute[];
  resource: { attributes: Attribute[]; schemaUrl: string; droppedAttributes: number };
  scope: { name: string; version: string; attributes: Attribute[]; schemaUrl: string };
  events: SpanEvent[];
  links: SpanLink[];
  droppedAttributes: number;
  droppedEvents: number;
  droppedLinks: number;
  warnings: string[];
}

/** Answers questions about the spans of one trace, by row number. */
export interface DetailSource {
  /** At most 500 rows a call. */
  spans(rows: number[], signal?: AbortSignal): Promise<SpanDetail[]>;
  /** Ascending rows whose name, service, attributes, events or span id contain the text, or that have `key=value`. */
  find(query: string, signal?: AbortSignal): Promise<Uint32Array>;
  /** Ascending rows of the spans with this id: one, none, or several where an id is repeated. */
  rowsOf(spanId: string, signal?: AbortSignal): Promise<number[]>;
  /** Why the trace took as long as it did; absent where nobody can say. */
  explain?(signal?: AbortSignal): Promise<Explanation>;
}

/** An attribute value as people read it on one line. */
export function valueText(value: AttributeValue): string {
  if (value === null) return "";
  if (typeof value === "string") return value;
  if (typeof value === "object") return JSON.stringify(value);
  return String(value);
}

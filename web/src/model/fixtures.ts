//! Spans for the unit tests, in few words.

import type { FileSpan } from "./fileSpan";

export interface Wanted {
  id: string;
  parent?: string;
  service?: string;
  name?: string;
  /** ms */
  start?: number;
  /** ms */
  length?: number;
  error?: boolean;
  attributes?: Record<string, string>;
  exception?: boolean;
}

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const spanId = (id: string): string => id.padStart(16, "0");

export function fileSpan({ id, parent, service = "api", name = id, start = 0, length = 1, error = false, attributes = {}, exception = false }: Wanted): FileSpan {
  const from = BigInt(Math.round(start * 1e6)) + 1_700_000_000_000_000_000n;
  const to = from + BigInt(Math.round(length * 1e6));
  return {
    traceId: TRACE_ID,
    service,
    start: from,
    end: to,
    detail: {
      row: 0, spanId: spanId(id), parentSpanId: parent === undefined ? null : spanId(parent), traceState: "", flags: 0,
      name, kind: "server", statusCode: error ? "error" : "unset", statusMessage: "", startNs: String(from), durationNs: String(to - from),
      attributes: Object.entries(attributes).map(([key, value]) => ({ key, type: "string" as const, value })),
      resource: { attributes: [{ key: "service.name", type: "string", value: service }], schemaUrl: "", droppedAttributes: 0 },
      scope: { name: "lib", version: "1", attributes: [], schemaUrl: "" },
      events: exception ? [{ name: "exception", timeNs: String(to), offsetNs: String(to - from), attributes: [], droppedAttributes: 0 }] : [],
      links: [], droppedAttributes: 0, droppedEvents: 0, droppedLinks: 0, warnings: [],
    },
  };
}

//! Reads Zipkin's JSON (version 2): a list of spans, or a list of traces, each a list of spans.

import type { FileSpan } from "../fileSpan";
import type { Attribute, SpanDetail } from "../details";

interface ZipkinSpan {
  traceId: string;
  id: string;
  parentId?: string;
  name?: string;
  kind?: string;
  timestamp?: number;
  duration?: number;
  shared?: boolean;
  localEndpoint?: Endpoint;
  remoteEndpoint?: Endpoint;
  annotations?: { timestamp?: number; value?: string }[];
  tags?: Record<string, unknown>;
}

interface Endpoint {
  serviceName?: string;
  ipv4?: string;
  ipv6?: string;
  port?: number;
}

const isSpan = (value: unknown): value is ZipkinSpan =>
  typeof value === "object" && value !== null && typeof (value as ZipkinSpan).traceId === "string" && typeof (value as ZipkinSpan).id === "string" && !("spanID" in value);

/** The spans in a parsed JSON document, or null when it is not Zipkin's. */
export function zipkinSpans(value: unknown): ZipkinSpan[] | null {
  if (!Array.isArray(value) || value.length === 0) return null;
  const spans = value.flat(1) as unknown[];
  return spans.length > 0 && spans.every(isSpan) ? spans : null;
}

const ns = (us: number | undefined): bigint => BigInt(Math.round(us ?? 0)) * 1000n;
const id = (given: string, digits: number): string => given.toLowerCase().padStart(digits, "0");

export function readZipkin(spans: readonly ZipkinSpan[]): FileSpan[] {
  return spans.map((span): FileSpan => {
    const service = span.localEndpoint?.serviceName ?? "";
    const start = ns(span.timestamp);
    const duration = ns(span.duration);
    return { traceId: id(span.traceId, 32), service, start, end: start + duration, detail: detailOf(span, service, start, duration) };
  });
}

function detailOf(span: ZipkinSpan, service: string, start: bigint, duration: bigint): SpanDetail {
  const tags = Object.entries(span.tags ?? {}).map(([key, value]): Attribute => ({ key, type: "string", value: String(value) }));
  const failure = span.tags?.error;
  return {
    row: 0,
    spanId: id(span.id, 16),
    parentSpanId: span.parentId ? id(span.parentId, 16) : null,
    traceState: "",
    flags: 0,
    name: span.name ?? "",
    kind: span.kind?.toLowerCase() ?? "internal",
    // In Zipkin whatever has the tag failed, with the tag as the reason.
    statusCode: failure === undefined ? "unset" : "error",
    statusMessage: failure === undefined || failure === "true" ? "" : String(failure),
    startNs: String(start),
    durationNs: String(duration),
    attributes: [...tags, ...remote(span.remoteEndpoint)],
    resource: { attributes: service === "" ? [] : [{ key: "service.name", type: "string", value: service }], schemaUrl: "", droppedAttributes: 0 },
    scope: { name: "", version: "", attributes: [], schemaUrl: "" },
    events: (span.annotations ?? []).map(({ timestamp, value }) => ({ name: value ?? "", timeNs: String(ns(timestamp)), offsetNs: String(ns(timestamp) - start), attributes: [], droppedAttributes: 0 })),
    links: [],
    droppedAttributes: 0,
    droppedEvents: 0,
    droppedLinks: 0,
    warnings: [],
  };
}

function remote(endpoint: Endpoint | undefined): Attribute[] {
  const named = { "peer.service": endpoint?.serviceName, "network.peer.address": endpoint?.ipv4 ?? endpoint?.ipv6, "network.peer.port": endpoint?.port };
  return Object.entries(named).flatMap(([key, value]): Attribute[] => (value === undefined || value === "" ? [] : [{ key, type: typeof value === "number" ? "int" : "string", value: String(value) }]));
}

//! Reads the JSON of Jaeger's query API and of its UI's download: `{"data":[trace…]}`, a trace, or
//! a list of traces. Tags that Jaeger made of OTLP fields (kind, status, scope) are turned back.

import type { FileSpan } from "../fileSpan";
import type { Attribute, AttributeType, AttributeValue, SpanDetail, SpanLink } from "../details";

interface KeyValue {
  key?: string;
  type?: string;
  value?: unknown;
}
interface JaegerSpan {
  traceID?: string;
  spanID?: string;
  parentSpanID?: string;
  operationName?: string;
  references?: { refType?: string; traceID?: string; spanID?: string }[] | null;
  flags?: number;
  startTime?: number;
  duration?: number;
  tags?: KeyValue[] | null;
  logs?: { timestamp?: number; fields?: KeyValue[] }[] | null;
  processID?: string;
  process?: { serviceName?: string; tags?: KeyValue[] };
  warnings?: string[] | null;
}
interface JaegerTrace {
  traceID?: string;
  spans?: JaegerSpan[];
  processes?: Record<string, { serviceName?: string; tags?: KeyValue[] | null }>;
}

const isTrace = (value: unknown): value is JaegerTrace =>
  typeof value === "object" && value !== null && Array.isArray((value as JaegerTrace).spans);

/** The traces in a parsed JSON document, or null when it is not Jaeger's. */
export function jaegerTraces(value: unknown): JaegerTrace[] | null {
  if (isTrace(value)) return [value];
  const list = Array.isArray(value) ? value : typeof value === "object" && value !== null ? (value as { data?: unknown }).data : null;
  return Array.isArray(list) && list.length > 0 && list.every(isTrace) ? list : null;
}

export function readJaeger(traces: JaegerTrace[]): FileSpan[] {
  return traces.flatMap((trace) => (trace.spans ?? []).map((span) => readSpan(span, trace)));
}

/** Tags that carry OTLP fields: shown in their own place, not twice. */
const FIELD_TAGS = new Set([
  "span.kind", "otel.status_code", "otel.status_description", "otel.scope.name", "otel.scope.version",
  "otel.library.name", "otel.library.version", "w3c.tracestate",
]);

function readSpan(span: JaegerSpan, trace: JaegerTrace): FileSpan {
  const process = span.process ?? trace.processes?.[span.processID ?? ""];
  const traceId = (span.traceID ?? trace.traceID ?? "").toLowerCase();
  const tags = attributes(span.tags);
  const tag = (key: string): string => String(tags.find((attribute) => attribute.key === key)?.value ?? "");
  const start = BigInt(Math.round(span.startTime ?? 0)) * 1000n;
  const duration = BigInt(Math.round(span.duration ?? 0)) * 1000n;
  const references = span.references ?? [];
  const parent = references.find((r) => r.refType === "CHILD_OF" && sameId(r.traceID, traceId));
  const service = process?.serviceName ?? "unknown_service";
  const failed = tag("error") === "true" || tag("otel.status_code") === "ERROR";
  return {
    traceId: traceId.padStart(32, "0"),
    service,
    start,
    end: start + duration,
    detail: {
      row: 0,
      spanId: padId(span.spanID),
      parentSpanId: parent?.spanID ? padId(parent.spanID) : span.parentSpanID ? padId(span.parentSpanID) : null,
      traceState: tag("w3c.tracestate"),
      flags: span.flags ?? 0,
      name: span.operationName ?? "",
      kind: tag("span.kind") || "unspecified",
      statusCode: failed ? "error" : tag("otel.status_code") === "OK" ? "ok" : "unset",
      statusMessage: tag("otel.status_description"),
      startNs: String(start),
      durationNs: String(duration),
      attributes: tags.filter(({ key, value }) => !FIELD_TAGS.has(key) && !(key === "error" && String(value) === "true")),
      resource: {
        attributes: [{ key: "service.name", type: "string", value: service }, ...attributes(process?.tags)],
        schemaUrl: "",
        droppedAttributes: 0,
      },
      scope: {
        name: tag("otel.scope.name") || tag("otel.library.name"),
        version: tag("otel.scope.version") || tag("otel.library.version"),
        attributes: [],
        schemaUrl: "",
      },
      events: (span.logs ?? []).map((log) => readLog(log, start)),
      links: references
        .filter((reference) => reference !== parent)
        .map((r): SpanLink => ({
          traceId: (r.traceID ?? "").toLowerCase().padStart(32, "0"),
          spanId: padId(r.spanID),
          traceState: "",
          attributes: [{ key: "opentracing.ref_type", type: "string", value: (r.refType ?? "").toLowerCase() }],
        })),
      droppedAttributes: 0,
      droppedEvents: 0,
      droppedLinks: 0,
      warnings: span.warnings ?? [],
    },
  };
}

const padId = (id: string | undefined): string => (id ?? "").toLowerCase().padStart(16, "0");
const sameId = (a: string | undefined, b: string): boolean =>
  a === undefined || a.toLowerCase().replace(/^0+/, "") === b.replace(/^0+/, "");

function readLog(log: { timestamp?: number; fields?: KeyValue[] }, start: bigint): SpanDetail["events"][number] {
  const fields = attributes(log.fields);
  const name = fields.find(({ key }) => key === "event");
  const time = BigInt(Math.round(log.timestamp ?? 0)) * 1000n;
  return {
    name: name === undefined ? "log" : String(name.value),
    timeNs: String(time),
    offsetNs: String(time - start),
    attributes: fields.filter((field) => field !== name),
    droppedAttributes: 0,
  };
}

const TYPES: Record<string, AttributeType> = { bool: "bool", int64: "int", float64: "double", binary: "bytes" };

function attributes(tags: KeyValue[] | null | undefined): Attribute[] {
  return (tags ?? []).map(({ key, type, value }) => {
    const kind = TYPES[type ?? ""] ?? "string";
    // Old stores wrote every value as a string.
    if (kind === "bool") return { key: key ?? "", type: kind, value: value === true || value === "true" };
    if (kind === "int") return { key: key ?? "", type: kind, value: String(value) };
    if (kind === "double") return { key: key ?? "", type: kind, value: Number(value) };
    return { key: key ?? "", type: kind, value: (typeof value === "string" ? value : JSON.stringify(value ?? null)) as AttributeValue };
  });
}

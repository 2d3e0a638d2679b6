//! Reads OTLP JSON: one TracesData or export request, with the liberties that real exporters take
//! (ids of any case, enums as names, integers as numbers, missing fields).

import type { FileSpan } from "../fileSpan";
import { KINDS } from "../columns";
import type { Attribute, AttributeType, AttributeValue, SpanDetail } from "../details";

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);
const objects = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isObject) : []);
const text = (value: unknown): string => (typeof value === "string" ? value : "");
const count = (value: unknown): number => Number(value) || 0;

export function looksLikeOtlp(value: unknown): value is Json {
  return isObject(value) && (Array.isArray(value.resourceSpans) || Array.isArray(value.batches));
}

export function readOtlp(data: Json): FileSpan[] {
  const spans: FileSpan[] = [];
  for (const group of objects(data.resourceSpans ?? data.batches)) {
    const resource = isObject(group.resource) ? group.resource : {};
    const resourceAttributes = attributes(resource.attributes);
    const service = String(resourceAttributes.find(({ key }) => key === "service.name")?.value ?? "unknown_service");
    const resourceDetail = {
      attributes: resourceAttributes,
      schemaUrl: text(group.schemaUrl),
      droppedAttributes: count(resource.droppedAttributesCount),
    };
    for (const scoped of objects(group.scopeSpans ?? group.instrumentationLibrarySpans)) {
      const scope = isObject(scoped.scope) ? scoped.scope : isObject(scoped.instrumentationLibrary) ? scoped.instrumentationLibrary : {};
      const scopeDetail = {
        name: text(scope.name),
        version: text(scope.version),
        attributes: attributes(scope.attributes),
        schemaUrl: text(scoped.schemaUrl),
      };
      for (const span of objects(scoped.spans)) spans.push(readSpan(span, service, resourceDetail, scopeDetail));
    }
  }
  return spans;
}

function readSpan(span: Json, service: string, resource: SpanDetail["resource"], scope: SpanDetail["scope"]): FileSpan {
  const start = nanoseconds(span.startTimeUnixNano);
  const end = nanoseconds(span.endTimeUnixNano);
  const status = isObject(span.status) ? span.status : {};
  const parent = text(span.parentSpanId).toLowerCase();
  return {
    traceId: text(span.traceId).toLowerCase().padStart(32, "0"),
    service,
    start,
    end,
    detail: {
      row: 0,
      spanId: text(span.spanId).toLowerCase(),
      parentSpanId: /^0*$/.test(parent) ? null : parent,
      traceState: text(span.traceState),
      flags: count(span.flags),
      name: text(span.name),
      kind: kindOf(span.kind),
      statusCode: statusOf(status.code),
      statusMessage: text(status.message),
      startNs: String(start),
      durationNs: String(end > start ? end - start : 0n),
      attributes: attributes(span.attributes),
      resource,
      scope,
      events: objects(span.events).map((event) => {
        const time = nanoseconds(event.timeUnixNano);
        return {
          name: text(event.name),
          timeNs: String(time),
          offsetNs: String(time - start),
          attributes: attributes(event.attributes),
          droppedAttributes: count(event.droppedAttributesCount),
        };
      }),
      links: objects(span.links).map((link) => ({
        traceId: text(link.traceId).toLowerCase(),
        spanId: text(link.spanId).toLowerCase(),
        traceState: text(link.traceState),
        attributes: attributes(link.attributes),
      })),
      droppedAttributes: count(span.droppedAttributesCount),
      droppedEvents: count(span.droppedEventsCount),
      droppedLinks: count(span.droppedLinksCount),
      warnings: [],
    },
  };
}

function nanoseconds(value: unknown): bigint {
  if (typeof value === "string" && /^\d+$/.test(value)) return BigInt(value);
  return typeof value === "number" && Number.isFinite(value) ? BigInt(Math.round(value)) : 0n;
}

function kindOf(value: unknown): string {
  if (typeof value === "string" && value.startsWith("SPAN_KIND_")) return value.slice(10).toLowerCase();
  return KINDS[count(value)] ?? "unspecified";
}

function statusOf(value: unknown): SpanDetail["statusCode"] {
  if (value === 2 || value === "2" || value === "STATUS_CODE_ERROR") return "error";
  return value === 1 || value === "1" || value === "STATUS_CODE_OK" ? "ok" : "unset";
}

function attributes(value: unknown): Attribute[] {
  return objects(value).map((pair) => {
    const [type, plain] = anyValue(pair.value);
    return { key: text(pair.key), type, value: plain };
  });
}

function anyValue(value: unknown): [AttributeType, AttributeValue] {
  if (!isObject(value)) return ["empty", null];
  if ("stringValue" in value) return ["string", text(value.stringValue)];
  if ("intValue" in value) return ["int", String(value.intValue)];
  if ("doubleValue" in value) return ["double", value.doubleValue as number | string];
  if ("boolValue" in value) return ["bool", value.boolValue === true];
  if ("bytesValue" in value) return ["bytes", text(value.bytesValue)];
  if (isObject(value.arrayValue)) return ["array", objects(value.arrayValue.values).map((item) => anyValue(item)[1])];
  if (isObject(value.kvlistValue)) {
    const pairs = objects(value.kvlistValue.values).map((pair) => [text(pair.key), anyValue(pair.value)[1]] as const);
    return ["kvlist", Object.fromEntries(pairs)];
  }
  return ["empty", null];
}

//! Searches of Zipkin's UI keep their meaning here: the server sends `/zipkin/?…` on to the search
//! page with its parameters, and they are translated before anything is drawn.

import { compare, type Condition, equalsText, escaped, FAILED } from "../query/conditions";
import { durationLiteral, parseDuration } from "../query/literal";
import { attributeField, quote } from "../query/tokens";
import type { SearchParams } from "../location/params";
import { translated } from "./legacy";

const ZIPKIN_ONLY = ["serviceName", "spanName", "remoteServiceName", "annotationQuery", "endTs", "startTs"];
const ZIPKIN_KEYS = [...ZIPKIN_ONLY, "lookback", "millis", "minDuration", "maxDuration", "limit", "sortOrder"];

/** Any name: Zipkin's own is `all`, and nothing is one. */
const named = (params: URLSearchParams, key: string): string | null => {
  const name = params.get(key);
  return name === null || name === "" || name === "all" ? null : name;
};

/** Zipkin keeps names in lower case; here they are as they were sent. */
const anyCase = (field: string, name: string): Condition => compare(field, "=~", quote(`(?i)${escaped(name)}`));

/** A search link of Zipkin's as ours, or null when it is none. */
export function fromZipkinSearch(params: URLSearchParams): SearchParams | null {
  if (params.has("q") || !ZIPKIN_ONLY.some((key) => params.has(key))) return null;
  const conditions: Condition[] = [];
  for (const [key, field] of [["serviceName", "resource.service.name"], ["spanName", "name"], ["remoteServiceName", attributeField("", "peer.service")]] as const) {
    const name = named(params, key);
    if (name !== null) conditions.push(anyCase(field, name));
  }
  for (const term of (params.get("annotationQuery") ?? "").split(/\s+and\s+/i)) if (term !== "") conditions.push(annotation(term));
  for (const [key, op] of [["minDuration", ">="], ["maxDuration", "<="]] as const) {
    const text = params.get(key) ?? "";
    // A bare number is one of microseconds.
    const ns = /^\d+$/.test(text) ? Number(text) * 1000 : parseDuration(text);
    if (ns !== null) conditions.push(compare("duration", op, durationLiteral(ns)));
  }
  return translated(conditions, rangeOf(params), params);
}

export function withoutZipkinKeys(params: URLSearchParams): URLSearchParams {
  const rest = new URLSearchParams(params);
  for (const key of ZIPKIN_KEYS) rest.delete(key);
  return rest;
}

/** `key=value` is a tag; a word alone is a tag that is there, or an annotation, which is an event here. */
function annotation(term: string): Condition {
  const equals = term.indexOf("=");
  if (term === "error") return FAILED;
  if (equals > 0) return equalsText(attributeField("", term.slice(0, equals)), term.slice(equals + 1));
  return { text: `(${attributeField("", term)} != nil || event:name = ${quote(term)})` };
}

const nsOfMs = (ms: number): string => (BigInt(Math.trunc(ms)) * 1_000_000n).toString();

const UNIT_MS: Record<string, number> = { s: 1e3, m: 60e3, h: 3600e3, d: 86_400e3, w: 7 * 86_400e3 };
const DEFAULT_LOOKBACK_MS = 15 * 60_000;

/** `lookback`: a number of milliseconds, a word such as `15m`, or `millis`, whose number stands by itself. */
function lookbackMs(params: URLSearchParams): number {
  const lookback = params.get("lookback") ?? "";
  const [, amount, unit] = /^(\d+)([smhdw])$/.exec(lookback) ?? [];
  if (amount !== undefined) return Number(amount) * UNIT_MS[unit!]!;
  const text = lookback === "millis" ? (params.get("millis") ?? "") : lookback;
  return /^\d+$/.test(text) ? Number(text) : DEFAULT_LOOKBACK_MS;
}

/** Both ends of `custom`; else what ends at `endTs`, or now. */
function rangeOf(params: URLSearchParams): { from: string; to: string } {
  const [endMs, startMs] = ["endTs", "startTs"].map((key) => (/^\d+$/.test(params.get(key) ?? "") ? Number(params.get(key)) : null));
  if (startMs != null) return { from: nsOfMs(startMs), to: endMs == null ? "now" : nsOfMs(endMs) };
  const ms = lookbackMs(params);
  if (endMs != null) return { from: nsOfMs(Math.max(0, endMs - ms)), to: nsOfMs(endMs) };
  return { from: `now-${Math.max(1, Math.round(ms / 1000))}s`, to: "now" };
}

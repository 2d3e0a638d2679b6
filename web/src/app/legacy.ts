//! Jaeger's URLs keep their meaning here: bookmarks and links in chats, dashboards and runbooks
//! that point at a Jaeger UI work after only the host has changed. Zipkin's are in zipkin.ts.

import { type Condition, compare, equalsText, FAILED, toQuery } from "../query/conditions";
import { durationLiteral, parseDuration } from "../query/literal";
import { attributeField, quote } from "../query/tokens";
import { DEFAULT_LIMIT, MAX_LIMIT, type SearchParams } from "../location/params";

export const UI_KEYS = ["uiEmbed", "uiSearchHideGraph", "uiTimelineCollapseTitle", "uiTimelineHideMinimap", "uiTimelineHideSummary", "uiTheme", "uiFind"];

const JAEGER_KEYS = [
  "service", "operation", "tags", "tag", "start", "end", "lookback", "minDuration", "maxDuration", "limit", "view", "traceID",
  "density", "showOp", "visEncoding", "hash", "span", ...UI_KEYS,
];

/** A search link of Jaeger's as ours, or null when it is none. */
export function fromJaegerSearch(params: URLSearchParams): SearchParams | null {
  const own = params.has("q") || params.has("from");
  const jaegers = ["service", "operation", "tags", "tag", "lookback", "minDuration", "maxDuration", "start", "end"].some((key) => params.has(key));
  if (own || !jaegers) return null;
  const conditions: Condition[] = [];
  const service = params.get("service");
  if (service && service !== "all") conditions.push(compare("resource.service.name", "=", quote(service)));
  const operation = params.get("operation");
  if (operation && operation !== "all") conditions.push(compare("name", "=", quote(operation)));
  for (const [key, value] of tagsOf(params)) conditions.push(tagCondition(key, value));
  for (const [key, op] of [["minDuration", ">="], ["maxDuration", "<="]] as const) {
    const ns = parseDuration(params.get(key) ?? "");
    if (ns !== null) conditions.push(compare("duration", op, durationLiteral(ns)));
  }
  return translated(conditions, rangeOf(params), params);
}

/** What another UI asked for, newest first as they all show it. */
export function translated(conditions: readonly Condition[], range: { from: string; to: string }, params: URLSearchParams): SearchParams {
  const limit = Number.parseInt(params.get("limit") ?? "", 10);
  return {
    q: toQuery(conditions),
    ...range,
    limit: limit > 0 ? Math.min(limit, MAX_LIMIT) : DEFAULT_LIMIT,
    sort: "newest",
    chart: "spans",
    refresh: 0,
    step: "",
    only: [],
    order: "",
  };
}

/** What is left of a Jaeger link's parameters once they are translated. */
export function withoutJaegerKeys(params: URLSearchParams, keys = JAEGER_KEYS): URLSearchParams {
  const rest = new URLSearchParams(params);
  for (const key of keys) rest.delete(key);
  keepEmbed(params, rest);
  return rest;
}

function tagsOf(params: URLSearchParams): [string, string][] {
  const pairs: [string, string][] = [];
  for (const text of params.getAll("tags")) {
    try {
      const parsed: unknown = JSON.parse(text);
      if (typeof parsed === "object" && parsed !== null) for (const [key, value] of Object.entries(parsed)) pairs.push([key, String(value)]);
    } catch {
      // Links of old versions carry logfmt: `error=true http.method=GET`.
      for (const [, key, quoted, bare] of text.matchAll(/([^\s=|]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s|]*))/g)) pairs.push([key!, quoted ?? bare ?? ""]);
    }
  }
  for (const text of params.getAll("tag")) {
    const colon = text.indexOf(":");
    if (colon > 0) pairs.push([text.slice(0, colon), text.slice(colon + 1)]);
  }
  return pairs;
}

const STATUS_WORDS: Record<string, string> = { error: "error", ok: "ok", unset: "unset" };

/** Jaeger's tags are strings; stored attributes have types. */
function tagCondition(key: string, value: string): Condition {
  if (key === "error" && (value === "true" || value === "false")) return value === "true" ? FAILED : { text: "!error" };
  if (key === "span.kind") return compare("kind", "=", value.toLowerCase());
  if (key === "otel.status_code" && STATUS_WORDS[value.toLowerCase()]) return compare("status", "=", STATUS_WORDS[value.toLowerCase()]!);
  if (key === "otel.status_description") return compare("statusMessage", "=", quote(value));
  return equalsText(attributeField("", key), value);
}

function rangeOf(params: URLSearchParams): { from: string; to: string } {
  const lookback = params.get("lookback") ?? "";
  const start = params.get("start") ?? "";
  const end = params.get("end") ?? "";
  // Jaeger writes the lookback that was chosen beside the times it came to; the times are what it searches.
  if (/^\d{10,}$/.test(start)) return { from: start, to: /^\d{10,}$/.test(end) ? end : "now" };
  if (/^\d+[smhdw]$/.test(lookback)) return { from: `now-${lookback}`, to: "now" };
  return { from: lookback === "" && start === "" ? "now-48h" : "now-1h", to: "now" };
}

/** The id of a `traceID=` link that names one trace. */
export function traceOfJaegerSearch(params: URLSearchParams): string | null {
  const ids = params.getAll("traceID");
  return ids.length === 1 && !params.has("service") ? ids[0]! : null;
}

/** What Jaeger's embed mode hides, in our names. */
const EMBED: [string, string, string][] = [
  ["uiSearchHideGraph", "graph", "0"],
  ["uiTimelineCollapseTitle", "title", "0"],
  ["uiTimelineHideMinimap", "minimap", "0"],
  ["uiTimelineHideSummary", "facts", "0"],
];

function keepEmbed(from: URLSearchParams, to: URLSearchParams): void {
  if (from.get("uiEmbed") === "v0") {
    to.set("embed", "1");
    for (const [jaegers, ours, value] of EMBED) if (from.get(jaegers) === "1") to.set(ours, value);
  }
  const theme = from.get("uiTheme");
  if (theme === "dark" || theme === "light") to.set("theme", theme);
}

/** Parameters of Jaeger's trace page in our names. */
export function fromJaegerTrace(params: URLSearchParams): URLSearchParams | null {
  if (!params.has("uiFind") && !params.has("uiTheme") && !params.has("uiEmbed")) return null;
  const rest = withoutJaegerKeys(params);
  // Our own `span` is no key of Jaeger's trace page.
  if (params.has("span")) rest.set("span", params.get("span")!);
  const find = params.get("uiFind");
  if (find) rest.set("find", find);
  keepEmbed(params, rest);
  return rest;
}

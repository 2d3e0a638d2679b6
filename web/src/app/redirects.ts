//! URLs that stand for another of ours: the root, untidy trace ids, and links made by other tracing
//! UIs. They are replaced before anything is drawn. Nothing is lost: what cannot be said in our
//! parameters stays in the URL.

import { normalizeTraceId, writeSearchParams } from "../location/params";
import type { Place } from "../location/place";
import { UI_KEYS, fromJaegerSearch, fromJaegerTrace, traceOfJaegerSearch, withoutJaegerKeys } from "./legacy";
import { decoded } from "./routes";
import { fromZipkinSearch, withoutZipkinKeys } from "./zipkin";

export function redirect({ path, params }: Place): Place | null {
  if (path === "") return { path: "search", params };
  if (path === "search") return ofSearch(params);
  const trace = /^trace\/([^/]+)$/.exec(path);
  return trace === null ? null : ofTrace(trace[1]!, params);
}

function ofSearch(params: URLSearchParams): Place | null {
  const traceId = normalizeTraceId(traceOfJaegerSearch(params) ?? "");
  if (traceId !== null) return { path: `trace/${traceId}`, params: withoutJaegerKeys(params) };
  const zipkins = fromZipkinSearch(params);
  if (zipkins !== null) return { path: "search", params: writeSearchParams(zipkins, withoutZipkinKeys(params)) };
  const translated = fromJaegerSearch(params);
  // The server has translated the rest already.
  if (translated === null && params.has("uiEmbed")) return { path: "search", params: withoutJaegerKeys(params, UI_KEYS) };
  return translated === null ? null : { path: "search", params: writeSearchParams(translated, withoutJaegerKeys(params)) };
}

function ofTrace(given: string, params: URLSearchParams): Place | null {
  const traceId = normalizeTraceId(decoded(given) ?? "");
  if (traceId === null) return null;
  const renamed = fromJaegerTrace(params);
  return given === traceId && renamed === null ? null : { path: `trace/${traceId}`, params: renamed ?? params };
}

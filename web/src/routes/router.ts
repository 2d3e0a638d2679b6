// Which page the URL asks for, under any base path. Foreign (Jaeger) URLs are replaced by ours
// before anything is drawn.

import { signal } from "@preact/signals";
import { fromJaegerSearch, fromJaegerTrace, traceOfJaegerSearch, withoutJaegerKeys } from "./legacy";
import { normalizeTraceId, queryString, writeSearchParams } from "./params";

export type Route =
  | { page: "search"; params: URLSearchParams }
  | { page: "trace"; traceId: string; params: URLSearchParams }
  | { page: "import"; params: URLSearchParams }
  | { page: "unknown"; path: string };

/** Path of the installation, with a slash at its end. */
export const basePath = (): string => new URL(document.baseURI).pathname.replace(/[^/]*$/, "");

export const href = (path: string, params: URLSearchParams = new URLSearchParams()): string =>
  basePath() + path.replace(/^\//, "") + queryString(params);

/** The route of a path below the base, or the URL to go to instead. */
export function matchRoute(path: string, params: URLSearchParams): Route | { redirect: string; params: URLSearchParams } {
  const clean = path.replace(/\/+$/, "");
  if (clean === "" || clean === "search") {
    const id = traceOfJaegerSearch(params);
    const traceId = id === null ? null : normalizeTraceId(id);
    if (traceId !== null) return { redirect: `trace/${traceId}`, params: withoutJaegerKeys(params) };
    const translated = fromJaegerSearch(params);
    if (translated !== null) return { redirect: "search", params: writeSearchParams(translated, withoutJaegerKeys(params)) };
    return { page: "search", params };
  }
  const trace = /^trace\/([^/]+)$/.exec(clean);
  if (trace !== null) {
    const given = decodeURIComponent(trace[1]!);
    const traceId = normalizeTraceId(given);
    if (traceId === null) return { page: "unknown", path: clean };
    const renamed = fromJaegerTrace(params);
    if (given !== traceId || renamed !== null) return { redirect: `trace/${traceId}`, params: renamed ?? params };
    return { page: "trace", traceId, params };
  }
  if (clean === "import") return { page: "import", params };
  return { page: "unknown", path: clean };
}

function current(): Route {
  for (let hops = 0; hops < 4; hops++) {
    const path = location.pathname.startsWith(basePath()) ? location.pathname.slice(basePath().length) : location.pathname.slice(1);
    const match = matchRoute(path, new URLSearchParams(location.search));
    if (!("redirect" in match)) return match;
    history.replaceState(history.state, "", href(match.redirect, match.params));
  }
  return { page: "unknown", path: location.pathname };
}

export const route = signal<Route>({ page: "unknown", path: "" });

export function navigate(url: string, options: { replace?: boolean } = {}): void {
  if (options.replace) history.replaceState(history.state, "", url);
  else history.pushState(null, "", url);
  route.value = current();
}

/** Changes the URL of the page that is shown, without showing another. */
export function replaceParams(path: string, params: URLSearchParams): void {
  const url = href(path, params);
  if (url !== location.pathname + location.search) history.replaceState(history.state, "", url);
}

export function startRouter(): void {
  route.value = current();
  addEventListener("popstate", () => {
    route.value = current();
  });
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest?.("a");
    if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin || !link.pathname.startsWith(basePath())) return;
    const path = link.pathname.slice(basePath().length);
    if (path.startsWith("api/")) return;
    event.preventDefault();
    navigate(link.href);
  });
}

//! Where the person is: the path below the base path and the parameters, as one signal that changes
//! with links, Back, Forward and a pasted URL alike. It exists so that nobody reads `location` on
//! their own. It must never know what a path shows; that is the route table's (`app/routes.ts`).

import { signal } from "@preact/signals";
import { queryString } from "./params";

export interface Place {
  /** Below the base path, without slashes at its ends, as it stands in the URL. */
  path: string;
  params: URLSearchParams;
}

/** Path of the installation, with a slash at its end. */
export const basePath = (): string => new URL(document.baseURI).pathname.replace(/[^/]*$/, "");

export const href = (path: string, params: URLSearchParams = new URLSearchParams()): string => basePath() + path.replace(/^\//, "") + queryString(params);

export const place = signal<Place>({ path: "", params: new URLSearchParams() });

/** Another place that a URL stands for (a foreign or an untidy one), or null. */
export type Rewrite = (place: Place) => Place | null;

const MAX_HOPS = 4;
let rewrite: Rewrite = () => null;
const writers = new Set<() => void>();
/** Of the places that were left last. */
const lastParams = new Map<string, URLSearchParams>();
const MAX_REMEMBERED = 50;

function rememberParams({ path, params }: Place): void {
  lastParams.delete(path);
  lastParams.set(path, params);
  for (const oldest of lastParams.keys()) {
    if (lastParams.size <= MAX_REMEMBERED) break;
    if (oldest !== "search") lastParams.delete(oldest);
  }
}

function read(): Place {
  const base = basePath();
  const path = location.pathname.startsWith(base) ? location.pathname.slice(base.length) : location.pathname.slice(1);
  let now: Place = { path: path.replace(/\/+$/, ""), params: new URLSearchParams(location.search) };
  for (let hop = 0; hop < MAX_HOPS; hop++) {
    const next = rewrite(now);
    if (next === null) break;
    now = next;
    history.replaceState(history.state, "", href(now.path, now.params));
  }
  return now;
}

function arrive(): void {
  const now = read();
  rememberParams(now);
  place.value = now;
}

/** Views write their URL a moment after they change; whoever leaves a place has that done first. */
export function writeBeforeLeaving(write: () => void): () => void {
  writers.add(write);
  return () => writers.delete(write);
}

/** Puts into the URL what the views show now. */
export const settle = (): void => writers.forEach((write) => write());

export function navigate(url: string, options: { replace?: boolean } = {}): void {
  settle();
  if (options.replace) history.replaceState(history.state, "", url);
  else if (new URL(url, location.href).href !== location.href) history.pushState(null, "", url);
  arrive();
}

/** Other parameters for the place that is shown: the view has changed already, and says so. */
export function replaceParams(params: URLSearchParams): void {
  const { path } = place.peek();
  const url = href(path, params);
  if (url === location.pathname + location.search) return;
  history.replaceState(history.state, "", url);
  rememberParams({ path, params });
  place.value = { path, params };
}

/** A new entry in the history for what comes next; Back leads to what is shown now. */
export function keepForBack(): void {
  settle();
  history.pushState(null, "", location.href);
}

/** The way back to a path, as it was when it was last shown. */
export const hrefBack = (path: string): string => href(path, paramsOf(path));

/** The parameters that a path had when it was last shown, to be changed. */
export const paramsOf = (path: string): URLSearchParams => new URLSearchParams(lastParams.get(path));

export function startPlace(rewriting: Rewrite): void {
  rewrite = rewriting;
  arrive();
  addEventListener("popstate", arrive);
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest?.("a");
    if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin || !link.pathname.startsWith(basePath())) return;
    if (link.pathname.slice(basePath().length).startsWith("api/")) return;
    event.preventDefault();
    navigate(link.href);
  });
}

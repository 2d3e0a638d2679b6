//! The table of pages: which path shows which page, each loaded when it is first needed, and keyed
//! by what it shows, so that another trace is another page and other parameters are not. Adding a
//! page is one line here. It must never hold state of a page.

import type { ComponentType } from "preact";
import { skeletons } from "../api/skeletons";
import { isTraceId } from "../location/params";

/** The names in a path: `trace/:traceId` has `traceId`. */
export type Args<Path extends string> = Path extends `${infer Head}/${infer Rest}` ? Args<Head> & Args<Rest> : Path extends `:${infer Name}` ? { [key in Name]: string } : unknown;

type Page = { default: ComponentType<{ args: Record<string, string> }> };

export interface Route {
  path: string;
  load: () => Promise<Page>;
  /** What can be asked of the server while the page's own code still loads. */
  ahead?: (args: Record<string, string>) => unknown;
}

function route<Path extends string>(path: Path, load: () => Promise<{ default: ComponentType<{ args: Args<Path> }> }>, ahead?: (args: Args<Path>) => unknown): Route {
  return { path, load: load as Route["load"], ahead: ahead as Route["ahead"] };
}

/** Where everybody is led whom the server does not know. */
export const SIGN_IN = "sign-in";

export const ROUTES: readonly Route[] = [
  route("search", () => import("../pages/search")),
  route("trace/:traceId", () => import("../pages/trace"), ({ traceId }) => isTraceId(traceId) && skeletons.get(traceId).ahead()),
  route("import", () => import("../pages/import")),
  route("status", () => import("../pages/status")),
  route(SIGN_IN, () => import("../pages/sign-in")),
];

export interface Match {
  route: Route;
  args: Record<string, string>;
  /** Two places with the same key are the same page. */
  key: string;
}

export function matchRoute(path: string): Match | null {
  const parts = path.split("/");
  for (const candidate of ROUTES) {
    const args = argsOf(candidate.path.split("/"), parts);
    if (args !== null) return { route: candidate, args, key: path };
  }
  return null;
}

function argsOf(pattern: readonly string[], parts: readonly string[]): Record<string, string> | null {
  if (pattern.length !== parts.length) return null;
  const args: Record<string, string> = {};
  for (const [index, name] of pattern.entries()) {
    const part = decoded(parts[index]!);
    if (part === null) return null;
    if (name.startsWith(":")) args[name.slice(1)] = part;
    else if (name !== part) return null;
  }
  return args;
}

/** Null for a `%` that begins no character. */
export function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

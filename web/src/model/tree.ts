//! The tree of an opened file's trace: the server's rules (ADR 012), for files that no server reads.

import type { FileSpan } from "./fileSpan";

export interface Placed {
  span: FileSpan;
  depth: number;
  /** It stands on top because its parent is not here. */
  orphan: boolean;
  /** It stands on top because its parents form a cycle. */
  cycle: boolean;
}

/** The parent that a span names: its parent id, or a shim's link `child_of` within the trace. */
function named({ traceId, detail }: FileSpan): string | null {
  if (detail.parentSpanId !== null) return detail.parentSpanId;
  const isChildOf = (link: (typeof detail.links)[number]): boolean =>
    link.traceId === traceId && link.attributes.some(({ key, value }) => key === "opentracing.ref_type" && value === "child_of");
  return detail.links.find(isChildOf)?.spanId ?? null;
}

type Side = "client" | "server";

/** The spans of one id: the first, and the first of each side of a call. */
type SameId = { first: FileSpan } & Partial<Record<Side, FileSpan>>;

function byId(spans: readonly FileSpan[]): Map<string, SameId> {
  const ids = new Map<string, SameId>();
  for (const span of spans) {
    const { spanId, kind } = span.detail;
    let same = ids.get(spanId);
    if (same === undefined) ids.set(spanId, (same = { first: span }));
    if (kind === "client" || kind === "server") same[kind] ??= span;
  }
  return ids;
}

function parentOf(span: FileSpan, ids: Map<string, SameId>): FileSpan | undefined {
  const own = ids.get(span.detail.spanId);
  if (span.detail.kind === "server" && own?.client !== undefined) return own.client;
  const id = named(span);
  if (id === null || id === span.detail.spanId) return undefined;
  const same = ids.get(id);
  return same?.client !== undefined && same.server !== undefined ? same.server : same?.first;
}

/** Whether an earlier span has its id, other than the two sides of one call. */
function repeatsId(span: FileSpan, same: SameId): boolean {
  if (same.client !== undefined && same.server !== undefined) return span !== same.client && span !== same.server;
  return span !== same.first;
}

/** Cuts each circle of parents at its first span; gives these. */
function cutCircles(spans: readonly FileSpan[], parents: Map<FileSpan, FileSpan>): Set<FileSpan> {
  const cut = new Set<FileSpan>();
  const done = new Set<FileSpan>();
  const rank = new Map(spans.map((span, place) => [span, place]));
  for (const start of spans) {
    const walk = new Set<FileSpan>();
    let at: FileSpan | undefined = start;
    for (; at !== undefined && !done.has(at) && !walk.has(at); at = parents.get(at)) walk.add(at);
    if (at !== undefined && walk.has(at)) {
      let first = at;
      for (let next = parents.get(at)!; next !== at; next = parents.get(next)!) if (rank.get(next)! < rank.get(first)!) first = next;
      parents.delete(first);
      cut.add(first);
    }
    for (const span of walk) done.add(span);
  }
  return cut;
}

/** Every span once, depth first, siblings in the given order, which is that of time. */
export function arrange(spans: readonly FileSpan[]): { placed: Placed[]; root: FileSpan | undefined; repeated: Set<FileSpan> } {
  const ids = byId(spans);
  const parents = new Map<FileSpan, FileSpan>();
  for (const span of spans) {
    const parent = parentOf(span, ids);
    if (parent !== undefined) parents.set(span, parent);
  }
  const cut = cutCircles(spans, parents);
  for (const span of spans) if (!parents.has(span) && named(span) === span.detail.spanId) cut.add(span);
  const children = new Map<FileSpan, FileSpan[]>();
  const tops = spans.filter((span) => !parents.has(span));
  for (const [span, parent] of parents) {
    const list = children.get(parent);
    if (list) list.push(span);
    else children.set(parent, [span]);
  }
  const placed: Placed[] = [];
  const stack = tops.map((span): Placed => ({ span, depth: 0, orphan: named(span) !== null && !cut.has(span), cycle: named(span) !== null && cut.has(span) })).reverse();
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    placed.push(next);
    const below = children.get(next.span) ?? [];
    for (let i = below.length - 1; i >= 0; i--) stack.push({ span: below[i]!, depth: next.depth + 1, orphan: false, cycle: false });
  }
  return {
    placed,
    root: tops.find((span) => named(span) === null),
    repeated: new Set(spans.filter((span) => repeatsId(span, ids.get(span.detail.spanId)!))),
  };
}

//! How fast spans go over each edge of the graph: what was handed over between two answers of the
//! server, by the server's own clock.

import type { Edge, ServerStatus } from "../api/types";

/** What goes over an edge, or several together. */
export interface Flow {
  /** Spans a second; null before there are two answers. */
  perSecond: number | null;
  refusedPerSecond: number | null;
  waiting: number;
}

interface Reading {
  uptimeSeconds: number;
  edges: Map<string, Edge>;
}

export const edgeKey = ({ pipeline, from, to }: Pick<Edge, "pipeline" | "from" | "to">): string => [pipeline, from ?? "", to ?? ""].join("\n");

export function readingOf(status: ServerStatus): Reading {
  const edges = status.graph?.edges ?? [];
  return { uptimeSeconds: status.uptimeSeconds, edges: new Map(edges.map((edge) => [edgeKey(edge), edge])) };
}

/** Between two readings; a server that was started anew has no rate yet, and neither has an edge
 * that a changed file has brought, perhaps back with what it counted before. */
export function flowOf(edges: readonly Edge[], before: Reading | null, now: Reading): Flow {
  const seconds = before === null ? 0 : now.uptimeSeconds - before.uptimeSeconds;
  const rate = (count: (edge: Edge) => number): number | null => {
    if (before === null || seconds <= 0) return null;
    let more = 0;
    for (const edge of edges) {
      const known = before.edges.get(edgeKey(edge));
      if (known === undefined || count(edge) < count(known)) return null;
      more += count(edge) - count(known);
    }
    return more / seconds;
  };
  return {
    perSecond: rate(({ handed }) => handed),
    refusedPerSecond: rate(({ refused }) => refused),
    waiting: edges.reduce((sum, { waiting }) => sum + waiting, 0),
  };
}

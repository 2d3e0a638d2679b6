// Rates between two answers of the server.
import { expect, it } from "vitest";
import type { Edge, ServerStatus } from "../api/types";
import { edgeKey, flowOf, readingOf } from "./rates";

const edge = (to: string, handed: number, refused = 0, waiting = 0): Edge => ({ pipeline: "traces", from: "otlp", to, handed, refused, waiting });
const reading = (uptimeSeconds: number, ...edges: Edge[]): ReturnType<typeof readingOf> => readingOf({ uptimeSeconds, graph: { edges } } as unknown as ServerStatus);

it("has no rate before two answers, and then what was added by the server's clock", () => {
  const before = reading(10, edge("a", 100, 2), edge("b", 7));
  const now = reading(12, edge("a", 500, 12, 3), edge("b", 27, 0, 1));
  const edges = [...now.edges.values()];
  expect(flowOf(edges, null, now)).toEqual({ perSecond: null, refusedPerSecond: null, waiting: 4 });
  expect(flowOf(edges, before, now)).toEqual({ perSecond: 210, refusedPerSecond: 5, waiting: 4 });
  expect(flowOf([edges[1]!], before, now)).toEqual({ perSecond: 10, refusedPerSecond: 0, waiting: 1 });
});

it("begins anew with a server that was started anew", () => {
  const before = reading(100, edge("a", 100));
  const later = reading(3, edge("a", 5));
  expect(flowOf([...later.edges.values()], before, later).perSecond).toBeNull();
  // One whose clock has gone on and whose numbers have not: read again while it starts.
  const same = reading(101, edge("a", 5));
  expect(flowOf([...same.edges.values()], before, same).perSecond).toBeNull();
});

it("has no rate yet for an edge that a changed file has brought back", () => {
  const before = reading(10, edge("a", 100));
  const now = reading(12, edge("a", 120), edge("b", 1_000_000));
  expect(flowOf([now.edges.get(edgeKey(edge("b", 0)))!], before, now).perSecond).toBeNull();
  expect(flowOf([now.edges.get(edgeKey(edge("a", 0)))!], before, now).perSecond).toBe(10);
});
